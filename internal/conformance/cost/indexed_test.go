package cost_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Trees whose rows an index finds by their parent, or does not.
type (
	leadTree struct {
		ID        uint
		ParentID  *uint      `gorm:"index:idx_lead_tree,priority:1"`
		OrgID     uint       `gorm:"index:idx_lead_tree,priority:2"`
		Children  []leadTree `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	fullTree struct {
		ID        uint
		ParentID  *uint      `gorm:"unique" softdelete:"full"`
		Children  []fullTree `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	secondTree struct {
		ID        uint
		OrgID     uint         `gorm:"index:idx_second_tree"`
		ParentID  *uint        `gorm:"index:idx_second_tree"`
		Children  []secondTree `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	narrowTree struct {
		ID        uint
		ParentID  *uint        `gorm:"uniqueIndex"`
		Children  []narrowTree `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	listTree struct {
		ID        uint
		ParentID  *uint      `gorm:"index:,type:brin"`
		Children  []listTree `gorm:"foreignKey:ParentID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	movedTree struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID *uint       `gorm:"index"`
		Children []movedTree `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
)

func TestRowsAreLookedUpByIndexesThatBeginWithTheirParentAndHoldAll(t *testing.T) {
	for _, c := range []struct {
		model             any
		deleted, restored bool
	}{
		{&leadTree{ID: 1}, true, true},
		{&fullTree{ID: 1}, true, true},
		{&secondTree{ID: 1}, false, false},
		{&narrowTree{ID: 1}, true, false}, // an index over live rows holds none of those that come back
		{&listTree{ID: 1}, false, false},
		{&movedTree{ID: 1}, true, true}, // an archive has an index of its own for that
	} {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			models := []any{c.model}
			if _, ok := c.model.(*listTree); ok && database.Name == "sqlite" {
				return // which has one kind of index
			}
			db, _ := graphDatabase(t, database, models)
			fixture.Exec(t, db, "INSERT INTO "+fixture.Table(t, db, c.model)+" (id, parent_id) VALUES (1, NULL), (2, 1), (3, 2)")
			recorder := testdb.Record(db)
			looksUp := func() bool {
				sent := recorder.Statements()
				recorder.Reset()
				return slices.ContainsFunc(sent, func(s string) bool { return strings.Contains(s, "CROSS JOIN LATERAL (") })
			}
			require.NoError(t, db.Delete(c.model).Error)
			require.Equal(t, c.deleted && database.Name == "postgres", looksUp(), "%T is deleted", c.model)
			report, err := softdelete.Restore(db, c.model)
			require.NoError(t, err)
			require.EqualValues(t, 2, report.Effects[1].Rows)
			require.Equal(t, c.restored && database.Name == "postgres", looksUp(), "%T comes back", c.model)
		})
	}
}
