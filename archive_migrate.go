package softdelete

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// archiveKey marks, in the context, the comparison of an archive table's columns with the model's.
type archiveKey struct{}

// migrateArchives makes the archive tables of the models, and of those that GORM migrates with them, fit the models.
func (m *migrator) migrateArchives(values []any) error {
	all := values
	if inner, ok := m.Migrator.(interface {
		ReorderModels(values []any, autoAdd bool) []any
	}); ok {
		all = inner.ReorderModels(values, true)
	}
	for _, value := range all {
		p, err := m.policy(value)
		if err != nil {
			return err
		}
		if p == nil || !p.archives() {
			continue
		}
		if err := m.migrateArchive(value, p); err != nil {
			return fmt.Errorf("softdelete: the archive table %s: %w", p.deletedTable(), err)
		}
	}
	return nil
}

func (m *migrator) migrateArchive(value any, p *policy) error {
	s, _ := p.archive()
	r := recorderOf(m.db)
	switch {
	case r != nil && r.made[s.table]:
		return nil
	case !m.Migrator.HasTable(s.table):
		if err := m.createArchive(p, s); err != nil {
			return err
		}
	default:
		if err := m.alterArchive(value, p, s); err != nil {
			return err
		}
	}
	if r != nil {
		r.made[s.table] = true
	}
	return m.indexArchive(p, s)
}

// markFields are the columns of an archive table beside the model's.
func (p *policy) markFields() []*schema.Field {
	return []*schema.Field{p.at, p.id, p.actor, p.reason}
}

// archived is a model's column as its archive keeps it: of the same type, without any constraint, for the archive takes what
// the table had, and keeps it when the model changes.
func archived(field *schema.Field) *schema.Field {
	copied := *field
	copied.NotNull, copied.Unique, copied.PrimaryKey = false, false, false
	copied.AutoIncrement, copied.AutoIncrementIncrement = false, 0
	copied.HasDefaultValue, copied.DefaultValue, copied.DefaultValueInterface = false, "", nil
	copied.Comment, copied.UniqueIndex = "", ""
	copied.TagSettings = maps.Clone(field.TagSettings)
	for _, setting := range []string{"AUTOINCREMENT", "PRIMARYKEY", "PRIMARY_KEY", "NOT NULL", "NOTNULL", "UNIQUE", "DEFAULT", "COMMENT"} {
		delete(copied.TagSettings, setting)
	}
	if integer, ok := serials[strings.ToLower(string(copied.DataType))]; ok {
		copied.DataType = integer
	}
	return &copied
}

// serials are types that stand for an integer with a default and NOT NULL.
var serials = map[string]schema.DataType{"smallserial": "smallint", "serial": "integer", "bigserial": "bigint"}

// columnDefinition is a column's name and type.
func (m *migrator) columnDefinition(field *schema.Field) string {
	kind := m.Migrator.FullDataTypeOf(archived(field)).SQL
	return quoteName(m.db, field.DBName) + " " + strings.TrimSpace(kind)
}

func (m *migrator) exec(format string, args ...any) error {
	return m.db.Session(&gorm.Session{NewDB: true}).Exec(fmt.Sprintf(format, args...)).Error
}

func (m *migrator) createArchive(p *policy, s archiveStrategy) error {
	var columns []string
	for _, field := range slices.Concat(s.columns, p.markFields()) {
		columns = append(columns, m.columnDefinition(field))
	}
	return m.exec("CREATE TABLE %s (%s)", quoteName(m.db, s.table), strings.Join(columns, ","))
}

