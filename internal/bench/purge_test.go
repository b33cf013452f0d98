package bench_test

import (
	"database/sql"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type purgeBenchRow struct {
	ID        uint
	Body      string
	DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
}

// purgeBenchRows is how many rows are eligible; as many are not. SOFTDELETE_PURGE_ROWS names another number.
func purgeBenchRows(b *testing.B) int {
	b.Helper()
	rows := 20_000
	if text := os.Getenv("SOFTDELETE_PURGE_ROWS"); text != "" {
		var err error
		rows, err = strconv.Atoi(text)
		require.NoError(b, err)
	}
	return rows
}

// purgeWay is a way to remove the rows. It gives how long its first and its last full batches took, 0 where it has none.
type purgeWay struct {
	name string
	run  func(b *testing.B, db *gorm.DB) (first, last time.Duration)
}

// purgeTimes are what the rounds of a way measured.
type purgeTimes struct {
	rates, drifts []float64 // rows per second; the last batches' time divided by that of the first
	bytes         []float64 // per row
}

// BenchmarkPurge removes half of a table's rows: by Purge, by one DELETE, and by loops of batches as they are often written.
// Each iteration is a round in which every way runs once, in random order, on a table that is filled anew; rates are divided
// by that of the single DELETE of the same round. Beside Purge a point query is timed. Run it with
//
//	SOFTDELETE_PURGE_ROWS=1000000 go test -run '^$' -bench 'BenchmarkPurge$' -benchtime 3x -timeout 60m ./internal/bench
func BenchmarkPurge(b *testing.B) {
	rows := purgeBenchRows(b)
	benchRunning(b, func(b *testing.B, database *testdb.Database) {
		ways := []purgeWay{
			{"DELETE", purgeInOne}, {"Purge", purgeByWorkers(1)}, {"textbook", purgeByTheBook("")}, {"textbook-by-key", purgeByTheBook("ORDER BY id")},
		}
		if database.Name != "sqlite" {
			ways = append(ways, purgeWay{"Purge-by-two", purgeByWorkers(2)})
		}
		times := make([]purgeTimes, len(ways))
		var waits []float64
		for b.Loop() {
			for _, i := range mathrand.Perm(len(ways)) {
				times[i].measure(b, ways[i], purgeBenchTable(b, database, rows), rows)
			}
			waits = append(waits, purgeBenchWaits(b, database, rows))
		}
		for i, way := range ways {
			b.ReportMetric(median(times[i].rates), way.name+"-rows/s")
			if i > 0 {
				reportRange(b, way.name+"-of-DELETE", ratios(times[i].rates, times[0].rates))
			}
			reportRange(b, way.name+"-last-to-first", times[i].drifts)
			b.ReportMetric(median(times[i].bytes), way.name+"-B/row")
		}
		for i, way := range ways[2:4] {
			reportRange(b, "Purge-of-"+way.name, ratios(times[1].rates, times[2+i].rates))
		}
		reportRange(b, "p99-of-idle", waits)
		b.ReportMetric(0, "ns/op") // rounds with the filling of their tables: says nothing
	})
}

// measure runs a way once.
func (t *purgeTimes) measure(b *testing.B, way purgeWay, db *gorm.DB, rows int) {
	b.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	first, last := way.run(b, db)
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	var left int64
	require.NoError(b, db.Unscoped().Model(&purgeBenchRow{}).Count(&left).Error)
	require.EqualValues(b, rows, left)
	t.rates = append(t.rates, float64(rows)/took.Seconds())
	t.bytes = append(t.bytes, float64(after.TotalAlloc-before.TotalAlloc)/float64(rows))
	if first > 0 {
		t.drifts = append(t.drifts, float64(last)/float64(first))
	}
}

// ratios divides the values of each round.
func ratios(values, by []float64) []float64 {
	list := make([]float64, len(values))
	for i := range list {
		list[i] = values[i] / by[i]
	}
	return list
}

// reportRange reports the median of the rounds with its range.
func reportRange(b *testing.B, name string, values []float64) {
	b.Helper()
	if len(values) == 0 {
		return
	}
	b.ReportMetric(median(values), name)
	b.ReportMetric(slices.Min(values), name+"-min")
	b.ReportMetric(slices.Max(values), name+"-max")
}

// purgeBenchWaits is the p99 of a point query beside a purge, divided by its p99 while nothing runs.
func purgeBenchWaits(b *testing.B, database *testdb.Database, rows int) float64 {
	b.Helper()
	db := purgeBenchTable(b, database, rows)
	idle := purgeBenchP99(b, database, rows, func() { time.Sleep(2 * time.Second) })
	busy := purgeBenchP99(b, database, rows, func() {
		_, err := softdelete.Purge(db, softdelete.PurgeOptions{})
		require.NoError(b, err)
	})
	return float64(busy) / float64(idle)
}

// purgeBenchTable fills the table: every other row is eligible.
func purgeBenchTable(b *testing.B, database *testdb.Database, rows int) *gorm.DB {
	b.Helper()
	a := newArena(b, database, &purgeBenchRow{})
	a.pool.SetMaxOpenConns(4)
	a.exec(b, "DROP TABLE purge_bench_rows")
	require.NoError(b, a.db.AutoMigrate(&purgeBenchRow{}))
	a.fill(b, "purge_bench_rows (id, body, deleted_at)", 2*rows,
		"i, 'a body of some words, as rows have', CASE WHEN i % 2 = 0 THEN "+fixture.Instant(a.db, "2020-01-01 00:00:00")+" END")
	switch a.name {
	case "postgres":
		a.exec(b, "VACUUM ANALYZE purge_bench_rows", "CHECKPOINT")
	case "mysql":
		a.exec(b, "ANALYZE TABLE purge_bench_rows")
	}
	return a.db
}

// purgeBenchDue is the condition of the rows that are eligible.
func purgeBenchDue(db *gorm.DB) string {
	return "deleted_at <= " + fixture.Instant(db, "2021-01-01 00:00:00")
}

func purgeInOne(b *testing.B, db *gorm.DB) (_, _ time.Duration) {
	require.NoError(b, db.Exec("DELETE FROM purge_bench_rows WHERE "+purgeBenchDue(db)).Error)
	return 0, 0
}

func purgeByTheBook(order string) func(*testing.B, *gorm.DB) (time.Duration, time.Duration) {
	return func(b *testing.B, db *gorm.DB) (_, _ time.Duration) {
		statement := "DELETE FROM purge_bench_rows WHERE id IN (SELECT id FROM purge_bench_rows WHERE " + purgeBenchDue(db) + " " + order + " LIMIT 1000)"
		if db.Name() == "mysql" {
			statement = "DELETE FROM purge_bench_rows WHERE " + purgeBenchDue(db) + " " + order + " LIMIT 1000"
		}
		var batches []time.Duration
		for {
			start := time.Now()
			done := db.Exec(statement)
			require.NoError(b, done.Error)
			if done.RowsAffected == 0 {
				return firstAndLast(batches)
			}
			batches = append(batches, time.Since(start))
		}
	}
}

// firstAndLast are the medians of the first and of the last of some batches: a single one may meet a checkpoint. Both are 0 for
// less than six.
func firstAndLast(batches []time.Duration) (first, last time.Duration) {
	if len(batches) < 6 {
		return 0, 0
	}
	n := min(20, len(batches)/3)
	return median(batches[1 : 1+n]), median(batches[len(batches)-1-n : len(batches)-1])
}

func purgeByWorkers(workers int) func(*testing.B, *gorm.DB) (time.Duration, time.Duration) {
	return func(b *testing.B, db *gorm.DB) (_, _ time.Duration) {
		batches := make([][]time.Duration, workers)
		var all sync.WaitGroup
		for worker := range workers {
			all.Go(func() {
				at := time.Now()
				_, err := softdelete.Purge(db, softdelete.PurgeOptions{Progress: func(softdelete.PurgeProgress) {
					batches[worker] = append(batches[worker], time.Since(at))
					at = time.Now()
				}})
				require.NoError(b, err)
			})
		}
		all.Wait()
		return firstAndLast(batches[0])
	}
}

// purgeBenchP99 asks for single live rows while something else runs.
func purgeBenchP99(b *testing.B, database *testdb.Database, rows int, beside func()) time.Duration {
	b.Helper()
	db := database.Open(b)
	var over atomic.Bool
	var took []time.Duration
	var asking sync.WaitGroup
	asking.Go(func() {
		for i := 0; !over.Load(); i++ {
			start := time.Now()
			var body sql.NullString
			require.NoError(b, db.Raw("SELECT body FROM purge_bench_rows WHERE id = ?", i*7919%rows*2+1).Scan(&body).Error)
			took = append(took, time.Since(start))
			time.Sleep(100 * time.Microsecond)
		}
	})
	beside()
	over.Store(true)
	asking.Wait()
	slices.Sort(took)
	require.NotEmpty(b, took, fmt.Sprint(rows))
	return took[len(took)*99/100]
}
