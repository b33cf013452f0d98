package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// alone runs a migration while no other runs in the same schema: several processes of an application that start at once would
// change the same tables side by side, and wait for each other's locks. In a caller's transaction the tables' own locks must do.
func (m *migrator) alone(run func(tx *gorm.DB) error) error {
	db := m.db.Session(&gorm.Session{})
	if _, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter); inTransaction || !m.migrations.Dialect.Has(dialect.SessionLocks) {
		return run(db)
	}
	if _, pinned := db.Statement.ConnPool.(*sql.Conn); pinned {
		return m.locked(db, func() error { return run(db) })
	}
	pool, err := db.DB()
	if err != nil || pool == nil {
		return run(db) // a pool of the caller's own, of which no connection can be kept
	}
	resolved := statement.Resolves(db) // its statements leave the connection again
	if resolved && pool.Stats().MaxOpenConnections == 1 {
		return run(db)
	}
	return db.Connection(func(conn *gorm.DB) error {
		conn = conn.Session(&gorm.Session{})
		return m.locked(conn, func() error {
			if resolved {
				return run(db)
			}
			return run(conn)
		})
	})
}

// locked runs a migration under the lock of its connection's session. It asks for the lock again and again instead of waiting in one
// statement: CREATE INDEX CONCURRENTLY of the one that has it waits for all statements that run.
func (m *migrator) locked(conn *gorm.DB, run func() error) (err error) {
	lock, unlock := m.migrations.Dialect.MigrationLock()
	ctx := conn.Statement.Context
	ask := func(ctx context.Context, text string) (yes bool, err error) {
		err = conn.Statement.ConnPool.QueryRowContext(ctx, text).Scan(&yes)
		return yes, err
	}
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 200*time.Millisecond) {
		free, err := ask(ctx, lock)
		if errors.Is(err, sql.ErrNoRows) {
			return run() // a pool that answers nothing, as those that schema loaders give
		}
		if err != nil {
			return err
		}
		if free {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
	defer func() {
		if given, again := ask(context.WithoutCancel(ctx), unlock); again != nil || !given {
			if c, ok := conn.Statement.ConnPool.(*sql.Conn); ok {
				_ = c.Raw(func(any) error { return driver.ErrBadConn }) // the lock ends with its session
			}
			err = errors.Join(err, again)
		}
	}()
	return run()
}
