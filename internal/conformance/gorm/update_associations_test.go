package gorm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type loadedUser struct {
	ID        uint
	Name      string
	DeletedAt gorm.DeletedAt
	Posts     []loadedPost   `gorm:"foreignKey:UserID" softdelete:"cascade"`
	Profile   *loadedProfile `gorm:"foreignKey:UserID" softdelete:"cascade"`
	Tags      []loadedTag    `gorm:"many2many:loaded_links" softdelete:"cascade"`
}

type loadedPost struct {
	ID        uint
	UserID    uint
	User      *loadedUser `softdelete:"guard"`
	Title     string
	DeletedAt gorm.DeletedAt
}

type loadedProfile struct {
	ID        uint
	UserID    uint
	DeletedAt gorm.DeletedAt
}

type loadedTag struct {
	ID   uint
	Name string
}

type loadedLink struct {
	LoadedUserID uint `gorm:"primaryKey"`
	LoadedTagID  uint `gorm:"primaryKey"`
	DeletedAt    gorm.DeletedAt
}

// loadedFixture has a user with two posts, a profile and a tag, all of them in the value too.
func loadedFixture(t *testing.T, database *testdb.Database) (*gorm.DB, *loadedUser) {
	t.Helper()
	db := database.Open(t)
	models := []any{&loadedUser{}, &loadedPost{}, &loadedProfile{}, &loadedTag{}, &loadedLink{}}
	require.NoError(t, db.SetupJoinTable(&loadedUser{}, "Tags", &loadedLink{}))
	fixture.Register(t, db, models...)
	user := &loadedUser{
		Name: "one", Posts: []loadedPost{{Title: "a"}, {Title: "b"}}, Profile: &loadedProfile{}, Tags: []loadedTag{{Name: "x"}},
	}
	require.NoError(t, db.Create(user).Error)
	return db, user
}

func TestAnUpdateLeavesTheDeletedRowsThatItsValueHasLoaded(t *testing.T) {
	updates := map[string]func(db *gorm.DB, user *loadedUser) *gorm.DB{
		"Update":                func(db *gorm.DB, user *loadedUser) *gorm.DB { return db.Model(user).Update("name", "two") },
		"Updates with a struct": func(db *gorm.DB, user *loadedUser) *gorm.DB { return db.Model(user).Updates(loadedUser{Name: "two"}) },
		"Updates of the value": func(db *gorm.DB, user *loadedUser) *gorm.DB {
			user.Name = "two"
			return db.Updates(user)
		},
		"Updates of several": func(db *gorm.DB, user *loadedUser) *gorm.DB {
			return db.Model(&[]*loadedUser{user}).Updates(map[string]any{"name": "two"})
		},
	}
	dump := func(t *testing.T, db *gorm.DB) []any {
		var posts []loadedPost
		var profiles []loadedProfile
		var links []loadedLink
		require.NoError(t, db.Unscoped().Order("id").Find(&posts).Error)
		require.NoError(t, db.Unscoped().Find(&profiles).Error)
		require.NoError(t, db.Unscoped().Find(&links).Error)
		return []any{posts, profiles, links}
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, created := loadedFixture(t, database)
		for name, update := range updates {
			t.Run(name+" of a deleted row affects nothing", func(t *testing.T) {
				tx := db.Begin()
				defer tx.Rollback()
				user := loadedUser{}
				require.NoError(t, tx.Preload("Posts").Preload("Profile").Preload("Tags").Take(&user, created.ID).Error)
				require.NoError(t, tx.Delete(&user).Error)
				before := dump(t, tx)
				result := update(tx, &user)
				require.NoError(t, result.Error)
				require.Zero(t, result.RowsAffected)
				require.Equal(t, before, dump(t, tx))
			})
			t.Run(name+" of a live row leaves its deleted ones", func(t *testing.T) {
				tx := db.Begin()
				defer tx.Rollback()
				user := loadedUser{}
				require.NoError(t, tx.Preload("Posts").Preload("Profile").Preload("Tags").Take(&user, created.ID).Error)
				require.NoError(t, tx.Delete(&loadedPost{}, user.Posts[0].ID).Error)
				require.NoError(t, tx.Delete(&loadedProfile{}, user.Profile.ID).Error)
				before := dump(t, tx)
				result := update(tx, &user)
				require.NoError(t, result.Error)
				require.EqualValues(t, 1, result.RowsAffected)
				require.Equal(t, before, dump(t, tx))
				require.Equal(t, []uint{created.Posts[0].ID, created.Posts[1].ID}, []uint{user.Posts[0].ID, user.Posts[1].ID})
				require.NoError(t, tx.Model(&loadedUser{}).Where("name = ?", "two").Take(&loadedUser{}).Error)
			})
		}
		t.Run("an update of a row whose parent is loaded with deleted rows", func(t *testing.T) {
			tx := db.Begin()
			defer tx.Rollback()
			user := loadedUser{}
			require.NoError(t, tx.Preload("Posts").Take(&user, created.ID).Error)
			require.NoError(t, tx.Delete(&loadedPost{}, user.Posts[0].ID).Error)
			post := user.Posts[1]
			post.User = &user
			require.NoError(t, tx.Model(&post).Update("title", "c").Error)
		})
		t.Run("Save and Select of the relation ask for the deleted row", func(t *testing.T) {
			for _, write := range []func(tx *gorm.DB, user *loadedUser) error{
				func(tx *gorm.DB, user *loadedUser) error { return tx.Save(user).Error },
				func(tx *gorm.DB, user *loadedUser) error { return tx.Select("Name", "Posts").Updates(user).Error },
			} {
				tx := db.Begin()
				user := loadedUser{}
				require.NoError(t, tx.Preload("Posts").Take(&user, created.ID).Error)
				require.NoError(t, tx.Delete(&loadedPost{}, user.Posts[0].ID).Error)
				require.ErrorIs(t, write(tx, &user), softdelete.ErrRowDeleted)
				tx.Rollback()
			}
		})
		t.Run("the same chain updates and saves associations afterwards", func(t *testing.T) {
			tx := db.Begin()
			defer tx.Rollback()
			user := loadedUser{}
			require.NoError(t, tx.Preload("Tags").Take(&user, created.ID).Error)
			require.NoError(t, tx.Delete(&user).Error)
			chain := tx.Model(&user)
			require.NoError(t, chain.Update("name", "two").Error)
			require.Empty(t, chain.Statement.Omits)
		})
	})
}

