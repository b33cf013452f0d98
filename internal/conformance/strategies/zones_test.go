package strategies_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	stratHouse struct {
		StratBase
		DeletedAt gorm.DeletedAt `gorm:"precision:6"`
		Rooms     []stratRoom    `gorm:"foreignKey:HouseID" softdelete:"cascade"`
	}
	stratRoom struct {
		StratBase
		HouseID uint
		GoneAt  int64 `softdelete:"timestamp;unit:us"`
	}

	// The root keeps nanoseconds, its children seconds: marks must differ by seconds.
	stratFine struct {
		StratBase
		GoneAt  int64         `softdelete:"timestamp;unit:ns"`
		Coarses []stratCoarse `gorm:"foreignKey:FineID" softdelete:"cascade"`
	}
	stratCoarse struct {
		StratBase
		FineID uint
		Gone   bool `softdelete:"flag"`
		GoneAt int  `softdelete:"at"`
	}

	stratMilliTime struct {
		StratBase
		DeletedAt gorm.DeletedAt `gorm:"precision:3"`
		Parts     []stratPart    `gorm:"foreignKey:WholeID" softdelete:"cascade"`
	}
	stratPart struct {
		StratBase
		WholeID uint
		State   string     `softdelete:"status"`
		GoneAt  *time.Time `softdelete:"at"`
	}
)

func stratLive[T any](t *testing.T, db *gorm.DB) int {
	t.Helper()
	var rows []T
	require.NoError(t, db.Find(&rows).Error)
	return len(rows)
}

func TestTimesAreInstantsWhateverTheirZone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		east, west := time.FixedZone("east", 14*3600), time.FixedZone("west", -11*3600-30*60)
		instant := time.Date(2024, 12, 31, 23, 30, 0, 654321000, time.UTC)
		in := func(zone *time.Location) func() time.Time { return func() time.Time { return instant.In(zone) } }
		models := []any{&stratHouse{}, &stratRoom{}, &stratToldFlag{}, &stratNanos{}}
		here := stratOpen(t, database, in(east), models...)
		there := stratOpen(t, database, in(west), models...)

		t.Run("the stored instant is right", func(t *testing.T) {
			house := stratHouse{}
			require.NoError(t, here.Create(&house).Error)
			report, err := softdelete.Delete(here, &house)
			require.NoError(t, err)
			require.True(t, report.At.Equal(instant), report.At)
			require.True(t, house.DeletedAt.Time.Equal(instant), house.DeletedAt.Time)
			var stored stratHouse
			require.NoError(t, there.Unscoped().First(&stored, house.ID).Error)
			require.True(t, stored.DeletedAt.Time.Equal(instant), stored.DeletedAt.Time)

			flag, nanos := stratToldFlag{}, stratNanos{}
			require.NoError(t, there.Create(&flag).Error)
			require.NoError(t, there.Delete(&flag).Error)
			require.NoError(t, here.Unscoped().First(&flag, flag.ID).Error)
			require.True(t, flag.GoneAt.Equal(instant), flag.GoneAt)
			require.NoError(t, there.Create(&nanos).Error)
			require.NoError(t, there.Delete(&nanos).Error)
			require.NoError(t, here.Unscoped().First(&nanos, nanos.ID).Error)
			require.Equal(t, instant.UnixNano(), nanos.GoneAt)
		})
		t.Run("what one zone deletes, another restores, with all that is under it", func(t *testing.T) {
			for _, pair := range [][2]*gorm.DB{{here, there}, {there, here}} {
				house := stratHouse{Rooms: []stratRoom{{}, {}}}
				require.NoError(t, pair[0].Create(&house).Error)
				report, err := softdelete.Delete(pair[0], &house)
				require.NoError(t, err)
				require.Zero(t, stratLive[stratRoom](t, pair[1]))
				_, err = softdelete.Restore(pair[1], &stratHouse{StratBase: StratBase{ID: house.ID}})
				require.NoError(t, err)
				require.Equal(t, 2, stratLive[stratRoom](t, pair[0]))

				report, err = softdelete.Delete(pair[0], &house)
				require.NoError(t, err)
				_, err = softdelete.RestoreDeletion(pair[1], report.DeletionID)
				require.NoError(t, err)
				require.Equal(t, 2, stratLive[stratRoom](t, pair[0]))
				require.NoError(t, pair[0].Unscoped().Where("house_id = ?", house.ID).Delete(&stratRoom{}).Error)
			}
		})
		t.Run("two zones never give one mark to two deletions", func(t *testing.T) {
			house := stratHouse{Rooms: []stratRoom{{StratBase: StratBase{Name: "first"}}, {StratBase: StratBase{Name: "second"}}}}
			require.NoError(t, here.Create(&house).Error)
			require.NoError(t, here.Delete(&house.Rooms[0]).Error)
			require.NoError(t, there.Delete(&house).Error)
			_, err := softdelete.Restore(here, &house)
			require.NoError(t, err)
			require.Equal(t, []string{"second"}, stratNames[stratRoom](t, there), "the room deleted alone stays deleted")
		})
	})
}

