package strategies_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// strFolder and its notes have no DeletionID: their mark is the time.
type strFolder struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Notes     []strNote `gorm:"foreignKey:FolderID" softdelete:"cascade"`
}

type strNote struct {
	ID        uint
	FolderID  uint
	LabelID   *uint
	DeletedAt gorm.DeletedAt
}

// strLabel takes notes too, and keeps its time in seconds.
type strLabel struct {
	ID    uint
	Gone  int64     `softdelete:"timestamp"`
	Notes []strNote `gorm:"foreignKey:LabelID" softdelete:"cascade"`
}

// strWithClock opens a database with folders, labels and notes under a clock.
func strWithClock(t *testing.T, database *testdb.Database, now func() time.Time) *gorm.DB {
	t.Helper()
	models := []any{&strFolder{}, &strLabel{}, &strNote{}}
	db := fixture.Models(t, database, models, &gorm.Config{NowFunc: now})
	return db
}

// strDelete deletes and gives the instant.
func strDelete(t *testing.T, db *gorm.DB, row any) time.Time {
	t.Helper()
	report, err := softdelete.Delete(db, row)
	require.NoError(t, err)
	return report.At
}

func TestClocks(t *testing.T) {
	frozen := func() time.Time { return strAt }
	seconds := func() time.Time { return time.Now().Truncate(time.Second) }
	backwards := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	clocks := map[string]func() time.Time{
		"frozen":              frozen,
		"of seconds":          seconds,
		"of days":             func() time.Time { return time.Now().Truncate(24 * time.Hour) },
		"that runs backwards": func() time.Time { backwards = backwards.Add(-time.Microsecond); return backwards },
		"that changes its zone": func() time.Time {
			backwards = backwards.In(time.FixedZone("", 3600*int(backwards.Unix()%11)))
			return backwards
		},
		"before 1970":            func() time.Time { return time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC) },
		"in the year 2200, odd":  func() time.Time { return time.Date(2200, 2, 28, 23, 59, 59, 999999999, time.UTC) },
		"that runs, and is fine": time.Now,
	}
	for name, clock := range clocks {
		t.Run("marks never collide under a clock "+name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := strWithClock(t, database, clock)
				const folders = 5
				for id := uint(1); id <= folders; id++ {
					require.NoError(t, db.Create(&strFolder{ID: id, Notes: []strNote{{ID: 10 * id}, {ID: 10*id + 1}}}).Error)
				}
				used := map[int64]uint{}
				note := func(at time.Time, id uint) {
					require.NotContains(t, used, at.UnixNano())
					used[at.UnixNano()] = id
				}
				for id := uint(1); id <= folders; id++ {
					// One note goes alone, before its folder.
					note(strDelete(t, db, &strNote{ID: 10 * id}), 10*id)
					note(strDelete(t, db, &strFolder{ID: id}), id)
				}
				require.Empty(t, strKeys[strNote](t, db))

				_, err := softdelete.Restore(db, &strFolder{ID: 3})
				require.NoError(t, err)
				require.Equal(t, []uint{31}, strKeys[strNote](t, db), "only what went with the folder")
				note(strDelete(t, db, &strFolder{ID: 3}), 3)
				_, err = softdelete.Restore(db, &strFolder{ID: 1})
				require.NoError(t, err)
				require.Equal(t, []uint{11}, strKeys[strNote](t, db))
			})
		})
	}

	t.Run("a second process under a frozen clock sees the times of the first", func(t *testing.T) {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			first := strWithClock(t, database, frozen)
			require.NoError(t, first.Create(&[]strFolder{{ID: 1}, {ID: 2, Notes: []strNote{{ID: 1}}}}).Error)
			second := strWithClock(t, database, frozen)
			one, two := strDelete(t, first, &strFolder{ID: 1}), strDelete(t, second, &strNote{ID: 1})
			three := strDelete(t, first, &strFolder{ID: 2})
			require.NotEqual(t, one, two)
			require.NotEqual(t, two, three)
			require.NotEqual(t, one, three)
		})
	})

	t.Run("the time moves on by the coarsest precision of the tables concerned", func(t *testing.T) {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := strWithClock(t, database, frozen)
			require.NoError(t, db.Create(&[]strLabel{{ID: 1}, {ID: 2}}).Error)
			one, two := strDelete(t, db, &strLabel{ID: 1}), strDelete(t, db, &strLabel{ID: 2})
			require.True(t, one.Equal(strAt.Truncate(time.Second)))
			require.Equal(t, time.Second, two.Sub(one))
		})
	})
}

