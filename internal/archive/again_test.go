package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What happens when another process migrates an archived model.

type (
	againBook struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Title string
		Pages []againPage `gorm:"foreignKey:BookID;constraint:-" softdelete:"cascade"`
	}
	againPage struct {
		_          struct{} `softdelete:"archive"`
		ID, BookID uint
	}
)

func TestADeletionOrRestoreAfterAnotherProcessHasMigratedIsTriedAgain(t *testing.T) {
	migrations := map[string][]string{
		"both": {
			"ALTER TABLE again_books ADD note text DEFAULT 'new'", "ALTER TABLE again_books_archive ADD note text DEFAULT 'new'",
			"ALTER TABLE again_pages ADD note text DEFAULT 'new'", "ALTER TABLE again_pages_archive ADD note text DEFAULT 'new'",
		},
		"a column less": {"ALTER TABLE again_books DROP COLUMN extra", "ALTER TABLE again_books_archive DROP COLUMN extra"},
	}
	calls := map[string]struct {
		before func(db *gorm.DB) error // beside what makes the process know the columns
		call   func(db *gorm.DB) (rows int64, err error)
	}{
		"db.Delete": {call: func(db *gorm.DB) (int64, error) { tx := db.Delete(&againBook{ID: 1}); return tx.RowsAffected, tx.Error }},
		"db.Delete by condition": {call: func(db *gorm.DB) (int64, error) {
			tx := db.Where("id = 1").Delete(&againBook{})
			return tx.RowsAffected, tx.Error
		}},
		"softdelete.Delete": {call: func(db *gorm.DB) (int64, error) {
			r, err := softdelete.Delete(db, &againBook{ID: 1})
			return r.Rows(), err
		}},
		"softdelete.Restore": {
			before: func(db *gorm.DB) error { return db.Delete(&againBook{ID: 1}).Error },
			call: func(db *gorm.DB) (int64, error) {
				r, err := softdelete.Restore(db, &againBook{ID: 1})
				return r.Rows(), err
			},
		},
		"softdelete.RestoreDeletion": {
			before: func(db *gorm.DB) error { return db.Delete(&againBook{ID: 1}).Error },
			call: func(db *gorm.DB) (int64, error) {
				var id softdelete.DeletionID
				if err := db.Raw("SELECT deletion_id FROM again_books_archive WHERE id = 1").Scan(&id).Error; err != nil {
					return 0, err
				}
				r, err := softdelete.RestoreDeletion(db, id)
				return r.Rows(), err
			},
		},
	}
	for what, statements := range migrations {
		for name, c := range calls {
			t.Run(name+" after "+what, func(t *testing.T) {
				testdb.Each(t, func(t *testing.T, database *testdb.Database) {
					for _, inside := range []bool{false, true} {
						db := fixture.Models(t, database, []any{&againBook{}, &againPage{}})
						fixture.Exec(t, db, "ALTER TABLE again_books ADD extra text")
						require.NoError(t, db.AutoMigrate(&againBook{}, &againPage{}))
						require.NoError(t, db.Create(&[]againBook{{ID: 1, Pages: []againPage{{ID: 1}}}, {ID: 2, Pages: []againPage{{ID: 2}}}}).Error)
						require.NoError(t, db.Delete(&againBook{ID: 2}).Error)
						_, err := softdelete.Restore(db, &againBook{ID: 2})
						require.NoError(t, err)
						if c.before != nil {
							require.NoError(t, c.before(db))
						}
						fixture.Exec(t, database.Open(t), statements...)
						var rows int64
						call := func(tx *gorm.DB) (err error) { rows, err = c.call(tx); return err }
						if inside {
							require.NoError(t, db.Transaction(call))
						} else {
							require.NoError(t, call(db))
						}
						require.EqualValues(t, 1, rows)
						books, pages := 1, 1
						if c.before != nil {
							books, pages = 2, 2
						}
						require.Equal(t, books, fixture.Rows(t, db, "again_books"))
						require.Equal(t, pages, fixture.Rows(t, db, "again_pages"))
						require.Equal(t, 2-books, fixture.Rows(t, db, "again_books_archive"))
						require.NoError(t, db.Migrator().DropTable("again_books", "again_pages", "again_books_archive", "again_pages_archive"))
					}
				})
			})
		}
	}
}
