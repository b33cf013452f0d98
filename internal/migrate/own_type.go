package migrate

import (
	"reflect"
	"slices"

	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// FullDataTypeOf implements gorm.Migrator. Where the database's usual types would not do for the plugin's own tables, those have others. A
// deletion column is NULL in live rows, also where its type alone does not say so.
func (m *migrator) FullDataTypeOf(field *schema.Field) clause.Expr {
	if !m.isOwn(field.Schema) {
		kind := m.Migrator.FullDataTypeOf(field)
		if field.Schema != nil && !field.NotNull {
			if p := m.migrations.Policy(m.db, field.Schema); p != nil && p.Column() != nil && p.Column().DBName == field.DBName {
				kind.SQL = m.migrations.Dialect.NullType(kind.SQL)
			}
		}
		return kind
	}
	dataType := string(field.DataType)
	if field.PrimaryKey && field.GORMDataType == schema.Time {
		return m.Migrator.FullDataTypeOf(field)
	}
	kind := m.migrations.Dialect.OwnType(dataType, field.Size, isIndexed(field))
	if kind == "" {
		return m.Migrator.FullDataTypeOf(field)
	}
	if field.DataType == schema.Time {
		const micro = 6
		field.Precision = micro // as GORM's driver notes its own (driver/mysql/mysql.go:417), and compares that with the table's
	}
	copied := *field
	copied.DataType = schema.DataType(kind)
	return m.Migrator.FullDataTypeOf(&copied)
}

// alterOwn gives a column of the plugin's own tables the type that it is to have, where that is not GORM's.
func (m *migrator) alterOwn(value any, name string) (altered bool, err error) {
	stmt, err := m.statement(value)
	if err != nil || !m.isOwn(stmt.Schema) {
		return false, err
	}
	field := stmt.Schema.LookUpField(name)
	if field == nil || m.migrations.Dialect.OwnType(string(field.DataType), field.Size, isIndexed(field)) == "" {
		return false, nil
	}
	return true, m.exec("%s", m.migrations.Dialect.RetypeColumn(tableOf(stmt).Quoted, statement.QuoteName(m.db, field.DBName), m.FullDataTypeOf(field).SQL))
}

// isOwn tells whether a table is the plugin's own.
func (m *migrator) isOwn(s *schema.Schema) bool {
	if s == nil {
		return false
	}
	return s.ModelType == reflect.TypeFor[eventlog.EventRow]() || slices.ContainsFunc(m.migrations.Own, func(table any) bool {
		return reflect.Indirect(reflect.ValueOf(table)).Type() == s.ModelType
	})
}

// isIndexed tells whether a key or an index is on a field.
func isIndexed(field *schema.Field) bool {
	return field.PrimaryKey || field.Unique || slices.ContainsFunc(field.Schema.ParseIndexes(), func(index *schema.Index) bool {
		return slices.ContainsFunc(index.Fields, func(option schema.IndexOption) bool { return option.Field.DBName == field.DBName })
	})
}
