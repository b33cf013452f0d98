package migrate

import (
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for an index that gets another name, and for one that goes with its column.

// RenameIndex implements gorm.Migrator. GORM takes MariaDB for a database that cannot rename (driver/mysql/migrator.go:240, GORM 1.31): it drops
// the index, and makes one over all rows.
func (m *migrator) RenameIndex(value any, oldName, newName string) error {
	table, former := m.named(value, oldName)
	rename := func() error { return m.Migrator.RenameIndex(value, oldName, newName) }
	if m.migrations.Dialect.Has(dialect.GeneratedLive) {
		stmt, err := m.place(value)
		if err != nil {
			return err
		}
		rename = func() error {
			return m.exec("%s", m.migrations.Dialect.RenameIndex(tableOf(stmt), statement.QuoteName(m.db, former), statement.QuoteName(m.db, newName)))
		}
	}
	if err := rename(); err != nil {
		return err
	}
	recorderOf(m.db).notes(table, former, false)
	recorderOf(m.db).notes(table, newName, true)
	return nil
}

// place is the table of a value to migrate, which may be its name.
func (m *migrator) place(value any) (*gorm.Statement, error) {
	if table, isName := value.(string); isName {
		return &gorm.Statement{DB: m.db, Table: table}, nil
	}
	return m.statement(value)
}

// dropWithIndexes drops a column of a database whose indexes over live rows end with a column of their own: those that are on nothing else
// go in the same statement, as they would go with the column if they were over all rows. done is false where there are none.
func (m *migrator) dropWithIndexes(value any, name string) (done bool, err error) {
	if !m.migrations.Dialect.Has(dialect.GeneratedLive) {
		return false, nil
	}
	stmt, err := m.place(value)
	if err != nil {
		return false, err
	}
	if stmt.Schema != nil {
		if field := stmt.Schema.LookUpField(name); field != nil {
			name = field.DBName
		}
	}
	indexes, err := m.migrations.Dialect.Indexes(m.reader(), tableOf(stmt))
	if err != nil {
		return false, err
	}
	indexes = slices.DeleteFunc(indexes, func(index dialect.Index) bool {
		return !index.Unique || index.Where == "" || !strings.EqualFold(index.Listed, name)
	})
	if len(indexes) == 0 {
		return false, nil
	}
	names := make([]string, len(indexes))
	for i, index := range indexes {
		names[i] = statement.QuoteName(m.db, index.Name)
	}
	if err := m.exec("%s", m.migrations.Dialect.DropColumnWith(tableOf(stmt), statement.QuoteName(m.db, name), names)); err != nil {
		return false, err
	}
	for _, index := range indexes {
		recorderOf(m.db).notes(stmt.Table, index.Name, false)
	}
	return true, nil
}
