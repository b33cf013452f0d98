package benchmark_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// BenchmarkQueryPath times each operation in every way, and counts its allocations. Run it with
//
//	go test -run '^$' -bench BenchmarkQueryPath -benchtime 21x .
//
// Each iteration is a round in which all ways run 50 times, singly and in random order. What counts is a way's median time
// in the round, divided by that of the same condition written by hand in the same round: the load of the machine is the same for
// both. It prints the median of these ratios with their range.
func BenchmarkQueryPath(b *testing.B) {
	for _, database := range []struct {
		name string
		open func(testing.TB) *testdb.Database
	}{{"sqlite", testdb.SQLite}, {"postgres", testdb.Postgres}, {"mysql", testdb.MySQL}} {
		b.Run(database.name, func(b *testing.B) {
			f := newFixture(b, database.open(b))
			for _, operation := range operations {
				b.Run(operation, func(b *testing.B) { f.compare(b, operation) })
			}
		})
	}
}

// perRound is how often each way runs in a round.
const perRound = 50

// compare times one operation in every way.
func (f *fixture) compare(b *testing.B, operation string) {
	b.Helper()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // fewer collections, which hit any way at random
	// database/sql starts a goroutine per transaction. Whether another processor wakes for it is chance, and costs as much as
	// the half of a short statement.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	f.round(b, operation) // warms the caches
	times, ratios := make([][]float64, len(f.ways)), make([][]float64, len(f.ways))
	for b.Loop() {
		medians := f.round(b, operation)
		for i, median := range medians {
			times[i] = append(times[i], float64(median.Nanoseconds())/1000)
			ratios[i] = append(ratios[i], float64(median)/float64(medians[f.ways[i].compared]))
		}
	}
	var table strings.Builder
	fmt.Fprintf(&table, "\n%-16s%10s%8s%8s%8s%10s", "", "µs/op", "ratio", "min", "max", "allocs/op")
	for i, way := range f.ways {
		fmt.Fprintf(&table, "\n%-16s%10.1f%8.3f%8.3f%8.3f%10d", way.name, median(times[i]), median(ratios[i]),
			slices.Min(ratios[i]), slices.Max(ratios[i]), f.allocations(b, way.operations[operation]))
		if kind, ok := strings.CutPrefix(way.name, "plugin, "); ok {
			b.ReportMetric(median(ratios[i]), kind+"-ratio")
		}
	}
	b.Log(table.String())
	b.ReportMetric(0, "ns/op") // a round of all ways: says nothing
}

// round runs every way and gives each one's median time.
func (f *fixture) round(b *testing.B, operation string) []time.Duration {
	b.Helper()
	times := make([][]time.Duration, len(f.ways))
	for range perRound {
		for _, i := range rand.Perm(len(f.ways)) {
			run := f.ways[i].operations[operation]
			start := time.Now()
			err := run()
			times[i] = append(times[i], time.Since(start))
			require.NoError(b, err, f.ways[i].name)
			if operation == remove {
				f.revive(b)
			}
		}
	}
	medians := make([]time.Duration, len(times))
	for i := range times {
		medians[i] = median(times[i])
	}
	return medians
}

// allocations counts those of one run. What the runtime allocates beside it now and then does not move the median.
func (f *fixture) allocations(b *testing.B, run func() error) uint64 {
	b.Helper()
	counts := make([]uint64, 0, 31)
	for range cap(counts) {
		f.revive(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := run()
		runtime.ReadMemStats(&after)
		require.NoError(b, err)
		counts = append(counts, after.Mallocs-before.Mallocs)
	}
	return median(counts)
}

func median[T cmp.Ordered](values []T) T {
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
