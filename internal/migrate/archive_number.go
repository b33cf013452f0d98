package migrate

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room gives archives that an earlier version made the column that numbers their rows.

// numberArchive adds the column to an archive that lacks it. The rows that are there get their numbers in the order that they have had
// so far, that of the times at which they were archived.
func (m *migrator) numberArchive(p *policy.Policy, s policy.ArchiveStrategy, there []dialect.Column) error {
	d := m.migrations.Dialect
	number := d.FindColumn(there, policy.ArchiveIDColumn)
	if number != nil && number.Keyed {
		return nil
	}
	table := dialect.Table{Name: s.Table, Quoted: statement.QuoteName(m.db, s.Table)}
	if can, err := d.CanNumber(m.reader(), table); err != nil || !can {
		if err == nil {
			recorderOf(m.db).note(fmt.Sprintf("-- %s is partitioned: it has no %s, and the times of deletions are its order", s.Table, policy.ArchiveIDColumn))
		}
		return err
	}
	if number != nil {
		return fmt.Errorf("%w: column %s of the archive %s of %s is not the one that numbers its rows; rename it there, as the model's field for it is",
			fault.ErrUnsupported, number.Name, s.Table, p.Schema.Name)
	}
	if i := slices.IndexFunc(there, func(c dialect.Column) bool { return c.Keyed }); i >= 0 {
		return fmt.Errorf("%w: the archive %s of %s has a primary key, with the column %s, and is to get one of its own, %s, by which its rows are ordered; "+
			"make an index of it instead", fault.ErrUnsupported, s.Table, p.Schema.Name, there[i].Name, policy.ArchiveIDColumn)
	}
	mark := p.MarkFields()
	quoted := func(name string) string { return statement.QuoteName(m.db, name) }
	order := d.Nanoseconds(quoted(mark[0].DBName), dialect.Native, 0) + ", " + quoted(policy.DeletionIDColumn)
	add := func(tx *gorm.DB) error {
		return d.AddNumbered(statement.InWork(tx, tx.Statement.Context), table, policy.ArchiveIDColumn, order)
	}
	switch {
	case d.Has(dialect.AlterInPlace):
		return m.together(add)
	case recorderOf(m.db) != nil:
		return m.addKeeping(m.db, s.Table, add)
	}
	return m.atomically(func(tx *gorm.DB) error { return m.on(tx).addKeeping(tx, s.Table, add) })
}

// addKeeping changes a table by making it anew, and puts back what belongs to it.
func (m *migrator) addKeeping(tx *gorm.DB, table string, change func(tx *gorm.DB) error) error {
	keep, err := m.keepAttached(statement.InWork(tx, tx.Statement.Context), table, "")
	if err != nil {
		return err
	}
	return keep(change(tx))
}
