package purge_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// A line has no retention of its own: it goes with the order that took it, and keeps the shop and its region until then.
type (
	waitRegion struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
		Shops     []waitShop     `gorm:"foreignKey:RegionID" softdelete:"keep"`
	}
	waitShop struct {
		ID        uint
		RegionID  *uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
		Lines     []waitLine     `gorm:"foreignKey:ShopID" softdelete:"keep"`
	}
	waitOrder struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
		Lines     []waitLine     `gorm:"foreignKey:OrderID" softdelete:"cascade"`
	}
	waitLine struct {
		ID         uint
		ShopID     *uint
		OrderID    *uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
)

func TestARowGoesInTheSamePurgeAsThoseOfAnotherParentThatKeptIt(t *testing.T) {
	one, two, three := uint(1), uint(2), uint(3)
	orders := map[string][]any{
		"what is kept first": {&waitRegion{}, &waitShop{}, &waitOrder{}, &waitLine{}},
		"what is kept last":  {&waitLine{}, &waitOrder{}, &waitShop{}, &waitRegion{}},
	}
	for order, models := range orders {
		t.Run(order, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				for _, batch := range []int{0, 1} {
					s := fixture.NewStage(t, database, softdelete.Config{Models: models})
					s.Add(
						&waitRegion{ID: 1}, &waitRegion{ID: 3}, &waitShop{ID: 1, RegionID: &one}, &waitShop{ID: 2}, &waitShop{ID: 3, RegionID: &three},
						&waitOrder{ID: 1}, &waitOrder{ID: 2},
						&waitLine{ID: 1, ShopID: &one, OrderID: &one}, &waitLine{ID: 2, ShopID: &two, OrderID: &two}, &waitLine{ID: 3, ShopID: &three},
					)
					s.DeleteAgo(50*fixture.Day, &waitLine{ID: 3}) // by itself: it is never due, and keeps its shop
					s.DeleteAgo(45*fixture.Day, &[]waitOrder{{ID: 1}, {ID: 2}})
					s.DeleteAgo(40*fixture.Day, &[]waitShop{{ID: 1}, {ID: 2}, {ID: 3}})
					s.DeleteAgo(35*fixture.Day, &[]waitRegion{{ID: 1}, {ID: 3}})
					rehearsals := map[string]softdelete.PurgeReport{
						"":              s.Purge(softdelete.PurgeOptions{DryRun: true, Batch: batch}),
						" with MaxRows": s.Purge(softdelete.PurgeOptions{DryRun: true, Batch: batch, MaxRows: 100}),
					}
					report := s.Purge(softdelete.PurgeOptions{Batch: batch})
					for table, want := range map[string]int64{"wait_regions": 1, "wait_shops": 2, "wait_orders": 2, "wait_lines": 2} {
						is := fixture.ReportOf(t, report, table)
						require.Equal(t, want, is.Done, table)
						for how, foreseen := range rehearsals {
							require.Equal(t, is, fixture.ReportOf(t, foreseen, table), "%s foreseen%s", table, how)
						}
					}
					require.EqualValues(t, 1, fixture.ReportOf(t, report, "wait_shops").Referenced)
					require.Equal(t, map[string]int64{"wait_lines": 1}, fixture.ReportOf(t, report, "wait_shops").ReferencedBy)
					require.Equal(t, []uint{3}, s.IDs(&waitShop{}))
					require.Equal(t, []uint{3}, s.IDs(&waitRegion{}))
					require.NoError(t, s.Migrator().DropTable(models...))
				}
			})
		})
	}
}
