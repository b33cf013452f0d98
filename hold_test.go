package softdelete_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func holdTree() softdelete.Config {
	config := retTree()
	config.Holds = true
	return config
}

func TestHoldKeepsATreeFromBeingDestroyed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, holdTree())
		s.tree(1)
		s.tree(2)
		s.create(&retPayment{ID: 1, UserID: 10})
		id, err := softdelete.Hold(s.DB, &retOrg{ID: 1}, softdelete.HoldOptions{Matter: "case 7", PlacedBy: "legal"})
		require.NoError(t, err)
		s.create(&retPost{ID: 119, UserID: 11}) // added later

		hard := s.Unscoped().Session(&gorm.Session{})
		for fact, destroy := range map[string]func() error{
			"the row":                     func() error { return hard.Delete(&retOrg{ID: 1}).Error },
			"a row under it":              func() error { return hard.Delete(&retUser{ID: 10}).Error },
			"two levels under it":         func() error { return hard.Delete(&retPost{ID: 100}).Error },
			"one that was added later":    func() error { return hard.Delete(&retPost{ID: 119}).Error },
			"among others":                func() error { return hard.Where("id >= 100").Delete(&retPost{}).Error },
			"one of several keys":         func() error { return hard.Delete(&[]retPost{{ID: 200}, {ID: 100}}).Error },
			"a model without a policy":    func() error { return s.Delete(&retPayment{ID: 1}).Error },
			"with the function, for good": func() error { _, err := softdelete.Delete(hard, &retUser{ID: 11}); return err },
			"where GORM's hooks are off":  func() error { return hard.Session(&gorm.Session{SkipHooks: true}).Delete(&retPost{ID: 100}).Error },
			"in a transaction that goes on": func() error {
				return s.Transaction(func(tx *gorm.DB) error { return tx.Unscoped().Delete(&retPost{ID: 100}).Error })
			},
		} {
			err := destroy()
			require.ErrorIs(t, err, softdelete.ErrHeld, fact)
			require.ErrorContains(t, err, string(id), fact)
			require.ErrorContains(t, err, `"case 7"`, fact)
		}
		require.Len(t, s.ids(&retPost{}), 9, "nothing has changed")
		require.Len(t, s.ids(&retUser{}), 4)
		require.NoError(t, hard.Delete(&retPost{ID: 200}).Error, "what is not under it goes")

		preview, err := softdelete.Preview(hard, &retPost{ID: 100})
		require.NoError(t, err)
		require.Equal(t, []softdelete.Blocker{{Table: "ret_posts", Rows: 1}}, preview.Blockers)

		require.NoError(t, s.Exec("DELETE FROM ret_payments").Error)
		s.deleteAgo(40*retDay, &retOrg{ID: 1})
		s.deleteAgo(40*retDay, &retOrg{ID: 2})
		report := s.purge(softdelete.PurgeOptions{})
		for table, held := range map[string]int64{"ret_orgs": 1, "ret_users": 2, "ret_posts": 5} {
			require.EqualValues(t, held, retReport(t, report, table).Held, table)
		}
		require.Equal(t, []uint{1}, s.ids(&retOrg{}))
		require.Equal(t, []uint{100, 101, 110, 111, 119}, s.ids(&retPost{}))

		require.NoError(t, softdelete.Release(s.DB, id))
		require.Len(t, s.ids(&retPost{}), 5, "a release destroys nothing")
		s.purge(softdelete.PurgeOptions{})
		require.Empty(t, s.ids(&retOrg{}))
		require.Empty(t, s.ids(&retPost{}))
	})
}

func TestHoldsAreListedWhileTheyAreInForce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, holdTree())
		s.tree(1)
		first, err := softdelete.Hold(s.DB, &retPost{ID: 100}, softdelete.HoldOptions{Matter: "first", PlacedBy: "legal"})
		require.NoError(t, err)
		*s.now = retNow.Add(time.Hour)
		second, err := softdelete.Hold(s.DB, &retUser{ID: 11}, softdelete.HoldOptions{Matter: "second", Until: retNow.Add(2 * time.Hour)})
		require.NoError(t, err)
		holds, err := softdelete.Holds(s.DB)
		require.NoError(t, err)
		require.Equal(t, []softdelete.HoldInfo{
			{ID: first, Table: "ret_posts", Key: "100", Matter: "first", PlacedBy: "legal", PlacedAt: retNow},
			{ID: second, Table: "ret_users", Key: "11", Matter: "second", PlacedAt: retNow.Add(time.Hour)},
		}, holds)

		require.ErrorIs(t, s.Unscoped().Delete(&retPost{ID: 110}).Error, softdelete.ErrHeld)
		*s.now = retNow.Add(2 * time.Hour)
		require.NoError(t, s.Unscoped().Delete(&retPost{ID: 110}).Error, "the hold has ended by itself")
		require.NoError(t, softdelete.Release(s.DB, first))
		require.NoError(t, softdelete.Release(s.DB, first), "released already")
		holds, err = softdelete.Holds(s.DB)
		require.NoError(t, err)
		require.Empty(t, holds)
	})
}

