package migrate_test

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	lockedUser struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	lockedColor struct{ ID uint }
)

func TestTheTableOfLocksIsMadeWithWhateverNeedsIt(t *testing.T) {
	for fact, c := range map[string]struct {
		made bool
		make func(db *gorm.DB) error
	}{
		"a model with a policy":               {true, func(db *gorm.DB) error { return db.AutoMigrate(&lockedUser{}) }},
		"such a model among others":           {true, func(db *gorm.DB) error { return db.AutoMigrate(&lockedColor{}, &lockedUser{}) }},
		"a table of a model with a policy":    {true, func(db *gorm.DB) error { return db.Table("elsewhere").AutoMigrate(&lockedUser{}) }},
		"CREATE TABLE alone":                  {true, func(db *gorm.DB) error { return db.Migrator().CreateTable(&lockedUser{}) }},
		"the plugin's own tables":             {true, func(db *gorm.DB) error { return db.AutoMigrate(softdelete.Tables()...) }},
		"a model without policy, and no more": {false, func(db *gorm.DB) error { return db.AutoMigrate(&lockedColor{}) }},
		"what DDL lists": {true, func(db *gorm.DB) error {
			statements, err := softdelete.DDL(db, &lockedUser{})
			for _, statement := range statements {
				if err == nil {
					err = db.Exec(statement).Error
				}
			}
			return err
		}},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.EachOf(t, testdb.LiveColumns, func(t *testing.T, database *testdb.Database) {
				db := fixture.Use(t, database, softdelete.Config{})
				require.NoError(t, c.make(db))
				require.Equal(t, c.made, db.Migrator().HasTable("softdelete_locks"))
				if !c.made {
					return
				}
				var whole, slots int64
				require.NoError(t, db.Table("softdelete_locks").Count(&whole).Error)
				require.Positive(t, whole)
				require.NoError(t, db.AutoMigrate(&lockedUser{}))
				recorder := testdb.Record(db)
				require.NoError(t, db.AutoMigrate(&lockedUser{}))
				require.NotRegexp(t, "CREATE|ALTER|INSERT|UPDATE|DELETE", strings.Join(recorder.Statements(), "\n"))
				statements, err := softdelete.DDL(db, &lockedUser{})
				require.NoError(t, err)
				require.Empty(t, statements)

				require.NoError(t, db.Exec("DELETE FROM softdelete_locks WHERE slot > 3").Error)
				require.NoError(t, db.AutoMigrate(&lockedUser{}))
				require.NoError(t, db.Table("softdelete_locks").Count(&slots).Error)
				require.Equal(t, whole, slots)
			})
		})
	}
}

// lockedPaper has a mark of its own beside the time.
type lockedPaper struct {
	ID         uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
}

// openUnmigrated opens a database whose tables were there before the plugin.
func openUnmigrated(t *testing.T, database *testdb.Database, options ...gorm.Option) *gorm.DB {
	t.Helper()
	models := []any{&lockedUser{}, &lockedPaper{}}
	plain := database.Open(t)
	require.NoError(t, plain.AutoMigrate(models...))
	require.NoError(t, plain.Create(&[]lockedUser{{ID: 1}, {ID: 2}, {ID: 3}}).Error)
	require.NoError(t, plain.Create(&lockedPaper{ID: 1}).Error)
	return fixture.Use(t, database, softdelete.Config{}, options...)
}

