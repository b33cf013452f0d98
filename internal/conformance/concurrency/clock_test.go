package concurrency_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// A model whose mark is its time of deletion, to the microsecond, and one whose mark counts seconds.
type (
	concTicket struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Stubs     []concStub `gorm:"foreignKey:TicketID" softdelete:"cascade"`
	}
	concStub struct {
		ID        uint
		TicketID  uint
		DeletedAt gorm.DeletedAt
	}
	concToken struct {
		ID        uint
		DeletedAt int64      `softdelete:"timestamp"`
		Parts     []concPart `gorm:"foreignKey:TokenID" softdelete:"cascade"`
	}
	concPart struct {
		ID        uint
		TokenID   uint
		DeletedAt gorm.DeletedAt
	}
)

// concClocks are clocks that give the same time to many deletions.
var concClocks = map[string]func() time.Time{
	"a frozen clock":           func() time.Time { return time.Date(2024, 5, 6, 7, 8, 9, 123456000, time.UTC) },
	"a clock of whole seconds": func() time.Time { return time.Now().Truncate(time.Second) },
	concGoing:                  time.Now,
}

const concGoing = "a clock that goes"

// newConcClock opens the database twice, each with a plugin of its own, as two processes do. The rows are 1 to n, with one
// row of the same key under each.
func newConcClock(t *testing.T, database *testdb.Database, now func() time.Time, n uint) (one, two *gorm.DB) {
	t.Helper()
	open := func() *gorm.DB {
		db := database.Open(t, &gorm.Config{NowFunc: now})
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&concTicket{}, &concStub{}, &concToken{}, &concPart{}}})))
		return db.WithContext(t.Context())
	}
	one, two = open(), open()
	require.NoError(t, one.AutoMigrate(&concTicket{}, &concStub{}, &concToken{}, &concPart{}))
	require.NoError(t, one.Transaction(func(tx *gorm.DB) error {
		for id := uint(1); id <= n; id++ {
			for _, row := range []any{&concTicket{ID: id}, &concStub{ID: id, TicketID: id}, &concToken{ID: id}, &concPart{ID: id, TokenID: id}} {
				if err := tx.Create(row).Error; err != nil {
					return err
				}
			}
		}
		return nil
	}))
	return one, two
}

// requireConcMarks checks that the n rows of a model have n different marks, and that a restore brings back the row under the
// one that is restored, and no other.
func requireConcMarks(t *testing.T, db *gorm.DB, n uint, model, child any) {
	t.Helper()
	var marks int64
	for _, m := range []any{model, child} {
		require.NoError(t, db.Unscoped().Model(m).Distinct("deleted_at").Count(&marks).Error)
		require.EqualValues(t, n, marks, "marks of %T", m)
	}
	_, err := softdelete.Restore(db.Where("id = ?", n), model)
	require.NoError(t, err)
	var live []uint
	require.NoError(t, db.Model(child).Pluck("id", &live).Error)
	require.Equal(t, []uint{n}, live)
}

func requireAllConcMarks(t *testing.T, db *gorm.DB, n uint) {
	t.Helper()
	requireConcMarks(t, db, n, &concTicket{}, &concStub{})
	requireConcMarks(t, db, n, &concToken{}, &concPart{})
}

func TestConcurrentDeletionsHaveDifferentMarks(t *testing.T) {
	for name, now := range concClocks {
		t.Run("with "+name+", whichever process deletes", func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				const n = 6
				one, two := newConcClock(t, database, now, n)
				for id := uint(1); id <= n; id++ {
					require.NoError(t, one.Delete(&concTicket{ID: id}).Error)
					require.NoError(t, one.Delete(&concToken{ID: id}).Error)
					one, two = two, one
				}
				requireAllConcMarks(t, one, n)
			})
		})
		t.Run("with "+name+", many at a time", func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				const workers, each = 8, 3
				one, two := newConcClock(t, database, now, workers*each)
				errs := make(chan error, workers)
				for worker := range uint(workers) {
					db := one
					if worker%2 == 1 && name != concGoing {
						db = two // two processes may read the same microsecond off a clock that goes
					}
					go func() {
						for id := worker*each + 1; id <= (worker+1)*each; id++ {
							if err := db.Delete(&concTicket{ID: id}).Error; err != nil {
								errs <- fmt.Errorf("ticket %d: %w", id, err)
								return
							}
							if err := db.Delete(&concToken{ID: id}).Error; err != nil {
								errs <- fmt.Errorf("token %d: %w", id, err)
								return
							}
						}
						errs <- nil
					}()
				}
				for range workers {
					require.NoError(t, <-errs)
				}
				requireAllConcMarks(t, one, workers*each)
			})
		})
	}
	t.Run("with a frozen clock, and before either of two transactions commits", func(t *testing.T) {
		testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
			one, two := newConcClock(t, database, concClocks["a frozen clock"], 2)
			first, second := one.Begin(), two.Begin()
			require.NoError(t, first.Delete(&concTicket{ID: 1}).Error)
			require.NoError(t, second.Delete(&concTicket{ID: 2}).Error)
			require.NoError(t, second.Delete(&concToken{ID: 1}).Error)
			require.NoError(t, first.Delete(&concToken{ID: 2}).Error)
			require.NoError(t, second.Commit().Error)
			require.NoError(t, first.Commit().Error)
			requireAllConcMarks(t, one, 2)
		})
	})
	t.Run("with a frozen clock, and in a transaction that began before another one commits", func(t *testing.T) {
		testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
			one, two := newConcClock(t, database, concClocks["a frozen clock"], 4)
			tx := one.Begin()
			require.NoError(t, tx.First(&concTicket{}).Error) // it may see what is there now until its end
			for _, id := range []uint{1, 2} {
				require.NoError(t, two.Delete(&concTicket{ID: id}).Error)
				require.NoError(t, two.Delete(&concToken{ID: id}).Error)
			}
			for _, id := range []uint{3, 4} {
				require.NoError(t, tx.Delete(&concTicket{ID: id}).Error)
				require.NoError(t, tx.Delete(&concToken{ID: id}).Error)
			}
			require.NoError(t, tx.Commit().Error)
			requireAllConcMarks(t, one, 4)
		})
	})
	t.Run("a time that a transaction reserved is free again once it is rolled back, and taken once it commits", func(t *testing.T) {
		testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
			one, two := newConcClock(t, database, concClocks["a frozen clock"], 2)
			tx := one.Begin()
			undone, err := softdelete.Delete(tx, &concTicket{ID: 1})
			require.NoError(t, err)
			require.WithinDuration(t, concClocks["a frozen clock"](), undone.At, time.Millisecond)
			require.NoError(t, tx.Rollback().Error)
			report, err := softdelete.Delete(two, &concTicket{ID: 1})
			require.NoError(t, err)
			require.Equal(t, undone.At, report.At)
			report, err = softdelete.Delete(one, &concTicket{ID: 2})
			require.NoError(t, err)
			require.True(t, report.At.After(undone.At))
			requireConcMarks(t, one, 2, &concTicket{}, &concStub{})
		})
	})
}
