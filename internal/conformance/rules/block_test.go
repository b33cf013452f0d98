package rules_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type ruleShop struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Orders    []ruleOrder  `gorm:"foreignKey:ShopID" softdelete:"block"`
	Till      *ruleTill    `gorm:"foreignKey:ShopID" softdelete:"block"`
	Wares     []ruleWare   `gorm:"many2many:rule_shop_wares" softdelete:"block"`
	Shelves   []ruleShelf  `gorm:"foreignKey:ShopID" softdelete:"cascade"`
	Stamps    []ruleStamp  `gorm:"polymorphic:On" softdelete:"block"`
	Drawers   []ruleDrawer `gorm:"foreignKey:ShopID" softdelete:"cascade"`
	Plain     []rulePlain  `gorm:"foreignKey:ShopID"`
}

type ruleOrder struct {
	ShopID    uint   `gorm:"primaryKey;autoIncrement:false"`
	No        string `gorm:"primaryKey"`
	Shop      *ruleShop
	DeletedAt gorm.DeletedAt
}

type ruleTill struct {
	ID        uint
	ShopID    uint
	Shop      *ruleShop `softdelete:"lazy"`
	CityID    *uint
	City      *ruleTown `gorm:"foreignKey:CityID" softdelete:"lazy"`
	DeletedAt gorm.DeletedAt
}

type ruleTown struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

type ruleWare struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

type ruleShopWare struct {
	RuleShopID uint `gorm:"primaryKey"`
	RuleWareID uint `gorm:"primaryKey"`
	DeletedAt  gorm.DeletedAt
}

type ruleStamp struct {
	ID        uint
	OnID      uint
	OnType    string
	DeletedAt gorm.DeletedAt
}

// ruleShelf, ruleBox and ruleSeal stand under each other. A box may be blocked by boxes that stand on it.
type ruleShelf struct {
	ID        uint
	ShopID    uint
	DeletedAt gorm.DeletedAt
	Boxes     []ruleBox `gorm:"foreignKey:ShelfID" softdelete:"cascade"`
}

type ruleBox struct {
	ID        uint
	ShelfID   uint
	OnID      *uint
	DeletedAt gorm.DeletedAt
	Above     []ruleBox  `gorm:"foreignKey:OnID" softdelete:"block"`
	Seals     []ruleSeal `gorm:"foreignKey:BoxID" softdelete:"cascade"`
	Slips     []ruleSlip `gorm:"foreignKey:BoxID" softdelete:"block"`
}

type ruleSeal struct {
	_     struct{} `softdelete:"never"`
	ID    uint
	BoxID uint
}

type ruleSlip struct {
	ID        uint
	BoxID     uint
	DeletedAt gorm.DeletedAt
}

type ruleDrawer struct {
	ID        uint
	ShopID    uint
	DeletedAt gorm.DeletedAt
	Slips     []rulePlain `gorm:"foreignKey:DrawerID"`
}

// rulePlain has no policy; foreign keys bind its rows.
type rulePlain struct {
	ID               uint
	ShopID, DrawerID *uint
}

type ruleUnique struct {
	ID        uint
	ShelfNo   *uint
	A         string `gorm:"uniqueIndex:rule_ab"`
	B         string `gorm:"uniqueIndex:rule_ab"`
	Email     string `gorm:"uniqueIndex:rule_email"`
	Code      string `gorm:"unique"`
	DeletedAt gorm.DeletedAt
	Below     []ruleUnique `gorm:"foreignKey:ShelfNo" softdelete:"cascade"`
}

type ruleUniquePair struct {
	X         string `gorm:"primaryKey"`
	Y         int    `gorm:"primaryKey;autoIncrement:false"`
	Name      string `gorm:"uniqueIndex"`
	DeletedAt gorm.DeletedAt
}

var ruleShopModels = []any{
	&ruleTown{}, &ruleWare{}, &ruleShop{}, &ruleOrder{}, &ruleTill{}, &ruleShopWare{}, &ruleShelf{}, &ruleBox{}, &ruleSeal{}, &ruleSlip{},
	&ruleStamp{}, &ruleDrawer{}, &rulePlain{},
}

