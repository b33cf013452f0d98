package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	deepNode struct {
		ID        uint
		ParentID  *uint
		DeletedAt gorm.DeletedAt
		Children  []deepNode `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
	deepFile struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID *uint
		Files    []deepFile `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
)

// Some databases end a recursive query after a thousand levels.
func TestAChainOfAnyLengthGoesAndComesBackWhole(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		const rows = 1100
		db := fixture.Models(t, database, []any{&deepNode{}, &deepFile{}})
		for table, root := range map[string]any{"deep_nodes": &deepNode{ID: 1}, "deep_files": &deepFile{ID: 1}} {
			fixture.Exec(t, db, fixture.Series(table+" (id, parent_id)", rows, "i, CASE WHEN i > 1 THEN i - 1 END"))
			live := func() int {
				return fixture.Rows(t, db, table, map[string]string{"deep_nodes": "deleted_at IS NULL", "deep_files": "1 = 1"}[table])
			}
			report, err := softdelete.Delete(db, root)
			require.NoError(t, err)
			require.EqualValues(t, rows, report.Effects[0].Rows+report.Effects[1].Rows)
			require.Zero(t, live())
			_, err = softdelete.Restore(db, root)
			require.NoError(t, err)
			require.Equal(t, rows, live())
		}
	})
}
