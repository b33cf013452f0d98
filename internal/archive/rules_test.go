package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// archiveShelf is what the others stand under.
	archiveShelf struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Code string
	}
	archiveBook struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		ShelfID *uint
		Shelf   *archiveShelf `gorm:"constraint:-" softdelete:"lazy;guard"`
		Title   string
		Pages   []archivePage `gorm:"foreignKey:BookID;constraint:-"`
	}
	// archivePage is hidden with its book.
	archivePage struct {
		ID        uint
		BookID    uint
		Book      *archiveBook `gorm:"constraint:-" softdelete:"lazy"`
		DeletedAt gorm.DeletedAt
	}
	// archiveLabel refers to a shelf by another column than its key, and is archived itself.
	archiveLabel struct {
		_         struct{} `softdelete:"archive"`
		ID        uint
		ShelfCode string
		Shelf     *archiveShelf `gorm:"foreignKey:ShelfCode;references:Code;constraint:-" softdelete:"lazy;guard"`
	}
)

func archiveShelves(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	models := []any{&archiveShelf{}, &archiveBook{}, &archivePage{}, &archiveLabel{}}
	db := fixture.Use(t, database, softdelete.Config{Models: models})
	for _, table := range []string{"archive_shelves", "archive_shelves_archive", "archive_books", "archive_books_archive", "archive_pages", "archive_labels", "archive_labels_archive"} {
		fixture.Exec(t, db, "DROP TABLE IF EXISTS "+table)
	}
	require.NoError(t, db.AutoMigrate(models...))
	require.NoError(t, db.Create([]archiveShelf{{ID: 1, Code: "a"}, {ID: 2, Code: "b"}}).Error)
	for i := uint(1); i <= 2; i++ {
		require.NoError(t, db.Create(&archiveBook{ID: i, ShelfID: &i, Pages: []archivePage{{ID: i}}}).Error)
		require.NoError(t, db.Create(&archiveLabel{ID: i, ShelfCode: string(rune('a' + i - 1))}).Error)
	}
	return db
}

func TestArchivedParentsHideLazyRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveShelves(t, database)
		shown := func(model any) (ids []uint) {
			require.NoError(t, db.Model(model).Order("id").Pluck("id", &ids).Error)
			return ids
		}
		both, one := []uint{1, 2}, []uint{2}
		require.Equal(t, both, shown(&archiveBook{}))
		report, err := softdelete.Delete(db, &archiveShelf{ID: 1})
		require.NoError(t, err)
		for _, model := range []any{&archiveBook{}, &archivePage{}, &archiveLabel{}} {
			require.Equal(t, one, shown(model), "%T", model)
		}
		var ids []uint
		require.NoError(t, db.Clauses(softdelete.WithDeleted).Model(&archiveBook{}).Order("id").Pluck("id", &ids).Error)
		require.Equal(t, both, ids)
		require.NoError(t, db.Table("archive_books AS b").Where(softdelete.Live("b", &archiveBook{})).Pluck("b.id", &ids).Error)
		require.Equal(t, one, ids)
		require.EqualValues(t, 1, db.Model(&archiveBook{}).Where("id = 1").Update("title", "t").RowsAffected, "hidden, not deleted")

		require.NoError(t, db.Create(&archiveShelf{ID: 1, Code: "c"}).Error)
		require.Equal(t, both, shown(&archiveBook{}), "the key is live again")
		require.Equal(t, both, shown(&archiveLabel{}), "the row is live, under another code")
		require.NoError(t, db.Delete(&archiveShelf{ID: 1}).Error)
		require.Equal(t, one, shown(&archiveBook{}))
		require.Equal(t, both, shown(&archiveLabel{}), "the code is that of an earlier row")
		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.NoError(t, err)
		require.Equal(t, both, shown(&archivePage{}))
		require.NoError(t, db.Delete(&archiveBook{ID: 1}).Error)
		require.Equal(t, one, shown(&archivePage{}), "its own parent is archived")
		_, err = softdelete.Restore(db, &archiveBook{ID: 1})
		require.NoError(t, err)
		require.Equal(t, both, shown(&archivePage{}))
	})
}

func TestArchivedParentsGuard(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveShelves(t, database)
		require.NoError(t, db.Delete(&archiveLabel{ID: 1}).Error)
		require.NoError(t, db.Delete(&archiveShelf{ID: 1}).Error)
		gone, other, unknown := uint(1), uint(2), uint(9)
		_, restoring := softdelete.Restore(db, &archiveLabel{ID: 1})
		for name, err := range map[string]error{
			"create":              db.Create(&archiveBook{ID: 3, ShelfID: &gone}).Error,
			"create of several":   db.Create([]archiveBook{{ID: 3, ShelfID: &other}, {ID: 4, ShelfID: &gone}}).Error,
			"by another column":   db.Create(&archiveLabel{ID: 3, ShelfCode: "a"}).Error,
			"re-point":            db.Model(&archiveBook{ID: 2}).Update("shelf_id", gone).Error,
			"re-point by formula": db.Model(&archiveBook{}).Where("id = 2").Update("shelf_id", gorm.Expr("shelf_id - 1")).Error,
			"restore":             restoring,
		} {
			require.ErrorIs(t, err, softdelete.ErrParentDeleted, name)
		}
		require.NoError(t, db.Model(&archiveBook{ID: 1}).Update("shelf_id", gone).Error, "it stands there already")
		require.NoError(t, db.Create(&archiveBook{ID: 3, ShelfID: &unknown}).Error)
		require.NoError(t, db.Create(&archiveBook{ID: 4, ShelfID: &other}).Error)
		_, err := softdelete.Restore(db, &archiveShelf{ID: 1})
		require.NoError(t, err)
		require.NoError(t, db.Create(&archiveBook{ID: 5, ShelfID: &gone}).Error)
		_, err = softdelete.Restore(db, &archiveLabel{ID: 1})
		require.NoError(t, err)

		require.NoError(t, db.Delete(&archiveShelf{ID: 1}).Error)
		require.NoError(t, db.Create(&archiveShelf{ID: 7, Code: "a"}).Error)
		require.NoError(t, db.Create(&archiveLabel{ID: 8, ShelfCode: "a"}).Error, "another row has the code now")
	})
}