func TestDeletionIDUnderAFrozenClock(t *testing.T) {
	type Note struct {
		ID, FolderID uint
		Gone         bool `softdelete:"flag"`
		DeletionID   softdelete.DeletionID
	}
	type Folder struct {
		ID         uint
		Gone       bool `softdelete:"flag"`
		DeletionID softdelete.DeletionID
		Notes      []Note `softdelete:"cascade"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := strOpen(t, database, &Folder{}, &Note{})
		require.NoError(t, db.Create(&Folder{ID: 1, Notes: []Note{{ID: 1}, {ID: 2}}}).Error)
		require.NoError(t, db.Delete(&Note{ID: 1}).Error)
		report, err := softdelete.Delete(db, &Folder{ID: 1})
		require.NoError(t, err)
		require.NotEqual(t, strRaw[Note](t, db, "deletion_id", 1), strRaw[Note](t, db, "deletion_id", 2))
		require.Equal(t, string(report.DeletionID), strRaw[Note](t, db, "deletion_id", 2))
		_, err = softdelete.Restore(db, &Folder{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []uint{2}, strKeys[Note](t, db))
	})
}

// A column without a time zone keeps UTC, whatever the session's zone: a restore compares instants.
func TestColumnsWithoutATimeZone(t *testing.T) {
	type Note struct {
		ID                uint
		FolderID, LabelID *uint
		DeletedAt         gorm.DeletedAt `gorm:"type:timestamp"`
	}
	type Folder struct {
		ID        uint
		DeletedAt gorm.DeletedAt `gorm:"type:timestamp"`
		Notes     []Note         `softdelete:"cascade"`
	}
	type Label struct {
		ID    uint
		Gone  int64  `softdelete:"timestamp;unit:us"`
		Notes []Note `softdelete:"cascade"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := strOpen(t, database, &Folder{}, &Label{}, &Note{})
		require.NoError(t, db.Connection(func(connection *gorm.DB) error {
			db := connection.Session(&gorm.Session{NewDB: true})
			if database.Name == "postgres" {
				require.NoError(t, db.Exec("SET TIME ZONE 'Asia/Tokyo'").Error)
			}
			one := uint(1)
			require.NoError(t, db.Create(&Folder{ID: 1}).Error)
			require.NoError(t, db.Create(&Label{ID: 1}).Error)
			require.NoError(t, db.Create(&Note{ID: 1, FolderID: &one, LabelID: &one}).Error)

			require.NoError(t, db.Delete(&Folder{ID: 1}).Error)
			require.NoError(t, db.Delete(&Label{ID: 1}).Error)
			_, err := softdelete.Restore(db, &Folder{ID: 1})
			require.NoError(t, err)
			require.Empty(t, strKeys[Note](t, db), "the label holds it, and its mark was handed over")
			_, err = softdelete.Restore(db, &Label{ID: 1})
			require.NoError(t, err)
			require.Equal(t, []uint{1}, strKeys[Note](t, db))
			return nil
		}))
	})
}

func TestATableOfAnotherNameIsAskedWhichTimesItsRowsCarry(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		// open is a process of its own, which remembers no time.
		open := func() *gorm.DB { return strWithClock(t, database, func() time.Time { return strAt }) }
		db := open()
		require.NoError(t, db.Table("old_folders").AutoMigrate(&strFolder{}))
		require.NoError(t, db.Table("old_folders").Create(&[]strFolder{{ID: 1}, {ID: 2}}).Error)
		first := strDelete(t, db.Table("old_folders"), &strFolder{ID: 1})
		require.NotEqual(t, first, strDelete(t, open().Table("old_folders"), &strFolder{ID: 2}))
	})
}

// lateHouse has a DeletionID, its rooms only the time, so that the two marks are compared as instants.
type lateHouse struct {
	ID         uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Rooms      []lateRoom `gorm:"foreignKey:HouseID" softdelete:"cascade"`
}

type lateRoom struct {
	ID        uint
	HouseID   uint
	DeletedAt gorm.DeletedAt
}

func TestMarksOfTheLastMillisecondOfASecondAreTheSameInstant(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, nanoseconds := range []int{0, 1000, 999_499_000, 999_500_000, 999_999_000} {
			now := time.Date(2024, 2, 29, 23, 59, 59, nanoseconds, time.FixedZone("", 3600))
			db := fixture.Models(t, database, []any{&lateHouse{}, &lateRoom{}}, &gorm.Config{NowFunc: func() time.Time { return now }})
			house := lateHouse{Rooms: []lateRoom{{}, {}}}
			require.NoError(t, db.Create(&house).Error)
			require.NoError(t, db.Delete(&house).Error)
			_, err := softdelete.Restore(db, &house)
			require.NoError(t, err)
			var rooms int64
			require.NoError(t, db.Model(&lateRoom{}).Where("house_id = ?", house.ID).Count(&rooms).Error)
			require.EqualValues(t, 2, rooms, "at %s", now)
		}
	})
}
