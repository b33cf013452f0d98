package rowkey_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// This room tries what the plugin does with rows whose keys read alike: joined by a comma or by "_", without what escapes, or
// folded.

type (
	// alikeSeat is marked when it is deleted.
	alikeSeat struct {
		Hall      string `gorm:"primaryKey;size:20"`
		Row       string `gorm:"primaryKey;size:20"`
		CreatedAt time.Time
		Guest     *string        `pii:"null"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
	// alikeBox moves to an archive, and from there to cold storage.
	alikeBox struct {
		_     struct{} `softdelete:"archive;events;retain:30d;then:cold"`
		Hall  string   `gorm:"primaryKey;size:20"`
		Row   string   `gorm:"primaryKey;size:20"`
		Guest *string
	}
	alikeTicket struct {
		ID       uint
		SeatHall string
		SeatRow  string
		Seat     *alikeSeat `gorm:"foreignKey:SeatHall,SeatRow;references:Hall,Row;constraint:-" softdelete:"guard"`
	}
)

// alike are keys of which no two are the same.
var alike = [][2]string{
	{"a,b", "c"},
	{"a", "b,c"},
	{"a_b", "c"},
	{"a", "b_c"},
	{`a\`, "b"},
	{"a", `\b`},
	{`a\,b`, "c"},
	{`a\`, "b,c"},
	{`"a"`, "b"},
	{"'a'", "b"},
	{"a", "b"},
	{"A", "b"},
	{"a ", "b"},
	{"ä", "b"},
	{"a\u0308", "b"},
	{"Ä", "b"},
}

func alikeGuest(key [2]string) string { return fmt.Sprintf("the guest of %q", key) }

func alikeSeats(keys ...[2]string) (seats []alikeSeat) {
	for _, key := range keys {
		guest := alikeGuest(key)
		seats = append(seats, alikeSeat{Hall: key[0], Row: key[1], Guest: &guest})
	}
	return seats
}

func alikeBoxes(keys ...[2]string) (boxes []alikeBox) {
	for _, key := range keys {
		guest := alikeGuest(key)
		boxes = append(boxes, alikeBox{Hall: key[0], Row: key[1], Guest: &guest})
	}
	return boxes
}

// alikeDB has a live row of every key in both tables.
func alikeDB(t *testing.T, database *testdb.Database, now *time.Time, store softdelete.ColdStore) *gorm.DB {
	t.Helper()
	*now = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	models := []any{&alikeSeat{}, &alikeBox{}, &alikeTicket{}}
	db := database.Open(t, &gorm.Config{NowFunc: func() time.Time { return *now }})
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models, Holds: true, Ledger: true, ColdStore: store})))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
	database.Lettered(t, db, "alike_seats", "alike_boxes", "alike_tickets")
	require.NoError(t, db.AutoMigrate(models...), "the archive is of its table's letters")
	seats, boxes := alikeSeats(alike...), alikeBoxes(alike...)
	require.NoError(t, db.Create(&seats).Error)
	require.NoError(t, db.Create(&boxes).Error)
	return db
}

// alikeEach runs a test for every key and database, each with a store.
func alikeEach(t *testing.T, run func(t *testing.T, db *gorm.DB, now *time.Time)) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, err := softdelete.DirColdStore(t.TempDir())
		require.NoError(t, err)
		var now time.Time
		run(t, alikeDB(t, database, &now, store), &now)
	})
}

// requireSeats checks which live seats there are, all with their own guests.
func requireSeats(t *testing.T, db *gorm.DB, keys [][2]string) {
	t.Helper()
	var seats []alikeSeat
	require.NoError(t, db.Find(&seats).Error)
	var found [][2]string
	for _, seat := range seats {
		found = append(found, [2]string{seat.Hall, seat.Row})
		require.Equal(t, alikeGuest([2]string{seat.Hall, seat.Row}), *seat.Guest)
	}
	require.ElementsMatch(t, keys, found)
}

func TestRowsWithKeysThatReadAlikeAreDeletedAndRestoredEachByItself(t *testing.T) {
	alikeEach(t, func(t *testing.T, db *gorm.DB, _ *time.Time) {
		gone, stay := alike[:8], alike[8:]
		for _, value := range []any{alikePointer(alikeSeats(gone...)), alikePointer(alikeBoxes(gone...))} {
			requireForeseen(t, db, value, len(gone), softdelete.Preview, softdelete.Delete)
		}
		requireSeats(t, db, stay)

		seats := make([]alikeSeat, len(gone))
		boxes := make([]alikeBox, len(gone))
		for i, key := range gone {
			seats[i].Hall, seats[i].Row = key[0], key[1]
			boxes[i].Hall, boxes[i].Row = key[0], key[1]
		}
		for _, value := range []any{&seats, &boxes} {
			requireForeseen(t, db, value, len(gone), softdelete.PreviewRestore, softdelete.Restore)
		}
		for i, key := range gone {
			require.Equal(t, key, [2]string{seats[i].Hall, seats[i].Row})
			require.Equal(t, alikeGuest(key), *seats[i].Guest)
			require.Equal(t, key, [2]string{boxes[i].Hall, boxes[i].Row})
			require.Equal(t, alikeGuest(key), *boxes[i].Guest)
		}
		requireSeats(t, db, alike)
	})
}

// requireForeseen checks that a preview and then a call tell of so many root rows.
func requireForeseen(t *testing.T, db *gorm.DB, value any, rows int, calls ...func(*gorm.DB, any) (softdelete.Report, error)) {
	t.Helper()
	for _, call := range calls {
		report, err := call(db, value)
		require.NoError(t, err)
		require.EqualValues(t, rows, report.Effects[0].Rows)
	}
}

func alikePointer[T any](value T) *T { return &value }

func TestAnUpsertLeavesOutTheArchivedRowAndNoneThatReadsAlike(t *testing.T) {
	alikeEach(t, func(t *testing.T, db *gorm.DB, _ *time.Time) {
		for _, key := range alike {
			box := alikeBoxes(key)[0]
			require.NoError(t, db.Delete(&box).Error)
			require.NoError(t, db.Unscoped().Where("1 = 1").Delete(&alikeBox{}).Error) // all others are gone for good
			others := slices.DeleteFunc(alikeBoxes(alike...), func(b alikeBox) bool { return b.Hall == key[0] && b.Row == key[1] })
			all := append(alikeBoxes(key), others...)
			require.NoError(t, db.Clauses(clause.OnConflict{DoNothing: true}).Create(&all).Error)
			var live []alikeBox
			require.NoError(t, db.Find(&live).Error)
			require.ElementsMatch(t, others, live, "beside the archived %q", key)
			err := db.Save(&box).Error
			require.ErrorIs(t, err, softdelete.ErrRowDeleted)
			_, err = softdelete.Restore(db, &box)
			require.NoError(t, err)
		}
	})
}

func TestSaveAndGuardRefuseTheDeletedRowAndNoneThatReadsAlike(t *testing.T) {
	alikeEach(t, func(t *testing.T, db *gorm.DB, _ *time.Time) {
		gone := alike[0]
		require.NoError(t, db.Delete(&alikeSeats(gone)[0]).Error)
		for _, key := range alike {
			seat := alikeSeats(key)[0]
			ticket := alikeTicket{SeatHall: key[0], SeatRow: key[1]}
			if key == gone {
				require.ErrorIs(t, db.Save(&seat).Error, softdelete.ErrRowDeleted)
				require.ErrorIs(t, db.Create(&ticket).Error, softdelete.ErrParentDeleted)
				continue
			}
			require.NoError(t, db.Save(&seat).Error)
			require.NoError(t, db.Create(&ticket).Error)
		}
		var tickets []alikeTicket
		for _, key := range alike {
			tickets = append(tickets, alikeTicket{SeatHall: key[0], SeatRow: key[1]})
		}
		require.ErrorIs(t, db.Create(&tickets).Error, softdelete.ErrParentDeleted, "whatever stands beside it")
	})
}

func TestAHoldKeepsItsRowAndNoneThatReadsAlike(t *testing.T) {
	alikeEach(t, func(t *testing.T, db *gorm.DB, now *time.Time) {
		held := alike[1]
		_, err := softdelete.Hold(db, &alikeBox{Hall: held[0], Row: held[1]}, softdelete.HoldOptions{Matter: "case"})
		require.NoError(t, err)
		for _, box := range alikeBoxes(alike...) {
			require.NoError(t, db.Delete(&box).Error)
		}
		*now = now.AddDate(0, 2, 0)
		report, err := softdelete.Purge(db, softdelete.PurgeOptions{})
		require.NoError(t, err)
		i := slices.IndexFunc(report.Models, func(m softdelete.ModelPurge) bool { return m.Model == "alikeBox" })
		require.EqualValues(t, 1, report.Models[i].Held)
		var left []alikeBox
		require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Find(&left).Error)
		require.Equal(t, alikeBoxes(held), left)

		thawed := int64(0)
		for _, batch := range report.Models[i].ColdBatches {
			n, err := softdelete.Thaw(db, batch)
			require.NoError(t, err)
			thawed += n
		}
		require.EqualValues(t, len(alike)-1, thawed)
	})
}

func TestHistoryIsOfTheRowAndNoneThatReadsAlike(t *testing.T) {
	alikeEach(t, func(t *testing.T, db *gorm.DB, _ *time.Time) {
		for i, box := range alikeBoxes(alike...) {
			for range i {
				require.NoError(t, db.Model(&box).Update("guest", fmt.Sprint("another ", i, " ", time.Now().UnixNano())).Error)
			}
		}
		for i, key := range alike {
			events, err := softdelete.History(db, &alikeBox{Hall: key[0], Row: key[1]})
			require.NoError(t, err)
			require.Len(t, events, i+1, "%q", key)
		}
	})
}

func TestAnErasureIsOfTheRowAndNoneThatReadsAlike(t *testing.T) {
	alikeEach(t, func(t *testing.T, db *gorm.DB, _ *time.Time) {
		for _, seat := range alikeSeats(alike...) {
			ctx := softdelete.WithReason(t.Context(), alikeGuest([2]string{seat.Hall, seat.Row}))
			require.NoError(t, db.WithContext(ctx).Delete(&seat).Error)
		}
		reasons := func() (list []string) {
			require.NoError(t, db.Model(&softdelete.Deletion{}).Where("reason <> ''").Pluck("reason", &list).Error)
			return list
		}
		require.Len(t, reasons(), len(alike))
		for i, key := range alike[:8] {
			c, err := softdelete.Erase(db, &alikeSeat{Hall: key[0], Row: key[1]}, softdelete.ErasureRequest{ID: fmt.Sprint("r", i)})
			require.NoError(t, err)
			require.EqualValues(t, 1, c.Tables[0].Masked)
			require.Len(t, reasons(), len(alike)-i-1)
			require.NotContains(t, reasons(), alikeGuest(key))
			var named int64
			require.NoError(t, db.Unscoped().Model(&alikeSeat{}).Where("guest IS NOT NULL").Count(&named).Error)
			require.EqualValues(t, len(alike)-i-1, named)
			_, err = softdelete.Restore(db, &alikeSeat{Hall: key[0], Row: key[1]})
			require.ErrorIs(t, err, softdelete.ErrErased)
		}
		for _, key := range alike[8:] {
			_, err := softdelete.Restore(db, &alikeSeat{Hall: key[0], Row: key[1]})
			require.NoError(t, err)
		}
	})
}
