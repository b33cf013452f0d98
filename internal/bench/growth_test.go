package bench_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// What grows: each benchmark does one thing at three sizes, a factor of ten apart, and prints the time per row and how many times
// that of the smallest size it is, by the clock on the wall and by the processors. Run one, or all, with
//
//	go test -run '^$' -bench 'BenchmarkGrowth/(sqlite|postgres)/Purge_of_a_tree' -benchtime 3x -timeout 60m ./internal/bench

// growth is something whose time should grow as its rows do.
type growth struct {
	name   string
	sizes  [3]int
	models []any
	// erasureBatch is how many rows an erasure reaches in a transaction, 0 for as many as it does otherwise.
	erasureBatch int
	// once tells that the time should stay the same, whatever the size.
	once bool
	// prepare fills the tables, do is timed.
	prepare func(b *testing.B, a *arena, size int)
	do      func(b *testing.B, a *arena, size int)
}

func BenchmarkGrowth(b *testing.B) {
	benchDatabases(b, func(b *testing.B, database *testdb.Database) {
		for _, g := range slices.Concat(growths, growthsOfEvents, growthsOfGraphs, growthsOfErasures) {
			b.Run(g.name, func(b *testing.B) {
				a := openArena(b, database, softdelete.Config{Models: g.models, ErasureBatch: g.erasureBatch})
				var smallest [2]float64
				for _, size := range g.sizes {
					b.Run(fmt.Sprint(size), func(b *testing.B) {
						wall, cpu := g.measure(b, a, size)
						if smallest[0] == 0 {
							smallest = [2]float64{wall, cpu}
						}
						b.ReportMetric(wall*1000, "µs/row")
						b.ReportMetric(cpu*1000, "cpu-µs/row")
						b.ReportMetric(wall/smallest[0], "times-smallest")
						b.ReportMetric(cpu/smallest[1], "cpu-times-smallest")
						b.ReportMetric(0, "ns/op") // with what prepares it: says nothing
					})
				}
			})
		}
	})
}

// measure gives the median times per row in milliseconds; of what should not grow, the times of all.
func (g growth) measure(b *testing.B, a *arena, size int) (wall, cpu float64) {
	b.Helper()
	var walls, cpus []float64
	for b.Loop() {
		// What takes little time is done several times.
		for range max(1, min(20, 2_000/size)) {
			for i := range a.tables {
				a.exec(b, "DELETE FROM "+a.tables[len(a.tables)-1-i])
			}
			g.prepare(b, a, size)
			start := a.now(b)
			g.do(b, a, size)
			wall, cpu := a.since(b, start)
			walls, cpus = append(walls, wall), append(cpus, cpu)
		}
	}
	if g.once {
		size = 1
	}
	return median(walls) / float64(size), median(cpus) / float64(size)
}

