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

// These are one table as versions of an application have it: without a log, with one, and with a further column.
type (
	beginPlain struct {
		ID        uint
		Name      string
		At        time.Time
		Data      []byte
		DeletedAt gorm.DeletedAt
	}
	beginLogged struct {
		ID        uint
		Name      string
		At        time.Time
		Data      []byte
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
	beginGained struct {
		ID        uint
		Name      string
		At        time.Time
		Data      []byte
		Level     int            `gorm:"not null;default:3"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
)

func (beginPlain) TableName() string  { return "beginnings" }
func (beginLogged) TableName() string { return "beginnings" }
func (beginGained) TableName() string { return "beginnings" }

func TestRowsThatAreOlderThanTheirLogBeginWithABaseline(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		plain := fixture.Models(t, database, []any{&beginPlain{}})
		at := time.Date(2025, 5, 1, 10, 0, 0, 120000000, time.FixedZone("", 7200))
		require.NoError(t, plain.Create([]beginPlain{{ID: 1, Name: `a "b"`, At: at, Data: []byte{0, 255}}, {ID: 2, Name: "two", At: at}}).Error)
		require.NoError(t, plain.Delete(&beginPlain{ID: 2}).Error)

		now := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
		open := func(model any) *gorm.DB {
			db := database.Open(t).Session(&gorm.Session{NowFunc: func() time.Time { return now }})
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{model}})))
			return db
		}
		db := open(&beginLogged{})
		require.NoError(t, db.AutoMigrate(&beginLogged{}))
		for _, id := range []uint{1, 2} {
			events := history(t, db, &beginLogged{ID: id})
			require.Equal(t, []string{"baseline"}, kinds(events))
			require.True(t, events[0].At.Equal(now))
		}
		require.NoError(t, db.AutoMigrate(&beginLogged{}))
		require.Len(t, history(t, db, &beginLogged{ID: 1}), 1, "once")

		var row beginLogged
		row.ID = 1
		require.NoError(t, softdelete.AsOf(db, &row, now))
		require.Equal(t, `a "b"`, row.Name)
		require.True(t, row.At.Equal(at))
		require.Equal(t, []byte{0, 255}, row.Data)
		require.ErrorIs(t, softdelete.AsOf(db, &beginLogged{ID: 1}, now.Add(-time.Second)), softdelete.ErrNoHistory)
		require.ErrorIs(t, softdelete.AsOf(db, &beginLogged{ID: 2}, now), gorm.ErrRecordNotFound, "it was deleted then")
		require.ErrorIs(t, softdelete.AsOf(db, &beginLogged{ID: 9}, now), gorm.ErrRecordNotFound)

		require.NoError(t, plain.Exec("INSERT INTO beginnings (id, name) VALUES (3, 'raw')").Error)
		require.ErrorIs(t, softdelete.AsOf(db, &beginLogged{ID: 3}, now), softdelete.ErrNoHistory, "no event was written")

		now = now.Add(time.Hour)
		require.NoError(t, db.Model(&beginLogged{ID: 1}).Update("name", "new").Error)
		require.Equal(t, []string{"baseline", "updated"}, kinds(history(t, db, &beginLogged{ID: 1})))
		changed, err := softdelete.Rebuild(db, &beginLogged{})
		require.NoError(t, err)
		require.Zero(t, changed)
	})
}

func TestAColumnThatALogGainsIsLoggedAsItIs(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&beginLogged{}})
		require.NoError(t, db.Create([]beginLogged{{ID: 1, Name: "one"}, {ID: 2, Name: "two"}, {ID: 3, Name: "gone"}}).Error)
		require.NoError(t, db.Unscoped().Delete(&beginLogged{ID: 3}).Error)
		before := time.Now()

		later := fixture.Models(t, database, []any{&beginGained{}})
		require.NoError(t, later.AutoMigrate(&beginGained{}))
		require.Equal(t, []string{"created", "updated"}, kinds(history(t, later, &beginGained{ID: 1})))
		require.Equal(t, []string{"created", "deleted"}, kinds(history(t, later, &beginGained{ID: 3})))
		require.JSONEq(t, `{"level": 3}`, string(history(t, later, &beginGained{ID: 1})[1].Data))
		row := beginGained{ID: 1}
		require.NoError(t, softdelete.AsOf(later, &row, before))
		require.Zero(t, row.Level)
		row = beginGained{ID: 1}
		require.NoError(t, softdelete.AsOf(later, &row, time.Now().Add(time.Minute)))
		require.Equal(t, 3, row.Level)
		changed, err := softdelete.Rebuild(later, &beginGained{})
		require.NoError(t, err)
		require.Zero(t, changed)
	})
}

func TestRebuildLeavesAColumnAloneThatNoEventHas(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&beginLogged{}})
		require.NoError(t, db.Create([]beginLogged{{ID: 1, Name: "one"}, {ID: 2, Name: "two"}}).Error)
		require.NoError(t, db.Exec("ALTER TABLE beginnings ADD COLUMN level integer NOT NULL DEFAULT 3").Error)
		require.NoError(t, db.Create(&beginLogged{ID: 3, Name: "three"}).Error)
		require.NoError(t, db.Exec("UPDATE beginnings SET level = id + 10, name = 'wrong'").Error)
		require.NoError(t, db.Exec("DELETE FROM beginnings WHERE id = 3").Error)
		later := fixture.Use(t, database, softdelete.Config{Models: []any{&beginGained{}}})
		changed, err := softdelete.Rebuild(later, &beginGained{})
		require.NoError(t, err)
		require.EqualValues(t, 3, changed)
		var rows []beginGained
		require.NoError(t, later.Order("id").Find(&rows).Error)
		require.Len(t, rows, 3)
		for i, row := range rows {
			require.Equal(t, []string{"one", "two", "three"}[i], row.Name)
			require.Equal(t, []int{11, 12, 3}[i], row.Level, "a row that was gone has the default")
		}
	})
}
