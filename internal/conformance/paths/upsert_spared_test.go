package paths_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// sparedItem has a value that a deleted row may have too, in an index on a column and in one on an expression.
type sparedItem struct {
	ID        uint
	Code      string `gorm:"uniqueIndex"`
	Name      string `gorm:"uniqueIndex:idx_spared_items_name,expression:lower(name)"`
	Login     string `gorm:"uniqueIndex" softdelete:"full"`
	Version   int
	DeletedAt gorm.DeletedAt
}

func TestAnUpsertThatSparesALiveRowIsNotRefusedForADeletedOneItHasNotMet(t *testing.T) {
	for name, target := range map[string][]clause.Column{"a column": {{Name: "code"}}, "an expression": {{Name: "lower(name)", Raw: true}}} {
		t.Run(name, func(t *testing.T) {
			// Elsewhere GORM leaves the condition out, and the live row would be updated as under plain GORM.
			testdb.EachOf(t, testdb.UpsertConditions, func(t *testing.T, database *testdb.Database) {
				db := fixture.Models(t, database, []any{&sparedItem{}})
				require.NoError(t, db.Create(&[]sparedItem{{Code: "a", Name: "A", Login: "a", Version: 9}, {Code: "b", Name: "B", Login: "b", Version: 1}}).Error)
				require.NoError(t, db.Where("code = 'b'").Delete(&sparedItem{}).Error)
				newer := clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "spared_items.version < excluded.version"}}}
				upsert := func(rows ...sparedItem) error {
					return db.Clauses(clause.OnConflict{Columns: target, Where: newer, DoUpdates: clause.AssignmentColumns([]string{"version"})}).Create(&rows).Error
				}
				require.NoError(t, upsert(sparedItem{Code: "a", Name: "a", Login: "a2", Version: 2}, sparedItem{Code: "b", Name: "b", Login: "b2", Version: 2}))
				var live []sparedItem
				require.NoError(t, db.Order("code").Find(&live).Error)
				require.Len(t, live, 2)
				require.Equal(t, []int{9, 2}, []int{live[0].Version, live[1].Version})
				require.Equal(t, 3, fixture.Rows(t, db, "spared_items"))

				// In an index over all rows it does meet the deleted one.
				err := db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "login"}}, Where: newer, DoUpdates: clause.AssignmentColumns([]string{"version"})}).
					Create(&[]sparedItem{{Code: "c", Name: "c", Login: "a", Version: 2}, {Code: "d", Name: "d", Login: "b", Version: 2}}).Error
				require.ErrorIs(t, err, softdelete.ErrRowDeleted)
				require.Equal(t, 3, fixture.Rows(t, db, "spared_items"))
			})
		})
	}
}