type (
	growthTree struct {
		ID         uint
		DeletedAt  gorm.DeletedAt        `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
		Branches   []growthBranch        `gorm:"foreignKey:TreeID" softdelete:"cascade"`
	}
	growthBranch struct {
		ID         uint
		TreeID     uint                  `gorm:"index"`
		DeletedAt  gorm.DeletedAt        `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
		Twigs      []growthTwig          `gorm:"foreignKey:BranchID" softdelete:"cascade"`
	}
	growthTwig struct {
		ID         uint
		BranchID   uint `gorm:"index"`
		Note       string
		DeletedAt  gorm.DeletedAt        `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
	}
	growthLink struct {
		ID         uint
		ParentID   *uint                 `gorm:"index"`
		DeletedAt  gorm.DeletedAt        `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
		Next       []growthLink          `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
	growthPerson struct {
		ID         uint
		Email      string `gorm:"uniqueIndex"`
		Team       int    `gorm:"index"`
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
	}
	growthOwner struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
		Things     []growthThing         `gorm:"foreignKey:OwnerID" softdelete:"block"`
	}
	growthThing struct {
		ID        uint
		OwnerID   uint `gorm:"index"`
		DeletedAt gorm.DeletedAt
	}
)

// deletedLongAgo are the columns of a row whose retention is over.
const deletedLongAgo = "CAST('2020-01-01 00:00:00+00:00' AS %s), '1577836800000000000-abcdefghijklmnopqrstuvwxy'"

func (a *arena) longAgo() string {
	kind := "text"
	if a.name == "postgres" {
		kind = "timestamptz"
	}
	return fmt.Sprintf(deletedLongAgo, kind)
}

// tree makes one tree of so many rows, deleted long ago: each branch has 99 twigs.
func tree(b *testing.B, a *arena, rows int) {
	branches := rows / 100
	a.fill(b, "growth_trees (id, deleted_at, deletion_id)", 1, "i, "+a.longAgo())
	a.fill(b, "growth_branches (id, tree_id, deleted_at, deletion_id)", branches, "i, 1, "+a.longAgo())
	a.fill(b, "growth_twigs (id, branch_id, note, deleted_at, deletion_id)", branches*99, "i, (i - 1) / 99 + 1, 'a twig', "+a.longAgo())
}

// chain makes a chain of so many rows, each under the one before it, deleted long ago.
func chain(b *testing.B, a *arena, rows int) {
	a.fill(b, "growth_links (id, parent_id, deleted_at, deletion_id)", rows, "i, nullif(i - 1, 0), "+a.longAgo())
	a.settle(b) // the database keeps the plans by which it checks foreign keys
}

func purgeAll(b *testing.B, a *arena, o softdelete.PurgeOptions, want int) {
	report, err := softdelete.Purge(a.db, o)
	require.NoError(b, err)
	done := 0
	for _, m := range report.Models {
		done += int(m.Done)
	}
	require.Equal(b, want, done)
}

func restoreAll(b *testing.B, a *arena, db *gorm.DB, value any, want int) {
	report, err := softdelete.Restore(db, value)
	require.NoError(b, err)
	done := 0
	for _, e := range report.Effects {
		done += int(e.Rows)
	}
	require.Equal(b, want, done)
}

// archived makes so many archived vouchers, beside as many that are not.
func archived(statistics bool) func(b *testing.B, a *arena, size int) {
	return func(b *testing.B, a *arena, size int) {
		a.exec(b, "DELETE FROM bench_vouchers_archive")
		a.settle(b)
		a.fill(b, "bench_vouchers (id, batch, number, amount)", 2*size, "i, i % 2, 'voucher ' || i, i")
		require.NoError(b, a.db.Where("batch = ?", 1).Delete(&benchVoucher{}).Error)
		if statistics {
			a.exec(b, "ANALYZE") // as the database does by itself within a minute
		}
	}
}

// people makes so many people of whom those of team 1, at most so many, are deleted.
func people(deleted func(size int) int) func(b *testing.B, a *arena, size int) {
	return func(b *testing.B, a *arena, size int) {
		n := deleted(size)
		a.fill(b, "growth_people (id, email, team)", size, "i, 'p' || i, 2")
		a.fill(b, "growth_people (id, email, team, deleted_at, deletion_id)", n, fmt.Sprintf("i + %d, 'd' || i, 1, ", size)+a.longAgo())
		a.settle(b)
	}
}

var growths = []growth{
	{
		name: "Purge of a tree", sizes: [3]int{3_000, 30_000, 300_000}, models: []any{&growthTree{}, &growthBranch{}, &growthTwig{}}, prepare: tree,
		do: func(b *testing.B, a *arena, size int) { purgeAll(b, a, softdelete.PurgeOptions{}, size+1) },
	},
	{
		name: "Restore of a tree", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&growthTree{}, &growthBranch{}, &growthTwig{}}, prepare: tree,
		do: func(b *testing.B, a *arena, size int) { restoreAll(b, a, a.db, &growthTree{ID: 1}, size+1) },
	},
	{
		name: "Restore of archived rows", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchVoucher{}}, prepare: archived(false),
		do: func(b *testing.B, a *arena, size int) {
			restoreAll(b, a, a.db.Where("batch = ?", 1), &benchVoucher{}, size)
		},
	},
	{
		name: "Restore of archived rows with statistics", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchVoucher{}}, prepare: archived(true),
		do: func(b *testing.B, a *arena, size int) {
			restoreAll(b, a, a.db.Where("batch = ?", 1), &benchVoucher{}, size)
		},
	},
	{
		name: "Restore of one with a unique value", sizes: [3]int{1_000, 100_000, 1_000_000}, models: []any{&growthPerson{}}, once: true,
		prepare: people(func(int) int { return 1 }),
		do: func(b *testing.B, a *arena, size int) {
			restoreAll(b, a, a.db.Where("team = ?", 1), &growthPerson{}, 1)
		},
	},
	{
		name: "Restore of many with unique values", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&growthPerson{}},
		prepare: people(func(size int) int { return size }),
		do: func(b *testing.B, a *arena, size int) {
			restoreAll(b, a, a.db.Where("team = ?", 1), &growthPerson{}, size)
		},
	},
	{
		name: "Rehearsal of the purge of a chain", sizes: [3]int{100, 1_000, 10_000}, models: []any{&growthLink{}}, prepare: chain,
		do: func(b *testing.B, a *arena, size int) { purgeAll(b, a, softdelete.PurgeOptions{DryRun: true}, size) },
	},
	{
		name: "Purge of a chain", sizes: [3]int{100, 1_000, 10_000}, models: []any{&growthLink{}}, prepare: chain,
		do: func(b *testing.B, a *arena, size int) { purgeAll(b, a, softdelete.PurgeOptions{}, size) },
	},
	{
		name: "Restore of a chain", sizes: [3]int{100, 1_000, 10_000}, models: []any{&growthLink{}}, prepare: chain,
		do: func(b *testing.B, a *arena, size int) { restoreAll(b, a, a.db, &growthLink{ID: 1}, size) },
	},
	{
		name: "Preview of a blocked delete", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&growthOwner{}, &growthThing{}},
		prepare: func(b *testing.B, a *arena, size int) {
			a.fill(b, "growth_owners (id)", 1, "i")
			a.fill(b, "growth_things (id, owner_id)", size, "i, 1")
		},
		do: func(b *testing.B, a *arena, size int) {
			report, err := softdelete.Preview(a.db, &growthOwner{ID: 1})
			require.NoError(b, err)
			require.Len(b, report.Blockers, 1)
		},
	},
}
