package migrate

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// refuseDuplicatesIn finds, before a migration changes anything, live rows that one of the unique indexes to be built
// would not allow.
func (m *migrator) refuseDuplicatesIn(values []any) error {
	for _, value := range m.withDependencies(values) {
		p, err := m.policy(value)
		if p == nil || err != nil {
			return err
		}
		stmt, err := m.statement(value)
		if err != nil {
			return err
		}
		if p.Column() == nil || !innerMigrator(m.data()).HasTable(value) {
			continue
		}
		for _, index := range stmt.Schema.ParseIndexes() {
			if index.Class == "UNIQUE" && !m.HasIndex(value, index.Name) {
				if err := m.refuseDuplicates(value, stmt, index); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// withDependencies adds the models that AutoMigrate migrates along.
func (m *migrator) withDependencies(values []any) []any {
	if inner, ok := m.Migrator.(interface {
		ReorderModels(values []any, autoAdd bool) []any
	}); ok {
		return inner.ReorderModels(values, true)
	}
	return values
}

// refuseDuplicates finds live rows that have the same values in the columns of a unique index. A column that the table does
// not have yet has none.
func (m *migrator) refuseDuplicates(value any, stmt *gorm.Statement, index *schema.Index) error {
	if index.Class != "UNIQUE" || len(stmt.Schema.PrimaryFields) == 0 {
		return nil
	}
	if complete, err := m.hasColumns(value, stmt, index); !complete || err != nil {
		return err
	}
	q := m.migrations.Session(m.data()).Query()
	parts := make([]string, len(index.Fields))
	columns := make([]string, len(index.Fields))
	for i, option := range index.Fields {
		columns[i] = option.Field.DBName
		parts[i] = statement.QuoteName(q.Tx, option.Field.DBName)
		if option.Length > 0 && m.migrations.Dialect.Has(dialect.GeneratedLive) {
			parts[i] = m.migrations.Dialect.Leading(parts[i], option.Length)
		}
		if option.Expression != "" {
			parts[i] = "(" + option.Expression + ")"
		}
		if option.Collate != "" {
			parts[i] += " COLLATE " + option.Collate
		}
	}
	keys := stmt.Schema.PrimaryFields
	q.Text("SELECT ").Columns("", keys).Text(" FROM (SELECT ").Columns("", keys).Text(", count(*) OVER (PARTITION BY ", strings.Join(parts, ", "))
	q.Text(") AS softdelete_rows, rank() OVER (ORDER BY ", strings.Join(parts, ", "), ") AS softdelete_group FROM ", tableOf(stmt).Quoted)
	conditions := make([]string, 0, len(parts)+1)
	if index.Where != "" {
		conditions = append(conditions, "("+index.Where+")")
	}
	if !strings.Contains(strings.ToUpper(index.Option), "NULLS NOT DISTINCT") {
		for _, part := range parts {
			conditions = append(conditions, part+" IS NOT NULL")
		}
	}
	if len(conditions) > 0 {
		q.Text(" WHERE ", strings.Join(conditions, " AND "))
	}
	q.Text(") AS t WHERE softdelete_rows > 1 ORDER BY softdelete_group, ").Columns("", keys).Text(" LIMIT ", fmt.Sprint(statement.MostKeys))
	found, err := q.KeyTexts(keys)
	if err != nil || len(found) == 0 {
		return err
	}
	return m.migrations.Outward(&fault.Conflict{Index: index.Name, Columns: columns, LiveKeys: found, Building: true})
}

// hasColumns tells whether the table is there with all columns that the index and its rows' keys need.
func (m *migrator) hasColumns(value any, stmt *gorm.Statement, index *schema.Index) (bool, error) {
	inner := innerMigrator(m.data())
	if !inner.HasTable(value) {
		return false, nil
	}
	types, err := columnTypes(m.data(), value)
	if err != nil {
		return false, err
	}
	fields := slices.Clone(stmt.Schema.PrimaryFields)
	for _, option := range index.Fields {
		fields = append(fields, option.Field)
	}
	p := m.migrations.Policy(m.db, stmt.Schema)
	if column := p.Column(); column != nil {
		fields = append(fields, column)
	}
	missing := func(field *schema.Field) bool {
		return !slices.ContainsFunc(types, func(c gorm.ColumnType) bool { return c.Name() == field.DBName })
	}
	return !slices.ContainsFunc(fields, missing), nil
}
