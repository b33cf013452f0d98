package hold_test

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

func TestHoldKeepsATreeFromBeingDestroyed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.HeldTree())
		s.AddTree(1)
		s.AddTree(2)
		s.Add(&fixture.Payment{ID: 1, UserID: 10})
		id, err := softdelete.Hold(s.DB, &fixture.Org{ID: 1}, softdelete.HoldOptions{Matter: "case 7", PlacedBy: "legal"})
		require.NoError(t, err)
		s.Add(&fixture.Post{ID: 119, UserID: 11}) // added later

		hard := s.Unscoped().Session(&gorm.Session{})
		for fact, destroy := range map[string]func() error{
			"the row":                     func() error { return hard.Delete(&fixture.Org{ID: 1}).Error },
			"a row under it":              func() error { return hard.Delete(&fixture.User{ID: 10}).Error },
			"two levels under it":         func() error { return hard.Delete(&fixture.Post{ID: 100}).Error },
			"one that was added later":    func() error { return hard.Delete(&fixture.Post{ID: 119}).Error },
			"among others":                func() error { return hard.Where("id >= 100").Delete(&fixture.Post{}).Error },
			"one of several keys":         func() error { return hard.Delete(&[]fixture.Post{{ID: 200}, {ID: 100}}).Error },
			"a model without a policy":    func() error { return s.Delete(&fixture.Payment{ID: 1}).Error },
			"with the function, for good": func() error { _, err := softdelete.Delete(hard, &fixture.User{ID: 11}); return err },
			"where GORM's hooks are off":  func() error { return hard.Session(&gorm.Session{SkipHooks: true}).Delete(&fixture.Post{ID: 100}).Error },
			"in a transaction that goes on": func() error {
				return s.Transaction(func(tx *gorm.DB) error { return tx.Unscoped().Delete(&fixture.Post{ID: 100}).Error })
			},
		} {
			err := destroy()
			require.ErrorIs(t, err, softdelete.ErrHeld, fact)
			require.ErrorContains(t, err, string(id), fact)
			require.ErrorContains(t, err, `"case 7"`, fact)
		}
		require.Len(t, s.IDs(&fixture.Post{}), 9, "nothing has changed")
		require.Len(t, s.IDs(&fixture.User{}), 4)
		require.NoError(t, hard.Delete(&fixture.Post{ID: 200}).Error, "what is not under it goes")

		preview, err := softdelete.Preview(hard, &fixture.Post{ID: 100})
		require.NoError(t, err)
		require.Equal(t, []softdelete.Blocker{{Table: "posts", Rows: 1}}, preview.Blockers)

		require.NoError(t, s.Exec("DELETE FROM payments").Error)
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 1})
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 2})
		report := s.Purge(softdelete.PurgeOptions{})
		for table, held := range map[string]int64{"orgs": 1, "users": 2, "posts": 5} {
			require.EqualValues(t, held, fixture.ReportOf(t, report, table).Held, table)
		}
		require.Equal(t, []uint{1}, s.IDs(&fixture.Org{}))
		require.Equal(t, []uint{100, 101, 110, 111, 119}, s.IDs(&fixture.Post{}))

		require.NoError(t, softdelete.Release(s.DB, id))
		require.Len(t, s.IDs(&fixture.Post{}), 5, "a release destroys nothing")
		s.Purge(softdelete.PurgeOptions{})
		require.Empty(t, s.IDs(&fixture.Org{}))
		require.Empty(t, s.IDs(&fixture.Post{}))
	})
}

