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
	migrateUser struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"`
		Code      string `gorm:"unique"`
		Nick      string `gorm:"uniqueIndex" softdelete:"full"`
		First     string `gorm:"uniqueIndex:migrate_name"`
		Last      string `gorm:"uniqueIndex:migrate_name"`
		Age       int    `gorm:"index" softdelete:"live"`
		DeletedAt gorm.DeletedAt
	}
	// migrateFormer is the table as it was before the plugin came.
	migrateFormer struct {
		ID        uint
		Email     string `gorm:"uniqueIndex:idx_migrate_users_email"`
		Code      string `gorm:"unique"`
		Nick      string
		DeletedAt gorm.DeletedAt
	}
	migrateStatus struct {
		ID     uint
		Name   string `gorm:"uniqueIndex"`
		Status string `softdelete:"status;deleted:it's gone"`
	}
)

func (migrateFormer) TableName() string { return "migrate_users" }

var migrateModels = []any{&migrateUser{}, &migrateStatus{}}

// requireUniqueAmongLive shows that a value can be used again once its row is deleted, and not before.
func requireUniqueAmongLive(t *testing.T, db *gorm.DB) {
	t.Helper()
	user := func(nick string) *migrateUser {
		return &migrateUser{Email: "e", Code: "c", Nick: nick, First: "f", Last: "l"}
	}
	first := user("first")
	require.NoError(t, db.Create(first).Error)
	require.Error(t, db.Create(user("second")).Error, "the values are live")
	require.NoError(t, db.Delete(first).Error)
	require.Error(t, db.Create(user("first")).Error, "a full index covers deleted rows")
	require.NoError(t, db.Create(user("second")).Error)

	thing := &migrateStatus{Name: "n", Status: "active"}
	require.NoError(t, db.Create(thing).Error)
	require.Error(t, db.Create(&migrateStatus{Name: "n", Status: "active"}).Error)
	require.NoError(t, db.Delete(thing).Error)
	require.NoError(t, db.Create(&migrateStatus{Name: "n", Status: "active"}).Error)
}

func TestAutoMigrateMakesIndexesUniqueAmongLiveRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: migrateModels})
		require.NoError(t, db.AutoMigrate(migrateModels...))
		requireUniqueAmongLive(t, db)
		again, err := softdelete.DDL(db, migrateModels...)
		require.NoError(t, err)
		require.Empty(t, again, "a second run changes nothing")
	})
}

func TestAutoMigrateRebuildsIndexesOverAllRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&migrateFormer{}))
		require.NoError(t, former.Create(&migrateFormer{Email: "old", Code: "old", Nick: "old"}).Error)
		db := fixture.Use(t, database, softdelete.Config{Models: migrateModels})
		require.NoError(t, db.AutoMigrate(migrateModels...))
		var kept migrateUser
		require.NoError(t, db.Take(&kept, "email = ?", "old").Error)
		requireUniqueAmongLive(t, db)
		again, err := softdelete.DDL(db, migrateModels...)
		require.NoError(t, err)
		require.Empty(t, again)
	})
}

func TestAutoMigrateStopsAtLiveDuplicates(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&migrateFormer{}))
		require.NoError(t, former.Migrator().DropIndex(&migrateFormer{}, "idx_migrate_users_email"))
		require.NoError(t, former.Create(&[]migrateFormer{{Email: "dup@licate", Code: "1"}, {Email: "dup@licate", Code: "2"}, {Email: "other", Code: "3"}}).Error)
		db := fixture.Use(t, database, softdelete.Config{Models: migrateModels})
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, db.AutoMigrate(migrateModels...), &conflict)
		require.Equal(t, []string{"email"}, conflict.Columns)
		require.Equal(t, []string{"1", "2"}, conflict.LiveKeys)
		require.NotContains(t, conflict.Error(), "dup@licate", "no value of a row")
	})
}

func TestAutoMigrateRefusesANameOfAnotherTablesIndex(t *testing.T) {
	testdb.EachOf(t, testdb.IndexNames, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.Exec("CREATE TABLE migrate_other (email text)").Error)
		require.NoError(t, former.Exec("CREATE INDEX idx_migrate_users_email ON migrate_other (email)").Error)
		require.ErrorContains(t, fixture.Use(t, database, softdelete.Config{Models: migrateModels}).AutoMigrate(migrateModels...), "migrate_other")
	})
}

func TestDDLIsWhatAutoMigrateExecutes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{Models: migrateModels})
		recorder := testdb.Record(db)
		statements, err := softdelete.DDL(db, migrateModels...)
		require.NoError(t, err)
		require.NotEmpty(t, statements)
		for range 10 {
			again, err := softdelete.DDL(db, migrateModels...)
			require.NoError(t, err)
			require.Equal(t, statements, again, "the same list every time")
		}
		for _, sent := range recorder.Statements() {
			require.NotContains(t, statements, sent, "nothing is executed")
		}
		for _, statement := range statements {
			require.NoError(t, db.Exec(statement).Error)
		}
		again, err := softdelete.DDL(db, migrateModels...)
		require.NoError(t, err)
		require.Empty(t, again)
		requireUniqueAmongLive(t, db)
	})
}
