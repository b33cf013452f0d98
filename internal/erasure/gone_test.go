package erasure_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestARowThatWasRemovedBeforeItsErasureStaysGone(t *testing.T) {
	for _, batch := range []int{0, 3} {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := fixture.Open(t, database, softdelete.Config{Models: loggedModels(), ErasureBatch: batch})
			other := loggedWord(t, db, "other")
			p := loggedWord(t, db, "canary")
			note, answer, line := p.Notes[0], p.Notes[0].Answers[0], loggedLine{
				Realm: `a\`, Number: int(p.ID), OwnerID: p.ID, OwnerType: "logged_people", Text: "canary",
			}
			note.Answers = nil
			subject := *p
			subject.Orders, subject.Visits, subject.Notes, subject.Lines = nil, nil, nil, nil
			require.NoError(t, db.Unscoped().Delete(&loggedNote{ID: p.Notes[1].ID}).Error)
			require.NoError(t, db.Unscoped().Where("owner_id = ?", p.ID).Delete(&loggedLine{}).Error)
			require.NoError(t, db.Unscoped().Where("person_id = ?", p.ID).Delete(&loggedVisit{}).Error)
			require.NoError(t, db.Unscoped().Delete(&loggedPerson{ID: p.ID}).Error)
			_, err := softdelete.Erase(db, &loggedPerson{ID: p.ID}, softdelete.ErasureRequest{})
			require.NoError(t, err)

			for _, stale := range []any{&note, &answer, &line, &subject} {
				require.ErrorIs(t, db.Save(stale).Error, softdelete.ErrErased, "%T", stale)
				require.ErrorIs(t, db.Clauses(clause.OnConflict{UpdateAll: true}).Create(stale).Error, softdelete.ErrErased, "%T", stale)
				require.NotContains(t, fixture.Dump(t, db, stale), "canary")
			}
			require.NoError(t, db.Save(&other.Notes[1]).Error, "rows of others are written as ever")
			require.NoError(t, db.Create(&loggedNote{ID: note.ID, PersonID: other.ID, Text: "a new one"}).Error, "a new row may take the key")
			require.NoError(t, db.Create(&loggedPerson{ID: p.ID, Email: "new@one.test"}).Error)
			require.NoError(t, db.Save(&loggedNote{ID: note.ID, PersonID: other.ID, Text: "changed"}).Error)
		})
	}
}

// TestTheLedgerOfDeletionsForgetsErasedRows goes over the ways in which a deletion may name a person's row.
func TestTheLedgerOfDeletionsForgetsErasedRows(t *testing.T) {
	for _, batch := range []int{0, 3} {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := fixture.Open(t, database, softdelete.Config{Models: loggedModels(), ErasureBatch: batch, Ledger: true})
			loggedWord(t, db, "other")
			p := loggedWord(t, db, "canary")
			told := db.WithContext(softdelete.WithReason(softdelete.WithActor(t.Context(), "actor canary"), "for canary"))
			require.NoError(t, told.Where("person_id = ?", p.ID).Delete(&loggedNote{}).Error, "several root rows, which the log alone knows")
			require.NoError(t, told.Where("person_id = ?", p.ID).Delete(&loggedOrder{}).Error)
			require.NoError(t, told.Delete(&loggedPerson{ID: p.ID}).Error)
			_, err := softdelete.Restore(told, &loggedPerson{ID: p.ID})
			require.NoError(t, err)
			ledger := func(word string) int {
				return fixture.Rows(t, db, "softdelete_deletions", "actor = ? OR reason = ?", "actor "+word, "for "+word)
			}
			others, all := ledger("other"), fixture.Rows(t, db, "softdelete_deletions")
			require.NotZero(t, others)
			require.NotZero(t, ledger("canary"))
			_, err = softdelete.Erase(db, p, softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.Zero(t, ledger("canary"))
			require.Equal(t, others, ledger("other"))
			require.GreaterOrEqual(t, fixture.Rows(t, db, "softdelete_deletions"), all)
		})
	}
}

type heldPair struct {
	Realm  string `gorm:"primaryKey;size:20"`
	Number int    `gorm:"primaryKey;autoIncrement:false"`
	Owner  uint   `pii:"subject:loggedPerson"`
	Text   string `pii:"null"`
}

func TestAHoldThatHasEndedForgetsWhatItWasFor(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Now()
		models := append(loggedModels(), &heldPair{})
		config := softdelete.Config{Models: models, Holds: true}
		db := fixture.Open(t, database, config, &gorm.Config{NowFunc: func() time.Time { return now }})
		other, p := loggedWord(t, db, "other"), loggedWord(t, db, "canary")
		pairs := []heldPair{{Realm: "a,b", Number: 1, Owner: p.ID}, {Realm: "a", Number: 1, Owner: other.ID}}
		require.NoError(t, db.Create(&pairs).Error)
		place := func(row any, word string, until time.Time) softdelete.HoldID {
			id, err := softdelete.Hold(db, row, softdelete.HoldOptions{Matter: "matter " + word, PlacedBy: "by " + word, Until: until})
			require.NoError(t, err)
			return id
		}
		soon := now.Add(time.Minute)
		ended := []softdelete.HoldID{
			place(p, "canary", time.Time{}), place(&p.Orders[0], "canary", time.Time{}), place(&p.Visits[0], "canary", time.Time{}),
			place(&p.Notes[1], "canary", time.Time{}), place(&pairs[0], "canary", time.Time{}), place(&p.Orders[1], "canary", soon),
			place(other, "other", time.Time{}), place(&pairs[1], "other", time.Time{}),
		}
		kept := place(&other.Orders[0], "other", time.Time{})
		for _, id := range ended {
			require.NoError(t, softdelete.Release(db, id))
		}
		now = soon.Add(time.Minute)
		require.NoError(t, db.Delete(&loggedNote{ID: p.Notes[1].ID}).Error, "it is in its log only now")
		_, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Zero(t, fixture.Rows(t, db, "softdelete_holds", "matter LIKE '%canary%' OR placed_by LIKE '%canary%'"))
		require.Equal(t, 3, fixture.Rows(t, db, "softdelete_holds", "matter = 'matter other' AND placed_by = 'by other'"))
		require.Equal(t, len(ended)+1, fixture.Rows(t, db, "softdelete_holds"), "that there were holds stays")
		holds, err := softdelete.Holds(db)
		require.NoError(t, err)
		require.Equal(t, fmt.Sprint([]softdelete.HoldID{kept}), fmt.Sprint([]softdelete.HoldID{holds[0].ID}))
	})
}

type (
	goneGuest struct {
		_         struct{} `softdelete:"archive"`
		ID        uint
		Name      string `pii:"fixed:x"`
		CreatedAt time.Time
	}
	goneMark struct {
		_         struct{} `pii:"delete"`
		ID        uint
		GuestID   uint
		Text      string
		CreatedAt time.Time
	}
	goneHost struct {
		ID        uint
		Name      string `pii:"fixed:x"`
		CreatedAt time.Time
		DeletedAt gorm.DeletedAt
		Marks     []goneMark `gorm:"foreignKey:GuestID;constraint:-"`
	}
)

func TestAnErasedRowThatIsElsewhereIsNotWrittenWithoutItsTimeOfCreation(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&goneGuest{}, &goneHost{}, &goneMark{}}})
		require.NoError(t, db.Create(&goneGuest{ID: 1, Name: "canary"}).Error)
		require.NoError(t, db.Create(&goneHost{ID: 1, Name: "canary", Marks: []goneMark{{ID: 1, Text: "canary"}}}).Error)
		for _, subject := range []any{&goneGuest{ID: 1}, &goneHost{ID: 1}} {
			_, err := softdelete.Erase(db, subject, softdelete.ErasureRequest{})
			require.NoError(t, err)
		}
		for _, stale := range []func() any{
			func() any { return &goneGuest{ID: 1, Name: "canary"} }, func() any { return &goneMark{ID: 1, GuestID: 1, Text: "canary"} },
		} {
			require.ErrorIs(t, db.Unscoped().Save(stale()).Error, softdelete.ErrErased, "%T", stale())
			require.ErrorIs(t, db.Unscoped().Clauses(clause.OnConflict{UpdateAll: true}).Create(stale()).Error, softdelete.ErrErased, "%T", stale())
			require.Error(t, db.Save(stale()).Error, "%T", stale())
			require.NotContains(t, fixture.Dump(t, db, stale()), "canary")
			require.NoError(t, db.Create(stale()).Error, "a plain Create makes a new row")
			require.NoError(t, db.Save(stale()).Error, "which is written as ever")
		}
	})
}