func TestHoldsAreListedWhileTheyAreInForce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.HeldTree())
		s.AddTree(1)
		first, err := softdelete.Hold(s.DB, &fixture.Post{ID: 100}, softdelete.HoldOptions{Matter: "first", PlacedBy: "legal"})
		require.NoError(t, err)
		*s.Now = fixture.Now.Add(time.Hour)
		second, err := softdelete.Hold(s.DB, &fixture.User{ID: 11}, softdelete.HoldOptions{Matter: "second", Until: fixture.Now.Add(2 * time.Hour)})
		require.NoError(t, err)
		holds, err := softdelete.Holds(s.DB)
		require.NoError(t, err)
		require.Equal(t, []softdelete.HoldInfo{
			{ID: first, Table: "posts", Key: "100", Matter: "first", PlacedBy: "legal", PlacedAt: fixture.Now},
			{ID: second, Table: "users", Key: "11", Matter: "second", PlacedAt: fixture.Now.Add(time.Hour), Until: fixture.Now.Add(2 * time.Hour)},
		}, holds)

		require.ErrorIs(t, s.Unscoped().Delete(&fixture.Post{ID: 110}).Error, softdelete.ErrHeld)
		*s.Now = fixture.Now.Add(2 * time.Hour)
		require.NoError(t, s.Unscoped().Delete(&fixture.Post{ID: 110}).Error, "the hold has ended by itself")
		require.NoError(t, softdelete.Release(s.DB, first))
		require.NoError(t, softdelete.Release(s.DB, first), "released already")
		holds, err = softdelete.Holds(s.DB)
		require.NoError(t, err)
		require.Empty(t, holds)
	})
}

func TestHoldRefuses(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.HeldTree())
		s.AddTree(1)
		_, err := softdelete.Hold(s.DB, &fixture.Post{ID: 7}, softdelete.HoldOptions{})
		require.ErrorIs(t, err, gorm.ErrRecordNotFound)
		_, err = softdelete.Hold(s.DB, &fixture.Post{}, softdelete.HoldOptions{})
		require.ErrorIs(t, err, gorm.ErrMissingWhereClause)
		_, err = softdelete.Hold(s.DB, &[]fixture.Post{{ID: 100}}, softdelete.HoldOptions{})
		require.ErrorIs(t, err, gorm.ErrInvalidValue)
		require.ErrorIs(t, softdelete.Release(s.DB, "hold-unknown"), gorm.ErrRecordNotFound)

		require.NoError(t, s.Migrator().DropTable("softdelete_holds"))
		without := &fixture.Stage{DB: fixture.Use(t, database, fixture.Tree()), T: t}
		_, err = softdelete.Hold(without.DB, &fixture.Post{ID: 100}, softdelete.HoldOptions{})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorIs(t, softdelete.Release(without.DB, "x"), softdelete.ErrUnsupported)
		_, err = softdelete.Holds(without.DB)
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
	})
}

func TestHoldLeavesSoftDeletionAndRestoreAlone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.HeldTree())
		s.AddTree(1)
		_, err := softdelete.Hold(s.DB, &fixture.Org{ID: 1}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		require.NoError(t, s.Delete(&fixture.Org{ID: 1}).Error)
		_, err = softdelete.Restore(s.DB, &fixture.Org{ID: 1})
		require.NoError(t, err)
		var live int64
		require.NoError(t, s.Model(&fixture.Post{}).Count(&live).Error)
		require.EqualValues(t, 4, live)
	})
}

type (
	holdFolder struct {
		ID        uint
		ParentID  *uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
		Folders   []holdFolder   `gorm:"foreignKey:ParentID"`
		Files     []holdFile     `gorm:"foreignKey:FolderID" softdelete:"keep"`
	}
	holdFile struct {
		Volume, Name string `gorm:"primaryKey"`
		FolderID     uint
		DeletedAt    gorm.DeletedAt `softdelete:"retain:30d"`
	}
)

