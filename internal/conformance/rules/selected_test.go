package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What a deletion takes because the caller selects it comes back with its root: rows of relations that no rule makes a deletion
// follow.
type (
	selRoom[P, C any] struct {
		ID      uint
		Mark    P            `gorm:"embedded"`
		Slots   []selSlot[C] `gorm:"foreignKey:RoomID"`
		Seats   []selSeat[C] `gorm:"foreignKey:RoomID" softdelete:"keep"`
		Keys    []selKey[C]  `gorm:"foreignKey:RoomID" softdelete:"block"`
		Tenants []selTenant  `gorm:"foreignKey:RoomID"`
	}
	selSlot[C any] struct {
		ID, RoomID uint
		Mark       C `gorm:"embedded"`
	}
	selSeat[C any] struct {
		ID, RoomID uint
		Mark       C            `gorm:"embedded"`
		Covers     []selKey[C]  `gorm:"foreignKey:SeatID" softdelete:"cascade"`
		Spares     []selSlot[C] `gorm:"foreignKey:RoomID"`
	}
	selKey[C any] struct {
		ID     uint
		RoomID uint
		SeatID *uint
		Mark   C `gorm:"embedded"`
	}
	selTenant struct{ ID, RoomID uint } // without a strategy
)

func (selRoom[P, C]) TableName() string { return "sel_rooms" }
func (selSlot[C]) TableName() string    { return "sel_slots" }
func (selSeat[C]) TableName() string    { return "sel_seats" }
func (selKey[C]) TableName() string     { return "sel_keys" }
func (selTenant) TableName() string     { return "sel_tenants" }

type selArchive struct {
	_ struct{} `softdelete:"archive"`
}

// selLive are the IDs of live rows.
func selLive(t *testing.T, db *gorm.DB, model any) (ids []uint) {
	t.Helper()
	require.NoError(t, db.Model(model).Order("id").Pluck("id", &ids).Error)
	return ids
}

// Clocks of a database.
var (
	runs   = selClock{"a clock that runs", time.Now}
	stands = selClock{"a clock that stands", func() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }}
)

type selClock struct {
	name string
	now  func() time.Time
}

func selComesBack[P, C any](clocks ...selClock) func(t *testing.T) {
	return func(t *testing.T) {
		for _, clock := range clocks {
			t.Run(clock.name, func(t *testing.T) {
				testdb.Each(t, func(t *testing.T, database *testdb.Database) { selGoesAndComes[P, C](t, database, clock.now) })
			})
		}
	}
}

func selGoesAndComes[P, C any](t *testing.T, database *testdb.Database, now func() time.Time) {
	type (
		room = selRoom[P, C]
		slot = selSlot[C]
		seat = selSeat[C]
		key  = selKey[C]
	)
	models := []any{&room{}, &slot{}, &seat{}, &key{}, &selTenant{}}
	db := fixture.Models(t, database, models, &gorm.Config{NowFunc: now, DisableForeignKeyConstraintWhenMigrating: true})
	one := uint(1)
	require.NoError(t, db.Create(&[]room{{ID: 1}, {ID: 2}}).Error)
	require.NoError(t, db.Create(&[]slot{{ID: 1, RoomID: 1}, {ID: 2, RoomID: 1}, {ID: 3, RoomID: 2}, {ID: 4, RoomID: 1}}).Error)
	require.NoError(t, db.Create(&[]seat{{ID: 1, RoomID: 1}, {ID: 2, RoomID: 1}}).Error)
	require.NoError(t, db.Create(&[]key{{ID: 1, RoomID: 1}, {ID: 2, RoomID: 9, SeatID: &one}, {ID: 3, RoomID: 9, SeatID: &one}}).Error)
	require.NoError(t, db.Delete(&slot{ID: 1}).Error) // by themselves
	require.NoError(t, db.Delete(&key{ID: 2}).Error)
	live := func(slots, seats, keys, rooms []uint) {
		t.Helper()
		require.Equal(t, [][]uint{slots, seats, keys, rooms}, [][]uint{
			selLive(t, db, &slot{}), selLive(t, db, &seat{}), selLive(t, db, &key{}), selLive(t, db, &room{}),
		})
	}
	before := func() { t.Helper(); live([]uint{2, 3, 4}, []uint{1, 2}, []uint{1, 3}, []uint{1, 2}) }
	before()

	deleted, err := softdelete.Delete(db.Select(clause.Associations), &room{ID: 1})
	require.NoError(t, err)
	live([]uint{3}, []uint{}, []uint{}, []uint{2})
	preview, err := softdelete.PreviewRestore(db, &room{ID: 1})
	require.NoError(t, err)
	restored, err := softdelete.Restore(db, &room{ID: 1})
	require.NoError(t, err)
	before()
	fixture.Foresaw(t, preview.Effects, restored.Effects)
	require.EqualValues(t, 7, deletedRows(restored, softdelete.ActionRestored))
	require.Equal(t, deletedRows(deleted, softdelete.ActionDeleted, softdelete.ActionArchived), deletedRows(restored, softdelete.ActionRestored))

	// What another deletion took stays, before and after.
	require.NoError(t, db.Select("Slots", "Keys").Delete(&room{ID: 1}).Error)
	require.NoError(t, db.Delete(&seat{ID: 1}).Error)
	live([]uint{3}, []uint{2}, []uint{}, []uint{2})
	_, err = softdelete.Restore(db, &room{ID: 1})
	require.NoError(t, err)
	live([]uint{2, 3, 4}, []uint{2}, []uint{1}, []uint{1, 2})
	_, err = softdelete.Restore(db, &seat{ID: 1})
	require.NoError(t, err)
	before()

	// A restore of the child alone, then that of the root.
	require.NoError(t, db.Select("Slots", "Keys").Delete(&[]room{{ID: 1}, {ID: 2}}).Error)
	live([]uint{}, []uint{1, 2}, []uint{3}, []uint{})
	_, err = softdelete.Restore(db, &slot{ID: 2})
	require.NoError(t, err)
	require.NoError(t, db.Delete(&slot{ID: 2}).Error)
	_, err = softdelete.Restore(db, &room{ID: 1})
	require.NoError(t, err)
	live([]uint{4}, []uint{1, 2}, []uint{1, 3}, []uint{1})
	_, err = softdelete.Restore(db, &[]room{{ID: 2}})
	require.NoError(t, err)
	_, err = softdelete.Restore(db, &slot{ID: 2})
	require.NoError(t, err)
	before()

	// By its ID, where a row carries it.
	deleted, err = softdelete.Delete(db.Select(clause.Associations), &room{ID: 1})
	require.NoError(t, err)
	live([]uint{3}, []uint{}, []uint{}, []uint{2})
	byID, err := softdelete.RestoreDeletion(db, deleted.DeletionID)
	require.NoError(t, err)
	before()
	require.EqualValues(t, 7, deletedRows(byID, softdelete.ActionRestored))
	for _, effect := range byID.Effects[1:] {
		require.NotEmpty(t, effect.Relation, effect)
	}
}

