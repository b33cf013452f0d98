package purge_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// depShop has a retention, and nothing under it has one: of every kind of mark, at any depth, by links, archived, and in rings.
	depShop struct {
		ID        uint
		Region    string
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;tenant:Region"`
		Shelves   []depShelf     `gorm:"foreignKey:ShopID" softdelete:"cascade"`
		Bills     []depBill      `gorm:"foreignKey:ShopID" softdelete:"cascade"`
		Tags      []depTag       `gorm:"many2many:dep_shop_tags;joinForeignKey:ShopID;joinReferences:TagID" softdelete:"cascade"`
	}
	depShelf struct {
		ID         uint
		ShopID     *uint
		UnderID    *uint
		Gone       bool `softdelete:"flag"`
		DeletionID softdelete.DeletionID
		Boards     []depShelf `gorm:"foreignKey:UnderID" softdelete:"cascade"`
		Goods      []depGood  `gorm:"foreignKey:ShelfID" softdelete:"cascade"`
	}
	depGood struct {
		ID        uint
		ShelfID   uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:0"`
	}
	depBill struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		ShopID uint
	}
	depTag     struct{ ID uint }
	depShopTag struct {
		ShopID    uint `gorm:"primaryKey"`
		TagID     uint `gorm:"primaryKey"`
		DeletedAt gorm.DeletedAt
	}
	// depAlbum is stored cold, depGuest erased, each with what is under it.
	depAlbum struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
		Photos    []depPhoto     `gorm:"foreignKey:AlbumID" softdelete:"cascade"`
	}
	depPhoto struct {
		ID        uint
		AlbumID   uint
		DeletedAt gorm.DeletedAt
	}
	depGuest struct {
		ID        uint
		Name      string         `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:erase"`
		Stays     []depStay      `gorm:"foreignKey:GuestID" softdelete:"cascade"`
	}
	depStay struct {
		ID        uint
		GuestID   uint
		DeletedAt gorm.DeletedAt
	}
)

func (depShopTag) TableName() string { return "dep_shop_tags" }

// newDep opens a database with two shops and all under them; keys begin with the shop's.
func newDep(t *testing.T, database *testdb.Database, change func(*softdelete.Config)) *fixture.Stage {
	t.Helper()
	store, _ := fixture.ColdDir(t)
	config := softdelete.Config{
		Models:    []any{&depShop{}, &depShelf{}, &depGood{}, &depBill{}, &depTag{}, &depShopTag{}, &depAlbum{}, &depPhoto{}, &depGuest{}, &depStay{}},
		ColdStore: store,
	}
	if change != nil {
		change(&config)
	}
	now := fixture.Now
	s := &fixture.Stage{T: t, Now: &now}
	s.DB = database.Open(t, &gorm.Config{NowFunc: func() time.Time { return now }})
	require.NoError(t, s.SetupJoinTable(&depShop{}, "Tags", &depShopTag{}))
	require.NoError(t, s.Use(softdelete.New(config)))
	require.NoError(t, s.AutoMigrate(append(softdelete.Tables(), config.Models...)...))
	s.Add(&depTag{ID: 1}, &depTag{ID: 2})
	for shop := uint(1); shop <= 2; shop++ {
		s.Add(&depShop{ID: shop, Region: string(rune('a' + shop))})
		first, under := shop*10, shop*10+1
		s.Add(&depShelf{ID: first, ShopID: &shop}, &depShelf{ID: under, UnderID: &first}, &depShelf{ID: shop*10 + 2, UnderID: &under})
		s.Add(&depGood{ID: shop * 100, ShelfID: first}, &depGood{ID: shop*100 + 1, ShelfID: shop*10 + 2})
		s.Add(&depBill{ID: shop, ShopID: shop})
		s.Add(&depShopTag{ShopID: shop, TagID: 1}, &depShopTag{ShopID: shop, TagID: 2})
	}
	return s
}

// depLeft counts what is there, deleted rows too.
func depLeft(t *testing.T, s *fixture.Stage) map[string]int64 {
	t.Helper()
	left := map[string]int64{}
	for _, table := range []string{"dep_shops", "dep_shelves", "dep_goods", "dep_bills", "dep_bills_archive", "dep_shop_tags"} {
		var rows int64
		require.NoError(t, s.Table(table).Count(&rows).Error)
		left[table] = rows
	}
	return left
}

func TestRowsWithoutARetentionGoWithTheParentThatTookThem(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, batch := range []int{0, 1, 3} {
			s := newDep(t, database, nil)
			s.DeleteAgo(40*fixture.Day, &depShop{ID: 1})
			report := s.Purge(softdelete.PurgeOptions{Batch: batch})
			for table, rows := range map[string]int64{"dep_shops": 1, "dep_shelves": 3, "dep_goods": 2, "dep_bills_archive": 1, "dep_shop_tags": 2} {
				m := fixture.ReportOf(t, report, table)
				require.Equal(t, [4]int64{rows, rows, 0, 0}, [4]int64{m.Eligible, m.Done, m.Held, m.Referenced}, table)
				require.Equal(t, "purge", m.Action, table)
			}
			require.Equal(t, map[string]int64{
				"dep_shops": 1, "dep_shelves": 3, "dep_goods": 2, "dep_bills": 1, "dep_bills_archive": 0, "dep_shop_tags": 2,
			}, depLeft(t, s))
			for _, m := range []any{&depShop{}, &depShelf{}, &depGood{}, &depBill{}, &depShopTag{}, &depTag{}} {
				require.NoError(t, s.Migrator().DropTable(m))
			}
			require.NoError(t, s.Migrator().DropTable("dep_bills_archive"))
		}
	})
}

