package testdb

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// mysqlLocks are the locks of MySQL that have a name.
type mysqlLocks struct{}

// lockName is one of the whole server, as these locks are.
func lockName(lock, number int) string { return fmt.Sprintf("testdb_%d_%d", lock, number) }

func (mysqlLocks) connections(ctx context.Context, session *sql.Conn) (connections int, err error) {
	var ofUser int // 0 where it has no limit of its own
	err = session.QueryRowContext(ctx, "SELECT @@max_connections, @@max_user_connections").Scan(&connections, &ofUser)
	if ofUser > 0 {
		connections = min(connections, ofUser)
	}
	return connections, err
}

func (mysqlLocks) wait(ctx context.Context, session *sql.Conn, lock, number int, patience time.Duration) error {
	_, err := session.ExecContext(ctx, "DO GET_LOCK(?, ?)", lockName(lock, number), patience.Seconds())
	return err
}

func (mysqlLocks) try(ctx context.Context, session *sql.Conn, lock, number int) (taken bool, err error) {
	err = session.QueryRowContext(ctx, "SELECT GET_LOCK(?, 0)", lockName(lock, number)).Scan(&taken)
	return taken, err
}

func (mysqlLocks) release(ctx context.Context, session *sql.Conn, lock, number int) error {
	_, err := session.ExecContext(ctx, "DO RELEASE_LOCK(?)", lockName(lock, number))
	return err
}

func (mysqlLocks) releaseAll(ctx context.Context, session *sql.Conn) error {
	_, err := session.ExecContext(ctx, "DO RELEASE_ALL_LOCKS()")
	return err
}
