package testdb

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

func TestWhatIsLeftBehindIsFound(t *testing.T) {
	cases := map[string]func(t *testing.T, db *gorm.DB, other *sql.DB) (end func() error){
		"a transaction of the pool": func(t *testing.T, db *gorm.DB, _ *sql.DB) func() error {
			tx := db.Begin()
			require.NoError(t, tx.Error)
			return func() error { return tx.Rollback().Error }
		},
		"rows that are not read to their end": func(t *testing.T, db *gorm.DB, _ *sql.DB) func() error {
			rows, err := db.Model(&note{}).Rows()
			require.NoError(t, err)
			return rows.Close
		},
		"a writing transaction of another process": func(t *testing.T, _ *gorm.DB, other *sql.DB) func() error {
			tx, err := other.Begin()
			require.NoError(t, err)
			_, err = tx.Exec("UPDATE notes SET text = text")
			require.NoError(t, err)
			return tx.Rollback
		},
	}
	Each(t, func(t *testing.T, database *Database) {
		db := withNotes(t, database)
		other, err := sql.Open(database.kind.driver, database.DSN)
		require.NoError(t, err)
		defer other.Close()
		for what, leave := range cases {
			t.Run(what, func(t *testing.T) {
				require.NoError(t, db.Create(&note{Text: what}).Error)
				NothingLeft(t, db)
				end := leave(t, db, other)
				require.NotEmpty(t, leftBy(db, 10*time.Millisecond))
				require.NoError(t, end())
				NothingLeft(t, db)
			})
		}
	})
}

func TestALockOfASessionIsFound(t *testing.T) { // and in TestThrowawayMySQL, as not every such server tells of locks
	EachOf(t, SessionLocksListed, func(t *testing.T, database *Database) {
		db := withNotes(t, database)
		pool, err := db.DB()
		require.NoError(t, err)
		connection, err := pool.Conn(t.Context())
		require.NoError(t, err)
		_, err = connection.ExecContext(t.Context(), "SELECT pg_advisory_lock(1)")
		require.NoError(t, err)
		require.NoError(t, connection.Close(), "it goes back to the pool, with its lock")
		require.Contains(t, leftBy(db, 10*time.Millisecond), "session")
		pool.SetMaxIdleConns(-1) // which closes it
		NothingLeft(t, db)
	})
}

func TestASeveredDatabaseIsConnectedToAnew(t *testing.T) {
	Each(t, func(t *testing.T, database *Database) {
		db := withNotes(t, database)
		tx := db.Begin()
		require.NoError(t, tx.Create(&note{Text: "a"}).Error)
		if !database.Sever(t) {
			require.NoError(t, tx.Rollback().Error)
			return
		}
		require.Error(t, tx.Commit().Error)
		NothingLeft(t, db)
		require.NoError(t, db.Create(&note{Text: "b"}).Error)
	})
}

func TestAGoroutineThatIsLeftBehindIsFound(t *testing.T) {
	end := make(chan struct{})
	go func() { <-end }()
	require.Contains(t, goroutinesLeft(), "TestAGoroutineThatIsLeftBehindIsFound")
	close(end)
	require.Eventually(t, func() bool {
		return !strings.Contains(goroutinesLeft(), "TestAGoroutineThatIsLeftBehindIsFound.func1")
	}, time.Second, time.Millisecond)
}
