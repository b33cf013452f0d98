package eventlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Two releases of an application, of which the newer one's model has columns of every kind more.
type (
	releaseOld struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
	releaseNew struct {
		ID        uint
		Name      string
		Phone     *string `pii:"null"`
		Vip       bool    `gorm:"not null;default:false"`
		Visits    int64   `gorm:"not null;default:0"`
		Rate      float64
		Token     []byte
		Seen      *time.Time
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
)

func (releaseOld) TableName() string { return "released" }
func (releaseNew) TableName() string { return "released" }

// releases gives a session of each release, on one database that the newer one has migrated.
func releases(t *testing.T, database *testdb.Database) (older, newer *gorm.DB) {
	t.Helper()
	older = fixture.Models(t, database, []any{&releaseOld{}})
	newer = fixture.Use(t, database, softdelete.Config{Models: []any{&releaseNew{}}})
	require.NoError(t, newer.AutoMigrate(&releaseNew{}))
	require.NoError(t, newer.AutoMigrate(softdelete.Tables()...))
	return older, newer
}

func releasedRow() releaseNew {
	return releaseNew{
		ID: 1, Name: "ann", Phone: new("555-0101"), Vip: true, Visits: 1<<53 + 1, Rate: 0.1 + 0.2, Token: []byte{0, 255},
		Seen: new(time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)),
	}
}

// requireReleased checks that the log gives the row as the table has it.
func requireReleased(t *testing.T, db *gorm.DB) {
	t.Helper()
	var stored releaseNew
	require.NoError(t, db.First(&stored, 1).Error)
	replayed := releaseNew{ID: 1}
	require.NoError(t, softdelete.AsOf(db, &replayed, time.Now().Add(time.Minute)))
	for _, row := range []*releaseNew{&stored, &replayed} {
		if row.Seen != nil {
			row.Seen = new(row.Seen.UTC())
		}
	}
	require.Equal(t, stored, replayed)
	rows, err := softdelete.Rebuild(db, &releaseNew{})
	require.NoError(t, err)
	require.Zero(t, rows)
}

func TestAnOlderReleasesMigrationLeavesTheNewerOnesColumnsInTheLog(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		older, newer := releases(t, database)
		row := releasedRow()
		require.NoError(t, newer.Create(&row).Error)
		require.NoError(t, older.AutoMigrate(&releaseOld{}))
		requireReleased(t, newer)

		require.NoError(t, newer.Model(&releaseNew{ID: 1}).Updates(map[string]any{"phone": "555-0102", "visits": 2, "vip": false}).Error)
		events := history(t, newer, &releaseNew{ID: 1})
		require.Len(t, events, 2)
		require.JSONEq(t, `{"phone":"555-0102","visits":2,"vip":false}`, string(events[1].Data))
		require.NoError(t, older.Model(&releaseOld{ID: 1}).Update("name", "eve").Error)
		requireReleased(t, newer)
		planned, err := softdelete.DDL(newer, &releaseNew{})
		require.NoError(t, err)
		require.NoError(t, newer.AutoMigrate(&releaseNew{}))
		require.Len(t, history(t, newer, &releaseNew{ID: 1}), 3, "nothing was missing: %v", planned)

		require.NoError(t, older.Delete(&releaseOld{ID: 1}).Error)
		_, err = softdelete.Restore(newer, &releaseNew{ID: 1})
		require.NoError(t, err)
		requireReleased(t, newer)
	})
}

func TestTheNewerReleaseErasesFromEventsOfTheOlder(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		older, newer := releases(t, database)
		row := releasedRow()
		require.NoError(t, newer.Create(&row).Error)
		require.NoError(t, older.AutoMigrate(&releaseOld{}))
		require.NoError(t, older.Delete(&releaseOld{ID: 1}).Error)
		_, err := softdelete.Restore(older, &releaseOld{ID: 1})
		require.NoError(t, err)
		require.Contains(t, fixture.Dump(t, newer, &releaseNew{}), "555-0101")
		certificate, err := softdelete.Erase(newer, &releaseNew{ID: 1}, softdelete.ErasureRequest{ID: "r1"})
		require.NoError(t, err)
		require.True(t, certificate.Verified)
		require.NotContains(t, fixture.Dump(t, newer, &releaseNew{}), "555-0101")
		for _, event := range history(t, newer, &releaseNew{ID: 1}) {
			require.NotContains(t, string(event.Data), "555-0101")
		}
	})
}

