package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// gainedBefore is what gainedAfter was: without a deletion column, an event log and a column more.
	gainedBefore struct {
		ID   uint
		Code string `gorm:"unique"`
		Name string `gorm:"uniqueIndex"`
	}
	gainedAfter struct {
		_         struct{} `softdelete:"events"`
		ID        uint
		Code      string `gorm:"unique"`
		Name      string `gorm:"uniqueIndex"`
		Size      int
		DeletedAt gorm.DeletedAt
	}
)

func (gainedBefore) TableName() string { return "gained" }
func (gainedAfter) TableName() string  { return "gained" }

func TestATableWithUniqueColumnsGainsItsDeletionColumnAndItsLog(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&gainedBefore{}))
		require.NoError(t, former.Create(&gainedBefore{Code: "a", Name: "a"}).Error)
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&gainedAfter{}}})
		statements, err := softdelete.DDL(db, &gainedAfter{})
		require.NoError(t, err)
		require.NotEmpty(t, statements)
		require.NoError(t, db.AutoMigrate(&gainedAfter{}))
		statements, err = softdelete.DDL(db, &gainedAfter{})
		require.NoError(t, err)
		require.Empty(t, statements)

		require.NoError(t, db.Delete(&gainedAfter{}, 1).Error)
		require.NoError(t, db.Create(&gainedAfter{Code: "a", Name: "a"}).Error)
		require.Error(t, db.Create(&gainedAfter{Code: "a", Name: "b"}).Error)
		events, err := softdelete.History(db, &gainedAfter{ID: 1})
		require.NoError(t, err)
		require.Equal(t, "baseline", events[0].Type)
	})
}

func TestDDLWithoutModelsHasThePluginsTables(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&gainedAfter{}}})
		all, err := softdelete.DDL(db)
		require.NoError(t, err)
		named, err := softdelete.DDL(db, append(softdelete.Tables(), &gainedAfter{})...)
		require.NoError(t, err)
		require.Equal(t, named, all)
		executeAll(t, db, all)
		none, err := softdelete.DDLScript(db, softdelete.ScriptPlain)
		require.NoError(t, err)
		require.Empty(t, none)
	})
}
