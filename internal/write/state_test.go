package write_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	stateShop struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	stateOrder struct {
		ID     uint
		ShopID uint
		Shop   *stateShop `gorm:"constraint:-" softdelete:"guard"`
		State  string     `gorm:"type:varchar(30) COLLATE NOCASE" softdelete:"status;deleted:gone;active:open"`
	}
)

// To the column, gone and GONE are the same state.
func TestAStateInOtherLettersIsThatOfADeletedRow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		db := fixture.Models(t, database, []any{&stateShop{}, &stateOrder{}})
		require.NoError(t, db.Create(&[]stateShop{{ID: 1}, {ID: 2}}).Error)
		require.NoError(t, db.Delete(&stateShop{ID: 1}).Error)

		require.ErrorIs(t, db.Create(&stateOrder{ID: 1, ShopID: 1, State: "open"}).Error, softdelete.ErrParentDeleted)
		require.NoError(t, db.Create(&[]stateOrder{{ID: 1, ShopID: 1, State: "GONE"}, {ID: 2, ShopID: 2, State: "open"}, {ID: 3, ShopID: 1, State: "gone"}}).Error)
		require.NoError(t, db.Model(&stateOrder{}).Create(map[string]any{"id": 4, "shop_id": 1, "state": "Gone"}).Error)
		require.ErrorIs(t, db.Create(&[]stateOrder{{ID: 5, ShopID: 1, State: "GONE"}, {ID: 6, ShopID: 1, State: "new"}}).Error, softdelete.ErrParentDeleted)
		var live []stateOrder
		require.NoError(t, db.Find(&live).Error)
		require.Equal(t, []stateOrder{{ID: 2, ShopID: 2, State: "open"}}, live)

		every := db.Unscoped().Session(&gorm.Session{})
		update := map[string]any{"shop_id": 1, "state": "gONE"}
		require.NoError(t, every.Model(&stateOrder{ID: 3}).Updates(update).Error, "which leaves it deleted")
		update["state"] = "open"
		require.ErrorIs(t, every.Model(&stateOrder{ID: 3}).Updates(update).Error, softdelete.ErrParentDeleted)
		require.Equal(t, 1, fixture.Rows(t, db, "state_orders", "id = 3 AND state = 'gONE'"))
	})
}
