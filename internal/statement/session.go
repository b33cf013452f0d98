package statement

import (
	"context"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

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

// Transaction runs work in a transaction, or in a savepoint of the one that the session is in.
func (s Session) Transaction(work func(tx Session) error) error {
	return s.DB.Transaction(func(tx *gorm.DB) error { return work(s.On(tx)) })
}

// Query begins a statement of the plugin's own.
func (s Session) Query() *Query { return NewQuery(s.DB, s.Dialect) }

// LockWriter makes the transaction a writing one before it reads, by a statement on a table that changes nothing. On a database
// with a single writer a transaction that has read and then wants to write fails at once when another has written meanwhile.
func (s Session) LockWriter(table string, key []*schema.Field) error {
	if s.Dialect.Has(dialect.RowLocks) || len(key) == 0 {
		return nil
	}
	column := key[0].DBName
	q := s.Query().Text("UPDATE ").Name(table).Text(" SET ").Name(column).Text(" = ").Name(column)
	_, err := q.Text(" WHERE 1 = 0").Exec()
	return err
}
