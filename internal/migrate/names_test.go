package migrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// A table's name of 63 bytes is all that PostgreSQL keeps: what is behind it is cut.
var (
	longName   = strings.Repeat("a_long_table_name_", 4)[:63]
	letterName = strings.Repeat("ä", 31) // 62 bytes
)

type (
	longBill struct {
		_     struct{} `softdelete:"archive;events"`
		ID    uint
		Title string
	}
	letterBill struct {
		_     struct{} `softdelete:"archive;events"`
		ID    uint
		Title string
	}
	// userThing has the log user_thing_events, which is loggedThing's table.
	userThing struct {
		_  struct{} `softdelete:"events;hard"`
		ID uint
	}
	loggedThing struct{ ID uint }
)

func (longBill) TableName() string    { return longName }
func (letterBill) TableName() string  { return letterName }
func (userThing) TableName() string   { return "user_thing" }
func (loggedThing) TableName() string { return "user_thing_events" }

func TestDerivedTablesOfLongNamesAreOtherTables(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		models := []any{&longBill{}}
		if db.Name() != "sqlite" { // GORM's migrator reads only names of ASCII letters there
			models = append(models, &letterBill{})
		}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		for range 2 {
			require.NoError(t, db.AutoMigrate(models...))
		}
		for _, model := range models {
			columns, err := db.Migrator().ColumnTypes(model)
			require.NoError(t, err)
			require.Len(t, columns, 2, "the live table is as the model says")
			require.NoError(t, db.Model(model).Create(map[string]any{"id": 1, "title": "a"}).Error)
			require.NoError(t, db.Delete(model, 1).Error)
			var n int64
			require.NoError(t, db.Model(model).Count(&n).Error)
			require.Zero(t, n)
			_, err = softdelete.Restore(db.Where("id = 1"), model)
			require.NoError(t, err)
			require.NoError(t, db.Model(model).Count(&n).Error)
			require.EqualValues(t, 1, n)
		}
		events, err := softdelete.History(db, &longBill{ID: 1})
		require.NoError(t, err)
		require.Len(t, events, 3)
	})
}

func TestADerivedNameThatIsAnotherModelsTableIsRefused(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for name, models := range map[string][]any{"together": {&userThing{}, &loggedThing{}}, "in the other order": {&loggedThing{}, &userThing{}}} {
			t.Run(name, func(t *testing.T) {
				err := database.Open(t).Use(softdelete.New(softdelete.Config{Models: models}))
				require.ErrorIs(t, err, softdelete.ErrPolicy)
				require.ErrorContains(t, err, "user_thing_events")
			})
		}
		t.Run("one after the other", func(t *testing.T) {
			db := database.Open(t)
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&userThing{}}})))
			require.ErrorIs(t, db.Session(&gorm.Session{DryRun: true}).Find(&[]loggedThing{}).Error, softdelete.ErrPolicy)
		})
	})
}
