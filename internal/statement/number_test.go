package statement_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// transaction begins one, and gives the number of its session.
func transaction(t *testing.T, database *testdb.Database, db *gorm.DB, level sql.IsolationLevel) (statement.Session, int64) {
	t.Helper()
	tx := db.Begin(&sql.TxOptions{Isolation: level})
	require.NoError(t, tx.Error)
	t.Cleanup(func() { tx.Rollback() })
	return statement.Session{DB: tx, Dialect: serverOf(t, db)}, database.Session(t, tx)
}

// serverOf is the dialect of a database's server.
func serverOf(t *testing.T, db *gorm.DB) *dialect.Dialect {
	t.Helper()
	d, err := dialect.Of(db.Dialector)
	require.NoError(t, err)
	return statement.Variant(db, d)
}

func TestNumbersAreLockedUntilTheTransactionEnds(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{})
		begin := func(t *testing.T) (statement.Session, int64) {
			return transaction(t, database, db, sql.LevelReadCommitted)
		}
		lock := func(s statement.Session, alone bool) chan error {
			done := make(chan error, 1)
			go func() { done <- s.LockNumber(7, alone) }()
			return done
		}
		for fact, empty := range map[string]bool{"": false, ", after all tables were emptied": true} {
			if empty && serverOf(t, db).Has(dialect.LockTable) {
				require.NoError(t, db.Exec("DELETE FROM softdelete_locks").Error)
			}
			t.Run("a number that one has alone is waited for"+fact, func(t *testing.T) {
				one, _ := begin(t)
				require.NoError(t, one.LockNumber(7, true))
				other, session := begin(t)
				waiting := lock(other, false)
				require.Eventually(t, func() bool { return database.Waits(t, session) }, 20*time.Second, time.Millisecond)
				require.NoError(t, one.Commit().Error)
				require.NoError(t, <-waiting)
			})
			t.Run("a number that is tried is taken until its transaction ends"+fact, func(t *testing.T) {
				one, _ := begin(t)
				other, _ := begin(t)
				try := func(s statement.Session) statement.Trial {
					trial, err := s.TryNumber(8, 1)
					require.NoError(t, err)
					return trial
				}
				require.Equal(t, statement.Reserved, try(one))
				require.Equal(t, statement.Reserved, try(one), "it has it already")
				if !empty {
					require.Equal(t, statement.Taken, try(other))
				}
				require.NoError(t, one.Rollback().Error)
				require.Equal(t, statement.Reserved, try(other))
			})
		}
		t.Run("several share a number, and who wants it alone waits for both", func(t *testing.T) {
			one, _ := begin(t)
			two, _ := begin(t)
			require.NoError(t, one.LockNumber(7, false))
			require.NoError(t, two.LockNumber(7, false))
			other, session := begin(t)
			waiting := lock(other, true)
			require.NoError(t, one.Rollback().Error)
			require.Eventually(t, func() bool { return database.Waits(t, session) }, 20*time.Second, time.Millisecond)
			require.NoError(t, two.Rollback().Error)
			require.NoError(t, <-waiting)
		})
	})
}

func TestAValueThatAnotherMayHaveTakenSinceIsDoubtful(t *testing.T) {
	testdb.EachOf(t, testdb.LockTables, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{})
		try := func(s statement.Session, value int64) (trial statement.Trial) {
			require.NoError(t, s.Work(func(tx statement.Session) (err error) {
				trial, err = tx.TryNumber(8, value)
				return err
			}))
			return trial
		}
		own := statement.Session{DB: db, Dialect: serverOf(t, db)}
		require.Equal(t, statement.Reserved, try(own, 5))
		require.Equal(t, statement.Reserved, try(own, 5), "what others have committed shows in a transaction of the plugin's")
		callers, _ := transaction(t, database, db, sql.LevelRepeatableRead)
		require.Equal(t, statement.Doubtful, try(callers, 5))
		require.Equal(t, statement.Doubtful, try(callers, 4))
		require.Equal(t, statement.Reserved, try(callers, 6))
		require.NoError(t, callers.Rollback().Error)
		callers, _ = transaction(t, database, db, sql.LevelRepeatableRead)
		require.Equal(t, statement.Reserved, try(callers, 6), "nobody has taken what was undone")
	})
}

func TestALockTableThatIsNotThereIsAskedFor(t *testing.T) {
	testdb.EachOf(t, testdb.LockTables, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{})
		require.NoError(t, db.Migrator().DropTable("softdelete_locks"))
		tx, _ := transaction(t, database, db, sql.LevelReadCommitted)
		_, tried := tx.TryNumber(7, 1)
		for _, err := range []error{tx.LockNumber(7, true), tx.LockNumber(7, false), tried} {
			require.ErrorIs(t, err, fault.ErrUnsupported)
			require.ErrorContains(t, err, "softdelete_locks")
			require.ErrorContains(t, err, "AutoMigrate")
		}
	})
}
