package migrate

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// refuseFormerMarks refuses to migrate a table whose rows another strategy has deleted before: a column that is no longer the
// model's says so, and by the strategy that the model has now they would be live.
func (m *migrator) refuseFormerMarks(values []any) error {
	for _, value := range m.withDependencies(values) {
		p, err := m.policy(value)
		if err != nil {
			return err
		}
		if p == nil || p.Strategy.Word() == "" || p.Foreign != nil || !innerMigrator(m.data()).HasTable(value) {
			continue
		}
		types, err := columnTypes(m.data(), value)
		if err != nil {
			return err
		}
		own := slices.ContainsFunc(types, func(c gorm.ColumnType) bool {
			return p.Column() != nil && strings.EqualFold(c.Name(), p.Column().DBName)
		})
		for _, column := range types {
			if err := m.refuseOtherTime(value, p, column); err != nil {
				return err
			}
			if !m.formerMark(p, column.Name(), own) {
				continue
			}
			if err := m.refuseFormerMark(value, p, column, own); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseOtherTime refuses a table whose deletion column has values of another kind than the model's: an integer keeps 0 in a live row
// and a time NULL, so that live rows would be deleted, or what is deleted unreadable.
func (m *migrator) refuseOtherTime(value any, p *policy.Policy, column gorm.ColumnType) error {
	field := p.Column()
	if field == nil || !strings.EqualFold(field.DBName, column.Name()) {
		return nil
	}
	is, wanted := timeKind(column.DatabaseTypeName()), timeKind(m.db.Dialector.DataTypeOf(field))
	if is == "" || wanted == "" || is == wanted {
		return nil
	}
	stmt, err := m.statement(value)
	if err != nil {
		return err
	}
	var rows int64
	q := m.migrations.Session(m.data()).Query().Text("SELECT count(*) FROM ", tableOf(stmt).Quoted, " WHERE ").Name(column.Name()).Text(" IS NOT NULL")
	if err := q.Rows(func(scan func(...any) error) error { return scan(&rows) }); err != nil || rows == 0 {
		return err
	}
	return fmt.Errorf("%w: %s.%s: the column %s of table %s holds %s in %d %s, and the model has %s there: live rows are 0 in the one and NULL in the "+
		"other. Give the field a column of another name, fill that from this one, and drop this one", fault.ErrPolicy, p.Schema.Name, field.Name,
		column.Name(), stmt.Table, is, rows, fault.Plural(rows, "row"), wanted)
}

// timeKind is what a column of a database's type keeps an instant as: an integer or a time; empty for any other.
func timeKind(databaseType string) string {
	name := strings.ToLower(databaseType)
	switch {
	case strings.HasPrefix(name, "time"), strings.HasPrefix(name, "date"):
		return "a time"
	case strings.HasPrefix(name, "int") && name != "interval", strings.HasPrefix(name, "bigint"), strings.HasPrefix(name, "smallint"):
		return "an integer"
	}
	return ""
}

// formerMark tells whether a column that the model does not have is one that usually says which rows are deleted. Every strategy may have
// kept its deletions' IDs; where the model's own column is there already, that says it, and an ID may be left of a mark that was taken off
// by hand.
func (m *migrator) formerMark(p *policy.Policy, column string, own bool) bool {
	usual := []string{m.db.NamingStrategy.ColumnName(p.Table, "DeletedAt"), "deleted_at", "deleted", "is_deleted", "is_del"}
	if !own {
		usual = append(usual, m.db.NamingStrategy.ColumnName(p.Table, "DeletionID"), policy.DeletionIDColumn)
	}
	named := func(name string) bool { return strings.EqualFold(name, column) }
	return slices.ContainsFunc(usual, named) && !slices.ContainsFunc(p.Schema.DBNames, named)
}

func (m *migrator) refuseFormerMark(value any, p *policy.Policy, column gorm.ColumnType, own bool) error {
	stmt, err := m.statement(value)
	if err != nil {
		return err
	}
	q := m.migrations.Session(m.data()).Query().Text("SELECT count(*) FROM ", tableOf(stmt).Quoted, " WHERE ").Name(column.Name())
	kind := strings.ToLower(column.DatabaseTypeName())
	switch {
	case strings.Contains(kind, "bool"):
	case strings.Contains(kind, "int"), strings.Contains(kind, "num"):
		q.Text(" <> 0")
	case strings.Contains(kind, "char"), strings.Contains(kind, "text"):
		q.Text(" <> ''")
	default:
		q.Text(" IS NOT NULL")
	}
	if own {
		statement.WriteAnd(q, p.Predicates.Live, "") // those that both say are deleted stay so
	}
	var rows int64
	if err := q.Rows(func(scan func(...any) error) error { return scan(&rows) }); err != nil || rows == 0 {
		return err
	}
	return fmt.Errorf("%w: %s: table %s has %d %s that its column %s says are deleted; the model has no such column any more, and by its strategy "+
		"%s they would be live again. Move them to where that strategy keeps deleted rows, or remove them, and drop the column; where it "+
		"says something else, make it a field of the model", fault.ErrPolicy, p.Schema.Name, stmt.Table, rows, fault.Plural(rows, "row"),
		column.Name(), p.Strategy.Word())
}
