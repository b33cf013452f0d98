package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// archiveParcel refers to a bill, for joins.
type archiveParcel struct {
	ID     uint
	BillID uint
	Bill   *archiveBill `gorm:"constraint:-"`
}

func TestArchiveViews(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{})
		require.NoError(t, db.AutoMigrate(&archiveParcel{}))
		require.NoError(t, db.Create([]archiveParcel{{ID: 1, BillID: 1}, {ID: 2, BillID: 2}}).Error)
		require.NoError(t, db.Delete(&archiveBill{ID: 1}).Error)
		for _, view := range []struct {
			name string
			open func() *gorm.DB
			ids  []uint
		}{
			{"live", func() *gorm.DB { return db }, []uint{2}},
			{"with deleted", func() *gorm.DB { return db.Clauses(softdelete.WithDeleted) }, []uint{1, 2}},
			{"unscoped", func() *gorm.DB { return db.Unscoped() }, []uint{1, 2}},
			{"only deleted", func() *gorm.DB { return db.Clauses(softdelete.OnlyDeleted) }, []uint{1}},
		} {
			t.Run(view.name, func(t *testing.T) {
				first := view.ids[0]
				var bill archiveBill
				require.NoError(t, view.open().Order("archive_bills.id").First(&bill).Error)
				require.Equal(t, first, bill.ID)
				require.Equal(t, int(first)*10, bill.Amount)
				var bills []archiveBill
				require.NoError(t, view.open().Where("archive_bills.amount > ? OR 1 = 0", 0).Order("id").Find(&bills).Error)
				require.Len(t, bills, len(view.ids))
				var n int64
				require.NoError(t, view.open().Model(&archiveBill{}).Count(&n).Error)
				require.EqualValues(t, len(view.ids), n)
				var ids []uint
				require.NoError(t, view.open().Model(&archiveBill{}).Order("id").Pluck("id", &ids).Error)
				require.Equal(t, view.ids, ids)
				require.NoError(t, view.open().Model(&archiveBill{}).Select("min(id)").Row().Scan(&bill.ID))
				require.Equal(t, first, bill.ID)
				rows, err := view.open().Model(&archiveBill{}).Rows()
				require.NoError(t, err)
				count := 0
				for rows.Next() {
					require.NoError(t, db.ScanRows(rows, &archiveBill{}))
					count++
				}
				require.NoError(t, rows.Close())
				require.Equal(t, len(view.ids), count)
				seen := 0
				var batch []archiveBill
				require.NoError(t, view.open().FindInBatches(&batch, 1, func(*gorm.DB, int) error { seen++; return nil }).Error)
				require.Equal(t, len(view.ids), seen)
				var parcels []archiveParcel
				require.NoError(t, db.Where("bill_id IN (?)", view.open().Model(&archiveBill{}).Select("id")).Find(&parcels).Error)
				require.Len(t, parcels, len(view.ids))
			})
		}
		t.Run("joined and preloaded", func(t *testing.T) {
			shown := func(tx *gorm.DB) (ids []uint) {
				var parcels []archiveParcel
				require.NoError(t, tx.Order("archive_parcels.id").Find(&parcels).Error)
				for _, p := range parcels {
					if p.Bill != nil && p.Bill.ID != 0 {
						require.Equal(t, int(p.Bill.ID)*10, p.Bill.Amount)
						ids = append(ids, p.Bill.ID)
					}
				}
				return ids
			}
			for _, load := range []func(*gorm.DB) *gorm.DB{
				func(tx *gorm.DB) *gorm.DB { return tx.Joins("Bill") },
				func(tx *gorm.DB) *gorm.DB { return tx.Preload("Bill") },
			} {
				require.Equal(t, []uint{2}, shown(load(db)))
				require.Equal(t, []uint{1, 2}, shown(load(db.Clauses(softdelete.WithDeleted))))
				require.Equal(t, []uint{1, 2}, shown(load(db.Clauses(softdelete.WithDeletedIn("Bill")))))
				require.Equal(t, []uint{1, 2}, shown(load(db.Unscoped())))
			}
			require.Equal(t, []uint{1, 2}, shown(db.Joins("Bill", db.Unscoped())))
			require.Equal(t, []uint{1}, shown(db.Unscoped().InnerJoins("Bill").Where(db.Statement.Quote("Bill")+".amount = ?", 10)))
		})
		t.Run("associations", func(t *testing.T) {
			owner := archiveOwner{ID: 1}
			require.EqualValues(t, 1, db.Model(&owner).Association("Bills").Count())
			require.EqualValues(t, 2, db.Unscoped().Model(&owner).Association("Bills").Count())
			var bills []archiveBill
			require.NoError(t, db.Clauses(softdelete.WithDeleted).Model(&owner).Association("Bills").Find(&bills))
			require.Len(t, bills, 2)
		})
		t.Run("generics", func(t *testing.T) {
			bills, err := gorm.G[archiveBill](db, softdelete.WithDeleted).Find(t.Context())
			require.NoError(t, err)
			require.Len(t, bills, 2)
			bills, err = gorm.G[archiveBill](db, softdelete.OnlyDeleted).Find(t.Context())
			require.NoError(t, err)
			require.Len(t, bills, 1)
		})
		t.Run("an alias of the caller's", func(t *testing.T) {
			var n int64
			require.NoError(t, db.Table("archive_bills AS b").Model(&archiveBill{}).Clauses(softdelete.WithDeleted).Where("b.id > 0").Count(&n).Error)
			require.EqualValues(t, 2, n)
		})
	})
}

func TestArchiveLiveReadsCostNothing(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{})
		sql := db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Find(&[]archiveBill{}) })
		require.NotContains(t, sql, "archive_bills_archive")
		require.NotContains(t, sql, "WHERE")
	})
}