// alterArchive adds the columns that the model has gained, and changes those whose type differs. It drops none.
func (m *migrator) alterArchive(value any, p *policy, s archiveStrategy) error {
	types, err := m.engine.innerMigrator(m.reader()).ColumnTypes(s.table)
	if err != nil {
		return err
	}
	session := m.db.Session(&gorm.Session{NewDB: true, Context: context.WithValue(m.db.Statement.Context, archiveKey{}, p)})
	for _, field := range slices.Concat(s.columns, p.markFields()) {
		i := slices.IndexFunc(types, func(t gorm.ColumnType) bool { return t.Name() == field.DBName })
		if i < 0 {
			err = m.addArchived(s, field)
		} else if slices.Contains(s.columns, field) {
			// GORM compares, and calls AlterColumn where the types differ.
			err = m.engine.innerMigrator(session).MigrateColumn(value, archived(field), types[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// addArchived adds a column that the model has gained. Rows archived before get its default, as the live ones do.
func (m *migrator) addArchived(s archiveStrategy, field *schema.Field) error {
	if err := m.exec("ALTER TABLE %s ADD %s", quoteName(m.db, s.table), m.columnDefinition(field)); err != nil {
		return err
	}
	value := field.DefaultValue
	switch {
	case !field.HasDefaultValue || field.AutoIncrement:
		return nil
	case field.DefaultValueInterface != nil:
		value = m.db.Dialector.Explain("?", field.DefaultValueInterface)
		if text, ok := field.DefaultValueInterface.(string); ok {
			value = m.engine.dialect.String(text)
		}
	case value == "" || value == "(-)":
		return nil
	}
	statement := "UPDATE " + quoteName(m.db, s.table) + " SET " + quoteName(m.db, field.DBName) + " = " + value
	return m.db.Session(&gorm.Session{NewDB: true}).Exec(statement).Error
}

// alterArchived gives a column of an archive table the type of the model's.
func (m *migrator) alterArchived(p *policy, field *schema.Field) error {
	s, _ := p.archive()
	table, column, definition := quoteName(m.db, s.table), quoteName(m.db, field.DBName), m.columnDefinition(field)
	if m.engine.dialect.Has(dialect.AlterInPlace) {
		_, kind, _ := strings.Cut(definition, column+" ")
		// No USING: a cast that the database would not make by itself could lose data.
		return m.exec("ALTER TABLE %s ALTER COLUMN %s TYPE %s", table, column, kind)
	}
	// The column is made anew beside the former one; the indexes on it come back afterwards.
	former := quoteName(m.db, dialect.ShortName(field.DBName, "_former"))
	return m.db.Session(&gorm.Session{NewDB: true}).Transaction(func(tx *gorm.DB) error {
		inner := &migrator{Migrator: m.engine.innerMigrator(tx), db: tx, engine: m.engine}
		for _, index := range m.archiveIndexes(p, s) {
			if err := inner.exec("DROP INDEX IF EXISTS %s", quoteName(tx, index.name)); err != nil {
				return err
			}
		}
		for _, statement := range []string{
			"ALTER TABLE " + table + " RENAME COLUMN " + column + " TO " + former,
			"ALTER TABLE " + table + " ADD " + definition,
			"UPDATE " + table + " SET " + column + " = " + former,
			"ALTER TABLE " + table + " DROP COLUMN " + former,
		} {
			if err := tx.Session(&gorm.Session{NewDB: true}).Exec(statement).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// archiveIndex is an index of an archive table.
type archiveIndex struct {
	name    string
	columns []string
}

// archiveIndexes are those by which deletions, restores and purges find archived rows.
func (m *migrator) archiveIndexes(p *policy, s archiveStrategy) []archiveIndex {
	lists := [][]string{{deletionIDColumn}, p.schema.PrimaryFieldDBNames}
	if p.retentionClock() != nil {
		lists = append(lists, []string{p.retentionClock().DBName})
	}
	var indexes []archiveIndex
	for _, columns := range lists {
		name := dialect.ShortName(m.db.NamingStrategy.IndexName(s.table, strings.Join(columns, "_")), "")
		indexes = append(indexes, archiveIndex{name: strings.ReplaceAll(name, ".", "_"), columns: columns})
	}
	return indexes
}

func (m *migrator) indexArchive(p *policy, s archiveStrategy) error {
	for _, index := range m.archiveIndexes(p, s) {
		table := dialect.Table{Name: s.table, Quoted: quoteName(m.db, s.table)}
		found, err := m.engine.dialect.FindIndex(m.reader(), table, index.name)
		if err != nil || found != nil {
			if err != nil {
				return err
			}
			continue
		}
		columns := make([]string, len(index.columns))
		for i, column := range index.columns {
			columns[i] = quoteName(m.db, column)
		}
		if err := m.exec("CREATE INDEX %s ON %s (%s)", quoteName(m.db, index.name), quoteName(m.db, s.table), strings.Join(columns, ",")); err != nil {
			return err
		}
	}
	return nil
}
