package purge_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// The tree's top is locked while the tables above are purged, and free when that of its leaves is. What is found then is locked until
// it is removed: nobody can bring back one row of the tree in between.
func TestRowsOfATreeThatIsLeftToItsLeavesAreLockedUntilTheyGo(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&fixture.Org{}, &fixture.User{}, &fixture.Post{}}
		db := fixture.Models(t, database, models) // without the table of holds
		other := fixture.Use(t, database, softdelete.Config{Models: models})
		s := &fixture.Stage{DB: db, T: t}
		s.AddTree(1)
		s.Add(&fixture.Post{ID: 102, UserID: 10}, &fixture.Post{ID: 103, UserID: 10})
		ago := db.Session(&gorm.Session{NowFunc: func() time.Time { return db.NowFunc().Add(-40 * fixture.Day) }})
		require.NoError(t, ago.Delete(&fixture.User{ID: 10}).Error)
		busy := other.Begin()
		require.NoError(t, busy.Exec("SELECT 1 FROM users WHERE id = 10 FOR UPDATE").Error)
		free, tried := false, false
		watch := func(tx *gorm.DB) {
			text := tx.Statement.SQL.String()
			if !free && strings.Contains(text, " AS owner ") { // posts that no user takes along are looked for
				free = true
				require.NoError(t, busy.Rollback().Error)
			}
			if free && !tried && removesFrom(db, text, "users") {
				tried = true
				_ = other.Transaction(func(c *gorm.DB) error {
					if err := c.Exec("SELECT 1 FROM users WHERE id = 10 FOR UPDATE NOWAIT").Error; err != nil {
						return err
					}
					return c.Exec("UPDATE users SET deleted_at = NULL, deletion_id = NULL WHERE id = 10").Error
				})
			}
		}
		require.NoError(t, db.Callback().Raw().Before("gorm:raw").Register("watch", watch))
		require.NoError(t, db.Callback().Row().Before("gorm:row").Register("watch", watch))
		_, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: 1})
		require.NoError(t, err)
		require.True(t, tried)
		live := liveUsers(t, db)
		var posts int64
		require.NoError(t, db.Unscoped().Model(&fixture.Post{}).Where("user_id = 10").Count(&posts).Error)
		require.Equal(t, [2]bool{false, false}, [2]bool{live, posts > 0}, "the tree goes as a whole")
	})
}

// removesFrom tells whether a statement removes rows of a table.
func removesFrom(db *gorm.DB, text, table string) bool {
	quoted := db.Statement.Quote(table)
	return strings.Contains(text, "DELETE FROM "+quoted) || strings.Contains(text, "DELETE "+quoted+" FROM")
}

func liveUsers(t *testing.T, db *gorm.DB) bool {
	t.Helper()
	var rows int64
	require.NoError(t, db.Unscoped().Model(&fixture.User{}).Where("id = 10").Count(&rows).Error)
	return rows > 0
}
