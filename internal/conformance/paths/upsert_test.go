package paths_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	upsertUser struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"`
		Nick      string `gorm:"uniqueIndex" softdelete:"full"`
		DeletedAt gorm.DeletedAt
		Roles     []upsertRole `gorm:"many2many:upsert_user_roles"`
	}
	upsertRole struct {
		ID   uint
		Name string
	}
	upsertUserRole struct {
		UpsertUserID uint `gorm:"primaryKey"`
		UpsertRoleID uint `gorm:"primaryKey"`
		DeletedAt    gorm.DeletedAt
	}
)

// upsertStage gives a database with a deleted user, 1, that had a role, and a live one, 2.
func upsertStage(t *testing.T, database *testdb.Database) (db *gorm.DB, deleted upsertUser) {
	t.Helper()
	db = database.Open(t)
	require.NoError(t, db.SetupJoinTable(&upsertUser{}, "Roles", &upsertUserRole{}))
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&upsertUser{}}})))
	require.NoError(t, db.AutoMigrate(&upsertUser{}, &upsertRole{}, &upsertUserRole{}))
	gone := upsertUser{Email: "gone", Nick: "gone", Roles: []upsertRole{{Name: "reader"}}}
	require.NoError(t, db.Create(&gone).Error)
	require.NoError(t, db.Create(&upsertUser{Email: "live", Nick: "live"}).Error)
	stale := gone
	require.NoError(t, db.Delete(&gone).Error)
	return db, stale
}

func upsertRows(t *testing.T, db *gorm.DB) (rows []upsertUser) {
	t.Helper()
	require.NoError(t, db.Unscoped().Order("id").Find(&rows).Error)
	return rows
}

func TestUpsertsNeverReachDeletedRows(t *testing.T) {
	updateAll := clause.OnConflict{UpdateAll: true}
	on := func(column string, updates ...string) clause.OnConflict {
		return clause.OnConflict{Columns: []clause.Column{{Name: column}}, DoUpdates: clause.AssignmentColumns(updates)}
	}
	refused := map[string]func(db *gorm.DB, stale upsertUser) error{
		"Save of a stale row": func(db *gorm.DB, stale upsertUser) error { return db.Save(&stale).Error },
		"Save of a slice with it": func(db *gorm.DB, stale upsertUser) error {
			return db.Save(&[]upsertUser{stale, {Email: "new", Nick: "new"}}).Error
		},
		"an upsert by its key": func(db *gorm.DB, stale upsertUser) error {
			return db.Clauses(updateAll).Create(&stale).Error
		},
		"an upsert by a value that no deleted row may share": func(db *gorm.DB, stale upsertUser) error {
			return db.Clauses(on("nick", "email")).Create(&upsertUser{Email: "other", Nick: "gone"}).Error
		},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, stale := upsertStage(t, database)
		before := upsertRows(t, db)
		stale.Email = "changed"
		for name, write := range refused {
			t.Run(name, func(t *testing.T) {
				require.ErrorIs(t, write(db, stale), softdelete.ErrRowDeleted)
				require.Equal(t, before, upsertRows(t, db), "nothing of the statement is written")
			})
			t.Run(name+" in the caller's transaction", func(t *testing.T) {
				require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
					require.ErrorIs(t, write(tx, stale), softdelete.ErrRowDeleted)
					return nil
				}))
				require.Equal(t, before, upsertRows(t, db))
			})
		}
		t.Run("DoNothing that meets one does nothing", func(t *testing.T) {
			require.NoError(t, db.Clauses(clause.OnConflict{DoNothing: true}).Create(&stale).Error)
			require.Equal(t, before, upsertRows(t, db))
		})
		t.Run("an upsert by a value that is unique among live rows finds the live row", func(t *testing.T) {
			require.NoError(t, db.Clauses(on("email", "nick")).Create(&upsertUser{Email: "live", Nick: "renamed"}).Error)
			var live upsertUser
			require.NoError(t, db.Take(&live, 2).Error)
			require.Equal(t, "renamed", live.Nick)
		})
		t.Run("and makes a new row where only a deleted one has the value", func(t *testing.T) {
			require.NoError(t, db.Clauses(on("email", "nick")).Create(&upsertUser{Email: "gone", Nick: "again"}).Error)
			require.Len(t, upsertRows(t, db), 3)
		})
		t.Run("through Unscoped, Save reaches the deleted row", func(t *testing.T) {
			stale.Email, stale.DeletedAt = "back", gorm.DeletedAt{}
			require.NoError(t, db.Unscoped().Save(&stale).Error)
			require.NoError(t, db.Take(&upsertUser{}, "email = ?", "back").Error)
		})
	})
}

func TestALinkThatIsAddedAgainIsOneLiveLink(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, _ := upsertStage(t, database)
		user, role := upsertUser{ID: 2}, upsertRole{ID: 1}
		links := func(scope *gorm.DB) (count int64) {
			require.NoError(t, scope.Model(&upsertUserRole{}).Where("upsert_user_id = 2").Count(&count).Error)
			return count
		}
		require.NoError(t, db.Model(&user).Association("Roles").Append(&role))
		require.NoError(t, db.Model(&user).Association("Roles").Delete(&role))
		require.Zero(t, db.Model(&user).Association("Roles").Count())
		require.EqualValues(t, 1, links(db.Unscoped()), "the link stays, deleted")

		require.NoError(t, db.Model(&user).Association("Roles").Append(&role))
		require.EqualValues(t, 1, db.Model(&user).Association("Roles").Count())
		require.EqualValues(t, 1, links(db))
		require.EqualValues(t, 1, links(db.Unscoped()))
	})
}
