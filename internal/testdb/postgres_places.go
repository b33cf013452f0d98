package testdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// postgresLocks are the advisory locks of PostgreSQL.
type postgresLocks struct{}

func (postgresLocks) connections(ctx context.Context, session *sql.Conn) (connections int, err error) {
	err = session.QueryRowContext(ctx,
		"SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int").Scan(&connections)
	return connections, err
}

func (postgresLocks) wait(ctx context.Context, session *sql.Conn, lock, number int, patience time.Duration) error {
	_, err := session.ExecContext(ctx, fmt.Sprintf("SET lock_timeout = %d", max(1, patience.Milliseconds())))
	if err != nil {
		return err
	}
	_, err = session.ExecContext(ctx, "SELECT pg_advisory_lock($1, $2)", lock, number)
	if hasState(err, "55P03") { // which says that the wait was too long
		err = nil
	}
	_, reset := session.ExecContext(ctx, "RESET lock_timeout")
	return errors.Join(err, reset)
}

func (postgresLocks) try(ctx context.Context, session *sql.Conn, lock, number int) (taken bool, err error) {
	err = session.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1, $2)", lock, number).Scan(&taken)
	return taken, err
}

func (postgresLocks) release(ctx context.Context, session *sql.Conn, lock, number int) error {
	_, err := session.ExecContext(ctx, "SELECT pg_advisory_unlock($1, $2)", lock, number)
	return err
}

func (postgresLocks) releaseAll(ctx context.Context, session *sql.Conn) error {
	_, err := session.ExecContext(ctx, "SELECT pg_advisory_unlock_all()")
	return err
}