func TestAColumnThatNoReleaseHasAnyMoreLeavesTheLogWithTheTable(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		older, newer := releases(t, database)
		row := releasedRow()
		require.NoError(t, newer.Create(&row).Error)
		require.NoError(t, older.AutoMigrate(&releaseOld{}))
		require.NoError(t, older.Migrator().DropColumn(&releaseOld{}, "phone"))
		require.NoError(t, older.Model(&releaseOld{ID: 1}).Update("name", "eve").Error, "before a migration too")
		require.NoError(t, older.AutoMigrate(&releaseOld{}))
		require.NoError(t, older.Delete(&releaseOld{ID: 1}).Error)
		events := history(t, older, &releaseOld{ID: 1})
		require.JSONEq(t, `{"name":"eve"}`, string(events[1].Data))
		require.NotContains(t, string(events[2].Data), "phone")
		require.Contains(t, string(events[2].Data), "visits")
		if database.Name == "postgres" {
			require.NoError(t, older.Exec("ALTER TABLE released DROP COLUMN visits").Error)
			_, err := softdelete.Restore(older, &releaseOld{ID: 1})
			require.NoError(t, err, "before a migration too")
		}
	})
}

func TestAColumnThatHasGotTheNameOfAFieldIsLoggedAtOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		older, newer := releases(t, database)
		row := releasedRow()
		require.NoError(t, newer.Create(&row).Error)
		require.NoError(t, older.Migrator().DropColumn(&releaseOld{}, "phone"))
		fixture.Exec(t, newer, "ALTER TABLE released ADD COLUMN fax "+fixture.TextType(newer))
		require.NoError(t, newer.Migrator().RenameColumn(&releaseNew{}, "fax", "phone"))
		require.NoError(t, newer.Model(&releaseNew{ID: 1}).Update("phone", "555-0102").Error)
		events := history(t, newer, &releaseNew{ID: 1})
		require.JSONEq(t, `{"phone":"555-0102"}`, string(events[len(events)-1].Data))
		requireReleased(t, newer)
		require.Error(t, newer.Migrator().RenameColumn(&releaseNew{}, "fax", "phone"), "there is none any more")
	})
}

func TestTriggersThatLogLessAreNoticedByTheNextWrite(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		older, newer := releases(t, database)
		row := releasedRow()
		require.NoError(t, newer.Create(&row).Error)
		require.NoError(t, older.Model(&releaseOld{ID: 1}).Update("name", "bob").Error)
		fixture.EarlierTriggers(t, older)

		for name, write := range map[string]func() error{
			"update": func() error { return newer.Model(&releaseNew{ID: 1}).Update("visits", 3).Error },
			"create": func() error { return newer.Create(&releaseNew{ID: 2}).Error },
			"delete": func() error { return newer.Delete(&releaseNew{ID: 1}).Error },
			"erase": func() error {
				_, err := softdelete.Erase(newer, &releaseNew{ID: 1}, softdelete.ErasureRequest{ID: "r1"})
				return err
			},
		} {
			err := write()
			require.ErrorIs(t, err, softdelete.ErrUnsupported, name)
			require.ErrorContains(t, err, "does not know its column phone", name)
		}
		require.NoError(t, older.Model(&releaseOld{ID: 1}).Update("name", "eve").Error, "the older one's log is complete")
		require.Equal(t, []string{"created", "updated", "updated"}, kinds(history(t, older, &releaseOld{ID: 1})))

		require.NoError(t, newer.Exec("UPDATE released SET visits = 5").Error)
		require.NoError(t, newer.AutoMigrate(&releaseNew{}))
		require.NoError(t, newer.Model(&releaseNew{ID: 1}).Update("rate", 2).Error)
		requireReleased(t, newer)
	})
}

func TestTriggersThatLogLessDoNotWriteForAReleaseThatLookedBefore(t *testing.T) {
	database := testdb.Postgres(t) // on SQLite nobody migrates while a write goes on
	_, newer := releases(t, database)
	row := releasedRow()
	require.NoError(t, newer.Create(&row).Error)
	other := database.Open(t)
	testdb.Inject(newer).AfterStatement(func(_ int, sql string) error {
		if len(sql) > 40 && sql[:40] == "SELECT set_config('softdelete.event', $1" {
			fixture.EarlierTriggers(t, other)
		}
		return nil
	})
	err := newer.Model(&releaseNew{ID: 1}).Update("visits", 3).Error
	testdb.Inject(newer).Reset()
	require.ErrorContains(t, err, "nothing was written: try again")
	require.Len(t, history(t, newer, &releaseNew{ID: 1}), 1)
	var stored releaseNew
	require.NoError(t, newer.First(&stored, 1).Error)
	require.EqualValues(t, 1<<53+1, stored.Visits)
}
