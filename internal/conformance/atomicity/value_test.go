package atomicity_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// AtomicBase is embedded by its address, so that a copy of the ticket shares it.
type AtomicBase struct {
	ID         uint
	DeletionID softdelete.DeletionID
}

type atomicTicket struct {
	*AtomicBase
	Status *string `softdelete:"status;active:open"`
	Was    *string `softdelete:"previous"`
}

func (t *atomicTicket) AfterDelete(tx *gorm.DB) error { return atomicHook(tx, "ticket.AfterDelete") }

func newAtomicTickets(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Models(t, database, []any{&atomicTicket{}})
	require.NoError(t, db.Exec("INSERT INTO atomic_tickets (id, status) VALUES (1, 'new'), (2, 'new')").Error)
	return db
}

func TestTheCallersValueAfterADeletionThatFails(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newAtomicTickets(t, database)
		hooked := db.WithContext((*atomicCase)(nil).withHook(t.Context(), func(*gorm.DB, string) error { return errAtomic }))

		t.Run("what pointers in it point to is as before", func(t *testing.T) {
			status, was := "new", "draft"
			base := &AtomicBase{ID: 1}
			ticket := atomicTicket{AtomicBase: base, Status: &status, Was: &was}
			require.ErrorIs(t, hooked.Delete(&ticket).Error, errAtomic)
			require.Same(t, base, ticket.AtomicBase)
			require.Same(t, &status, ticket.Status)
			require.Same(t, &was, ticket.Was)
			require.Equal(t, AtomicBase{ID: 1}, *base)
			require.Equal(t, "new", status)
			require.Equal(t, "draft", was)
		})

		t.Run("a report stays as it was", func(t *testing.T) {
			report := softdelete.Report{DeletionID: "former"}
			require.Error(t, hooked.Clauses(softdelete.Into(&report)).Delete(&atomicTicket{AtomicBase: &AtomicBase{ID: 1}}).Error)
			require.Equal(t, softdelete.Report{DeletionID: "former"}, report)
		})

		t.Run("one that succeeds writes the mark, but not through pointers that values share", func(t *testing.T) {
			status := "new"
			tickets := []atomicTicket{{&AtomicBase{ID: 1}, &status, nil}, {&AtomicBase{ID: 2}, &status, nil}}
			require.NoError(t, db.Delete(&tickets[0]).Error)
			require.Equal(t, "deleted", *tickets[0].Status)
			require.Equal(t, "new", *tickets[0].Was)
			require.NotEmpty(t, tickets[0].DeletionID)
			require.Equal(t, "new", *tickets[1].Status)
		})
	})
}

func TestASliceThatReturningFilledIsEmptyAfterADeletionThatFails(t *testing.T) {
	testdb.EachOf(t, testdb.ReturnedUpdates, func(t *testing.T, database *testdb.Database) {
		hook := func(*gorm.DB, string) error { return errAtomic }
		db := newAtomicTickets(t, database).WithContext((*atomicCase)(nil).withHook(t.Context(), hook))
		var tickets []atomicTicket
		done := db.Clauses(clause.Returning{}).Where("status = ?", "new").Delete(&tickets)
		require.ErrorIs(t, done.Error, errAtomic)
		require.Zero(t, done.RowsAffected)
		require.Empty(t, tickets)
	})
}

// atomicLetter stands under a guarded folder.
type atomicLetter struct {
	ID       uint
	FolderID uint
	Folder   *atomicFolder `softdelete:"guard"`
}

func TestAGuardedWriteThatFailsChangesNothing(t *testing.T) {
	writes := map[string]func(db *gorm.DB) error{
		"Create":             func(db *gorm.DB) error { return db.Create(&atomicLetter{FolderID: 1}).Error },
		"Create of a slice":  func(db *gorm.DB) error { return db.Create(&[]atomicLetter{{FolderID: 1}, {FolderID: 2}}).Error },
		"Update":             func(db *gorm.DB) error { return db.Model(&atomicLetter{ID: 1000}).Update("folder_id", 2).Error },
		"Updates by Where":   func(db *gorm.DB) error { return db.Where("id = 1000").Updates(&atomicLetter{FolderID: 2}).Error },
		"Save of a new row":  func(db *gorm.DB) error { return db.Save(&atomicLetter{FolderID: 2}).Error },
		"Save of a live row": func(db *gorm.DB) error { return db.Save(&atomicLetter{ID: 1000, FolderID: 2}).Error },
	}
	for _, mode := range atomicModes {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db, plain := database.Open(t, &mode.config), database.Open(t)
			models := []any{&atomicFolder{}, &atomicFile{}, &atomicLetter{}}
			fixture.Register(t, db, models...)
			require.NoError(t, db.Create(&[]atomicFolder{{ID: 1}, {ID: 2}, {ID: 3}}).Error)
			require.NoError(t, db.Delete(&atomicFolder{ID: 3}).Error)
			faults := testdb.Inject(db)
			for name, write := range writes {
				t.Run(name, func(t *testing.T) {
					letters := func() (letters []atomicLetter) {
						require.NoError(t, plain.Order("id").Find(&letters).Error)
						return letters
					}
					reset := func() {
						require.NoError(t, plain.Exec("DELETE FROM atomic_letters").Error)
						require.NoError(t, plain.Create(&atomicLetter{ID: 1000, FolderID: 1}).Error)
					}
					// run writes with a plan, in the caller's transaction where the mode says so. He commits.
					run := func(plan func()) (err error) {
						defer testdb.NothingLeft(t, db)
						if !mode.within {
							plan()
							return write(db)
						}
						require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
							plan()
							err = write(tx)
							faults.Reset()
							return nil
						}))
						return err
					}
					reset()
					require.NoError(t, run(func() {})) // what is looked up once is known then
					reset()
					before := letters()
					total := 0
					require.NoError(t, run(func() { faults.OnStatement(func(n int, _ string) error { total = n; return nil }) }))
					reset()
					for n := 1; n <= total; n++ {
						require.ErrorIs(t, run(func() { faults.FailAt(n, errAtomic) }), errAtomic, n)
						require.Equal(t, before, letters(), n)
						if mode.within {
							continue // as under plain GORM, what was executed stays in the caller's transaction
						}
						require.ErrorIs(t, run(func() { faults.FailAfter(n, errAtomic) }), errAtomic, n)
						if n < total { // the last is COMMIT
							require.Equal(t, before, letters(), n)
						}
					}
					faults.Reset()
				})
			}
			t.Run("under a deleted parent", func(t *testing.T) {
				letters := []atomicLetter{{FolderID: 1}, {FolderID: 3}}
				require.ErrorIs(t, db.Create(&letters).Error, softdelete.ErrParentDeleted)
				require.Equal(t, []atomicLetter{{FolderID: 1}, {FolderID: 3}}, letters)
				require.ErrorIs(t, db.Transaction(func(tx *gorm.DB) error {
					err := tx.Create(&letters).Error
					require.NoError(t, tx.Create(&atomicLetter{ID: 2000, FolderID: 1}).Error)
					require.ErrorIs(t, tx.Model(&atomicLetter{ID: 2000}).Update("folder_id", 3).Error, softdelete.ErrParentDeleted)
					var letter atomicLetter
					require.NoError(t, tx.Take(&letter, 2000).Error)
					require.EqualValues(t, 1, letter.FolderID)
					return err
				}), softdelete.ErrParentDeleted)
			})
		})
	}
}
