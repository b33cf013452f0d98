package migrate_test

import (
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
