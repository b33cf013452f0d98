package statement_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type note struct {
	ID   uint
	Text string
}

func notes(t *testing.T, db *gorm.DB) (texts []string) {
	t.Helper()
	require.NoError(t, db.Model(&note{}).Order("id").Pluck("text", &texts).Error)
	return texts
}

func TestWorkIsKeptOrUndoneAsAWhole(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(&note{}))
		failed := errors.New("failed")
		work := func(db *gorm.DB, text string, end func() error) error {
			return statement.Work(db, func(tx *gorm.DB) error {
				if err := tx.Create(&note{Text: text}).Error; err != nil {
					return err
				}
				return end()
			})
		}
		kept := func() error { return nil }
		fails := func() error { return failed }
		panics := func() error { panic(failed) }

		require.NoError(t, work(db, "kept", kept))
		require.ErrorIs(t, work(db, "failed", fails), failed)
		require.PanicsWithValue(t, failed, func() { _ = work(db, "panicked", panics) })
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
			require.NoError(t, work(tx, "inner", kept))
			require.ErrorIs(t, work(tx, "inner failed", fails), failed)
			require.PanicsWithValue(t, failed, func() { _ = work(tx, "inner panicked", panics) })
			require.ErrorIs(t, statement.Work(tx, func(tx *gorm.DB) error {
				require.NoError(t, work(tx, "of two inside each other", kept))
				return failed
			}), failed)
			return work(tx, "last", kept)
		}))
		require.Equal(t, []string{"kept", "inner", "last"}, notes(t, db))

		ctx, cancel := context.WithCancel(t.Context())
		require.ErrorIs(t, work(db.WithContext(ctx), "cancelled", func() error { cancel(); return ctx.Err() }), context.Canceled)
		require.Equal(t, []string{"kept", "inner", "last"}, notes(t, db))
	})
}

func TestAUnitOfWorkSeesWhatOthersCommitWhateverTheDefaultLevel(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, database.Open(t))
		other := database.Open(t)
		require.NoError(t, db.AutoMigrate(&note{}))
		scope := "SESSION CHARACTERISTICS AS"
		if database.Name == "mysql" {
			scope = "SESSION"
		}
		require.NoError(t, db.Exec("SET "+scope+" TRANSACTION ISOLATION LEVEL REPEATABLE READ").Error)
		seen := func(tx *gorm.DB) (after int) {
			before := len(notes(t, tx))
			require.NoError(t, other.Create(&note{Text: "meanwhile"}).Error)
			return len(notes(t, tx)) - before
		}
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
			require.Zero(t, seen(tx), "the level of the session")
			return nil
		}))
		require.NoError(t, statement.Work(db, func(tx *gorm.DB) error {
			require.Equal(t, 1, seen(tx))
			return nil
		}))
	})
}

// none is a pool that gives itself when a transaction is begun.
type none struct{ gorm.ConnPool }

func (n *none) BeginTx(context.Context, *sql.TxOptions) (gorm.ConnPool, error) { return n, nil }
func (n *none) Commit() error                                                  { return nil }
func (n *none) Rollback() error                                                { return nil }

// wrapped is a pool and its transactions in one type.
type wrapped struct{ gorm.ConnPool }

func (w *wrapped) BeginTx(ctx context.Context, options *sql.TxOptions) (gorm.ConnPool, error) {
	beginner, ok := w.ConnPool.(gorm.TxBeginner)
	if !ok {
		return nil, gorm.ErrInvalidTransaction
	}
	tx, err := beginner.BeginTx(ctx, options)
	return &wrapped{tx}, err
}
func (w *wrapped) Commit() error   { return w.ConnPool.(gorm.TxCommitter).Commit() }
func (w *wrapped) Rollback() error { return w.ConnPool.(gorm.TxCommitter).Rollback() }

func TestAPoolThatBeginsNoTransactionIsRefused(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(&note{}))
		recorder := testdb.Record(db)
		session := db.Session(&gorm.Session{Initialized: true})
		session.Statement.ConnPool = &none{db.Statement.ConnPool}
		err := statement.Work(session, func(tx *gorm.DB) error { return tx.Create(&note{Text: "never"}).Error })
		require.ErrorIs(t, err, fault.ErrUnsupported)
		require.ErrorContains(t, err, "*statement_test.none")
		require.Empty(t, recorder.Statements())

		session = db.Session(&gorm.Session{Initialized: true})
		session.Statement.ConnPool = &wrapped{db.Statement.ConnPool}
		failed := errors.New("failed")
		require.NoError(t, statement.Work(session, func(tx *gorm.DB) error {
			require.NoError(t, tx.Create(&note{Text: "kept"}).Error)
			require.ErrorIs(t, statement.Work(tx, func(tx *gorm.DB) error {
				require.NoError(t, tx.Create(&note{Text: "undone"}).Error)
				return failed
			}), failed)
			return nil
		}))
		require.Equal(t, []string{"kept"}, notes(t, db))
	})
}
