package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// ddlWide needs many tables, in no order of its own.
var ddlWide = []any{&rebuildAfter{}, &rebuildParent{}, &rebuildPlant{}, &migrateEvery{}}

// executeAll executes statements on a single connection, as a migration tool does.
func executeAll(t *testing.T, db *gorm.DB, statements []string) {
	t.Helper()
	require.NoError(t, db.Connection(func(conn *gorm.DB) error {
		for _, statement := range statements {
			require.NoError(t, conn.Session(&gorm.Session{}).Exec(statement).Error, statement)
		}
		return nil
	}))
}

// requireDDL asks for the statements a few times: the same list, and nothing is executed.
func requireDDL(t *testing.T, db *gorm.DB, models ...any) []string {
	t.Helper()
	recorder := testdb.Record(db)
	statements, err := softdelete.DDL(db, models...)
	require.NoError(t, err)
	require.NotEmpty(t, statements)
	for range 8 {
		again, err := softdelete.DDL(db, models...)
		require.NoError(t, err)
		require.Equal(t, statements, again)
	}
	require.Empty(t, changes(recorder))
	return statements
}

func TestDDLOfAnEmptyDatabaseIsComplete(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := migrateUse(t, database.Open(t))
		executeAll(t, db, requireDDL(t, db, ddlWide...))
		requireNoFurtherChange(t, db, ddlWide...)
		requireEveryKind(t, db)
	})
}

func TestDDLOfAnEarlierVersionIsTheUpgrade(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&rebuildBefore{}, &rebuildParent{}, &rebuildChild{}, &migrateEvery{}))
		require.NoError(t, former.Create(&rebuildBefore{Code: "a", Alias: "a", Size: 5}).Error)
		require.NoError(t, former.Create(&rebuildParent{Code: "a", Children: []rebuildChild{{}, {}}}).Error)
		db := migrateUse(t, database.Open(t))
		executeAll(t, db, requireDDL(t, db, ddlWide...))
		requireNoFurtherChange(t, db, ddlWide...)
		requireEveryKind(t, db)

		var thing rebuildAfter
		require.NoError(t, db.Take(&thing).Error)
		require.Equal(t, "a", thing.Code)
		var children int64
		require.NoError(t, db.Model(&rebuildChild{}).Where("parent_id = 1").Count(&children).Error)
		require.EqualValues(t, 2, children, "rows that refer to a table made anew stay")
		require.NoError(t, db.Delete(&thing).Error)
		require.NoError(t, db.Create(&rebuildAfter{Code: "a", Alias: "a", Size: 5}).Error, "unique among live rows")
		require.Error(t, db.Create(&rebuildAfter{Code: "a", Alias: "b", Added: "b", Size: 5}).Error)
		require.Error(t, db.Create(&rebuildAfter{Code: "b", Alias: "b", Added: "b", Size: 9}).Error, "the check")
		missing := uint(99)
		require.Error(t, db.Create(&rebuildAfter{Code: "b", Alias: "b", Added: "b", Size: 5, ZoneID: &missing}).Error, "the foreign key")
	})
}

func TestDDLInATransactionSeesAndChangesNothingElse(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, database.Open(t).AutoMigrate(&rebuildBefore{}))
		db := migrateUse(t, database.Open(t))
		outside := requireDDL(t, db, &rebuildAfter{})
		require.NoError(t, db.Connection(func(conn *gorm.DB) error {
			conn = conn.Session(&gorm.Session{})
			pinned, err := softdelete.DDL(conn, &rebuildAfter{})
			require.NoError(t, err)
			require.Equal(t, outside, pinned)
			return conn.AutoMigrate(&rebuildZone{})
		}))
		require.NoError(t, db.Migrator().DropTable(&rebuildZone{}))
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
			require.Equal(t, outside, requireDDL(t, tx, &rebuildAfter{}))
			require.NoError(t, tx.AutoMigrate(&rebuildAfter{}))
			inside, err := softdelete.DDL(tx, &rebuildAfter{})
			require.NoError(t, err)
			require.Empty(t, inside, "it sees what the transaction has done")
			return nil
		}))
		require.NoError(t, db.Create(&rebuildAfter{Code: "a", Alias: "a", Size: 5}).Error)
	})
}

func TestDDLStopsWhereAutoMigrateWould(t *testing.T) {
	type wrong struct {
		ID   uint
		Gone string `softdelete:"flag"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		former := database.Open(t)
		require.NoError(t, former.AutoMigrate(&migrateFormer{}))
		require.NoError(t, former.Migrator().DropIndex(&migrateFormer{}, "idx_migrate_users_email"))
		require.NoError(t, former.Create(&[]migrateFormer{{Email: "e", Code: "1"}, {Email: "e", Code: "2"}}).Error)
		db := migrateUse(t, database.Open(t))
		_, err := softdelete.DDL(db, &migrateUser{})
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"1", "2"}, conflict.LiveKeys)
		_, err = softdelete.DDL(db, &wrong{})
		require.ErrorIs(t, err, softdelete.ErrPolicy)
	})
}
