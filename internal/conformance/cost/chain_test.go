package cost_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// growLink is a row of a chain.
type growLink struct {
	ID        uint
	ParentID  *uint          `gorm:"index"`
	DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	Next      []growLink     `gorm:"foreignKey:ParentID" softdelete:"cascade"`
}

// chains are the parents of rows under each other, downwards or upwards in the order of their keys.
var chains = map[string]func(key string, rows int) string{
	"down": func(key string, _ int) string { return "NULLIF(" + key + " - 1, 0)" },
	"up":   func(key string, rows int) string { return fmt.Sprintf("NULLIF((%s + 1) %% %d, 0)", key, rows+1) },
}

func TestThePurgeOfAChainIsAFewStatementsWhateverItsLength(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for name, parent := range chains {
			t.Run(name, func(t *testing.T) {
				var sizes [2]int
				for i, rows := range []int{60, 600} {
					stage := chainStage(t, database, rows, parent)
					recorder := testdb.Record(stage.DB)
					for _, rehearsal := range []bool{true, false} {
						report, err := softdelete.Purge(stage.DB, softdelete.PurgeOptions{Batch: 100, DryRun: rehearsal})
						require.NoError(t, err)
						require.EqualValues(t, rows, fixture.ReportOf(t, report, "grow_links").Done)
					}
					sizes[i] = len(recorder.Statements())
					require.Zero(t, fixture.Rows(t, stage.DB, "grow_links"))
				}
				require.Less(t, sizes[1], sizes[0]+60, "a few for each batch")
			})
		}
	})
}

func TestAChainGoesBehindARowThatStays(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for name, parent := range chains {
			for _, batch := range []int{1, 7, 25, 1000} {
				t.Run(fmt.Sprint(name, " ", batch), func(t *testing.T) {
					const rows = 100
					stage := chainStage(t, database, rows, parent)
					// Row 40 is not over yet: it stays with all that it is under.
					require.NoError(t, stage.Unscoped().Model(&growLink{}).Where("id = 40").Update("deleted_at", *stage.Now).Error)
					done := fixture.ReportOf(t, stage.Purge(softdelete.PurgeOptions{Batch: batch}), "grow_links")
					below := 60 // 41 to 100
					if name == "up" {
						below = 39
					}
					require.EqualValues(t, rows-1, done.Eligible)
					require.EqualValues(t, below, done.Done)
					require.EqualValues(t, rows-1-below, done.Referenced)
					require.Equal(t, rows-below, fixture.Rows(t, stage.DB, "grow_links"))
				})
			}
		}
	})
}

// chainStage makes a chain that was deleted long ago.
func chainStage(t *testing.T, database *testdb.Database, rows int, parent func(key string, rows int) string) *fixture.Stage {
	t.Helper()
	stage := fixture.NewStage(t, database, softdelete.Config{Models: []any{&growLink{}}})
	database.Empty(t, stage.DB, "grow_links")
	// The rows first: those of a chain upwards refer to later ones.
	fixture.Exec(t, stage.DB, fixture.Series("grow_links (id)", rows, "i"), "UPDATE grow_links SET parent_id = "+parent("id", rows))
	stage.Ago(100*fixture.Day, func() { require.NoError(t, stage.Where("1 = 1").Delete(&growLink{}).Error) })
	return stage
}
