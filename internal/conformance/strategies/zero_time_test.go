package strategies_test

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

type (
	// strDesk and what is under it tell live rows by a time, with NULL allowed and not.
	strDesk struct {
		ID        uint
		Name      string         `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt `gorm:"zeroValue:1970-01-01 00:00:01;default:'1970-01-01 00:00:01'" softdelete:"retain:30d"`
		Drawers   []strDrawer    `gorm:"foreignKey:DeskID" softdelete:"cascade"`
	}
	strDrawer struct {
		ID        uint
		DeskID    uint
		Desk      *strDesk       `softdelete:"guard;lazy"`
		Text      string         `gorm:"unique"`
		DeletedAt gorm.DeletedAt `gorm:"not null;zeroValue:1970-01-01;default:'1970-01-01'" softdelete:"retain:30d"`
		Things    []strThing     `gorm:"foreignKey:DrawerID" softdelete:"block"`
	}
	strThing struct {
		ID        uint
		DrawerID  uint
		DeletedAt gorm.DeletedAt `gorm:"zeroValue:2000-01-01 00:00:00;default:'2000-01-01 00:00:00'"`
	}
	// strZoned says the zone of such a time, which a column of MySQL does not take.
	strZoned struct {
		ID        uint
		DeletedAt gorm.DeletedAt `gorm:"zeroValue:2000-01-01T00:00:00Z;default:'2000-01-01T00:00:00Z'"`
	}
)

// newDesks has two desks with two drawers each.
func newDesks(t *testing.T, database *testdb.Database) *fixture.Stage {
	t.Helper()
	s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&strDesk{}, &strDrawer{}, &strThing{}}})
	for desk := uint(1); desk <= 2; desk++ {
		s.Add(&strDesk{ID: desk, Name: string(rune('a' + desk))})
		s.Add(&strDrawer{ID: desk * 10, DeskID: desk, Text: string(rune('a' + desk))}, &strDrawer{ID: desk*10 + 1, DeskID: desk, Text: string(rune('k' + desk))})
	}
	return s
}

func liveIDs(t *testing.T, db *gorm.DB, model any) (ids []uint) {
	t.Helper()
	require.NoError(t, db.Model(model).Order("id").Pluck("id", &ids).Error)
	return ids
}

func TestATimeThatMeansLiveMaySayItsZone(t *testing.T) {
	testdb.EachOf(t, testdb.TimesWithZones, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&strZoned{}}})
		s.Add(&strZoned{ID: 1}, &strZoned{ID: 2})
		require.Equal(t, []uint{1, 2}, liveIDs(t, s.DB, &strZoned{}))
		require.NoError(t, s.Delete(&strZoned{ID: 1}).Error)
		require.Equal(t, []uint{2}, liveIDs(t, s.DB, &strZoned{}))
		_, err := softdelete.Restore(s.DB, &strZoned{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []uint{1, 2}, liveIDs(t, s.DB, &strZoned{}))
	})
}

func TestATimeThatMeansLiveIsHonoured(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newDesks(t, database)
		require.Equal(t, []uint{1, 2}, liveIDs(t, s.DB, &strDesk{}))
		require.Equal(t, []uint{10, 11, 20, 21}, liveIDs(t, s.DB, &strDrawer{}))
		require.Zero(t, fixture.ReportOf(t, s.Purge(softdelete.PurgeOptions{}), "str_desks").Eligible, "no live row is due")

		for _, way := range []string{"loaded and saved", "loaded and created again", "upserted"} {
			var desk strDesk
			require.NoError(t, s.First(&desk, 1).Error)
			switch way {
			case "loaded and saved":
				require.NoError(t, s.Save(&desk).Error)
			case "loaded and created again":
				require.NoError(t, s.Unscoped().Delete(&strDesk{ID: 1}).Error)
				require.NoError(t, s.Create(&desk).Error)
				s.Add(&strDrawer{ID: 10, DeskID: 1, Text: "b"}, &strDrawer{ID: 11, DeskID: 1, Text: "l"})
			default:
				require.NoError(t, s.Clauses(clause.OnConflict{UpdateAll: true}).Create(&desk).Error)
			}
			require.Equal(t, []uint{1, 2}, liveIDs(t, s.DB, &strDesk{}), way)
		}
		require.NoError(t, s.Exec("INSERT INTO str_desks (id, name, deleted_at) VALUES (3, 'c3', NULL)").Error)
		require.Equal(t, []uint{1, 2, 3}, liveIDs(t, s.DB, &strDesk{}), "NULL is live too")
		require.NoError(t, s.Exec("DELETE FROM str_desks WHERE id = 3").Error)

		s.Add(&strThing{ID: 5, DrawerID: 20})
		require.ErrorIs(t, s.Delete(&strDrawer{ID: 20}).Error, softdelete.ErrBlocked)
		require.NoError(t, s.Delete(&strThing{ID: 5}).Error)

		desk := strDesk{ID: 1, Name: "b"}
		report, err := softdelete.Delete(s.DB, &desk)
		require.NoError(t, err)
		require.EqualValues(t, 1, report.Rows())
		require.WithinDuration(t, *s.Now, desk.DeletedAt.Time, time.Second)
		require.Equal(t, []uint{2}, liveIDs(t, s.DB, &strDesk{}))
		require.Equal(t, []uint{20, 21}, liveIDs(t, s.DB, &strDrawer{}))
		require.Equal(t, []uint{1}, liveIDs(t, s.Clauses(softdelete.OnlyDeleted), &strDesk{}))
		require.ErrorIs(t, s.Create(&strDrawer{ID: 12, DeskID: 1, Text: "new"}).Error, softdelete.ErrParentDeleted)
		require.ErrorIs(t, s.Save(&desk).Error, softdelete.ErrRowDeleted)
		s.Add(&strDesk{ID: 9, Name: "b"}) // the name is free
		require.Error(t, s.Create(&strDesk{Name: "b"}).Error, "one live row has it")
		_, err = softdelete.Restore(s.DB, &strDesk{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		require.NoError(t, s.Unscoped().Delete(&strDesk{ID: 9}).Error)

		_, err = softdelete.Restore(s.DB, &desk)
		require.NoError(t, err)
		require.Equal(t, []uint{1, 2}, liveIDs(t, s.DB, &strDesk{}))
		require.Equal(t, []uint{10, 11, 20, 21}, liveIDs(t, s.DB, &strDrawer{}))
		// Those who do not know the plugin see the row as well.
		plain := database.Open(t)
		require.Equal(t, []uint{1, 2}, liveIDs(t, plain, &strDesk{}))
		require.Equal(t, []uint{10, 11, 20, 21}, liveIDs(t, plain, &strDrawer{}))

		require.NoError(t, s.Delete(&strDesk{ID: 1}).Error)
		*s.Now = s.Now.Add(40 * fixture.Day)
		purged := s.Purge(softdelete.PurgeOptions{})
		require.EqualValues(t, 1, fixture.ReportOf(t, purged, "str_desks").Done)
		require.EqualValues(t, 2, fixture.ReportOf(t, purged, "str_drawers").Done)
		require.Equal(t, []uint{2}, s.IDs(&strDesk{}))
		require.Equal(t, []uint{20, 21}, s.IDs(&strDrawer{}))

		ddl, err := softdelete.DDL(s.DB)
		require.NoError(t, err)
		for _, statement := range ddl {
			// GORM writes the default anew, since the database tells it in words of its own.
			require.Regexp(t, "^ALTER TABLE .\\w+. (?:ALTER COLUMN .deleted_at. SET|MODIFY COLUMN .deleted_at. datetime.*) DEFAULT", statement, "AutoMigrate is through")
		}
	})
}

func TestAZeroValueThatIsNoTimeIsRefused(t *testing.T) {
	type bad struct {
		ID        uint
		DeletedAt gorm.DeletedAt `gorm:"zeroValue:never"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		err := database.Open(t).Use(softdelete.New(softdelete.Config{Models: []any{&bad{}}}))
		require.ErrorIs(t, err, softdelete.ErrPolicy)
		require.ErrorContains(t, err, `zeroValue "never" is no time; write it as 1970-01-01 00:00:01`)
	})
}