func TestAnUpdateOfAllColumnsOfADeletedRowAffectsNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, created := loadedFixture(t, database)
		stale := loadedUser{}
		require.NoError(t, db.Preload("Posts").Take(&stale, created.ID).Error)
		require.NoError(t, db.Delete(&loadedUser{ID: created.ID}).Error)
		before := fixture.Dump(t, db, &loadedUser{}, &loadedPost{})
		stale.Name = "two"
		stale.Posts = append(stale.Posts, loadedPost{Title: "new"})
		for name, tx := range map[string]*gorm.DB{
			"Updates":                               db.Select("*").Updates(&stale),
			"Updates of a model":                    db.Model(&stale).Select("*").Updates(&stale),
			"UpdateColumns":                         db.Select("*").UpdateColumns(&stale),
			"Updates of a row without associations": db.Select("*").Omit("Posts").Updates(&stale),
		} {
			require.NoError(t, tx.Error, name)
			require.Zero(t, tx.RowsAffected, name)
		}
		require.ErrorIs(t, db.Save(&stale).Error, softdelete.ErrRowDeleted)
		require.ErrorIs(t, db.Select("*").Save(&stale).Error, softdelete.ErrRowDeleted)
		require.Equal(t, before, fixture.Dump(t, db, &loadedUser{}, &loadedPost{}))
	})
}

func TestAnUpdateOfASliceGoesByItsRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, one := loadedFixture(t, database)
		two := &loadedUser{Name: "two", Posts: []loadedPost{{Title: "c"}}}
		require.NoError(t, db.Create(two).Error)
		load := func() (users []loadedUser) {
			require.NoError(t, db.Preload("Posts").Preload("Tags").Order("id").Find(&users, []uint{one.ID, two.ID}).Error)
			return users
		}
		values, stale := load(), load()
		require.NoError(t, db.Delete(&loadedUser{ID: one.ID}).Error)
		before := fixture.Dump(t, db, &loadedPost{}, &loadedLink{})
		updates := map[string]func(users []loadedUser) *gorm.DB{
			"values": func(users []loadedUser) *gorm.DB { return db.Model(&users).Update("name", "new") },
			"pointers": func(users []loadedUser) *gorm.DB {
				return db.Model(&[]*loadedUser{&users[0], &users[1]}).Update("name", "new")
			},
			"an array": func(users []loadedUser) *gorm.DB {
				return db.Model(&[2]loadedUser{users[0], users[1]}).Updates(map[string]any{"name": "new"})
			},
		}
		for name, update := range updates {
			t.Run(name, func(t *testing.T) {
				fixture.Exec(t, db, "UPDATE loaded_users SET name = 'old'") // some databases count rows that change
				users := append([]loadedUser{}, stale...)
				users[0].Posts = append(append([]loadedPost{}, values[0].Posts...), loadedPost{Title: "of the deleted one"})
				users[1].Posts = append(append([]loadedPost{}, values[1].Posts...), loadedPost{ID: 100, Title: "of the live one"})
				tx := update(users)
				require.NoError(t, tx.Error)
				require.EqualValues(t, 1, tx.RowsAffected)
				require.Equal(t, 1, fixture.Rows(t, db, "loaded_posts", "id = 100 AND deleted_at IS NULL"), "the live one's is saved")
				require.NoError(t, db.Unscoped().Delete(&loadedPost{ID: 100}).Error)
				require.Equal(t, before, fixture.Dump(t, db, &loadedPost{}, &loadedLink{}), "the deleted one's are not")
				require.Equal(t, 1, fixture.Rows(t, db, "loaded_users", "name = 'new' AND deleted_at IS NULL"))
				if name != "an array" {
					require.Len(t, users, 2)
					require.Equal(t, "new", users[1].Name)
				}
			})
		}
	})
}
