package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// patiently runs a migration that gives up where others use its tables for long: whoever comes after it waits behind it, readers too. It
// needs a session of its own, the caller's transaction or one connection; elsewhere the database's own limit holds.
func (m *migrator) patiently(db *gorm.DB, run func() error) (err error) {
	limit := m.migrations.Dialect.WaitLimit()
	_, inTransaction := db.Statement.ConnPool.(gorm.TxCommitter)
	conn, pinned := db.Statement.ConnPool.(*sql.Conn)
	if limit == "" || !inTransaction && !pinned {
		return m.waited(run())
	}
	pool, ctx := db.Statement.ConnPool, db.Statement.Context
	var before int64
	if err := pool.QueryRowContext(ctx, limit).Scan(&before); err != nil {
		return err
	}
	if before <= dialect.MostPatience {
		return m.waited(run())
	}
	if _, err := pool.ExecContext(ctx, m.migrations.Dialect.SetWaitLimit(dialect.MostPatience)); err != nil {
		return err
	}
	defer func() {
		_, again := pool.ExecContext(context.WithoutCancel(ctx), m.migrations.Dialect.SetWaitLimit(before))
		if again != nil && pinned {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // no one else is to wait as shortly
		}
		err = errors.Join(err, again)
	}()
	return m.waited(run())
}

// waited says what to do where a migration has waited for too long.
func (m *migrator) waited(err error) error {
	if !m.migrations.Dialect.GaveUp(err) {
		return err
	}
	return fmt.Errorf("softdelete: a table of the migration is used by a transaction that does not end; what was done so far stands: end the "+
		"transaction, or try again later: %w", err)
}
