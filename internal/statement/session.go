package statement

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is the sessions that the plugin makes of a caller's: where their statements run, and who sees them.

// Session is a GORM session, in a transaction or not, together with the dialect of its database.
type Session struct {
	*gorm.DB
	Dialect *dialect.Dialect
}

// On is the session of another *gorm.DB of the same database.
func (s Session) On(db *gorm.DB) Session { return Session{DB: db, Dialect: s.Dialect} }

// InWork is a session on the same connection, without the conditions, the SQL and the error of this one.
func (s Session) InWork(ctx context.Context) Session { return s.On(InWork(s.DB, ctx)) }

// Silent is a session whose statements no logger sees.
func (s Session) Silent() Session { return s.On(Silent(s.DB)) }

// Work runs a unit of work in the session: see the function of that name.
func (s Session) Work(run func(tx Session) error) error {
	return Work(s.DB, func(tx *gorm.DB) error { return run(s.On(tx)) })
}

// Query begins a statement of the plugin's own.
func (s Session) Query() *Query { return NewQuery(s.DB, s.Dialect) }

// LockWriter makes the transaction a writing one before it reads, by a statement on a table that changes nothing. On a database
// with a single writer a transaction that has read and then wants to write fails at once when another has written meanwhile.
func (s Session) LockWriter(table string, key []*schema.Field) error {
	if len(key) == 0 {
		return nil
	}
	return s.LockWriterBy(table, key[0].DBName)
}

// LockWriterBy does so with any column of the table.
func (s Session) LockWriterBy(table, column string) error {
	if s.Dialect.Has(dialect.RowLocks) {
		return nil
	}
	q := s.Query().Update(table).Name(column).Text(" = ").Name(column)
	_, err := q.Text(" WHERE 1 = 0").Exec()
	return err
}

// Silent is a session whose statements no logger sees: they carry values.
func Silent(tx *gorm.DB) *gorm.DB {
	return InWork(tx, tx.Statement.Context).Session(&gorm.Session{NewDB: true, Logger: logger.Discard, SkipHooks: true})
}

// OnWriter is a session outside of a transaction whose reads do not go to a replica: what an erasure has written must show.
func OnWriter(db *gorm.DB) *gorm.DB {
	session := InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	if committer, ok := session.Statement.ConnPool.(gorm.TxCommitter); ok && committer != nil {
		return session.Session(&gorm.Session{NewDB: true})
	}
	ToWriter(session, "")
	session.Statement.ConnPool = Pinned{session.Statement.ConnPool}
	return session.Session(&gorm.Session{NewDB: true})
}

// LeaveContext puts a statement's context back to what it was before ours. Where another plugin has put its own around ours
// that one stays: whoever put it there takes it away, and finds its span in it, at the end of the chain.
func LeaveContext(stmt *gorm.Statement, ours, former context.Context) {
	if ours != nil && stmt.Context == ours {
		stmt.Context = former
	}
}

// ToWriter gives a session the connection that writes to a table go to, where gorm.io/plugin/dbresolver tells writers and
// replicas apart. It does so for GORM's own statements; what begins outside of them would go to the pool that gorm.Open made.
func ToWriter(session *gorm.DB, table string) {
	if resolve := session.Callback().Update().Get("gorm:db_resolver"); resolve != nil {
		session.Statement.Table = table
		resolve(session)
	}
}

// Resolves tells whether gorm.io/plugin/dbresolver chooses the connection of each statement.
func Resolves(db *gorm.DB) bool { return db.Callback().Update().Get("gorm:db_resolver") != nil }

// Pinned is a connection that looks like a transaction, so that gorm.io/plugin/dbresolver leaves what is read on it there
// (callbacks.go:52, dbresolver 1.6).
type Pinned struct{ gorm.ConnPool }

// Commit implements gorm.TxCommitter.
func (Pinned) Commit() error { return nil }

// Rollback implements gorm.TxCommitter.
func (Pinned) Rollback() error { return nil }

// InWork is a session on the statement's connection, without its conditions, its SQL and its error.
func InWork(db *gorm.DB, ctx context.Context) *gorm.DB {
	fresh := db.Session(&gorm.Session{NewDB: true, Initialized: true})
	fresh.Statement.Context = ctx
	fresh.Error = nil
	return fresh.Session(&gorm.Session{NewDB: true})
}

// Reading is the session for a call that only reads: one that only rehearses (DryRun) is answered as any other.
func Reading(db *gorm.DB) *gorm.DB {
	if !db.DryRun {
		return db
	}
	// A session of what a hook gets would take over the conditions of the hook's own statement; a clause makes it a new one.
	reading := db.Clauses().Session(&gorm.Session{})
	reading.Config.DryRun = false
	return reading
}

// Savepoint runs a statement about a savepoint. GORM's own calls lose their errors (driver/postgres/postgres.go:308 and
// driver/sqlite/sqlite.go:238), and prepared statements cannot carry it.
func Savepoint(db *gorm.DB, ctx context.Context, text string) error {
	_, err := Unprepared(db.Statement.ConnPool).ExecContext(ctx, text)
	return translate(db, err)
}

// Unprepared is a connection without GORM's prepared statements.
func Unprepared(pool gorm.ConnPool) gorm.ConnPool {
	switch prepared := pool.(type) {
	case *gorm.PreparedStmtTX:
		return prepared.Tx
	case *gorm.PreparedStmtDB:
		return prepared.ConnPool
	}
	return pool
}
