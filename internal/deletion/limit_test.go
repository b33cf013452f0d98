package deletion_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	limitBox struct {
		ID        uint
		Things    []limitThing `gorm:"foreignKey:BoxID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	limitThing struct {
		ID, BoxID uint
		DeletedAt gorm.DeletedAt
	}
	limitFile struct {
		_  struct{} `softdelete:"archive"`
		ID uint
	}
	limitNote struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
)

// GORM sends ORDER BY and LIMIT of a delete on MySQL only; elsewhere it leaves them out.
func TestADeletionWithALimitTakesThatManyRowsOrNone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&limitBox{}, &limitThing{}, &limitFile{}, &limitNote{}})
		limits := database.Name == "mysql"
		for id := uint(1); id <= 4; id++ {
			require.NoError(t, db.Create(&limitBox{ID: id, Things: []limitThing{{ID: id}}}).Error)
			require.NoError(t, db.Create(&limitFile{ID: id}).Error)
			require.NoError(t, db.Create(&limitNote{ID: id}).Error)
		}
		two := func() *gorm.DB { return db.Where("id > 0").Order("id DESC").Limit(2) }
		left := func(model any) (ids []uint) {
			require.NoError(t, db.Model(model).Order("id").Pluck("id", &ids).Error)
			return ids
		}
		if !limits {
			require.NoError(t, two().Delete(&limitBox{}).Error)
			require.Empty(t, left(&limitThing{}))
			return
		}
		for what, call := range map[string]func() error{
			"a preview":                     func() error { _, err := softdelete.Preview(two(), &limitBox{}); return err },
			"a removal with rows under it":  func() error { return two().Unscoped().Delete(&limitBox{}).Error },
			"a deletion into an archive":    func() error { return two().Delete(&limitFile{}).Error },
			"a removal beside an archive":   func() error { return two().Unscoped().Delete(&limitFile{}).Error },
			"a preview of an archive":       func() error { _, err := softdelete.Preview(two(), &limitFile{}); return err },
			"a reported deletion of files":  func() error { _, err := softdelete.Delete(two(), &limitFile{}); return err },
			"a preview of a removal":        func() error { _, err := softdelete.Preview(two().Unscoped(), &limitBox{}); return err },
			"a preview of what lies around": func() error { _, err := softdelete.Preview(two(), &limitNote{}); return err },
		} {
			err := call()
			require.ErrorIs(t, err, softdelete.ErrUnsupported, what)
			require.ErrorContains(t, err, "read the keys by a Find with the LIMIT", what)
		}
		require.Equal(t, []uint{1, 2, 3, 4}, left(&limitFile{}))
		require.NoError(t, two().Delete(&limitBox{}).Error)
		require.Equal(t, []uint{1, 2}, left(&limitBox{}))
		require.Equal(t, []uint{1, 2}, left(&limitThing{}))
		require.NoError(t, two().Unscoped().Delete(&limitNote{}).Error)
		require.Equal(t, []uint{1, 2}, left(&limitNote{}))
	})
}
