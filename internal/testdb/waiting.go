package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// This room tells tests which sessions of a server wait for a lock.

// Session is the number by which the server knows the session of a transaction, or of a *gorm.DB with one connection. It is 0
// where the database has no server.
func (d *Database) Session(t testing.TB, db *gorm.DB) (number int64) {
	t.Helper()
	if d.kind.session != "" {
		require.NoError(t, db.Raw(d.kind.session).Scan(&number).Error)
	}
	return number
}

// Waits tells whether a session waits for a lock of another. In a database without a server none does that could be seen.
func (d *Database) Waits(t testing.TB, session int64) bool {
	t.Helper()
	if d.kind.waits == nil {
		return false
	}
	waits, err := d.kind.waits(d.DSN, session)
	require.NoError(t, err)
	return waits
}

// anySession stands for all sessions of a database.
const anySession = 0

// AnyWaits tells whether any session of the database does.
func (d *Database) AnyWaits(t testing.TB) bool {
	t.Helper()
	return d.Waits(t, anySession)
}

// Named returns a fresh database of a kind, or skips the test if this machine has none.
func Named(t testing.TB, name string) *Database {
	t.Helper()
	k, ok := kindOf(name)
	require.True(t, ok, "there is no database %q", name)
	return k.new(t)
}
