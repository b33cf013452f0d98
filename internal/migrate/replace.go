package migrate

import (
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room replaces an index so that what it keeps unique stays so throughout.

// replace builds the index anew in one transaction.
func (m *migrator) replace(value any, name string) error {
	return statement.WorkOn(m.db, func(tx *gorm.DB) error {
		inner := innerMigrator(tx)
		if !m.migrations.Dialect.Has(dialect.RenameIndex) {
			if err := inner.DropIndex(value, name); err != nil {
				return err
			}
			return inner.CreateIndex(value, name)
		}
		// The old index stands until the new one is built: readers go on meanwhile, and writers of duplicates are refused.
		former := formerName(name)
		if err := inner.RenameIndex(value, name, former); err != nil {
			return err
		}
		if err := inner.CreateIndex(value, name); err != nil {
			return err
		}
		return inner.DropIndex(value, former)
	})
}

// formerName is the name of an index while the one that takes its place is built.
func formerName(name string) string { return dialect.ShortName(name, "_former") }

// concurrently tells whether an index is to be built while others write its table, which no transaction can.
func concurrently(index *schema.Index) bool {
	return strings.Contains(strings.ToUpper(index.Option), "CONCURRENTLY")
}

// buildConcurrently does the same step by step. What an interrupted run has left, an index that is not whole or the former one, goes
// once the new one is there.
func (m *migrator) buildConcurrently(value any, stmt *gorm.Statement, index *schema.Index, found *dialect.Index) error {
	inner := m.Migrator
	former := formerName(index.Name)
	switch {
	case found == nil:
	case found.Broken:
		if err := inner.DropIndex(value, index.Name); err != nil {
			return err
		}
	default:
		if err := inner.RenameIndex(value, index.Name, former); err != nil {
			return err
		}
	}
	if err := inner.CreateIndex(value, index.Name); err != nil {
		return err
	}
	left, err := m.migrations.Dialect.FindIndex(m.reader(), tableOf(stmt), former)
	if err != nil || left == nil {
		return err
	}
	return inner.DropIndex(value, former)
}
