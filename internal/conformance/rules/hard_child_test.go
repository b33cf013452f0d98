package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// sessionUser has sessions that are really deleted, and hide while their user is deleted.
type (
	sessionUser struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Sessions  []session `gorm:"foreignKey:UserID"`
	}
	session struct {
		_      struct{} `softdelete:"hard"`
		ID     uint
		UserID uint
		User   *sessionUser `softdelete:"lazy;guard"`
	}
)

func TestHardRowsUnderASoftlyDeletedOneHideWithIt(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		type cascading struct {
			ID        uint
			DeletedAt gorm.DeletedAt
			Sessions  []session `gorm:"foreignKey:UserID" softdelete:"cascade"`
		}
		err := database.Open(t).Use(softdelete.New(softdelete.Config{Models: []any{&cascading{}}}))
		require.ErrorIs(t, err, softdelete.ErrPolicy)
		require.ErrorContains(t, err, `cascading.Sessions`)
		require.ErrorContains(t, err, `softdelete:"lazy"`, "the error names the way that works")

		db := fixture.Models(t, database, []any{&sessionUser{}, &session{}})
		require.NoError(t, db.Create(&sessionUser{ID: 1, Sessions: []session{{ID: 1}, {ID: 2}}}).Error)
		require.NoError(t, db.Delete(&session{ID: 2}).Error)
		require.Equal(t, 1, fixture.Rows(t, db, "sessions"), "a session is really deleted")
		live := func() (n int64) {
			require.NoError(t, db.Model(&session{}).Count(&n).Error)
			return n
		}
		require.NoError(t, db.Delete(&sessionUser{ID: 1}).Error)
		require.Zero(t, live())
		require.ErrorIs(t, db.Create(&session{ID: 3, UserID: 1}).Error, softdelete.ErrParentDeleted)
		_, err = softdelete.Restore(db, &sessionUser{ID: 1})
		require.NoError(t, err)
		require.EqualValues(t, 1, live())
	})
}
