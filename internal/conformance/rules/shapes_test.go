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

func TestRulesHoldForEveryShapeOfRelation(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
		for _, shape := range ruleShapes() {
			t.Run(shape.name, func(t *testing.T) { shape.run(t, db) })
		}
	})
}

func TestRulesHoldForTablesInAnotherSchema(t *testing.T) {
	testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) {
		var current string
		require.NoError(t, database.Open(t).Raw("SELECT current_schema()").Scan(&current).Error)
		other := current + "_other"
		db := database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true, NamingStrategy: ruleNamer{other: other}})
		require.NoError(t, db.Exec("CREATE SCHEMA "+other).Error)
		t.Cleanup(func() { require.NoError(t, db.Exec("DROP SCHEMA "+other+" CASCADE").Error) })
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
		ruleShape{
			models: []any{&ruleAbroad{}, &ruleAbroadThing{}},
			rows: []any{
				&[]ruleAbroad{{ID: 1}, {ID: 2, ParentID: rulePtr(uint(1))}, {ID: 3}},
				&[]ruleAbroadThing{{ID: 1, OwnerID: 1}, {ID: 2, OwnerID: 2}, {ID: 3, OwnerID: 3}},
			},
			root:    &ruleAbroad{ID: 1},
			effects: []string{other + ".owners  1", other + ".owners Below 1", other + ".things Things 2"},
		}.run(t, db)
	})
}

// run previews the deletion of the root, deletes, restores and then removes it. The rest of the rows must stay.
func (s ruleShape) run(t *testing.T, db *gorm.DB) {
	require.NoError(t, db.AutoMigrate(s.models...))
	for _, rows := range s.rows {
		require.NoError(t, db.Create(rows).Error)
	}
	lines := func(effects []softdelete.Effect, action softdelete.Action) (lines []string, rows int64) {
		for _, e := range effects {
			require.Equal(t, action, e.Action)
			lines = append(lines, fmt.Sprintf("%s %s %d", e.Table, e.Relation, e.Rows))
			rows += e.Rows
		}
		return lines, rows
	}
	before, live := ruleDump(t, db, s.models...), ruleLive(t, db, s.models...)
	preview, err := softdelete.Preview(db, s.root)
	require.NoError(t, err)
	require.Equal(t, before, ruleDump(t, db, s.models...))

	report, err := softdelete.Delete(db, s.root)
	require.NoError(t, err)
	got, taken := lines(report.Effects, softdelete.ActionDeleted)
	require.ElementsMatch(t, s.effects, got)
	require.Equal(t, s.effects[0], got[0])
	fixture.Foresaw(t, preview.Effects, report.Effects)
	require.Equal(t, live-taken, ruleLive(t, db, s.models...))

	restored, err := softdelete.Restore(db, s.root)
	require.NoError(t, err)
	_, back := lines(restored.Effects, softdelete.ActionRestored)
	require.Equal(t, taken, back)
	require.Equal(t, live, ruleLive(t, db, s.models...))

	preview, err = softdelete.Preview(db.Unscoped(), s.root)
	require.NoError(t, err)
	report, err = softdelete.Delete(db.Unscoped(), s.root)
	require.NoError(t, err)
	_, removed := lines(report.Effects, softdelete.ActionRemoved)
	require.Equal(t, taken, removed)
	fixture.Foresaw(t, preview.Effects, report.Effects)
	require.Equal(t, live-taken, ruleLive(t, db.Unscoped().Session(&gorm.Session{}), s.models...))
}
