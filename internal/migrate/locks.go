package migrate

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

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
	return m.makeLockTable()
}

func (m *migrator) makeLockTable() (err error) {
	table := &statement.LockRow{}
	r := recorderOf(m.db)
	if r != nil {
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
	if err == nil && len(missing) > 0 {
		err = statement.AddSlots(session, missing)
	}
	if err == nil && r == nil {
		m.migrations.locksThere.Store(true)
	}
	return err
}

// lockPatience is how long a statement waits for the table of locks to be made, and for the connection that does it.
const lockPatience = 3 * time.Second

// ReadyLocks makes the table for a statement that needs it, in an application that never migrates: its tables were there before the plugin.
// It does so on another connection than that of a caller's transaction, which CREATE TABLE would end, and without looking for the table
// itself there, which would keep others from making it. What is in the way is no error here: who locks a row says what to do.
func (m *Migrations) ReadyLocks(db *gorm.DB, needs func() bool) {
	_, inTransaction := db.ConnPool.(gorm.TxCommitter)
	if !m.Dialect.Has(dialect.LockTable) || m.locksThere.Load() || db.DryRun || db.Error != nil || inTransaction || !needs() {
		return
	}
	if version, err := m.Server.Version(db); err != nil || version == 0 {
		return // a server that is refused, or has not said what it is
	}
	here := statement.Silent(statement.InWork(db, db.Statement.Context))
	if (&migrator{Migrator: innerMigrator(here), db: here, migrations: m}).HasTable(&statement.LockRow{}) {
		m.locksThere.Store(true)
		return
	}
	// Nothing in the statement's context is about that connection, but its end.
	ctx, cancel := context.WithTimeout(context.Background(), lockPatience)
	defer cancel()
	defer context.AfterFunc(db.Statement.Context, cancel)()
	apart := statement.Silent(statement.InWork(db, ctx))
	apart.Statement.ConnPool = db.ConnPool
	apart = apart.Session(&gorm.Session{})
	own := &migrator{Migrator: innerMigrator(apart), db: apart, migrations: m}
	_ = own.alone(func(tx *gorm.DB) error { return own.patiently(tx, own.on(tx).makeLockTable) })
}

// needsLocks tells whether what is written to a table may need locks.
func (m *migrator) needsLocks(value any) bool {
	p, err := m.policy(value)
	return err == nil && p != nil && (m.isOwn(p.Schema) || !p.Plain())
}
