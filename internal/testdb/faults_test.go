package testdb

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

var errInjected = errors.New("injected")

// addTwo adds the notes "a" and "b" in one transaction.
func addTwo(db *gorm.DB) error {
	return db.Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&note{Text: "a"}).Error; err != nil {
			return err
		}
		return tx.Create(&note{Text: "b"}).Error
	})
}

const addTwoStatements = 4 // BEGIN, INSERT, INSERT, COMMIT

func TestFaults(t *testing.T) {
	// Each case fails one statement. It returns the session to use and the error to expect.
	cases := []struct {
		name      string
		plan      func(t *testing.T, db *gorm.DB, faults *Faults, n int) (*gorm.DB, error)
		committed bool // what is true of the notes when it is COMMIT that fails
	}{
		{"FailAt", func(_ *testing.T, db *gorm.DB, faults *Faults, n int) (*gorm.DB, error) {
			faults.FailAt(n, errInjected)
			return db, errInjected
		}, false},
		{"FailAfter", func(_ *testing.T, db *gorm.DB, faults *Faults, n int) (*gorm.DB, error) {
			faults.FailAfter(n, errInjected)
			return db, errInjected
		}, true},
		{"CancelAt", func(t *testing.T, db *gorm.DB, faults *Faults, n int) (*gorm.DB, error) {
			ctx, cancel := context.WithCancel(t.Context())
			faults.CancelAt(n, cancel)
			return db.WithContext(ctx), context.Canceled
		}, false},
	}
	Each(t, func(t *testing.T, database *Database) {
		db := withNotes(t, database)
		faults := Inject(db)

		t.Run("without a plan statements are only counted", func(t *testing.T) {
			faults.Reset()
			require.NoError(t, addTwo(db))
			require.Equal(t, addTwoStatements, faults.Count())
		})

		for _, tc := range cases {
			t.Run(tc.name+" leaves all or nothing, and a connection that works", func(t *testing.T) {
				for n := 1; n <= addTwoStatements; n++ {
					require.NoError(t, db.Exec("DELETE FROM notes").Error)
					session, want := tc.plan(t, db, faults, n)
					require.ErrorIs(t, addTwo(session), want, "statement %d", n)
					require.Equal(t, n, faults.Count(), "a rollback does not count")
					if tc.committed && n == addTwoStatements {
						require.Equal(t, []string{"a", "b"}, texts(t, db))
					} else {
						require.Empty(t, texts(t, db), "statement %d", n)
						require.NoError(t, addTwo(db), "a fault comes once")
					}
				}
			})
		}

		t.Run("FailAfter executes a statement outside of a transaction", func(t *testing.T) {
			require.NoError(t, db.Exec("DELETE FROM notes").Error)
			bare := db.Session(&gorm.Session{SkipDefaultTransaction: true})
			faults.FailAfter(1, errInjected)
			require.ErrorIs(t, bare.Create(&note{Text: "returning"}).Error, errInjected)
			faults.FailAfter(1, errInjected)
			require.ErrorIs(t, bare.Exec("INSERT INTO notes (text) VALUES ('plain')").Error, errInjected)
			require.Equal(t, []string{"returning", "plain"}, texts(t, db))
		})

		t.Run("CancelAfter lets the statement happen", func(t *testing.T) {
			require.NoError(t, db.Exec("DELETE FROM notes").Error)
			ctx, cancel := context.WithCancel(t.Context())
			faults.CancelAfter(1, cancel)
			require.NoError(t, db.WithContext(ctx).Exec("INSERT INTO notes (text) VALUES ('a')").Error)
			require.ErrorIs(t, ctx.Err(), context.Canceled)
			require.ErrorIs(t, db.WithContext(ctx).Exec("DELETE FROM notes").Error, context.Canceled)
			require.Equal(t, []string{"a"}, texts(t, db))
		})

		t.Run("a plan sees the SQL, and may use another pool", func(t *testing.T) {
			other := database.Open(t)
			var seen []string
			faults.OnStatement(func(_ int, sql string) error {
				seen = append(seen, sql)
				if sql == "BEGIN" {
					return other.Exec("DELETE FROM notes").Error
				}
				return nil
			})
			require.NoError(t, addTwo(db))
			require.Len(t, seen, addTwoStatements)
			require.Equal(t, "COMMIT", seen[addTwoStatements-1])
		})

		t.Run("a statement that the database refuses has no end", func(t *testing.T) {
			faults.AfterStatement(func(_ int, sql string) error {
				if sql == "BEGIN" {
					return nil
				}
				return errInjected
			})
			err := db.Create(&note{Text: "a"}).Error // is there already
			require.Error(t, err)
			require.NotErrorIs(t, err, errInjected)
			faults.Reset()
		})

		t.Run("prepared statements fail, too", func(t *testing.T) {
			prepared := database.Open(t, &gorm.Config{PrepareStmt: true, SkipDefaultTransaction: true})
			faults := Inject(prepared)
			for range 2 {
				faults.FailAt(1, errInjected)
				require.ErrorIs(t, prepared.Exec("DELETE FROM notes").Error, errInjected)
				require.NoError(t, prepared.Find(&[]note{}).Error)
			}
			require.NotEmpty(t, texts(t, prepared))
		})

		t.Run("another pool is not concerned", func(t *testing.T) {
			faults.FailAt(1, errInjected)
			require.NotEmpty(t, texts(t, database.Open(t)))
			require.Zero(t, faults.Count())
		})
	})
}

func TestAnErrorThatUndoesTheTransactionLeavesTheConnectionWithoutOne(t *testing.T) {
	EachWithRowLocks(t, func(t *testing.T, database *Database) {
		db, other := database.Open(t), database.Open(t)
		require.NoError(t, db.Exec("CREATE TABLE undone (id int PRIMARY KEY)").Error)
		rows := func() (n int64) {
			require.NoError(t, other.Table("undone").Count(&n).Error)
			return n
		}
		failed := errors.New("failed")
		tx := db.Begin()
		require.NoError(t, tx.Exec("INSERT INTO undone VALUES (1)").Error)
		Inject(db).FailAt(1, Undo(failed))
		require.Equal(t, failed, tx.Exec("INSERT INTO undone VALUES (2)").Error)
		require.Zero(t, rows())
		require.NoError(t, tx.Exec("INSERT INTO undone VALUES (3)").Error)
		require.EqualValues(t, 1, rows(), "what follows is committed by itself")
		tx.Rollback()
	})
}
