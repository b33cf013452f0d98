package erasure_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// pathGuest stands in a schema of its own, pathVisit in the first one of the search path.
type (
	pathGuest struct {
		ID        uint
		Name      string `pii:"fixed:[erased]"`
		Note      string
		DeletedAt gorm.DeletedAt
	}
	pathVisit struct {
		ID        uint
		Name      string `pii:"fixed:[erased]"`
		Note      string
		DeletedAt gorm.DeletedAt
	}
)

func (pathGuest) TableName() string { return "guests_of_path.guests" }

func TestARowStaysErasedWhereTheRecordsStandInAnotherSchema(t *testing.T) {
	testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&pathGuest{}, &pathVisit{}}
		before := database.Open(t)
		require.NoError(t, before.AutoMigrate(softdelete.Tables()...)) // in the schema that stands second later
		var own string
		require.NoError(t, before.Raw("SELECT current_schema()").Scan(&own).Error)
		for _, schema := range []string{"first_of_path", "guests_of_path"} {
			require.NoError(t, before.Exec("CREATE SCHEMA "+schema).Error)
			t.Cleanup(func() { before.Exec("DROP SCHEMA " + schema + " CASCADE") })
		}
		path := "SET search_path = first_of_path, " + own
		open := func() *gorm.DB {
			db := database.Open(t)
			pool, err := db.DB()
			require.NoError(t, err)
			pool.SetMaxOpenConns(1)
			require.NoError(t, db.Exec(path).Error)
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
			return db
		}
		db := open()
		require.NoError(t, db.AutoMigrate(models...))
		require.NoError(t, db.Create(&pathGuest{ID: 1, Name: "Ann"}).Error)
		require.NoError(t, db.Create(&pathVisit{ID: 1, Name: "Ann"}).Error)
		for _, subject := range []any{&pathGuest{ID: 1}, &pathVisit{ID: 1}} {
			_, err := softdelete.Erase(db, subject, softdelete.ErasureRequest{})
			require.NoError(t, err)
		}
		db = open() // another process, which has to look for the records
		require.ErrorIs(t, db.Unscoped().Model(&pathGuest{ID: 1}).Update("name", "Ann").Error, softdelete.ErrErased)
		require.ErrorIs(t, db.Unscoped().Save(&pathGuest{ID: 1, Name: "Ann"}).Error, softdelete.ErrErased)
		require.ErrorIs(t, db.Unscoped().Model(&pathVisit{ID: 1}).Update("name", "Ann").Error, softdelete.ErrErased)
		for _, subject := range []any{&pathGuest{ID: 1}, &pathVisit{ID: 1}} {
			_, err := softdelete.Restore(db, subject)
			require.ErrorIs(t, err, softdelete.ErrErased)
		}
		require.NoError(t, db.Unscoped().Model(&pathVisit{ID: 1}).Update("note", "late").Error)
	})
}