func deletedRows(r softdelete.Report, actions ...softdelete.Action) (rows int64) {
	for _, effect := range r.Effects {
		for _, action := range actions {
			if effect.Action == action {
				rows += effect.Rows
			}
		}
	}
	return rows
}

func TestWhatADeletionTookBySelectComesBackWithItsRoot(t *testing.T) {
	t.Run("times", selComesBack[rulTime, rulTime](runs, stands))
	t.Run("a time over seconds", selComesBack[rulTime, rulSeconds](runs))
	t.Run("a DeletionID over a time", selComesBack[rulFlagWithID, rulTime](stands))
	t.Run("a time over a DeletionID", selComesBack[rulMilliTime, rulStatusWithID](stands))
	t.Run("DeletionIDs", selComesBack[rulTimeWithID, rulFlagWithID](stands))
	t.Run("statuses and flags with times", selComesBack[rulStatusWithTime, rulFlagWithTime](runs))
	t.Run("archives", selComesBack[selArchive, selArchive](stands))
	t.Run("nanoseconds over an archive", selComesBack[rulNanos, selArchive](stands))
}

type (
	// selPainter and selPicture lead to each other: deletions follow one of the relations.
	selPainter struct {
		_         struct{} `softdelete:"archive"`
		ID        uint
		PictureID uint
		Pictures  []selPicture `gorm:"foreignKey:PainterID" softdelete:"keep"`
	}
	selPicture struct {
		_         struct{} `softdelete:"archive"`
		ID        uint
		PainterID uint
		Copyists  []selPainter `gorm:"foreignKey:PictureID" softdelete:"cascade"`
	}
)

func TestArchivedRowsThatSelectTookRoundOverAnotherModelComeBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&selPainter{}, &selPicture{}}, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
		require.NoError(t, db.Create(&[]selPainter{{ID: 1}, {ID: 2, PictureID: 1}, {ID: 3, PictureID: 2}, {ID: 4, PictureID: 1}}).Error)
		require.NoError(t, db.Create(&[]selPicture{{ID: 1, PainterID: 1}, {ID: 2, PainterID: 2}, {ID: 3, PainterID: 1}}).Error)
		require.NoError(t, db.Delete(&selPainter{ID: 4}).Error)
		for name, restore := range map[string]func(id softdelete.DeletionID) (softdelete.Report, error){
			"by its ID": func(id softdelete.DeletionID) (softdelete.Report, error) { return softdelete.RestoreDeletion(db, id) },
			"by its root": func(softdelete.DeletionID) (softdelete.Report, error) {
				return softdelete.Restore(db, &selPainter{ID: 1})
			},
			"by condition": func(softdelete.DeletionID) (softdelete.Report, error) {
				return softdelete.Restore(db.Where("id = 1"), &selPainter{})
			},
		} {
			deleted, err := softdelete.Delete(db.Select("Pictures"), &selPainter{ID: 1})
			require.NoError(t, err)
			require.Equal(t, [][]uint{{3}, {2}}, [][]uint{selLive(t, db, &selPainter{}), selLive(t, db, &selPicture{})})
			_, err = restore(deleted.DeletionID)
			require.NoError(t, err, name)
			require.Equal(t, [][]uint{{1, 2, 3}, {1, 2, 3}}, [][]uint{selLive(t, db, &selPainter{}), selLive(t, db, &selPicture{})}, name)
		}
	})
}