// stratMarksDiffer deletes rows of a parent and its children, which have no DeletionID, one after the other while the clock
// stands. No two deletions have the same time, the columns say what the report does, and restores keep them apart.
func stratMarksDiffer[T any, P stratRow[T], C any, Q stratRow[C]](
	add func(names ...string) P, children func(P) []C, parentAt, childAt func(any) time.Time,
) func(*testing.T, *testdb.Database) {
	return func(t *testing.T, database *testdb.Database) {
		frozen := time.Date(2024, 5, 6, 7, 8, 9, 987654321, time.UTC)
		now := func() time.Time { return frozen }
		db := stratOpen(t, database, now, new(T), new(C))
		other := stratOpen(t, database, now, new(T), new(C)) // as another process, which remembers nothing of the first
		sessions := []*gorm.DB{db, other, other, db}

		parents := make([]P, len(sessions))
		seen := map[int64]bool{}
		for i, session := range sessions {
			parents[i] = add("alone", "with its parent")
			require.NoError(t, session.Create(parents[i]).Error)
			child := Q(&children(parents[i])[0])
			report, err := softdelete.Delete(session, child)
			require.NoError(t, err)
			require.False(t, seen[report.At.UnixNano()], "the mark %s is used already", report.At)
			seen[report.At.UnixNano()] = true
			stored := new(C)
			require.NoError(t, db.Unscoped().First(stored, child.base().ID).Error)
			require.True(t, report.At.Equal(childAt(stored)), "%s in the report, %s in the column", report.At, childAt(stored))
			require.True(t, report.At.Equal(childAt((*C)(child))), "%s in the report, %s in the caller's row", report.At, childAt((*C)(child)))

			report, err = softdelete.Delete(session, parents[i])
			require.NoError(t, err)
			require.False(t, seen[report.At.UnixNano()], "the mark %s is used already", report.At)
			seen[report.At.UnixNano()] = true
			parent := new(T)
			require.NoError(t, db.Unscoped().First(parent, parents[i].base().ID).Error)
			require.True(t, report.At.Equal(parentAt(parent)), "%s in the report, %s in the column", report.At, parentAt(parent))
			stored = new(C)
			require.NoError(t, db.Unscoped().First(stored, child.base().ID+1).Error)
			require.True(t, report.At.Equal(childAt(stored)), "%s in the report, %s in the child's column", report.At, childAt(stored))
			require.WithinRange(t, report.At, frozen.Add(-time.Second), frozen.Add(time.Minute))
		}
		for i, parent := range parents {
			_, err := softdelete.Restore(sessions[(i+1)%len(sessions)], parent)
			require.NoError(t, err)
			require.Equal(t, i+1, stratLive[C](t, db), "only what went with its parent comes back")
			require.Equal(t, i+1, stratLive[T](t, db))
		}
		for _, name := range stratNames[C](t, db) {
			require.Equal(t, "with its parent", name)
		}
	}
}

func TestMarksNeverCollide(t *testing.T) {
	cases := []struct {
		name string
		test func(*testing.T, *testdb.Database)
	}{
		{"a time column over an integer one", stratMarksDiffer(
			func(names ...string) *stratHouse {
				house := &stratHouse{}
				for _, name := range names {
					house.Rooms = append(house.Rooms, stratRoom{StratBase: StratBase{Name: name}})
				}
				return house
			},
			func(h *stratHouse) []stratRoom { return h.Rooms },
			func(row any) time.Time { return row.(*stratHouse).DeletedAt.Time },
			func(row any) time.Time { return time.UnixMicro(row.(*stratRoom).GoneAt) })},
		{"nanoseconds over seconds", stratMarksDiffer(
			func(names ...string) *stratFine {
				fine := &stratFine{}
				for _, name := range names {
					fine.Coarses = append(fine.Coarses, stratCoarse{StratBase: StratBase{Name: name}})
				}
				return fine
			},
			func(f *stratFine) []stratCoarse { return f.Coarses },
			func(row any) time.Time { return time.Unix(0, row.(*stratFine).GoneAt) },
			func(row any) time.Time { return time.Unix(int64(row.(*stratCoarse).GoneAt), 0) })},
		{"a time column of three digits over one of the database's own", stratMarksDiffer(
			func(names ...string) *stratMilliTime {
				whole := &stratMilliTime{}
				for _, name := range names {
					whole.Parts = append(whole.Parts, stratPart{StratBase: StratBase{Name: name}, State: "active"})
				}
				return whole
			},
			func(w *stratMilliTime) []stratPart { return w.Parts },
			func(row any) time.Time { return row.(*stratMilliTime).DeletedAt.Time },
			func(row any) time.Time { return *row.(*stratPart).GoneAt })},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) { tc.test(t, database) })
		}
		t.Run("a clock that goes back", func(t *testing.T) {
			start := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
			now := start
			db := stratOpen(t, database, func() time.Time { return now }, &stratSeconds{})
			seen := map[int64]bool{}
			for _, shift := range []time.Duration{0, 0, time.Second, 0, -time.Second, 900 * time.Millisecond, 2 * time.Second} {
				now = start.Add(shift)
				row := stratSeconds{}
				require.NoError(t, db.Create(&row).Error)
				report, err := softdelete.Delete(db, &row)
				require.NoError(t, err)
				require.Equal(t, report.At.Unix(), row.GoneAt)
				require.False(t, seen[row.GoneAt], "the mark %d is used already", row.GoneAt)
				seen[row.GoneAt] = true
			}
		})
	})
}