func TestHoldRefuses(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, holdTree())
		s.tree(1)
		_, err := softdelete.Hold(s.DB, &retPost{ID: 7}, softdelete.HoldOptions{})
		require.ErrorIs(t, err, gorm.ErrRecordNotFound)
		_, err = softdelete.Hold(s.DB, &retPost{}, softdelete.HoldOptions{})
		require.ErrorIs(t, err, gorm.ErrMissingWhereClause)
		_, err = softdelete.Hold(s.DB, &[]retPost{{ID: 100}}, softdelete.HoldOptions{})
		require.ErrorIs(t, err, gorm.ErrInvalidValue)
		require.ErrorIs(t, softdelete.Release(s.DB, "hold-unknown"), gorm.ErrRecordNotFound)

		without := newRetStage(t, database, retTree())
		_, err = softdelete.Hold(without.DB, &retPost{ID: 100}, softdelete.HoldOptions{})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorIs(t, softdelete.Release(without.DB, "x"), softdelete.ErrUnsupported)
		_, err = softdelete.Holds(without.DB)
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
	})
}

func TestHoldLeavesSoftDeletionAndRestoreAlone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, holdTree())
		s.tree(1)
		_, err := softdelete.Hold(s.DB, &retOrg{ID: 1}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		require.NoError(t, s.Delete(&retOrg{ID: 1}).Error)
		_, err = softdelete.Restore(s.DB, &retOrg{ID: 1})
		require.NoError(t, err)
		var live int64
		require.NoError(t, s.Model(&retPost{}).Count(&live).Error)
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
		s := newRetStage(t, database, softdelete.Config{Models: []any{&holdFolder{}, &holdFile{}}, Holds: true})
		id := func(id uint) *uint { return &id }
		s.create(&holdFolder{ID: 1}, &holdFolder{ID: 2, ParentID: id(1)}, &holdFolder{ID: 3, ParentID: id(2)}, &holdFolder{ID: 4})
		s.create(&holdFile{Volume: "a", Name: "under", FolderID: 3}, &holdFile{Volume: "a", Name: "beside", FolderID: 4})
		require.NoError(t, s.Exec("UPDATE hold_folders SET parent_id = 3 WHERE id = 1").Error)
		hold, err := softdelete.Hold(s.DB, &holdFolder{ID: 2}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		s.deleteAgo(40*retDay, &[]holdFile{{Volume: "a", Name: "under"}, {Volume: "a", Name: "beside"}})
		require.ErrorIs(t, s.Unscoped().Delete(&holdFile{Volume: "a", Name: "under"}).Error, softdelete.ErrHeld)
		report := s.purge(softdelete.PurgeOptions{})
		files := retReport(t, report, "hold_files")
		require.EqualValues(t, 1, files.Held)
		require.EqualValues(t, 1, files.Done)
		require.NoError(t, softdelete.Release(s.DB, hold))

		_, err = softdelete.Hold(s.DB, &holdFile{Volume: "a", Name: "under"}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		require.EqualValues(t, 1, retReport(t, s.purge(softdelete.PurgeOptions{}), "hold_files").Held)
	})
}

func TestHoldCoversRowsThatComeUnderItWhileTheyAreDestroyed(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		for fact, destroy := range map[string]func(db *gorm.DB) error{
			"by condition, with many others": func(db *gorm.DB) error { return db.Unscoped().Where("id >= 1000").Delete(&retPost{}).Error },
			"by its key":                     func(db *gorm.DB) error { return db.Unscoped().Delete(&retPost{ID: 1007}).Error },
			"with its parent":                func(db *gorm.DB) error { return db.Unscoped().Delete(&retUser{ID: 20}).Error },
		} {
			t.Run(fact, func(t *testing.T) {
				s, other := newRetStage(t, database, holdTree()), newRetStage(t, database, holdTree())
				for _, table := range []string{"ret_posts", "ret_users", "ret_orgs"} {
					require.NoError(t, s.Exec("DELETE FROM "+table).Error)
				}
				s.tree(1)
				s.create(&retOrg{ID: 2}, &retUser{ID: 20, OrgID: 2}, &retUser{ID: 21, OrgID: 2})
				posts := make([]retPost, 150)
				for i := range posts {
					posts[i] = retPost{ID: uint(1000 + i), UserID: 21}
				}
				posts[7].UserID = 20
				s.create(&posts)
				hold, err := softdelete.Hold(s.DB, &retOrg{ID: 1}, softdelete.HoldOptions{Matter: "m"})
				require.NoError(t, err)
				moved := false
				require.NoError(t, s.Callback().Delete().Before("gorm:delete").Register("move", func(*gorm.DB) {
					if !moved {
						moved = true
						require.NoError(t, other.Exec("SET lock_timeout = 100").Error)
						_ = other.Exec("UPDATE ret_posts SET user_id = 10 WHERE id = 1007").Error
					}
				}))
				err = destroy(s.DB)
				require.True(t, moved)
				var owner uint
				require.NoError(t, s.Raw("SELECT user_id FROM ret_posts WHERE id = 1007").Scan(&owner).Error)
				if owner == 10 { // it came under the hold first
					require.ErrorIs(t, err, softdelete.ErrHeld)
					require.ErrorContains(t, err, string(hold))
					require.Len(t, s.ids(&retPost{}), 154, "nothing was destroyed")
					require.Len(t, s.ids(&retUser{}), 4)
				} else {
					require.NoError(t, err)
					require.Zero(t, owner)
				}
				require.NoError(t, softdelete.Release(s.DB, hold))
			})
		}
	})
}
