package gorm_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// manyAlbum comes back in numbers that are not restored by their keys; with the first of a batch comes the next batch.
type manyAlbum struct {
	ID        uint
	Batch     int
	DeletedAt gorm.DeletedAt
	Photos    []manyPhoto `gorm:"foreignKey:AlbumID" softdelete:"cascade"`
}

type manyPhoto struct {
	ID        uint
	AlbumID   uint
	DeletedAt gorm.DeletedAt
}

func (a *manyAlbum) BeforeRestore(tx *gorm.DB) error {
	if a.ID%1000 != 1 {
		return nil
	}
	_, err := softdelete.Restore(tx.Where("batch = ?", a.Batch+1), &manyAlbum{})
	return err
}

func TestAHookOfARestoreOfManyRowsRestoresManyOthers(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&manyAlbum{}, &manyPhoto{}})
		const batches, albums = 3, 120
		for batch := range batches {
			list := make([]manyAlbum, albums)
			for i := range list {
				list[i] = manyAlbum{ID: uint(1000*batch + i + 1), Batch: batch, Photos: []manyPhoto{{}}}
			}
			require.NoError(t, db.Create(&list).Error)
		}
		ways := map[string]func(restore func(tx *gorm.DB) error) error{
			"by itself":        func(restore func(tx *gorm.DB) error) error { return restore(db) },
			"in a transaction": func(restore func(tx *gorm.DB) error) error { return db.Transaction(restore) },
		}
		for name, way := range ways {
			for batch := range batches {
				require.NoError(t, db.Where("batch = ?", batch).Delete(&manyAlbum{}).Error, name)
			}
			require.NoError(t, way(func(tx *gorm.DB) error {
				report, err := softdelete.Restore(tx.Where("batch = 0"), &manyAlbum{})
				require.EqualValues(t, albums, report.Rows(), name)
				return err
			}), name)
			var live, photos int64
			require.NoError(t, db.Model(&manyAlbum{}).Count(&live).Error)
			require.NoError(t, db.Model(&manyPhoto{}).Count(&photos).Error)
			require.EqualValues(t, batches*albums, live, name)
			require.EqualValues(t, batches*albums, photos, name)
		}
	})
}
