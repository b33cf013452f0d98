package concurrency_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// A deletion that finds nothing to delete has locked nothing: what comes to fulfil its conditions before its last statement
// would be locked behind its turn, and refused only when it is written.
func TestADeletionThatFindsNoRowTakesNoneThatIsRestoredMeanwhile(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		db, other := database.Open(t), database.Open(t)
		for _, handle := range []*gorm.DB{db, other} {
			require.NoError(t, handle.Use(softdelete.New(softdelete.Config{Models: concCompany})))
		}
		require.NoError(t, db.AutoMigrate(concCompany...))
		require.NoError(t, db.Create(&concOrg{ID: 1, Name: "a"}).Error)
		require.NoError(t, db.Delete(&concOrg{ID: 1}).Error)
		var once sync.Once
		require.NoError(t, db.Callback().Delete().Before("gorm:delete").After("gorm:delete_before_associations").Register("meanwhile", func(*gorm.DB) {
			once.Do(func() {
				_, err := softdelete.Restore(other, &concOrg{ID: 1})
				require.NoError(t, err)
				require.NoError(t, other.Create(&concLease{ID: 1, OrgID: 1}).Error)
			})
		}))
		done := db.Where("name = ?", "a").Delete(&concOrg{})
		require.NoError(t, done.Error)
		require.Zero(t, done.RowsAffected)
		require.NoError(t, other.First(&concOrg{}, 1).Error, "it is live")
	})
}