func TestADeletionByTimeMakesTheTableOfLocksWhereNothingIsMigrated(t *testing.T) {
	inTransaction := func(level sql.IsolationLevel) func(db *gorm.DB) error {
		return func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error {
				var users []lockedUser
				if err := tx.Find(&users).Error; err != nil {
					return err
				}
				return tx.Delete(&lockedUser{ID: 1}).Error
			}, &sql.TxOptions{Isolation: level})
		}
	}
	for fact, c := range map[string]struct {
		connections int
		config      gorm.Config
		remove      func(db *gorm.DB) error
	}{
		"by db.Delete":         {remove: func(db *gorm.DB) error { return db.Delete(&lockedUser{ID: 1}).Error }},
		"on one connection":    {connections: 1, remove: func(db *gorm.DB) error { return db.Delete(&lockedUser{ID: 1}).Error }},
		"by softdelete.Delete": {remove: func(db *gorm.DB) error { _, err := softdelete.Delete(db, &lockedUser{ID: 1}); return err }},
		"where GORM begins no transactions": {
			connections: 1, config: gorm.Config{SkipDefaultTransaction: true},
			remove: func(db *gorm.DB) error { return db.Delete(&lockedUser{ID: 1}).Error },
		},
		"where GORM begins none for the session": {connections: 1, remove: func(db *gorm.DB) error {
			return db.Session(&gorm.Session{SkipDefaultTransaction: true}).Delete(&lockedUser{ID: 1}).Error
		}},
		"where GORM prepares statements": {
			connections: 1, config: gorm.Config{PrepareStmt: true},
			remove: func(db *gorm.DB) error { return db.Delete(&lockedUser{ID: 1}).Error },
		},
		"for good":                       {connections: 1, remove: func(db *gorm.DB) error { return db.Unscoped().Delete(&lockedUser{ID: 1}).Error }},
		"in a transaction that has read": {remove: inTransaction(sql.LevelReadCommitted)},
		"in one that sees what was there when it began, and is to begin again": {remove: func(db *gorm.DB) error {
			require.ErrorContains(t, inTransaction(sql.LevelRepeatableRead)(db), "retry transaction")
			return inTransaction(sql.LevelRepeatableRead)(db)
		}},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.EachOf(t, testdb.LockTables, func(t *testing.T, database *testdb.Database) {
				db := openUnmigrated(t, database, &c.config)
				if c.connections == 1 {
					fixture.OneConnection(t, db)
				}
				require.NoError(t, c.remove(db))
				require.Equal(t, 2, fixture.Rows(t, db, "locked_users", "deleted_at IS NULL"))
				require.Positive(t, fixture.Rows(t, db, "softdelete_locks"))
				recorder := testdb.Record(db)
				require.NoError(t, db.Delete(&lockedUser{ID: 2}).Error)
				require.NotContains(t, strings.Join(recorder.Statements(), "\n"), "information_schema", "it is looked for once")
			})
		})
	}
}

func TestWhatMarksNothingByTimeMakesNoTableOfLocks(t *testing.T) {
	testdb.EachOf(t, testdb.LockTables, func(t *testing.T, database *testdb.Database) {
		db := openUnmigrated(t, database)
		require.NoError(t, db.Delete(&lockedPaper{ID: 1}).Error)
		require.NoError(t, db.Session(&gorm.Session{DryRun: true}).Delete(&lockedUser{ID: 2}).Error)
		_, err := softdelete.Preview(db, &lockedUser{ID: 2})
		require.NoError(t, err)
		require.False(t, db.Migrator().HasTable("softdelete_locks"))
	})
}

func TestATableOfLocksThatCannotBeMadeIsAskedFor(t *testing.T) {
	testdb.EachOf(t, testdb.LockTables, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, openUnmigrated(t, database)) // the transaction has it
		err := db.Transaction(func(tx *gorm.DB) error { return tx.Delete(&lockedUser{ID: 1}).Error })
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		_, create, found := strings.Cut(err.Error(), "CREATE TABLE ")
		require.True(t, found, err)
		create, _, _ = strings.Cut(create, ": ")
		require.Equal(t, 3, fixture.Rows(t, db, "locked_users", "deleted_at IS NULL"))

		require.NoError(t, db.Exec("CREATE TABLE "+create).Error)
		require.NoError(t, db.Transaction(func(tx *gorm.DB) error { return tx.Delete(&lockedUser{ID: 1}).Error }))
		require.Equal(t, 2, fixture.Rows(t, db, "locked_users", "deleted_at IS NULL"))
		require.NoError(t, db.AutoMigrate(&lockedUser{}))
		statements, err := softdelete.DDL(db, &lockedUser{})
		require.NoError(t, err)
		require.Empty(t, statements, "it is the table that a migration makes")
	})
}