func TestHoldCoversRowsInCyclesAndWithCompositeKeys(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&holdFolder{}, &holdFile{}}, Holds: true})
		id := func(id uint) *uint { return &id }
		s.Add(&holdFolder{ID: 1}, &holdFolder{ID: 2, ParentID: id(1)}, &holdFolder{ID: 3, ParentID: id(2)}, &holdFolder{ID: 4})
		s.Add(&holdFile{Volume: "a", Name: "under", FolderID: 3}, &holdFile{Volume: "a", Name: "beside", FolderID: 4})
		require.NoError(t, s.Exec("UPDATE hold_folders SET parent_id = 3 WHERE id = 1").Error)
		hold, err := softdelete.Hold(s.DB, &holdFolder{ID: 2}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		s.DeleteAgo(40*fixture.Day, &[]holdFile{{Volume: "a", Name: "under"}, {Volume: "a", Name: "beside"}})
		require.ErrorIs(t, s.Unscoped().Delete(&holdFile{Volume: "a", Name: "under"}).Error, softdelete.ErrHeld)
		report := s.Purge(softdelete.PurgeOptions{})
		files := fixture.ReportOf(t, report, "hold_files")
		require.EqualValues(t, 1, files.Held)
		require.EqualValues(t, 1, files.Done)
		require.NoError(t, softdelete.Release(s.DB, hold))

		_, err = softdelete.Hold(s.DB, &holdFile{Volume: "a", Name: "under"}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		require.EqualValues(t, 1, fixture.ReportOf(t, s.Purge(softdelete.PurgeOptions{}), "hold_files").Held)
	})
}

func TestHoldCoversRowsThatComeUnderItWhileTheyAreDestroyed(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		for fact, destroy := range map[string]func(db *gorm.DB) error{
			"by condition, with many others": func(db *gorm.DB) error { return db.Unscoped().Where("id >= 1000").Delete(&fixture.Post{}).Error },
			"by its key":                     func(db *gorm.DB) error { return db.Unscoped().Delete(&fixture.Post{ID: 1007}).Error },
			"with its parent":                func(db *gorm.DB) error { return db.Unscoped().Delete(&fixture.User{ID: 20}).Error },
		} {
			t.Run(fact, func(t *testing.T) {
				s, other := fixture.NewStage(t, database, fixture.HeldTree()), fixture.NewStage(t, database, fixture.HeldTree())
				for _, table := range []string{"posts", "users", "orgs"} {
					require.NoError(t, s.Exec("DELETE FROM "+table).Error)
				}
				s.AddTree(1)
				s.Add(&fixture.Org{ID: 2}, &fixture.User{ID: 20, OrgID: 2}, &fixture.User{ID: 21, OrgID: 2})
				posts := make([]fixture.Post, 150)
				for i := range posts {
					posts[i] = fixture.Post{ID: uint(1000 + i), UserID: 21}
				}
				posts[7].UserID = 20
				s.Add(&posts)
				hold, err := softdelete.Hold(s.DB, &fixture.Org{ID: 1}, softdelete.HoldOptions{Matter: "m"})
				require.NoError(t, err)
				moved := false
				testdb.Inject(s.DB).OnStatement(func(_ int, sql string) error {
					if !moved && strings.HasPrefix(sql, "DELETE FROM") { // the deletion has looked, and taken what is under the row
						moved = true
						require.NoError(t, other.Exec(map[string]string{
							"postgres": "SET lock_timeout = 100", "mysql": "SET innodb_lock_wait_timeout = 1",
						}[database.Name]).Error)
						_ = other.Exec("UPDATE posts SET user_id = 10 WHERE id = 1007").Error
					}
					return nil
				})
				err = destroy(s.DB)
				require.True(t, moved)
				var owner uint
				require.NoError(t, s.Raw("SELECT user_id FROM posts WHERE id = 1007").Scan(&owner).Error)
				switch {
				case owner == 10 && err == nil: // it was out of the deletion's reach before that looked
					require.Len(t, s.IDs(&fixture.Post{}), 154, "nothing that is held was destroyed")
				case owner == 10: // it came under the hold first
					require.ErrorIs(t, err, softdelete.ErrHeld)
					require.ErrorContains(t, err, string(hold))
					require.Len(t, s.IDs(&fixture.Post{}), 154, "nothing was destroyed")
					require.Len(t, s.IDs(&fixture.User{}), 4)
				default:
					require.NoError(t, err)
					require.Zero(t, owner)
				}
				require.NoError(t, softdelete.Release(s.DB, hold))
			})
		}
	})
}
