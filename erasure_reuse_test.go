package softdelete_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	reusePerson struct {
		ID       uint
		Name     string `pii:"zero"`
		Sessions []reuseSession
	}
	// A session's key comes from outside and may come again.
	reuseSession struct {
		_             struct{} `pii:"delete"`
		Token         string   `gorm:"primaryKey;size:40"`
		ReusePersonID uint
	}
)

func TestErasureRemovesARowThatReusesARemovedKey(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		models := []any{&reusePerson{}, &reuseSession{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		for _, name := range []string{"Jane", "Joe"} {
			person := reusePerson{Name: name, Sessions: []reuseSession{{Token: "t1"}}}
			require.NoError(t, db.Create(&person).Error)
			certificate, err := softdelete.Erase(db, &person, softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.Len(t, certificate.Tables, 2)
			require.EqualValues(t, 1, certificate.Tables[1].Deleted)
			var left int64
			require.NoError(t, db.Model(&reuseSession{}).Count(&left).Error)
			require.Zero(t, left, name)
		}
	})
}
