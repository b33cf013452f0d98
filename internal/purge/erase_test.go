package purge_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	leaver struct {
		ID        uint
		Name      string `pii:"fixed:-"`
		Hint      string
		DeletedAt gorm.DeletedAt  `softdelete:"retain:30d;then:erase"`
		Letters   []leaverLetter  `gorm:"foreignKey:MemberID" softdelete:"cascade"`
		Bookings  []leaverBooking `gorm:"foreignKey:MemberID" softdelete:"keep"`
	}
	leaverLetter struct {
		ID        uint
		MemberID  uint
		Text      string         `pii:"null"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
	// leaverBooking is kept, and keeps the row that it refers to.
	leaverBooking struct {
		ID       uint
		MemberID uint
		Payer    string `pii:"fixed:-"`
		Amount   int
	}
)

func TestPurgeErasesFirst(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
		models := []any{&leaver{}, &leaverLetter{}, &leaverBooking{}}
		db := fixture.Open(t, database, softdelete.Config{Models: models, Holds: true}, &gorm.Config{NowFunc: func() time.Time { return now }})
		member := func(bookings ...leaverBooking) *leaver {
			m := &leaver{Name: "canary", Hint: "-", Letters: []leaverLetter{{Text: "canary"}}, Bookings: bookings}
			require.NoError(t, db.Create(m).Error)
			require.NoError(t, db.Delete(m).Error)
			return m
		}
		alone, referred, held, residue := member(), member(leaverBooking{Payer: "canary", Amount: 7}), member(), member()
		_, err := softdelete.Hold(db, &leaverLetter{ID: held.Letters[0].ID}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		require.NoError(t, db.Unscoped().Model(&leaver{ID: residue.ID}).UpdateColumn("hint", "by canary").Error)
		now = now.AddDate(0, 0, 40)
		recent := member()
		ids := func(model any) (ids []uint) {
			require.NoError(t, db.Unscoped().Model(model).Order("id").Pluck("id", &ids).Error)
			return ids
		}

		dry, err := softdelete.Purge(db, softdelete.PurgeOptions{DryRun: true})
		require.NoError(t, err)
		require.EqualValues(t, 3, dry.Models[0].Erased, "what is left of one is found when it is erased")
		require.EqualValues(t, 1, dry.Models[0].Held)
		require.Len(t, ids(&leaver{}), 5)

		report, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: 2})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "column hint", "one row that cannot be erased does not keep it from the others")
		require.NotContains(t, err.Error(), "canary")
		require.Equal(t, softdelete.ModelPurge{
			Model: "leaver", Table: "leavers", Action: "erase", Eligible: 4, Erased: 2, Done: 1, Held: 1, Referenced: 1, Failed: 1, Reasons: []string{"not supported"},
			ReferencedBy: map[string]int64{"leaver_bookings": 1},
		}, report.Models[0])
		require.Equal(t, []uint{referred.ID, held.ID, residue.ID, recent.ID}, ids(&leaver{}))
		require.NotContains(t, ids(&leaverLetter{}), alone.Letters[0].ID)
		var booking leaverBooking
		require.NoError(t, db.First(&booking).Error)
		require.Equal(t, "-", booking.Payer)
		names := func() (names []string) {
			require.NoError(t, db.Unscoped().Model(&leaver{}).Order("id").Pluck("name", &names).Error)
			return names
		}
		require.Equal(t, []string{"-", "canary", "canary", "canary"}, names())
		certificates, err := softdelete.Certificates(db)
		require.NoError(t, err)
		require.Len(t, certificates, 2)

		require.NoError(t, db.Unscoped().Model(&leaver{ID: residue.ID}).UpdateColumn("hint", "-").Error)
		require.NoError(t, db.Delete(&booking).Error)
		report, err = softdelete.Purge(db, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.EqualValues(t, 1, report.Models[0].Erased, "what is erased is not erased again")
		require.EqualValues(t, 2, report.Models[0].Done)
		require.Equal(t, []uint{held.ID, recent.ID}, ids(&leaver{}))
		require.NoError(t, softdelete.VerifyCertificates(db))

		again := leaver{ID: alone.ID, Name: "another with the key"}
		require.NoError(t, db.Create(&again).Error)
		require.NoError(t, db.Model(&again).Update("name", "that is not erased").Error)
	})
}

func TestAPurgeThatErasesStopsWithItsContext(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&leaver{}, &leaverLetter{}, &leaverBooking{}}}, &gorm.Config{NowFunc: func() time.Time { return now }})
		for range 5 {
			m := &leaver{Name: "canary"}
			require.NoError(t, db.Create(m).Error)
			require.NoError(t, db.Delete(m).Error)
		}
		now = now.AddDate(0, 0, 40)
		report, err := softdelete.Purge(db, softdelete.PurgeOptions{MaxRows: 2})
		require.NoError(t, err)
		require.EqualValues(t, 2, report.Models[0].Erased)
		require.EqualValues(t, 2, report.Models[0].Done)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = softdelete.Purge(db.WithContext(ctx), softdelete.PurgeOptions{})
		require.ErrorIs(t, err, context.Canceled)
		report, err = softdelete.Purge(db, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.EqualValues(t, 3, report.Models[0].Done)
	})
}

// archivedLeaver's rows lie in an archive when they are due.
type archivedLeaver struct {
	_    struct{} `softdelete:"archive;retain:30d;then:erase"`
	ID   uint
	Name string `pii:"fixed:-"`
}

func TestPurgeErasesArchivedRowsAndLeavesWhoeverHasTheirKeyNow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		now := time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC)
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&archivedLeaver{}}}, &gorm.Config{NowFunc: func() time.Time { return now }})
		require.NoError(t, db.Create(&[]archivedLeaver{{ID: 1, Name: "Ann"}, {ID: 2, Name: "Bob"}}).Error)
		require.NoError(t, db.Delete(&[]archivedLeaver{{ID: 1}, {ID: 2}}).Error)
		require.NoError(t, db.Create(&archivedLeaver{ID: 2, Name: "Cid"}).Error)
		now = now.AddDate(0, 0, 40)

		report, err := softdelete.Purge(db, softdelete.PurgeOptions{})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "1 archived row of archivedLeaver")
		require.EqualValues(t, 2, report.Models[0].Eligible)
		require.EqualValues(t, 1, report.Models[0].Erased)
		require.EqualValues(t, 1, report.Models[0].Done)
		var cid archivedLeaver
		require.NoError(t, db.First(&cid, 2).Error)
		require.Equal(t, "Cid", cid.Name)
		var archived []archivedLeaver
		require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Find(&archived).Error)
		require.Equal(t, []archivedLeaver{{ID: 2, Name: "Bob"}}, archived)
	})
}
