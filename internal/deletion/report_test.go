package deletion_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// reportShop has counters, which have drawers and, of the same model, coins of two relations.
type (
	reportShop struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Drawers    []reportDrawer `gorm:"foreignKey:ShopID" softdelete:"cascade"`
	}
	reportDrawer struct {
		Hall       string `gorm:"primaryKey"`
		Place      int    `gorm:"primaryKey;autoIncrement:false"`
		ShopID     uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Coins      []reportCoin `gorm:"foreignKey:Hall,Place;references:Hall,Place" softdelete:"cascade"`
		Notes      []reportNote `gorm:"foreignKey:Hall,Place;references:Hall,Place" softdelete:"keep"`
	}
	reportCoin struct {
		ID         uint
		Hall       string
		Place      int
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	reportNote struct {
		ID    uint
		Hall  string
		Place int
	}
)

func reportOpen(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	models := []any{&reportShop{}, &reportDrawer{}, &reportCoin{}, &reportNote{}}
	db := fixture.Models(t, database, models)
	coins := make([]reportCoin, 12)
	for i := range coins {
		coins[i] = reportCoin{ID: uint(i + 1)}
	}
	require.NoError(t, db.Create(&reportShop{ID: 1, Drawers: []reportDrawer{
		{Hall: "east", Place: 1, Coins: coins, Notes: []reportNote{{ID: 1}}}, {Hall: "west", Place: 2},
	}}).Error)
	return db
}

func TestPreviewsNameParentsAndKeys(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := reportOpen(t, database)
		keys := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}
		effects := func(action softdelete.Action) []softdelete.Effect {
			return []softdelete.Effect{
				{Table: "report_shops", Action: action, Rows: 1, Keys: []string{"1"}},
				{Table: "report_drawers", Relation: "Drawers", Parent: "report_shops", Action: action, Rows: 2, Keys: []string{"east,1", "west,2"}},
				{Table: "report_coins", Relation: "Coins", Parent: "report_drawers", Action: action, Rows: 12, Keys: keys},
			}
		}
		kept := softdelete.Effect{
			Table: "report_notes", Relation: "Notes", Parent: "report_drawers", Action: softdelete.ActionKept, Rows: 1, Keys: []string{"1"},
		}
		preview, err := softdelete.Preview(db, &reportShop{ID: 1})
		require.NoError(t, err)
		require.Equal(t, append(effects(softdelete.ActionDeleted), kept), preview.Effects)
		require.EqualValues(t, 1, preview.Rows())

		report, err := softdelete.Delete(db, &reportShop{ID: 1})
		require.NoError(t, err)
		require.EqualValues(t, 1, report.Rows())
		for _, effect := range report.Effects {
			require.Nil(t, effect.Keys, "a deletion tells numbers only")
		}
		require.Equal(t, "report_drawers", report.Effects[2].Parent)

		preview, err = softdelete.PreviewRestore(db, &reportShop{ID: 1})
		require.NoError(t, err)
		require.Equal(t, effects(softdelete.ActionRestored), preview.Effects)
		require.Equal(t, report.DeletionID, preview.DeletionID)
	})
}

func TestWhatFindsNoRowNamesNoDeletion(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := reportOpen(t, database)
		for name, call := range map[string]func(*gorm.DB, any) (softdelete.Report, error){
			"Delete": softdelete.Delete, "Preview": softdelete.Preview, "Restore": softdelete.Restore, "PreviewRestore": softdelete.PreviewRestore,
		} {
			report, err := call(db, &reportShop{ID: 7})
			require.NoError(t, err, name)
			require.Empty(t, report.DeletionID, name)
			require.Zero(t, report.Rows(), name)
			require.Equal(t, "report_shops", report.Effects[0].Table, name)
		}
		report, err := softdelete.Restore(db, &reportShop{ID: 1})
		require.NoError(t, err, "a live row")
		require.Empty(t, report.DeletionID)

		report, err = softdelete.Delete(db, &reportShop{ID: 1})
		require.NoError(t, err)
		require.NotEmpty(t, report.DeletionID)
		again, err := softdelete.Delete(db, &reportShop{ID: 1})
		require.NoError(t, err)
		require.Empty(t, again.DeletionID, "the row is deleted already")
		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.NoError(t, err)
	})
}

func TestReportsAsJSON(t *testing.T) {
	text, err := json.Marshal(softdelete.Report{
		DeletionID: "d", Effects: []softdelete.Effect{{Table: "posts", Relation: "Posts", Parent: "users", Action: softdelete.ActionUnlinked, Rows: 1}},
		Blockers: []softdelete.Blocker{{Table: "t", Relation: "R", Rows: 2, Keys: []string{"1"}}},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{"deletion_id": "d", "at": "0001-01-01T00:00:00Z",
		"effects": [{"table": "posts", "relation": "Posts", "parent": "users", "action": "unlinked", "rows": 1}],
		"blockers": [{"table": "t", "relation": "R", "rows": 2, "keys": ["1"]}]}`, string(text))
}
