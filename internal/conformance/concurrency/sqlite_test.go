package concurrency_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// A shelf keeps its books when it is deleted, which a deletion may count.
type (
	concShelf struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
		Books     []concBook `gorm:"foreignKey:ShelfID"`
	}
	concBook struct {
		ID        uint
		ShelfID   uint
		Shelf     *concShelf `softdelete:"guard"`
		Title     string     `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
)

// concLid takes a house with it, in a hook.
type concLid struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

func (*concLid) BeforeDelete(tx *gorm.DB) error { return tx.Delete(&concHouse{}, "id = 1").Error }

// TestSQLiteWriterBetweenStatements shows that a call of the plugin becomes the writer before it reads: where it reads first
// and another connection writes before it does, SQLite fails it at once with "database is locked".
func TestSQLiteWriterBetweenStatements(t *testing.T) {
	database := testdb.SQLite(t)
	models := append([]any{&concShelf{}, &concBook{}, &concLid{}}, concPress...)
	open := func(config softdelete.Config) *gorm.DB {
		config.Models = models
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(config)))
		return db
	}
	bare, plain, ledger := database.Open(t), open(softdelete.Config{}), open(softdelete.Config{Ledger: true, MaxRows: 1000})
	require.NoError(t, plain.AutoMigrate(models...))
	require.NoError(t, plain.AutoMigrate(softdelete.Tables()...))

	// The other connection does not wait for the lock: once the call is the writer, it writes nothing.
	other, err := sql.Open(sqlite.DriverName, strings.Replace(database.DSN, "_busy_timeout=10000", "_busy_timeout=0", 1))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	_, err = other.Exec("CREATE TABLE conc_counters (n integer)")
	require.NoError(t, err)

	plant := func(t *testing.T) {
		t.Helper()
		require.NoError(t, bare.Transaction(func(tx *gorm.DB) error {
			for _, model := range []any{
				&concBook{}, &concShelf{}, &concLid{}, &concPrize{}, &concRemark{}, &concArticle{}, &concAuthor{}, &concMagazine{}, &concHouse{},
				&softdelete.Deletion{},
			} {
				if err := tx.Unscoped().Where("1 = 1").Delete(model).Error; err != nil {
					return err
				}
			}
			var errs []error
			for _, row := range []any{
				&concShelf{ID: 1, Name: "wanted"}, &concShelf{ID: 2}, &concBook{ID: 1, ShelfID: 1, Title: "a"}, &concBook{ID: 2, ShelfID: 2, Title: "b"},
				&concLid{ID: 1}, &concHouse{ID: 1}, &concAuthor{ID: 1, HouseID: concKey(1)}, &concAuthor{ID: 2},
				&concArticle{ID: 1, AuthorID: concKey(1)}, &concRemark{ID: 1, ArticleID: 1},
			} {
				errs = append(errs, tx.Create(row).Error)
			}
			return errors.Join(errs...)
		}))
	}
	deletion := func(db *gorm.DB, value any) (id softdelete.DeletionID) {
		report, err := softdelete.Delete(db, value)
		require.NoError(t, err)
		return report.DeletionID
	}
	var id softdelete.DeletionID
	for _, call := range []struct {
		name   string
		before func(db *gorm.DB)
		call   func(db *gorm.DB) error
	}{
		{"a deletion by key of a model whose relations are kept", nil, concDelete(&concShelf{ID: 1})},
		{"a deletion by condition of one", nil, concDelete(&concShelf{}, "name = ?", "wanted")},
		{"a deletion by condition of a model without relations to take", nil, concDelete(&concRemark{}, "id < 3")},
		{"a deletion by key of a cascading model", nil, concDelete(&concHouse{ID: 1})},
		{"a deletion by condition of one", nil, concDelete(&concAuthor{}, "id < 3")},
		{"a deletion that is reported", nil, func(db *gorm.DB) error {
			_, err := softdelete.Delete(db.Where("name = ?", "wanted"), &concShelf{})
			return err
		}},
		{"a deletion in a hook", nil, concDelete(&concLid{ID: 1})},
		{"a deletion of nothing", nil, concDelete(&concShelf{}, "name = ?", "none")},
		{"a hard delete", nil, func(db *gorm.DB) error { return db.Unscoped().Where("id < 3").Delete(&concArticle{}).Error }},
		{"a restore", func(db *gorm.DB) { deletion(db, &concHouse{ID: 1}) }, concRestore(&concHouse{ID: 1})},
		{"a restore of nothing", nil, concRestore(&concHouse{ID: 1})},
		{"a restore by condition", func(db *gorm.DB) { deletion(db, &concShelf{ID: 1}) }, func(db *gorm.DB) error {
			return concRestore(&concShelf{})(db.Where("name = ?", "wanted"))
		}},
		{"the restore of a deletion", func(db *gorm.DB) { id = deletion(db, &concHouse{ID: 1}) }, func(db *gorm.DB) error {
			_, err := softdelete.RestoreDeletion(db, id)
			return err
		}},
		{"a guarded create", nil, concCreate(&concBook{ID: 3, ShelfID: 1, Title: "c"})},
		{"a guarded update", nil, func(db *gorm.DB) error { return db.Model(&concBook{ID: 1}).Update("shelf_id", 2).Error }},
		{"a guarded update by condition", nil, func(db *gorm.DB) error {
			return db.Model(&concBook{}).Where("title = ?", "a").Updates(map[string]any{"shelf_id": gorm.Expr("shelf_id + 1")}).Error
		}},
		{"a save", nil, func(db *gorm.DB) error { return db.Save(&concBook{ID: 1, ShelfID: 2, Title: "d"}).Error }},
		{"a save of a new row", nil, func(db *gorm.DB) error { return db.Save(&concBook{ID: 7, ShelfID: 2, Title: "d"}).Error }},
		{"a transaction of several", func(db *gorm.DB) { deletion(db, &concShelf{ID: 2}) }, func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error {
				for _, call := range []func(*gorm.DB) error{
					concRestore(&concShelf{ID: 2}), concCreate(&concBook{ID: 3, ShelfID: 2, Title: "c"}), concDelete(&concShelf{}, "name = ?", "wanted"),
				} {
					if err := call(tx); err != nil {
						return err
					}
				}
				return nil
			})
		}},
	} {
		for name, db := range map[string]*gorm.DB{"": plain, ", with a ledger and a bound": ledger} {
			t.Run(call.name+name, func(t *testing.T) {
				for n, more := 1, true; more; n++ {
					plant(t)
					if call.before != nil {
						call.before(db)
					}
					more = false
					var at string
					testdb.Inject(db).OnStatement(func(number int, sql string) error {
						if number == n {
							more, at = true, sql
							_, _ = other.Exec("INSERT INTO conc_counters VALUES (1)")
						}
						return nil
					})
					err := call.call(db)
					testdb.Inject(db).Reset()
					testdb.NothingLeft(t, db)
					require.NoError(t, err, "another connection wrote before statement %d: %s", n, at)
				}
			})
		}
	}
}
