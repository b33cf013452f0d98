package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// An update through Unscoped reaches deleted rows, and may say that they are live.

type (
	revivedHouse struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	revivedRoom struct {
		ID        uint
		HouseID   *uint
		House     *revivedHouse `softdelete:"guard"`
		Text      string
		DeletedAt gorm.DeletedAt
	}
	revivedKey struct {
		ID      uint
		HouseID *uint
		House   *revivedHouse `softdelete:"guard"`
		Gone    bool          `softdelete:"flag"`
		Mark    softdelete.DeletionID
	}
	revivedBill struct {
		ID      uint
		HouseID *uint
		House   *revivedHouse `softdelete:"guard"`
		Status  string        `softdelete:"status;deleted:void;active:open"`
		Mark    softdelete.DeletionID
	}
	revivedNode struct {
		ID        uint
		UpID      *uint
		Up        *revivedNode `softdelete:"guard"`
		DeletedAt gorm.DeletedAt
	}
)

func TestRowsAreNotMadeLiveUnderADeletedParentThroughUnscoped(t *testing.T) {
	house := func(id uint) *uint { return &id }
	updates := map[string]func(db *gorm.DB) error{
		"Update of a value": func(db *gorm.DB) error { return db.Model(&revivedRoom{ID: 1}).Update("deleted_at", nil).Error },
		"Update by a condition": func(db *gorm.DB) error {
			return db.Model(&revivedRoom{}).Where("id = 1").Update("DeletedAt", gorm.DeletedAt{}).Error
		},
		"UpdateColumn": func(db *gorm.DB) error { return db.Model(&revivedRoom{ID: 1}).UpdateColumn("deleted_at", nil).Error },
		"an expression": func(db *gorm.DB) error {
			return db.Model(&revivedRoom{ID: 1}).Update("deleted_at", gorm.Expr("NULL")).Error
		},
		"Updates of a map": func(db *gorm.DB) error {
			return db.Model(&revivedRoom{ID: 1}).Updates(map[string]any{"deleted_at": nil, "text": "new"}).Error
		},
		"Updates of selected fields": func(db *gorm.DB) error {
			return db.Model(&revivedRoom{ID: 1}).Select("Text", "DeletedAt").Updates(revivedRoom{Text: "new"}).Error
		},
		"Save": func(db *gorm.DB) error { return db.Save(&revivedRoom{ID: 1, HouseID: house(1), Text: "new"}).Error },
		"OnlyDeleted": func(db *gorm.DB) error {
			return db.Clauses(softdelete.OnlyDeleted).Model(&revivedRoom{ID: 1}).Update("deleted_at", nil).Error
		},
		"to it, from another": func(db *gorm.DB) error {
			return db.Model(&revivedRoom{ID: 2}).Updates(map[string]any{"deleted_at": nil, "house_id": 1}).Error
		},
		"generics": func(db *gorm.DB) error {
			_, err := gorm.G[revivedRoom](db).Scopes(func(stmt *gorm.Statement) { stmt.Unscoped = true }).Where("id = 1").Set(clause.Assignment{Column: clause.Column{Name: "deleted_at"}, Value: nil}).Update(db.Statement.Context)
			return err
		},
		"a flag":   func(db *gorm.DB) error { return db.Model(&revivedKey{ID: 1}).Update("gone", false).Error },
		"a status": func(db *gorm.DB) error { return db.Model(&revivedBill{ID: 1}).Update("status", "paid").Error },
		"a child of its own table": func(db *gorm.DB) error {
			return db.Model(&revivedNode{ID: 2}).Update("deleted_at", nil).Error
		},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&revivedHouse{}, &revivedRoom{}, &revivedKey{}, &revivedBill{}, &revivedNode{}}
		db := fixture.Models(t, database, models, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
		require.NoError(t, db.Create(&[]revivedHouse{{ID: 1}, {ID: 2}}).Error)
		require.NoError(t, db.Create(&[]revivedRoom{{ID: 1, HouseID: house(1)}, {ID: 2, HouseID: house(2)}, {ID: 3}, {ID: 4, HouseID: house(1)}}).Error)
		require.NoError(t, db.Create(&[]revivedKey{{ID: 1, HouseID: house(1)}, {ID: 2, HouseID: house(2)}}).Error)
		require.NoError(t, db.Create(&[]revivedBill{{ID: 1, HouseID: house(1), Status: "open"}, {ID: 2, HouseID: house(2), Status: "open"}}).Error)
		require.NoError(t, db.Create(&[]revivedNode{{ID: 1}, {ID: 2, UpID: house(1)}}).Error)
		for _, model := range []any{&revivedRoom{}, &revivedKey{}, &revivedBill{}, &revivedNode{}} {
			require.NoError(t, db.Where("id > 0").Delete(model).Error)
		}
		require.NoError(t, db.Delete(&revivedHouse{ID: 1}).Error)
		unscoped := db.Unscoped().Session(&gorm.Session{})
		before := fixture.Dump(t, db, models...)
		for name, update := range updates {
			err := update(unscoped)
			require.ErrorIs(t, err, softdelete.ErrParentDeleted, name)
			var parent *softdelete.ParentDeletedError
			require.ErrorAs(t, err, &parent, name)
			require.Equal(t, "1", parent.Key, name)
			require.Equal(t, before, fixture.Dump(t, db, models...), name)
		}

		// What stays deleted, goes elsewhere, or comes back with its parent is written as ever.
		for name, update := range map[string]func(db *gorm.DB) error{
			"a deleted row": func(db *gorm.DB) error { return db.Model(&revivedRoom{ID: 1}).Update("text", "x").Error },
			"marked again":  func(db *gorm.DB) error { return db.Model(&revivedRoom{ID: 4}).Update("deleted_at", fixture.Now).Error },
			"under a live one": func(db *gorm.DB) error {
				return db.Model(&revivedRoom{ID: 2}).Update("deleted_at", nil).Error
			},
			"under none": func(db *gorm.DB) error { return db.Model(&revivedRoom{ID: 3}).Update("deleted_at", nil).Error },
			"a flag":     func(db *gorm.DB) error { return db.Model(&revivedKey{ID: 2}).Update("gone", false).Error },
			"a status":   func(db *gorm.DB) error { return db.Model(&revivedBill{ID: 2}).Update("status", "paid").Error },
			"child and parent": func(db *gorm.DB) error {
				return db.Model(&revivedNode{}).Where("id > 0").Update("deleted_at", nil).Error
			},
			"to a live one": func(db *gorm.DB) error {
				return db.Model(&revivedRoom{ID: 1}).Updates(map[string]any{"deleted_at": nil, "house_id": 2}).Error
			},
		} {
			require.NoError(t, update(unscoped), name)
		}
		for model, live := range map[any]int64{&revivedRoom{}: 3, &revivedKey{}: 1, &revivedBill{}: 1, &revivedNode{}: 2} {
			var n int64
			require.NoError(t, db.Model(model).Count(&n).Error)
			require.Equal(t, live, n, "%T", model)
		}
	})
}
