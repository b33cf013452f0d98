package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// stockItem stands in a schema, with an index whose name another table's index has too.
type stockItem struct {
	_         struct{} `softdelete:"retain:1d"`
	ID        uint
	Code      string `gorm:"uniqueIndex:idx_items_code"`
	DeletedAt gorm.DeletedAt
}

func (stockItem) TableName() string { return "stock_room.items" }

func TestAutoMigrateNarrowsTheIndexOfTheSchemasTableAndNoOther(t *testing.T) {
	testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		fixture.Exec(t, db, "DROP SCHEMA IF EXISTS stock_room CASCADE", "CREATE SCHEMA stock_room")
		t.Cleanup(func() { db.Exec("DROP SCHEMA stock_room CASCADE") })
		// The table of an earlier version, with a full index, and a decoy of the same names on the search path.
		for _, table := range []string{"stock_room.items", "items"} {
			fixture.Exec(t, db,
				"CREATE TABLE "+table+" (id bigserial PRIMARY KEY, code text, deleted_at timestamptz)",
				"CREATE UNIQUE INDEX idx_items_code ON "+table+" (code)")
		}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&stockItem{}}})))

		statements, err := softdelete.DDL(db, &stockItem{})
		require.NoError(t, err)
		require.NotEmpty(t, statements)
		require.NoError(t, db.AutoMigrate(&stockItem{}))
		again, err := softdelete.DDL(db, &stockItem{})
		require.NoError(t, err)
		require.Empty(t, again, "a second AutoMigrate changes nothing")

		for range 2 {
			item := stockItem{Code: "A-1"}
			require.NoError(t, db.Create(&item).Error, "the code of a deleted item is free")
			require.NoError(t, db.Delete(&item).Error)
		}
		require.NoError(t, db.Create(&stockItem{Code: "A-1"}).Error)
		require.Error(t, db.Create(&stockItem{Code: "A-1"}).Error, "that of a live one is not")
		fixture.Exec(t, db, "INSERT INTO items (code, deleted_at) VALUES ('A-1', now())")
		require.Error(t, db.Exec("INSERT INTO items (code) VALUES ('A-1')").Error, "the decoy's index covers all of its rows")
	})
}
