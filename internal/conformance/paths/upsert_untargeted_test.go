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

// Where an upsert names no index it meets a row by any, and what it assigns shows in what it assigns next.

// looseItem has rows that an upsert meets by its key, by a tag's index, and by one that no tag knows of.
type looseItem struct {
	ID        uint
	Code      string `gorm:"size:40;uniqueIndex" softdelete:"full"`
	Serial    string `gorm:"size:40"`
	Version   int
	Note      string
	DeletedAt gorm.DeletedAt
}

// newLooseItems has item 1 deleted and 2 live.
func newLooseItems(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Models(t, database, []any{&looseItem{}})
	fixture.Exec(t, db, "CREATE UNIQUE INDEX loose_serial ON loose_items (serial)")
	require.NoError(t, db.Create(&[]looseItem{{ID: 1, Code: "gone", Serial: "gone"}, {ID: 2, Code: "live", Serial: "live"}}).Error)
	require.NoError(t, db.Delete(&looseItem{ID: 1}).Error)
	return db
}

func TestAnUpsertThatNamesNoIndexIsRefusedByAnyIndexOfTheTable(t *testing.T) {
	note := clause.AssignmentColumns([]string{"note"})
	for name, c := range map[string]struct {
		row  looseItem
		on   []clause.Expression
		says string
	}{
		"the key":                  {looseItem{ID: 1, Code: "x", Serial: "x"}, []clause.Expression{clause.OnConflict{UpdateAll: true}}, "key 1"},
		"a tag's":                  {looseItem{Code: "gone", Serial: "x"}, []clause.Expression{clause.OnConflict{DoUpdates: note}}, "key 1"},
		"one that no tag knows of": {looseItem{Code: "x", Serial: "gone"}, []clause.Expression{clause.OnConflict{DoUpdates: note}}, "loose_items"},
		"another than it names": {
			looseItem{Code: "gone", Serial: "x"}, []clause.Expression{clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: note}}, "key 1",
		},
		"IGNORE, which makes warnings of errors": {
			looseItem{Code: "gone", Serial: "x"}, []clause.Expression{clause.Insert{Modifier: "IGNORE"}, clause.OnConflict{DoUpdates: note}}, "key 1",
		},
		"the deletion column assigned first": {looseItem{ID: 1, Code: "x", Serial: "x"}, []clause.Expression{clause.OnConflict{
			DoUpdates: clause.AssignmentColumns([]string{"deleted_at", "note"}),
		}}, "key 1"},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, testdb.AnyIndexUpserts, func(t *testing.T, database *testdb.Database) {
				db := newLooseItems(t, database)
				before := fixture.Dump(t, db, &looseItem{})
				rows := []looseItem{{Code: "new", Serial: "new", Note: "new"}, c.row, {ID: 2, Code: "live", Serial: "live", Note: "new"}}
				err := db.Clauses(c.on...).Create(&rows).Error
				require.ErrorIs(t, err, softdelete.ErrRowDeleted)
				require.ErrorContains(t, err, c.says)
				require.Equal(t, before, fixture.Dump(t, db, &looseItem{}))
				require.Zero(t, rows[0].ID, "the caller's values are as they were")

				// In a transaction of the caller's that deleted the row, and goes on.
				require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
					require.NoError(t, tx.Unscoped().Model(&looseItem{ID: 1}).Update("deleted_at", nil).Error)
					require.NoError(t, tx.Delete(&looseItem{ID: 1}).Error)
					err := tx.Clauses(c.on...).Create(&c.row).Error
					require.ErrorIs(t, err, softdelete.ErrRowDeleted)
					require.ErrorContains(t, err, c.says)
					return tx.Model(&looseItem{ID: 2}).Update("note", "later").Error
				}))
				require.Equal(t, 1, fixture.Rows(t, db, "loose_items", "note = 'later'"))
			})
		})
	}
}

func TestAnUpsertThatNamesNoIndexUpdatesLiveRowsByExpressions(t *testing.T) {
	testdb.EachOf(t, testdb.AnyIndexUpserts, func(t *testing.T, database *testdb.Database) {
		db := newLooseItems(t, database)
		on := clause.OnConflict{DoUpdates: clause.Assignments(map[string]any{"version": gorm.Expr("version + VALUES(version)"), "note": "met"})}
		for range 2 {
			require.NoError(t, db.Clauses(on).Create(&[]looseItem{{Code: "live", Serial: "a", Version: 3}, {Code: "b", Serial: "b", Version: 1}}).Error)
		}
		require.Equal(t, 1, fixture.Rows(t, db, "loose_items", "id = 2 AND version = 6 AND note = 'met'"))
		require.Equal(t, 1, fixture.Rows(t, db, "loose_items", "code = 'b' AND version = 2 AND note = 'met'"))
		require.Equal(t, 3, fixture.Rows(t, db, "loose_items"))
		// A row that would overflow by the caller's own doing is no deleted one.
		err := db.Clauses(clause.OnConflict{DoUpdates: clause.Assignments(map[string]any{"version": gorm.Expr("version + 9223372036854775807")})}).
			Create(&looseItem{Code: "live", Serial: "a"}).Error
		require.Error(t, err)
		require.NotErrorIs(t, err, softdelete.ErrRowDeleted)
	})
}
