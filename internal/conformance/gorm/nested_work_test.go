package gorm_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type nestUser struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

type nestNote struct {
	ID     uint
	PostID uint
}

type nestPost struct {
	ID        uint
	UserID    uint
	User      *nestUser `softdelete:"guard"`
	ParentID  *uint
	DeletedAt gorm.DeletedAt
	Replies   []nestPost `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	Notes     []nestNote `gorm:"foreignKey:PostID"`

	AfterDeleted func(tx *gorm.DB) error `gorm:"-"`
}

func (p *nestPost) AfterDelete(tx *gorm.DB) error {
	if p.AfterDeleted == nil {
		return nil
	}
	return p.AfterDeleted(tx)
}

// nestFixture has a user, and a post of theirs with a reply that was deleted alone.
func nestFixture(t *testing.T, database *testdb.Database, config gorm.Config) (db *gorm.DB, post, reply nestPost) {
	t.Helper()
	db = database.Open(t, &config)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&nestUser{}, &nestPost{}}})))
	require.NoError(t, db.AutoMigrate(&nestUser{}, &nestPost{}, &nestNote{}))
	user := nestUser{}
	require.NoError(t, db.Create(&user).Error)
	post = nestPost{UserID: user.ID}
	require.NoError(t, db.Create(&post).Error)
	reply = nestPost{UserID: user.ID, ParentID: &post.ID}
	require.NoError(t, db.Create(&reply).Error)
	require.NoError(t, db.Delete(&reply).Error)
	return db, post, reply
}

func nestLive(t *testing.T, db *gorm.DB) (posts int64) {
	t.Helper()
	require.NoError(t, db.Model(&nestPost{}).Count(&posts).Error)
	return posts
}

func TestAWriteWithAssociationsIsOneUnit(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("a guarded row is created with children of no policy, without GORM's own transaction", func(t *testing.T) {
			db, post, _ := nestFixture(t, database, gorm.Config{SkipDefaultTransaction: true})
			require.NoError(t, db.Create(&nestPost{UserID: post.UserID, Notes: []nestNote{{}, {}}}).Error)
			var notes int64
			require.NoError(t, db.Model(&nestNote{}).Count(&notes).Error)
			require.EqualValues(t, 2, notes)
		})
	})
}

func TestAFailedDeletionIsUndoneWholeWhateverItsHooksHaveDone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		refused := errors.New("refused by the hook")
		for name, inner := range map[string]func(tx *gorm.DB, post, reply *nestPost) error{
			"a hook that restores": func(tx *gorm.DB, _, reply *nestPost) error {
				_, err := softdelete.Restore(tx, reply)
				return err
			},
			"a hook that creates": func(tx *gorm.DB, post, _ *nestPost) error {
				return tx.Create(&nestPost{UserID: post.UserID, Replies: []nestPost{{UserID: post.UserID}}}).Error
			},
			"a hook that deletes": func(tx *gorm.DB, post, _ *nestPost) error {
				return tx.Delete(&nestUser{ID: post.UserID}).Error
			},
		} {
			t.Run(name, func(t *testing.T) {
				db, post, reply := nestFixture(t, database, gorm.Config{})
				live := nestLive(t, db)
				other := nestPost{UserID: post.UserID}
				require.NoError(t, db.Create(&other).Error)
				other.AfterDeleted = func(tx *gorm.DB) error {
					if err := inner(tx, &post, &reply); err != nil {
						return err
					}
					return refused
				}
				require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
					require.ErrorIs(t, tx.Delete(&other).Error, refused)
					return nil // and the caller commits
				}))
				require.Equal(t, live+1, nestLive(t, db))
				require.False(t, other.DeletedAt.Valid)
				require.NoError(t, db.First(&nestUser{}, post.UserID).Error)
			})
		}
	})
}

type nestBox struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Things    []nestThing `gorm:"foreignKey:BoxID" softdelete:"cascade"`
}

// nestThing takes its box along, or brings it back, in the hook that its context names.
type nestThing struct {
	ID        uint
	BoxID     uint
	DeletedAt gorm.DeletedAt
}

type nestHookKey struct{}

func (n *nestThing) with(tx *gorm.DB, hook string) error {
	switch {
	case tx.Statement.Context.Value(nestHookKey{}) != hook:
		return nil
	case hook == "BeforeDelete by a condition":
		return tx.Where("id = ?", n.BoxID).Delete(&nestBox{}).Error
	case strings.HasSuffix(hook, "Delete"):
		return tx.Delete(&nestBox{ID: n.BoxID}).Error
	}
	_, err := softdelete.Restore(tx, &nestBox{ID: n.BoxID})
	return err
}

func (n *nestThing) BeforeDelete(tx *gorm.DB) error {
	return errors.Join(n.with(tx, "BeforeDelete"), n.with(tx, "BeforeDelete by a condition"))
}
func (n *nestThing) AfterDelete(tx *gorm.DB) error   { return n.with(tx, "AfterDelete") }
func (n *nestThing) BeforeRestore(tx *gorm.DB) error { return n.with(tx, "BeforeRestore") }
func (n *nestThing) AfterRestore(tx *gorm.DB) error  { return n.with(tx, "AfterRestore") }

func TestAHookThatTakesTheParentOfItsRowAlong(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&nestBox{}, &nestThing{}}})))
		require.NoError(t, db.AutoMigrate(&nestBox{}, &nestThing{}))
		box := nestBox{ID: 1, Things: []nestThing{{ID: 1}, {ID: 2}}}
		require.NoError(t, db.Create(&box).Error)
		live := func(t *testing.T) (rows int64) {
			t.Helper()
			for _, model := range []any{&nestBox{}, &nestThing{}} {
				var n int64
				require.NoError(t, db.Model(model).Count(&n).Error)
				rows += n
			}
			return rows
		}
		in := func(hook string) *gorm.DB { return db.WithContext(context.WithValue(t.Context(), nestHookKey{}, hook)) }

		for _, hook := range []string{"BeforeDelete", "BeforeDelete by a condition"} {
			t.Run(hook+" calls itself without end, which is refused", func(t *testing.T) {
				thing := nestThing{ID: 1, BoxID: 1}
				err := in(hook).Delete(&thing).Error
				require.ErrorIs(t, err, softdelete.ErrUnsupported)
				require.ErrorContains(t, err, "let AfterDelete or AfterRestore do it")
				require.EqualValues(t, 3, live(t))
				require.False(t, thing.DeletedAt.Valid)
			})
		}
		t.Run("AfterDelete finds its row deleted, and comes to its end", func(t *testing.T) {
			require.NoError(t, in("AfterDelete").Delete(&nestThing{ID: 1, BoxID: 1}).Error)
			require.Zero(t, live(t))
		})
		t.Run("BeforeRestore calls itself without end, which is refused", func(t *testing.T) {
			_, err := softdelete.Restore(in("BeforeRestore"), &nestBox{ID: 1})
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "let AfterDelete or AfterRestore do it")
			require.Zero(t, live(t))
		})
		t.Run("AfterRestore finds its row live, and comes to its end", func(t *testing.T) {
			_, err := softdelete.Restore(in("AfterRestore"), &nestBox{ID: 1})
			require.NoError(t, err)
			require.EqualValues(t, 3, live(t))
		})
	})
}
