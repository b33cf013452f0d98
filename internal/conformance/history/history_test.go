package history_test

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// historyVariant is a forest and a clock.
type historyVariant struct {
	name   string
	forest historyForest
	clock  historyClock
	ledger bool
}

var (
	historyFrozen    = historyClock{unit: 1}
	historyAdvancing = historyClock{step: 1_234_567, unit: 1}
	historyCoarse    = historyClock{step: 400 * time.Millisecond, unit: time.Second}
	historyRunning   = historyClock{runs: true}
)

var historyVariants = []historyVariant{
	{name: "every model has a DeletionID, the clock stands", forest: historyTree[historyID, historyID, historySeconds](), clock: historyFrozen},
	{name: "every model has a DeletionID, a ledger is kept", forest: historyTree[historyID, historyIDAt, historyMillis](), clock: historyAdvancing, ledger: true},
	{name: "no model has a DeletionID, the clock stands", forest: historyTree[historyNoID, historyAt, historySeconds](), clock: historyFrozen},
	{name: "no model has a DeletionID, the clock is coarse", forest: historyTree[historyNoID, historyAt, historyMillis](), clock: historyCoarse},
	{name: "no model has a DeletionID, the clock runs", forest: historyTree[historyNoID, historyAt, historyMicros](), clock: historyRunning},
	{name: "models with a flag or status have no DeletionID, the clock is coarse", forest: historyTree[historyID, historyAt, historySeconds](), clock: historyCoarse},
	{name: "models with a time have no DeletionID, the clock stands", forest: historyTree[historyNoID, historyID, historyMillis](), clock: historyFrozen},
	{name: "a circle of models without a DeletionID, the clock stands", forest: historyCircle[historyNoID, historyAt](), clock: historyFrozen},
	{name: "a circle of models with and without a DeletionID, the clock advances", forest: historyCircle[historyID, historyAt](), clock: historyAdvancing},
	{name: "archived models among marked ones with a DeletionID, the clock stands", forest: historyShelf[historyID, historyID](), clock: historyFrozen},
	{name: "archived models among marked ones without a DeletionID, the clock is coarse", forest: historyShelf[historyNoID, historyAt](), clock: historyCoarse, ledger: true},
}

// historyClock goes on by a step whenever it is read, and shows whole units.
type historyClock struct {
	day        int
	time       time.Time
	step, unit time.Duration
	runs       bool // it is the machine's clock
}

func (c *historyClock) now() time.Time {
	if c.runs {
		return time.Now()
	}
	c.time = c.time.Add(c.step)
	return c.time.Truncate(c.unit)
}

// nextDay lets a clock begin anew, past everything that the plugin has moved times on to.
func (c *historyClock) nextDay() {
	c.day++
	c.time = time.Date(2024, 2, 29+c.day, 12, 0, 0, 123_456_789, time.UTC)
}

// The property: whatever is deleted, restored, created and moved, in any order, the database is what the model says.
func TestHistoriesOfDeletionsAndRestoresFollowTheModel(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, variant := range historyVariants {
			t.Run(variant.name, func(t *testing.T) { historyCheck(t, database, variant) })
		}
	})
}

// historyChecks is how many histories a run of the tests goes through, per database and variant, where the flag rapid.checks
// does not say so.
func historyChecks() string {
	if testdb.Long() {
		return "12"
	}
	return "5"
}

// historyFlags are the flags that the run was given.
var historyFlags = map[string]bool{}

func TestMain(m *testing.M) {
	flag.Parse()
	flag.Visit(func(f *flag.Flag) { historyFlags[f.Name] = true })
	if !historyFlags["rapid.checks"] {
		if err := flag.Set("rapid.checks", historyChecks()); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func historyCheck(t *testing.T, database *testdb.Database, variant historyVariant) {
	processes := historyProcesses(t, database, variant, variant.clock.now)
	history := historySteps(variant.forest)
	rapid.Check(t, func(t *rapid.T) {
		variant.clock.nextDay()
		run := newHistoryRun(t, processes, variant)
		for _, step := range history.Draw(t, "history") {
			run.take(t, step)
			if step.do != "create" {
				run.check(t)
			}
		}
		run.finish(t, variant.forest.circle || rapid.Bool().Draw(t, "undo every deletion"))
	})
}

// historyProcesses opens the variant's database twice, as two processes would: neither remembers the other's deletions.
func historyProcesses(t *testing.T, database *testdb.Database, variant historyVariant, now func() time.Time) (processes []*gorm.DB) {
	var models []any
	for _, table := range variant.forest.tables {
		models = append(models, table.model())
	}
	for range 2 {
		db := database.Open(t, &gorm.Config{NowFunc: now, DisableForeignKeyConstraintWhenMigrating: true})
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models, Ledger: variant.ledger})))
		processes = append(processes, db)
	}
	db := processes[0]
	for _, table := range variant.forest.tables {
		if archive := historyArchiveOf(table); archive != "" {
			require.NoError(t, db.Migrator().DropTable(archive))
		}
	}
	require.NoError(t, db.Migrator().DropTable(models...))
	require.NoError(t, db.AutoMigrate(models...))
	if variant.ledger {
		require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
	}
	return processes
}

// historyStep is one thing that happens. It is drawn without a look at the rows: what it names may be deleted, or missing.
type historyStep struct {
	do       string
	table    int
	ids      []uint
	form     string // how the rows are named in the call
	loaded   bool   // the rows in the call were read from the database before
	deletion int
	parents  []uint // 0 for none
	status   string
	process  int
}

// historySteps draws a history: the rows that are there at first, then what happens to them.
func historySteps(forest historyForest) *rapid.Generator[[]historyStep] {
	parent := rapid.SampledFrom([]uint{0, 1, 1, 2, 2, 3})
	created := func(table int) *rapid.Generator[historyStep] {
		return rapid.Custom(func(t *rapid.T) historyStep {
			return historyStep{
				do: "create", table: table,
				parents: rapid.SliceOfN(parent, 2, 2).Draw(t, "parents"),
				status:  rapid.SampledFrom([]string{"published", "draft"}).Draw(t, "status"),
				process: rapid.IntRange(0, 1).Draw(t, "process"),
			}
		})
	}
	actions := []string{
		"delete", "delete", "delete", "delete", "restore", "restore", "undo roots", "undo roots", "undo roots", "undo", "undo",
		"create", "move", "move",
	}
	happening := rapid.Custom(func(t *rapid.T) historyStep {
		table := rapid.IntRange(0, len(forest.tables)-1).Draw(t, "table")
		action := rapid.SampledFrom(actions).Draw(t, "action")
		step := created(table).Draw(t, "step")
		step.do = action
		step.ids = rapid.SliceOfNDistinct(rapid.UintRange(1, 4), 1, 4, rapid.ID[uint]).Draw(t, "keys")
		step.form = rapid.SampledFrom([]string{"row", "slice", "condition"}).Draw(t, "form")
		step.loaded = rapid.Bool().Draw(t, "loaded")
		step.deletion = rapid.IntRange(0, 9).Draw(t, "deletion")
		return step
	})
	return rapid.Custom(func(t *rapid.T) (history []historyStep) {
		for table, model := range forest.tables {
			history = append(history, rapid.SliceOfN(created(table), 0, 3).Draw(t, model.name())...)
		}
		return append(history, rapid.SliceOfN(happening, 1, 16).Draw(t, "steps")...)
	})
}