func ruleShopFixture(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.SetupJoinTable(&ruleShop{}, "Wares", &ruleShopWare{}))
	fixture.Register(t, db, ruleShopModels...)
	return db
}

func TestRuleBlock(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := ruleShopFixture(t, database)
		id := uint(0)
		// shop makes a new shop and the rows under it; the callback gets its key.
		shop := func(t *testing.T, rows func(shop uint) []any) *ruleShop {
			t.Helper()
			id += 100
			require.NoError(t, db.Create(&ruleShop{ID: id}).Error)
			for _, row := range rows(id) {
				require.NoError(t, db.Create(row).Error)
			}
			return &ruleShop{ID: id}
		}
		// refused tells that nothing is deleted, softly or for good, and that Preview foresees the blockers.
		refused := func(t *testing.T, s *ruleShop, want ...softdelete.Blocker) {
			t.Helper()
			before := ruleDump(t, db, ruleShopModels...)
			for _, session := range []func() *gorm.DB{func() *gorm.DB { return db }, func() *gorm.DB { return db.Unscoped() }} {
				preview, err := softdelete.Preview(session(), s)
				require.NoError(t, err)
				require.ElementsMatch(t, want, preview.Blockers)
				var blocked *softdelete.BlockedError
				err = session().Delete(s).Error
				require.ErrorIs(t, err, softdelete.ErrBlocked)
				require.ErrorAs(t, err, &blocked)
				require.ElementsMatch(t, want, blocked.Blockers)
				require.Equal(t, before, ruleDump(t, db, ruleShopModels...))
				require.False(t, s.DeletedAt.Valid)
			}
		}

		t.Run("has-many, composite keys joined by a comma, at most ten", func(t *testing.T) {
			var keys []string
			s := shop(t, func(shop uint) (rows []any) {
				for i := range 12 {
					rows = append(rows, &ruleOrder{ShopID: shop, No: fmt.Sprintf("n%02d", i)})
					if i < 10 {
						keys = append(keys, fmt.Sprintf("%d,n%02d", shop, i))
					}
				}
				return rows
			})
			refused(t, s, softdelete.Blocker{Table: "rule_orders", Relation: "Orders", Rows: 12, Keys: keys})
			require.NoError(t, db.Where("shop_id = ?", s.ID).Delete(&ruleOrder{}).Error)
			require.NoError(t, db.Delete(s).Error, "only live rows block")
		})

		t.Run("has-one, polymorphic and many2many, all listed at once", func(t *testing.T) {
			s := shop(t, func(shop uint) []any {
				return []any{
					&ruleTill{ID: shop, ShopID: shop}, &ruleStamp{ID: shop, OnID: shop, OnType: "rule_shops"},
					&ruleStamp{ID: shop + 1, OnID: shop, OnType: "elsewhere"}, &ruleWare{ID: shop}, &ruleShopWare{RuleShopID: shop, RuleWareID: shop},
				}
			})
			key := fmt.Sprint(s.ID)
			refused(t, s,
				softdelete.Blocker{Table: "rule_tills", Relation: "Till", Rows: 1, Keys: []string{key}},
				softdelete.Blocker{Table: "rule_stamps", Relation: "Stamps", Rows: 1, Keys: []string{key}},
				softdelete.Blocker{Table: "rule_shop_wares", Relation: "Wares", Rows: 1, Keys: []string{key + "," + key}},
			)
		})

		t.Run("a lazily hidden row blocks", func(t *testing.T) {
			town := ruleTown{}
			require.NoError(t, db.Create(&town).Error)
			s := shop(t, func(shop uint) []any { return []any{&ruleTill{ID: shop, ShopID: shop, CityID: &town.ID}} })
			require.NoError(t, db.Delete(&town).Error)
			require.ErrorIs(t, db.First(&ruleTill{}, s.ID).Error, gorm.ErrRecordNotFound)
			refused(t, s, softdelete.Blocker{Table: "rule_tills", Relation: "Till", Rows: 1, Keys: []string{fmt.Sprint(s.ID)}})
		})

		t.Run("a descendant's own block wins over the cascade", func(t *testing.T) {
			s := shop(t, func(shop uint) []any {
				return []any{&ruleShelf{ID: shop, ShopID: shop}, &ruleBox{ID: shop, ShelfID: shop}, &ruleSlip{ID: shop, BoxID: shop}}
			})
			refused(t, s, softdelete.Blocker{Table: "rule_slips", Relation: "Slips", Rows: 1, Keys: []string{fmt.Sprint(s.ID)}})
		})

		t.Run("rows that the same deletion takes do not block", func(t *testing.T) {
			s := shop(t, func(shop uint) []any {
				return []any{&ruleShelf{ID: shop, ShopID: shop}, &ruleBox{ID: shop, ShelfID: shop}, &ruleBox{ID: shop + 1, ShelfID: shop, OnID: &shop}}
			})
			var blocked *softdelete.BlockedError
			require.ErrorAs(t, db.Delete(&ruleBox{ID: s.ID}).Error, &blocked, "alone it is blocked")
			require.Equal(t, []softdelete.Blocker{{Table: "rule_boxes", Relation: "Above", Rows: 1, Keys: []string{fmt.Sprint(s.ID + 1)}}}, blocked.Blockers)
			boxes := []ruleBox{{ID: s.ID}, {ID: s.ID + 1}}
			require.NoError(t, db.Delete(&boxes).Error)
			_, err := softdelete.Restore(db, &boxes)
			require.NoError(t, err)
			require.NoError(t, db.Delete(s).Error)
		})

		t.Run("a never model three levels down refuses, and nothing is written", func(t *testing.T) {
			s := shop(t, func(shop uint) []any {
				return []any{&ruleShelf{ID: shop, ShopID: shop}, &ruleBox{ID: shop, ShelfID: shop}, &ruleSeal{ID: shop, BoxID: shop}}
			})
			before := ruleDump(t, db, ruleShopModels...)
			for _, session := range []func() *gorm.DB{func() *gorm.DB { return db }, func() *gorm.DB { return db.Unscoped() }} {
				preview, err := softdelete.Preview(session(), s)
				require.NoError(t, err)
				require.Equal(t, []softdelete.Blocker{{Table: "rule_seals", Relation: "Seals", Rows: 1, Keys: []string{fmt.Sprint(s.ID)}}}, preview.Blockers)
				require.ErrorIs(t, session().Delete(s).Error, softdelete.ErrNeverDelete)
				require.ErrorIs(t, session().Delete(&ruleSeal{ID: s.ID}).Error, softdelete.ErrNeverDelete)
				require.ErrorIs(t, session().Where("shop_id = ?", s.ID).Delete(&ruleShelf{}).Error, softdelete.ErrNeverDelete)
				require.Equal(t, before, ruleDump(t, db, ruleShopModels...))
			}
		})

		t.Run("a row that only a deleted parent connects does not block its grandparent", func(t *testing.T) {
			s := shop(t, func(shop uint) []any { return []any{&ruleShelf{ID: shop, ShopID: shop}} })
			require.NoError(t, db.Delete(&ruleShelf{ID: s.ID}).Error)
			require.NoError(t, db.Create(&ruleBox{ID: s.ID, ShelfID: s.ID}).Error)
			require.NoError(t, db.Create(&ruleSlip{ID: s.ID, BoxID: s.ID}).Error)
			require.NoError(t, db.Delete(s).Error)
			require.NoError(t, db.First(&ruleBox{}, s.ID).Error)
		})

		t.Run("where a foreign key forbids removal, at the root or below, nothing changes", func(t *testing.T) {
			for _, under := range []func(shop uint) []any{
				func(shop uint) []any { return []any{&rulePlain{ID: shop, ShopID: &shop}} },
				func(shop uint) []any {
					return []any{&ruleDrawer{ID: shop, ShopID: shop}, &ruleDrawer{ID: shop + 1, ShopID: shop}, &rulePlain{ID: shop, DrawerID: &shop}}
				},
			} {
				s := shop(t, under)
				before := ruleDump(t, db, ruleShopModels...)
				require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
					var blocked *softdelete.BlockedError
					err := tx.Unscoped().Delete(s).Error
					require.ErrorIs(t, err, softdelete.ErrBlocked)
					require.ErrorAs(t, err, &blocked)
					require.Error(t, blocked.Cause)
					return nil // and the caller commits
				}))
				require.Equal(t, before, ruleDump(t, db, ruleShopModels...))
				require.NoError(t, db.Delete(s).Error, "a mark needs no foreign key's leave")
			}
		})

		t.Run("a condition that matches one blocked row of several refuses them all", func(t *testing.T) {
			free := shop(t, func(uint) []any { return nil })
			s := shop(t, func(shop uint) []any { return []any{&ruleTill{ID: shop, ShopID: shop}} })
			require.ErrorIs(t, db.Where("id IN ?", []uint{free.ID, s.ID}).Delete(&ruleShop{}).Error, softdelete.ErrBlocked)
			require.NoError(t, db.First(&ruleShop{}, free.ID).Error)
		})
	})
}

