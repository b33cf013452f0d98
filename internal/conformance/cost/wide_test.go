package cost_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What destroys rows of a graph with many ways, and what keeps it from that.

// wideGraph is a graph whose models have rows 1 and 2, of which each refers to those with its number.
type wideGraph struct {
	*gorm.DB
	models []any
	// root gives the root row with a number.
	root     func(number int) any
	recorder *testdb.Recorder
	now      *time.Time
	// most is how long all that one call sends may be.
	most int
}

// eachWideGraph runs a test on graphs of diamonds, whose rows go with their root, and of fans, which have composite keys, a retention
// of their own, and more relations than SQLite combines.
func eachWideGraph(t *testing.T, run func(t *testing.T, g *wideGraph)) {
	fan := func(n int) any { return &fixture.Fan00{Blade: fixture.Blade{Row: n, Col: "c"}} }
	for _, g := range []wideGraph{
		{models: fixture.Diamonds(), root: func(n int) any { return diamond(uint(n)) }, most: 400_000},
		{models: fixture.Fans(), root: fan, most: 2_000_000}, // each of twenty relations to one model is told from those before it
	} {
		t.Run(fixture.Table(t, testdb.SQLite(t).Open(t), g.models[0]), func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
				g := g
				g.now, g.most = &now, longest(database, g.most)
				g.DB = database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true, NowFunc: func() time.Time { return *g.now }})
				require.NoError(t, g.Use(softdelete.New(softdelete.Config{Models: g.models, Holds: true})))
				require.NoError(t, g.AutoMigrate(g.models...))
				require.NoError(t, g.AutoMigrate(softdelete.Tables()...))
				for _, model := range g.models {
					stmt := &gorm.Statement{DB: g.DB}
					require.NoError(t, stmt.Parse(model))
					var columns, values []string
					for _, name := range stmt.Schema.DBNames {
						switch {
						case name == "id" || name == "row" || len(name) < 4 && (name[0] == 'p' || name[0] == 'r'):
							columns, values = append(columns, stmt.Quote(name)), append(values, "%[1]d")
						case name == "col" || len(name) < 4 && name[0] == 'c':
							columns, values = append(columns, stmt.Quote(name)), append(values, "'c'")
						}
					}
					for n := 1; n <= 2; n++ {
						row := strings.ReplaceAll(strings.Join(values, ", "), "%[1]d", fmt.Sprint(n))
						fixture.Exec(t, g.DB, "INSERT INTO "+stmt.Table+" ("+strings.Join(columns, ", ")+") VALUES ("+row+")")
					}
				}
				g.recorder = testdb.Record(g.DB)
				run(t, &g)
			})
		})
	}
}

// short checks that what was sent since the last look is as long as there are relations, not ways, nor models times relations.
func (g *wideGraph) short(t *testing.T, what string) {
	t.Helper()
	length := 0
	for _, s := range g.recorder.Statements() {
		length += len(s)
	}
	require.Less(t, length, g.most, what)
	g.recorder.Reset()
}

// lastFans leaves the last six of the fans, where the graph is of these.
func (g *wideGraph) lastFans() {
	if len(g.models) == len(fixture.Fans()) {
		g.models = g.models[20:]
		g.root = func(n int) any { return &fixture.Fan20{Blade: fixture.Blade{Row: n, Col: "c"}} }
	}
}

// left counts the rows of all models that fulfil a condition.
func (g *wideGraph) left(t *testing.T, where ...any) (rows int) {
	t.Helper()
	for _, model := range g.models {
		rows += fixture.Rows(t, g.DB, fixture.Table(t, g.DB, model), where...)
	}
	g.recorder.Reset()
	return rows
}

