package testdb

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

func TestASessionThatWaitsForALockIsSeen(t *testing.T) {
	cases := map[string]struct{ take, wait string }{
		"a lock of a row":   {"UPDATE notes SET text = 'b'", "UPDATE notes SET text = 'c'"},
		"a lock of a key":   {"INSERT INTO notes (id, text) VALUES (7, 'd')", "INSERT INTO notes (id, text) VALUES (7, 'e')"},
		"a lock of a table": {"UPDATE notes SET text = 'b'", "ALTER TABLE notes ADD COLUMN more int"},
	}
	EachWithRowLocks(t, func(t *testing.T, database *Database) {
		for what, c := range cases {
			t.Run(what, func(t *testing.T) {
				database := database.kind.new(t)
				db, other := withNotes(t, database), database.Open(t)
				require.NoError(t, db.Create(&note{ID: 1, Text: "a"}).Error)
				holder, waiter := db.Begin(), other.Begin()
				require.NoError(t, holder.Exec(c.take).Error)
				held, waits := database.Session(t, holder), database.Session(t, waiter)
				require.NotEqual(t, held, waits)
				require.False(t, database.AnyWaits(t))

				ended := make(chan error)
				go func() { ended <- waiter.Exec(c.wait).Error }()
				require.Eventually(t, func() bool { return database.Waits(t, waits) }, 20*time.Second, time.Millisecond)
				require.True(t, database.AnyWaits(t))
				require.False(t, database.Waits(t, held), "it holds the lock")
				require.False(t, database.kind.new(t).AnyWaits(t), "another database is not concerned")

				require.NoError(t, holder.Rollback().Error)
				require.NoError(t, <-ended)
				require.False(t, database.AnyWaits(t))
				require.NoError(t, waiter.Rollback().Error)
			})
		}
	})
}

func TestASessionThatWaitsForALockWithANameIsSeen(t *testing.T) {
	EachWithRowLocks(t, func(t *testing.T, database *Database) {
		lock := map[string]string{"postgres": "SELECT pg_advisory_lock(7)", "mysql": "DO GET_LOCK(DATABASE(), 60)"}[database.Name]
		sessions := func() *gorm.DB {
			db := database.Open(t)
			pool, err := db.DB()
			require.NoError(t, err)
			pool.SetMaxOpenConns(1)
			return db
		}
		holder, waiter := sessions(), sessions()
		require.NoError(t, holder.Exec(lock).Error)
		number := database.Session(t, waiter)
		ended := make(chan error)
		go func() { ended <- waiter.Exec(lock).Error }()
		require.Eventually(t, func() bool { return database.Waits(t, number) }, 20*time.Second, time.Millisecond)
		for _, db := range []*gorm.DB{holder, waiter} {
			pool, err := db.DB()
			require.NoError(t, err)
			pool.SetMaxIdleConns(-1) // which ends the session, and its lock
			if db == holder {
				require.NoError(t, <-ended)
			}
		}
		require.False(t, database.AnyWaits(t))
	})
}

func TestNoSessionOfAFileWaits(t *testing.T) {
	database := Named(t, "sqlite")
	require.Zero(t, database.Session(t, database.Open(t)))
	require.False(t, database.AnyWaits(t))
}