func TestRuleRestoreConflict(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&ruleUnique{}})
		one := uint(1)
		require.NoError(t, db.Create(&[]ruleUnique{
			{ID: 1, A: "r", B: "r", Email: "r", Code: "r"}, {ID: 2, ShelfNo: &one, A: "a", B: "b", Email: "e", Code: "c"},
		}).Error)
		require.NoError(t, db.Delete(&ruleUnique{ID: 1}).Error)
		for _, c := range []struct {
			name    string
			taker   ruleUnique
			columns []string
		}{
			{"one column", ruleUnique{ID: 7, A: "x", B: "x", Email: "e", Code: "x"}, []string{"email"}},
			{"two columns", ruleUnique{ID: 8, A: "a", B: "b", Email: "x", Code: "x"}, []string{"a", "b"}},
			{"gorm:unique", ruleUnique{ID: 9, A: "x", B: "x", Email: "x", Code: "c"}, []string{"code"}},
		} {
			t.Run(c.name, func(t *testing.T) {
				require.NoError(t, db.Create(&c.taker).Error)
				before := ruleDump(t, db, &ruleUnique{})
				for _, restore := range []func(*gorm.DB, any) (softdelete.Report, error){softdelete.PreviewRestore, softdelete.Restore} {
					_, err := restore(db, &ruleUnique{ID: 1})
					var conflict *softdelete.ConflictError
					require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
					require.ErrorAs(t, err, &conflict)
					require.NoError(t, conflict.Cause, "it is found before any write")
					require.Equal(t, c.columns, conflict.Columns)
					require.Equal(t, []string{fmt.Sprint(c.taker.ID)}, conflict.LiveKeys)
					require.True(t, db.Migrator().HasIndex(&ruleUnique{}, conflict.Index), conflict.Index)
					require.Equal(t, before, ruleDump(t, db, &ruleUnique{}))
				}
				require.NoError(t, db.Unscoped().Delete(&c.taker).Error)
			})
		}
		_, err := softdelete.Restore(db, &ruleUnique{ID: 1})
		require.NoError(t, err)
		require.EqualValues(t, 2, ruleLive(t, db, &ruleUnique{}))

		t.Run("a composite live key is joined by a comma", func(t *testing.T) {
			require.NoError(t, db.AutoMigrate(&ruleUniquePair{}))
			require.NoError(t, db.Create(&ruleUniquePair{X: "a", Y: 1, Name: "n"}).Error)
			require.NoError(t, db.Delete(&ruleUniquePair{X: "a", Y: 1}).Error)
			require.NoError(t, db.Create(&ruleUniquePair{X: "a", Y: 2, Name: "n"}).Error)
			_, err := softdelete.Restore(db, &ruleUniquePair{X: "a", Y: 1})
			var conflict *softdelete.ConflictError
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, []string{"a,2"}, conflict.LiveKeys)
		})
	})
}