func TestRowsWithoutARetentionStay(t *testing.T) {
	for fact, prepare := range map[string]func(t *testing.T, s *fixture.Stage){
		"that were deleted before their parent": func(t *testing.T, s *fixture.Stage) { s.DeleteAgo(41*fixture.Day, &depGood{ID: 101}) },
		"that are live again": func(t *testing.T, s *fixture.Stage) {
			require.NoError(t, s.Exec("UPDATE dep_goods SET deleted_at = NULL WHERE id = 101").Error)
		},
		"that a row from outside refers to": func(t *testing.T, s *fixture.Stage) {
			require.NoError(t, s.Exec("CREATE TABLE dep_outside (good_id "+fixture.KeyType(s.DB)+", FOREIGN KEY (good_id) REFERENCES dep_goods (id))").Error)
			t.Cleanup(func() { _ = s.Exec("DROP TABLE dep_outside").Error })
			require.NoError(t, s.Exec("INSERT INTO dep_outside VALUES (101)").Error)
		},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				s := newDep(t, database, nil)
				before := fact == "that were deleted before their parent"
				if before {
					prepare(t, s)
				}
				s.DeleteAgo(40*fixture.Day, &depShop{ID: 1})
				if !before {
					prepare(t, s)
				}
				left := depLeft(t, s)
				report := s.Purge(softdelete.PurgeOptions{})
				require.EqualValues(t, 1, fixture.ReportOf(t, report, "dep_shops").Referenced)
				require.Equal(t, left["dep_shops"], depLeft(t, s)["dep_shops"])
				require.Equal(t, left["dep_goods"], depLeft(t, s)["dep_goods"])
			})
		})
	}
}

func TestAHeldRowWithoutARetentionKeepsItsParent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newDep(t, database, nil)
		s.DeleteAgo(40*fixture.Day, &depShop{ID: 1})
		left := depLeft(t, s)
		_, err := softdelete.Hold(s.DB, &depShelf{ID: 11}, softdelete.HoldOptions{Matter: "case 7"})
		require.NoError(t, err)
		report := s.Purge(softdelete.PurgeOptions{})
		require.EqualValues(t, 2, fixture.ReportOf(t, report, "dep_shelves").Held)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "dep_goods").Held)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "dep_shops").Referenced)
		require.Equal(t, left, depLeft(t, s))
	})
}

func TestRowsWithoutARetentionGoInTheWayOfTheirParent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newDep(t, database, nil)
		s.Add(&depAlbum{ID: 1}, &depPhoto{ID: 1, AlbumID: 1}, &depPhoto{ID: 2, AlbumID: 1})
		s.Add(&depGuest{ID: 1, Name: "Ann Example"}, &depStay{ID: 1, GuestID: 1})
		s.DeleteAgo(40*fixture.Day, &depAlbum{ID: 1})
		s.DeleteAgo(40*fixture.Day, &depGuest{ID: 1})
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		photos := fixture.ReportOf(t, report, "dep_photos")
		require.Equal(t, "cold", photos.Action)
		require.EqualValues(t, 2, photos.Done)
		require.Len(t, photos.ColdBatches, 1)
		stays := fixture.ReportOf(t, report, "dep_stays")
		require.Equal(t, "erase", stays.Action)
		require.EqualValues(t, 1, stays.Done)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "dep_guests").Erased)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "dep_guests").Done)
		for _, model := range []any{&depAlbum{}, &depPhoto{}, &depGuest{}, &depStay{}} {
			require.Empty(t, s.IDs(model))
		}
		_, err = softdelete.Thaw(s.DB, fixture.ReportOf(t, report, "dep_albums").ColdBatches[0])
		require.NoError(t, err)
		rows, err := softdelete.Thaw(s.DB, photos.ColdBatches[0])
		require.NoError(t, err)
		require.EqualValues(t, 2, rows)
	})
}

func TestTenantsDecideWhichRowsHaveARetention(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newDep(t, database, func(c *softdelete.Config) {
			c.TenantRetention = func(_ context.Context, _ string, tenant any) (softdelete.Retention, bool) {
				return softdelete.Retention{Keep: "90d"}, tenant == "b"
			}
		})
		s.DeleteAgo(40*fixture.Day, &[]depShop{{ID: 1}, {ID: 2}})
		report := s.Purge(softdelete.PurgeOptions{Tenant: "c", Models: []any{&depShop{}}})
		require.EqualValues(t, 3, fixture.ReportOf(t, report, "dep_shelves").Done)
		require.Equal(t, []uint{1}, s.IDs(&depShop{}))
		require.EqualValues(t, 3, depLeft(t, s)["dep_shelves"])
	})
}
