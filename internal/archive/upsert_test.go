package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type archiveStock struct {
	_         struct{} `softdelete:"archive"`
	Warehouse string   `gorm:"primaryKey"`
	Item      int64    `gorm:"primaryKey;autoIncrement:false"`
	Code      string   `gorm:"uniqueIndex"`
	Amount    int
}

func archiveNewStock(warehouse string, item int64, code string, amount int) *archiveStock {
	return &archiveStock{Warehouse: warehouse, Item: item, Code: code, Amount: amount}
}

func archiveStocks(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Use(t, database, softdelete.Config{Models: []any{&archiveStock{}}})
	fixture.Exec(t, db, "DROP TABLE IF EXISTS archive_stocks", "DROP TABLE IF EXISTS archive_stocks_archive")
	require.NoError(t, db.AutoMigrate(&archiveStock{}))
	require.NoError(t, db.Create([]archiveStock{*archiveNewStock("a", 1, "a1", 1), *archiveNewStock("a", 2, "a2", 2), *archiveNewStock("b", 1, "b1", 3)}).Error)
	require.NoError(t, db.Where("item = 1").Delete(&archiveStock{}).Error)
	return db
}

func TestArchiveUpsertsOfArchivedKeys(t *testing.T) {
	nothing := clause.OnConflict{DoNothing: true}
	list := func() []archiveStock {
		return []archiveStock{*archiveNewStock("a", 1, "x", 9), *archiveNewStock("a", 2, "y", 9), *archiveNewStock("c", 1, "z", 9)}
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for name, create := range map[string]func(db *gorm.DB) *gorm.DB{
			"models":              func(db *gorm.DB) *gorm.DB { return db.Clauses(nothing).Create(list()) },
			"a pointer to a list": func(db *gorm.DB) *gorm.DB { l := list(); return db.Clauses(nothing).Create(&l) },
			"in batches":          func(db *gorm.DB) *gorm.DB { return db.Clauses(nothing).CreateInBatches(list(), 2) },
			"named key": func(db *gorm.DB) *gorm.DB {
				return db.Clauses(clause.OnConflict{DoNothing: true, Columns: []clause.Column{{Name: "warehouse"}, {Name: "item"}}}).Create(list())
			},
			"maps of columns": func(db *gorm.DB) *gorm.DB {
				return db.Model(&archiveStock{}).Clauses(nothing).Create([]map[string]any{
					{"warehouse": "a", "item": 1, "code": "x", "amount": 9},
					{"Warehouse": "a", "Item": 2, "Code": "y", "Amount": 9},
					{"warehouse": "c", "item": 1, "code": "z", "amount": 9},
				})
			},
		} {
			t.Run("DoNothing leaves out the archived and the live ones: "+name, func(t *testing.T) {
				db := archiveStocks(t, database)
				result := create(db)
				require.NoError(t, result.Error)
				require.EqualValues(t, 1, result.RowsAffected)
				var stocks []archiveStock
				require.NoError(t, db.Order("warehouse").Find(&stocks).Error)
				require.Equal(t, []archiveStock{*archiveNewStock("a", 2, "a2", 2), *archiveNewStock("c", 1, "z", 9)}, stocks)
				require.Equal(t, 2, fixture.Rows(t, db, "archive_stocks_archive"))
			})
		}
		for name, row := range map[string]any{
			"a model": archiveNewStock("a", 1, "x", 9), "a list": []archiveStock{*archiveNewStock("a", 1, "x", 9), *archiveNewStock("b", 1, "y", 9)},
		} {
			t.Run("DoNothing of archived keys alone does nothing: "+name, func(t *testing.T) {
				db := archiveStocks(t, database)
				result := db.Clauses(nothing).Create(row)
				require.NoError(t, result.Error)
				require.Zero(t, result.RowsAffected)
				require.Equal(t, 1, fixture.Rows(t, db, "archive_stocks"))
				require.NoError(t, db.Create(archiveNewStock("d", 1, "d1", 1)).Error, "the session goes on")
			})
		}
		t.Run("one that would write is refused, and writes nothing of the statement", func(t *testing.T) {
			db := archiveStocks(t, database)
			for _, write := range []error{
				db.Clauses(clause.OnConflict{UpdateAll: true}).Create(list()).Error,
				db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "warehouse"}, {Name: "item"}}, DoUpdates: clause.AssignmentColumns([]string{"amount"})}).Create(list()).Error,
				db.Save(list()).Error,
				db.Save(archiveNewStock("a", 1, "x", 9)).Error,
			} {
				require.ErrorIs(t, write, softdelete.ErrRowDeleted)
				require.Equal(t, 1, fixture.Rows(t, db, "archive_stocks"))
			}
		})
		t.Run("a plain Create, one through Unscoped and one by another unique index use the key again", func(t *testing.T) {
			db := archiveStocks(t, database)
			require.NoError(t, db.Create(archiveNewStock("a", 1, "x", 9)).Error)
			require.NoError(t, db.Unscoped().Clauses(clause.OnConflict{UpdateAll: true}).Create(archiveNewStock("b", 1, "y", 9)).Error)
			require.Equal(t, 3, fixture.Rows(t, db, "archive_stocks"))
			require.NoError(t, db.Where("item = 1").Delete(&archiveStock{}).Error)
			require.Equal(t, 4, fixture.Rows(t, db, "archive_stocks_archive"), "the same key twice")
			byCode := clause.OnConflict{Columns: []clause.Column{{Name: "code"}}, DoUpdates: clause.AssignmentColumns([]string{"amount"})}
			require.NoError(t, db.Clauses(byCode).Create(archiveNewStock("a", 1, "a1", 5)).Error)
			require.NoError(t, db.Clauses(byCode).Create(archiveNewStock("e", 7, "a1", 6)).Error)
			require.Equal(t, 1, fixture.Rows(t, db, "archive_stocks", "code = 'a1' AND amount = 6"))
		})
		t.Run("a live key with a history is upserted as ever", func(t *testing.T) {
			db := archiveStocks(t, database)
			require.NoError(t, db.Create(archiveNewStock("a", 1, "x", 9)).Error)
			require.NoError(t, db.Clauses(clause.OnConflict{UpdateAll: true}).Create(archiveNewStock("a", 1, "x", 10)).Error)
			require.NoError(t, db.Save(archiveNewStock("a", 1, "x", 11)).Error)
			require.Equal(t, 1, fixture.Rows(t, db, "archive_stocks", "amount = 11"))
		})
	})
}
