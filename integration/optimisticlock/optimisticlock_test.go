// Package optimisticlock_test checks softdelete together with gorm.io/plugin/optimisticlock.
package optimisticlock_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/plugin/optimisticlock"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type Order struct {
	ID        uint
	Note      string
	Version   optimisticlock.Version
	DeletedAt gorm.DeletedAt
	Items     []Item `softdelete:"cascade"`
}

type Item struct {
	ID         uint
	OrderID    uint
	Note       string
	Version    optimisticlock.Version
	Status     string `softdelete:"status;deleted:removed;active:open"`
	Was        string `softdelete:"previous"`
	DeletionID softdelete.DeletionID
}

// each runs a test with an order of version 2 and its item of version 1.
func each(t *testing.T, run func(t *testing.T, db *gorm.DB, order *Order, item *Item)) {
	t.Helper()
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&Order{}, &Item{}}})))
		require.NoError(t, db.AutoMigrate(&Order{}, &Item{}))
		order := &Order{Items: []Item{{Status: "packed"}}}
		require.NoError(t, db.Create(order).Error)
		require.EqualValues(t, 1, db.Model(order).Update("note", "first").RowsAffected)
		require.NoError(t, db.First(order, order.ID).Error)
		run(t, db, order, &order.Items[0])
	})
}

// versions gives the versions of the order and the item in the database.
func versions(t *testing.T, db *gorm.DB) [2]int64 {
	t.Helper()
	var order, item int64
	require.NoError(t, db.Unscoped().Model(&Order{}).Pluck("version", &order).Error)
	require.NoError(t, db.Unscoped().Model(&Item{}).Pluck("version", &item).Error)
	return [2]int64{order, item}
}

func TestDeletionAndRestoreLeaveVersions(t *testing.T) {
	each(t, func(t *testing.T, db *gorm.DB, order *Order, _ *Item) {
		require.Equal(t, [2]int64{2, 1}, versions(t, db))
		require.NoError(t, db.Delete(order).Error)
		require.Equal(t, [2]int64{2, 1}, versions(t, db))
		_, err := softdelete.Restore(db, order)
		require.NoError(t, err)
		require.Equal(t, [2]int64{2, 1}, versions(t, db))
		require.EqualValues(t, 2, order.Version.Int64)
	})
}

func TestARestoredStructCanBeUpdatedAgain(t *testing.T) {
	each(t, func(t *testing.T, db *gorm.DB, order *Order, item *Item) {
		require.NoError(t, db.Delete(order).Error)
		_, err := softdelete.Restore(db, order)
		require.NoError(t, err)
		for _, value := range []any{order, item} {
			tx := db.Model(value).Updates(map[string]any{"note": "again"})
			require.NoError(t, tx.Error)
			require.EqualValues(t, 1, tx.RowsAffected, "%T", value)
		}
	})
}

func TestADeleteWithAStaleStructDeletesAllTheSame(t *testing.T) {
	each(t, func(t *testing.T, db *gorm.DB, order *Order, _ *Item) {
		require.NoError(t, db.Model(&Order{}).Where("id = ?", order.ID).Update("note", "concurrent").Error)
		tx := db.Delete(order)
		require.NoError(t, tx.Error)
		require.EqualValues(t, 1, tx.RowsAffected, "as without softdelete: a delete does not look at the version")

		_, err := softdelete.Restore(db, order)
		require.NoError(t, err)
		require.EqualValues(t, 3, order.Version.Int64, "the struct is as in the database")
		require.EqualValues(t, 1, db.Model(order).Update("note", "again").RowsAffected)
	})
}

func TestAnUpdateWithAStaleStructOfADeletedRowChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, db *gorm.DB, order *Order, item *Item) {
		require.NoError(t, db.Delete(&Order{ID: order.ID}).Error)
		for _, value := range []any{order, item} {
			tx := db.Model(value).Omit(clause.Associations).Updates(map[string]any{"note": "late"})
			require.NoError(t, tx.Error)
			require.Zero(t, tx.RowsAffected, "%T", value)
		}
		require.ErrorIs(t, db.Save(order).Error, softdelete.ErrRowDeleted)
		require.Equal(t, [2]int64{2, 1}, versions(t, db))
	})
}

func TestASaveAfterARestoreBumpsTheVersion(t *testing.T) {
	each(t, func(t *testing.T, db *gorm.DB, order *Order, _ *Item) {
		require.NoError(t, db.Delete(order).Error)
		_, err := softdelete.Restore(db, order)
		require.NoError(t, err)
		order.Note = "saved"
		require.NoError(t, db.Save(order).Error)
		require.Equal(t, [2]int64{3, 1}, versions(t, db))
		var found Order
		require.NoError(t, db.First(&found, order.ID).Error)
		require.Equal(t, "saved", found.Note)
	})
}

func TestAStaleSaveDoesWhatItDoesWithoutThePlugin(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		plain, protected := database.Open(t), database.Open(t)
		require.NoError(t, protected.Use(softdelete.New(softdelete.Config{Models: []any{&Order{}, &Item{}}})))
		require.NoError(t, protected.AutoMigrate(&Order{}, &Item{}))
		var found []Order
		for _, db := range []*gorm.DB{plain, protected} {
			order := Order{Note: "first"}
			require.NoError(t, db.Create(&order).Error)
			stale := order
			require.NoError(t, db.Model(&order).Update("note", "concurrent").Error)
			stale.Note = "stale"
			require.NoError(t, db.Save(&stale).Error)
			require.NoError(t, db.First(&order, order.ID).Error)
			order.ID = 0
			found = append(found, order)
		}
		require.Equal(t, found[0], found[1])
	})
}
