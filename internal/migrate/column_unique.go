package migrate

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room is for `gorm:"unique"`, a constraint that became an index over the live rows.

// MigrateColumnUnique implements gorm.Migrator. Where `gorm:"unique"` became an index, the constraint that an earlier
// migration made goes in the transaction that builds the index.
func (m *migrator) MigrateColumnUnique(value any, field *schema.Field, columnType gorm.ColumnType) error {
	if _, inArchive := m.db.Statement.Context.Value(archiveKey{}).(*policy.Policy); inArchive {
		return nil // an archive has no unique columns
	}
	p, err := m.policy(value)
	if err != nil {
		return err
	}
	if m.migrations.KeepUnique && p != nil && p.Column() != nil && field.Unique {
		if narrowed, err := m.narrowed(value, field); err != nil || narrowed {
			return err
		}
	}
	unique, known := columnType.Unique()
	if p != nil && p.Column() != nil && known && unique && !field.Unique && !m.Migrator.HasConstraint(value, m.db.NamingStrategy.UniqueName(p.Schema.Table, field.DBName)) &&
		p.WasUnique[field.DBName] == "" {
		return nil // GORM would drop a constraint of its own name, which is not there; dropFormer looks for others
	}
	constrained := p != nil && known && unique && p.WasUnique[field.DBName] != ""
	if left, err := m.leavesUnique(value, p, field); err != nil || left && !constrained {
		return err
	}
	if p == nil || !known || !unique || field.PrimaryKey || p.WasUnique[field.DBName] == "" {
		return m.Migrator.MigrateColumnUnique(value, field, columnType)
	}
	stmt, err := m.statement(value)
	if err != nil {
		return err
	}
	if r, err := m.referrer(stmt, []string{field.DBName}); err != nil || r != nil {
		return err // it stays over all rows
	}
	if complete, err := m.hasColumns(value, stmt, stmt.Schema.LookIndex(p.WasUnique[field.DBName])); err != nil || !complete {
		return err // the deletion column comes behind this one: the index is built with the others, and dropFormer ends the constraint
	}
	// GORM names it by the table with its schema in CREATE TABLE (schema/constraint.go:57), and without elsewhere
	// (migrator/migrator.go:609, GORM 1.31).
	tables := slices.Compact([]string{stmt.Schema.Table, stmt.Table})
	index := p.WasUnique[field.DBName]
	build := func(tx *gorm.DB) error {
		if tx.Migrator().HasIndex(value, index) {
			return nil
		}
		return tx.Migrator().CreateIndex(value, index)
	}
	drop := func(tx *gorm.DB) error {
		for _, table := range tables {
			constraint := m.db.NamingStrategy.UniqueName(table, field.DBName)
			if tx.Migrator().HasConstraint(value, constraint) {
				return tx.Migrator().DropConstraint(value, constraint)
			}
		}
		return nil
	}
	if !m.migrations.Dialect.Has(dialect.AlterInPlace) {
		build, drop = drop, build
	}
	return m.together(func(tx *gorm.DB) error {
		if err := build(tx); err != nil {
			return err
		}
		return drop(tx)
	})
}

// narrowed tells whether an earlier migration has made an index over the live rows of the constraint of `gorm:"unique"`.
func (m *migrator) narrowed(value any, field *schema.Field) (bool, error) {
	stmt, err := m.statement(value)
	if err != nil {
		return false, err
	}
	name := dialect.ShortName(m.db.NamingStrategy.UniqueName(stmt.Schema.Table, field.DBName), dialect.LiveSuffix)
	found, err := m.migrations.Dialect.FindIndex(m.reader(), tableOf(stmt), name)
	return found != nil && found.Unique, err
}
