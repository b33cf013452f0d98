package softdelete_test

import (
	"database/sql"
	"fmt"
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

// purgeWay is a way to remove the rows. It gives how long its first and its last full batch took, 0 where it has none.
type purgeWay struct {
	name string
	run  func(b *testing.B, db *gorm.DB) (first, last time.Duration)
}

// BenchmarkPurge removes half of a table's rows: by Purge, by one DELETE, and by the usual loop of batches. Beside Purge it
// measures a point query. Run it with
//
//	SOFTDELETE_PURGE_ROWS=1000000 go test -run '^$' -bench BenchmarkPurge -benchtime 1x -timeout 30m .
func BenchmarkPurge(b *testing.B) {
	rows := purgeBenchRows(b)
	benchDatabases(b, func(b *testing.B, database *testdb.Database) {
		ways := []purgeWay{
			{"one DELETE", purgeInOne}, {"Purge", purgeByWorkers(1)}, {"textbook loop", purgeByTheBook},
		}
		if database.Name == "postgres" {
			ways = append(ways, purgeWay{"Purge, two workers", purgeByWorkers(2)})
		}
		for _, way := range ways {
			b.Run(way.name, func(b *testing.B) {
				for range b.N {
					b.StopTimer()
					db := purgeBenchTable(b, database, rows)
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					b.StartTimer()
					start := time.Now()
					first, last := way.run(b, db)
					took := time.Since(start)
					b.StopTimer()
					runtime.ReadMemStats(&after)
					var left int64
					require.NoError(b, db.Unscoped().Model(&purgeBenchRow{}).Count(&left).Error)
					require.EqualValues(b, rows, left)
					b.ReportMetric(float64(rows)/took.Seconds(), "rows/s")
					b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(rows), "B/row")
					if last > 0 {
						b.ReportMetric(float64(last)/float64(first), "last/first")
					}
				}
			})
		}
		b.Run("point query beside", func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				db := purgeBenchTable(b, database, rows)
				b.StartTimer()
				idle := purgeBenchP99(b, database, rows, func() { time.Sleep(500 * time.Millisecond) })
				busy := purgeBenchP99(b, database, rows, func() {
					_, err := softdelete.Purge(db, softdelete.PurgeOptions{})
					require.NoError(b, err)
				})
				b.ReportMetric(float64(idle.Microseconds()), "p99-idle-µs")
				b.ReportMetric(float64(busy.Microseconds()), "p99-purging-µs")
			}
		})
	})
}

// purgeBenchTable fills the table: every other row is eligible.
func purgeBenchTable(b *testing.B, database *testdb.Database, rows int) *gorm.DB {
	b.Helper()
	a := newArena(b, database, &purgeBenchRow{})
	a.pool.SetMaxOpenConns(4)
	a.exec(b, "DROP TABLE purge_bench_rows")
	require.NoError(b, a.db.AutoMigrate(&purgeBenchRow{}))
	a.fill(b, "purge_bench_rows (id, body, deleted_at)", 2*rows,
		"i, 'a body of some words, as rows have', CASE WHEN i % 2 = 0 THEN '2020-01-01 00:00:00+00:00' END"+map[bool]string{true: "::timestamptz"}[a.name == "postgres"])
	if a.name == "postgres" {
		a.exec(b, "VACUUM ANALYZE purge_bench_rows", "CHECKPOINT")
	}
	return a.db
}

func purgeInOne(b *testing.B, db *gorm.DB) (_, _ time.Duration) {
	require.NoError(b, db.Exec("DELETE FROM purge_bench_rows WHERE deleted_at <= '2021-01-01 00:00:00+00:00'").Error)
	return 0, 0
}

func purgeByTheBook(b *testing.B, db *gorm.DB) (first, last time.Duration) {
	for {
		start := time.Now()
		done := db.Exec("DELETE FROM purge_bench_rows WHERE id IN (SELECT id FROM purge_bench_rows WHERE deleted_at <= '2021-01-01 00:00:00+00:00' LIMIT 1000)")
		require.NoError(b, done.Error)
		if done.RowsAffected < 1000 {
			return first, last
		}
		last = time.Since(start)
		if first == 0 {
			first = last
		}
	}
}

func purgeByWorkers(workers int) func(*testing.B, *gorm.DB) (time.Duration, time.Duration) {
	return func(b *testing.B, db *gorm.DB) (first, last time.Duration) {
		var batches [][]time.Duration = make([][]time.Duration, workers)
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
		// Medians of a few: a single batch may meet a checkpoint.
		median := func(list []time.Duration) time.Duration {
			list = slices.Sorted(slices.Values(list))
			return list[len(list)/2]
		}
		times := batches[0]
		if len(times) < 6 {
			return 0, 0
		}
		n := min(20, len(times)/3)
		return median(times[1 : 1+n]), median(times[len(times)-1-n : len(times)-1])
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