func TestAWideGraphGoesForGoodButForWhatAHoldCovers(t *testing.T) {
	eachWideGraph(t, func(t *testing.T, g *wideGraph) {
		id, err := softdelete.Hold(g.DB, g.root(2), softdelete.HoldOptions{Matter: "a matter"})
		require.NoError(t, err)
		g.recorder.Reset()
		foreseen, err := softdelete.Preview(g.Unscoped(), g.root(2))
		require.NoError(t, err)
		require.Len(t, foreseen.Effects, len(g.models))
		require.Len(t, foreseen.Blockers, len(g.models))
		g.short(t, "the preview of what a hold covers")
		require.ErrorIs(t, g.Unscoped().Delete(g.root(2)).Error, softdelete.ErrHeld)
		g.short(t, "the refusal")
		plan, err := softdelete.PreviewErasure(g.DB, g.root(2))
		require.NoError(t, err)
		require.Len(t, plan.Held, len(g.models))
		require.Equal(t, 2*len(g.models), g.left(t))

		foreseen, err = softdelete.Preview(g.Unscoped(), g.root(1))
		require.NoError(t, err)
		require.Empty(t, foreseen.Blockers)
		g.short(t, "the preview beside a hold")
		removed, err := softdelete.Delete(g.Unscoped(), g.root(1))
		require.NoError(t, err)
		fixture.Foresaw(t, foreseen.Effects, removed.Effects)
		g.short(t, "the removal beside a hold")
		require.Equal(t, len(g.models), g.left(t))

		require.NoError(t, softdelete.Release(g.DB, id))
		require.NoError(t, g.Unscoped().Delete(g.root(2)).Error)
		g.short(t, "the removal")
		require.Zero(t, g.left(t))
	})
}

func TestAWideGraphIsPurgedButForWhatAHoldCovers(t *testing.T) {
	eachWideGraph(t, func(t *testing.T, g *wideGraph) {
		g.lastFans() // each model is purged by itself
		_, err := softdelete.Hold(g.DB, g.root(2), softdelete.HoldOptions{Matter: "a matter"})
		require.NoError(t, err)
		for n := 1; n <= 2; n++ {
			require.NoError(t, g.Delete(g.root(n)).Error)
		}
		*g.now = g.now.AddDate(0, 2, 0)
		for _, rehearsal := range []bool{true, false} {
			g.recorder.Reset()
			report, err := softdelete.Purge(g.DB, softdelete.PurgeOptions{DryRun: rehearsal})
			require.NoError(t, err)
			var eligible, done, held int64
			for _, m := range report.Models {
				eligible, done, held = eligible+m.Eligible, done+m.Done, held+m.Held
			}
			require.Equal(t, []int{2 * len(g.models), len(g.models), len(g.models)}, []int{int(eligible), int(done), int(held)}, "a rehearsal: %v", rehearsal)
		}
		require.Equal(t, len(g.models), g.left(t))
	})
}

func TestAWideGraphIsDeletedAndComesBack(t *testing.T) {
	eachWideGraph(t, func(t *testing.T, g *wideGraph) {
		g.lastFans() // each of twenty relations between two models is counted apart from those before it
		foreseen, err := softdelete.Preview(g.DB, g.root(2))
		require.NoError(t, err)
		g.short(t, "the preview")
		deleted, err := softdelete.Delete(g.DB, g.root(2))
		require.NoError(t, err)
		fixture.Foresaw(t, foreseen.Effects, deleted.Effects)
		g.short(t, "the deletion")
		require.Equal(t, len(g.models), g.left(t, "deleted_at IS NOT NULL"))
		foreseen, err = softdelete.PreviewRestore(g.DB, g.root(2))
		require.NoError(t, err)
		g.short(t, "the preview of the restore")
		restored, err := softdelete.Restore(g.DB, g.root(2))
		require.NoError(t, err)
		fixture.Foresaw(t, foreseen.Effects, restored.Effects)
		g.short(t, "the restore")
		require.Zero(t, g.left(t, "deleted_at IS NOT NULL"))

		deleted, err = softdelete.Delete(g.DB, g.root(1))
		require.NoError(t, err)
		g.recorder.Reset()
		_, err = softdelete.RestoreDeletion(g.DB, deleted.DeletionID)
		require.NoError(t, err)
		g.short(t, "the restore by its ID")
		require.Zero(t, g.left(t, "deleted_at IS NOT NULL"))
	})
}
