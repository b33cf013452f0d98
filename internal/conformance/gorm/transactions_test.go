package gorm_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestDeletionsInTransactions(t *testing.T) {
	undo := errors.New("undo")
	// del gives a step that deletes a team by its key.
	del := func(id uint) func(tx *gorm.DB) error {
		return func(tx *gorm.DB) error { return tx.Delete(&contractTeam{ID: id}).Error }
	}
	restore := func(id uint) func(tx *gorm.DB) error {
		return func(tx *gorm.DB) error { _, err := softdelete.Restore(tx, &contractTeam{ID: id}); return err }
	}
	steps := func(steps ...func(tx *gorm.DB) error) func(tx *gorm.DB) error {
		return func(tx *gorm.DB) error {
			for _, step := range steps {
				if err := step(tx); err != nil {
					return err
				}
			}
			return nil
		}
	}
	failing := func(*gorm.DB) error { return undo }
	nested := func(steps func(tx *gorm.DB) error) func(tx *gorm.DB) error {
		return func(tx *gorm.DB) error { return tx.Transaction(steps) }
	}
	undone := func(step func(tx *gorm.DB) error) func(tx *gorm.DB) error {
		return func(tx *gorm.DB) error {
			if err := step(tx); !errors.Is(err, undo) {
				return errors.Join(errors.New("the inner transaction did not fail"), err)
			}
			return nil
		}
	}
	cases := []struct {
		name string
		run  func(tx *gorm.DB) error
		want string
	}{
		{"several commit together", nested(steps(del(1), del(3))), "two: c"},
		{"a rollback undoes all", undone(nested(steps(del(1), del(2), failing))), contractAll},
		{"an inner error undoes only the inner deletion", nested(steps(del(1), undone(nested(steps(del(2), failing))), del(3))), "two: c"},
		{"an outer error undoes the inner deletion", undone(nested(steps(nested(del(1)), del(2), failing))), contractAll},
		{"an inner error undoes only the inner restore", nested(steps(del(1), del(2), undone(nested(steps(restore(1), failing))), restore(2))), "two three: c"},
		{"three levels", nested(steps(del(1), nested(steps(undone(nested(steps(del(2), failing))), del(3))))), "two: c"},
		{"savepoints by hand", nested(func(tx *gorm.DB) error {
			return errors.Join(
				del(1)(tx), tx.SavePoint("mine").Error, del(2)(tx), restore(1)(tx), tx.RollbackTo("mine").Error, del(3)(tx),
			)
		}), "two: c"},
		{"a deletion that is refused does not end the transaction", nested(func(tx *gorm.DB) error {
			if err := tx.Delete(&contractTeam{}).Error; !errors.Is(err, gorm.ErrMissingWhereClause) {
				return errors.New("not refused")
			}
			return del(1)(tx)
		}), "two three: c"},
		{"many deletions and restores in one transaction", nested(func(tx *gorm.DB) error {
			for range 100 {
				if err := steps(del(1), restore(1))(tx); err != nil {
					return err
				}
			}
			return del(2)(tx)
		}), "one three: a b"},
		{"Begin and Commit", func(db *gorm.DB) error {
			tx := db.Begin()
			return errors.Join(del(1)(tx), tx.Commit().Error)
		}, "two three: c"},
		{"Begin and Rollback", func(db *gorm.DB) error {
			tx := db.Begin(&sql.TxOptions{})
			return errors.Join(del(1)(tx), tx.Rollback().Error)
		}, contractAll},
		{"without nested transactions an inner error is the outer one's", func(db *gorm.DB) error {
			db = db.Session(&gorm.Session{DisableNestedTransaction: true})
			return nested(steps(del(1), undone(nested(steps(del(2), failing)))))(db)
		}, "three: "},
	}
	configs := map[string]gorm.Config{
		"plain": {}, "SkipDefaultTransaction": {SkipDefaultTransaction: true}, "PrepareStmt": {PrepareStmt: true},
	}
	for name, config := range configs {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := newContract(t, database, &config)
				for _, tc := range cases {
					t.Run(tc.name, func(t *testing.T) {
						require.NoError(t, tc.run(db))
						require.Equal(t, tc.want, contractLive(t, db))
						_, err := softdelete.Restore(db, &[]contractTeam{{ID: 1}, {ID: 2}, {ID: 3}})
						require.NoError(t, err)
						require.Equal(t, contractAll, contractLive(t, db))
					})
				}
			})
		})
	}
}

func TestADeletionIsSeenOnceItIsCommitted(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, other := newContract(t, database), newContractReader(t, database)
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
			if err := tx.Delete(&contractTeam{ID: 1}).Error; err != nil {
				return err
			}
			if live := contractLive(t, tx); live != "two three: c" {
				return errors.New("the transaction does not see it: " + live)
			}
			if live := contractLive(t, other); live != contractAll {
				return errors.New("another connection sees it: " + live)
			}
			return nil
		}))
		require.Equal(t, "two three: c", contractLive(t, other))
	})
}

// newContractReader opens a database that newContract has filled.
func newContractReader(t *testing.T, database *testdb.Database, options ...gorm.Option) *gorm.DB {
	t.Helper()
	db := database.Open(t, options...)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&contractTeam{}, &contractMember{}}})))
	return db
}

func TestContextsOfADeletion(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		ctx, cancel := context.WithCancel(t.Context())
		session := db.WithContext(ctx)
		require.NoError(t, session.Delete(&contractTeam{ID: 1}).Error)
		require.Equal(t, ctx, session.Statement.Context)
		tx := session.Where("id = ?", 2)
		require.NoError(t, tx.Delete(&contractTeam{}).Error)
		require.Equal(t, ctx, tx.Statement.Context, "nothing of the deletion stays in the statement's context")
		cancel()
		require.ErrorIs(t, session.Delete(&contractTeam{ID: 3}).Error, context.Canceled)
		_, err := softdelete.Restore(session, &contractTeam{ID: 1})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, "three: ", contractLive(t, db))
	})
}

type contractUnique struct {
	ID        uint
	Code      string `gorm:"uniqueIndex"`
	DeletedAt gorm.DeletedAt
	Parts     []contractPart `gorm:"foreignKey:UniqueID"`
}

type contractPart struct {
	ID       uint
	UniqueID uint
}

func TestTranslateError(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&contractUnique{}, &contractPart{}}, &gorm.Config{TranslateError: true})
		require.NoError(t, db.Create(&contractUnique{ID: 1, Code: "a", Parts: []contractPart{{}}}).Error)
		require.ErrorIs(t, db.Create(&contractUnique{Code: "a"}).Error, gorm.ErrDuplicatedKey)

		t.Run("a foreign key's refusal is GORM's error and ours", func(t *testing.T) {
			err := db.Unscoped().Delete(&contractUnique{ID: 1}).Error
			require.ErrorIs(t, err, softdelete.ErrBlocked)
			require.ErrorIs(t, err, gorm.ErrForeignKeyViolated)
		})
		t.Run("a restore's conflict is ours", func(t *testing.T) {
			require.NoError(t, db.Delete(&contractUnique{ID: 1}).Error)
			require.NoError(t, db.Create(&contractUnique{Code: "a"}).Error)
			_, err := softdelete.Restore(db, &contractUnique{ID: 1})
			require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		})
	})
}
