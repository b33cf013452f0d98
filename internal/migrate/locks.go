package migrate

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for databases on which rows of a table stand for what transactions lock beside rows. Whoever migrates tables with rows that
// a policy is for needs that too.

// makeLocks makes the table of locks, where the database needs it and it is not there, and adds the rows that it lacks.
func (m *migrator) makeLocks(values []any) (err error) {
	if !m.migrations.Dialect.Has(dialect.LockTable) || !slices.ContainsFunc(values, m.needsLocks) {
		return nil
	}
	table := &statement.LockRow{}
	if r := recorderOf(m.db); r != nil {
		if r.made[table.TableName()] {
			return nil
		}
		r.made[table.TableName()] = true
	}
	session := statement.Session{DB: statement.InWork(m.db, m.db.Statement.Context), Dialect: m.migrations.Dialect}
	on := m.on(session.DB)
	missing := statement.Slots()
	if on.HasTable(table) {
		missing, err = statement.MissingSlots(session.On(on.reader()))
	} else {
		err = on.Migrator.CreateTable(table)
	}
	if err != nil || len(missing) == 0 {
		return err
	}
	return statement.AddSlots(session, missing)
}

// needsLocks tells whether what is written to a table may need locks.
func (m *migrator) needsLocks(value any) bool {
	p, err := m.policy(value)
	return err == nil && p != nil && (m.isOwn(p.Schema) || !p.Plain())
}
