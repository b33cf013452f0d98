// Package bench_test times the plugin beside SQL written by hand, on every database. Each benchmark says how it is run.
package bench_test

// Arenas: databases in which several ways to do one thing are timed beside each other.

import (
	"cmp"
	"crypto/rand"
	"database/sql"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// arena is a database in which several ways to do one thing are timed beside each other.
type arena struct {
	db     *gorm.DB
	pool   *sql.DB
	tables []string // children last
	name   string   // of the database
	// backend is the process of the server that serves the connection, 0 for none.
	backend int
}

// newArena opens a database with the models' tables. All variants use its only connection, so that none has warmer caches.
func newArena(b *testing.B, database *testdb.Database, models ...any) *arena {
	b.Helper()
	return openArena(b, database, softdelete.Config{Models: models})
}

func openArena(b *testing.B, database *testdb.Database, config softdelete.Config) *arena {
	b.Helper()
	a := &arena{db: database.Open(b), name: database.Name}
	require.NoError(b, a.db.Use(softdelete.New(config)))
	require.NoError(b, a.db.AutoMigrate(config.Models...))
	require.NoError(b, a.db.AutoMigrate(softdelete.Tables()...))
	pool, err := a.db.DB()
	require.NoError(b, err)
	a.pool = pool
	a.pool.SetMaxOpenConns(1)
	for _, model := range config.Models {
		stmt := &gorm.Statement{DB: a.db}
		require.NoError(b, stmt.Parse(model))
		a.tables = append(a.tables, stmt.Table)
	}
	return a
}

// benchDatabases runs a benchmark whose statements are those of SQLite and PostgreSQL.
func benchDatabases(b *testing.B, run func(b *testing.B, database *testdb.Database)) {
	b.Run("sqlite", func(b *testing.B) { run(b, durable(testdb.SQLite(b))) })
	b.Run("postgres", func(b *testing.B) { run(b, durable(testdb.Postgres(b))) })
}

// benchRunning runs a benchmark on every database that tests run on.
func benchRunning(b *testing.B, run func(b *testing.B, database *testdb.Database)) {
	for _, name := range testdb.Running() {
		b.Run(name, func(b *testing.B) { run(b, durable(testdb.Named(b, name))) })
	}
}

// durable lets commits wait for the disk, as those of applications do; those of tests do not. On MySQL that is the server's to say.
func durable(database *testdb.Database) *testdb.Database {
	database.DSN = strings.NewReplacer("_synchronous=OFF", "_synchronous=FULL", "synchronous_commit=off", "synchronous_commit=on").Replace(database.DSN)
	return database
}

// exec runs statements outside the clock.
func (a *arena) exec(b *testing.B, statements ...string) {
	b.Helper()
	for _, statement := range statements {
		_, err := a.pool.Exec(statement)
		require.NoError(b, err, statement)
	}
}

// fill inserts rows that a SELECT over a series of numbers makes: i counts from 1 to rows.
func (a *arena) fill(b *testing.B, into string, rows int, values string) {
	b.Helper()
	a.exec(b, fixture.Series(into, rows, values))
}

// concat puts texts together.
func (a *arena) concat(b *testing.B, parts ...string) string {
	b.Helper()
	d, err := dialect.Of(a.db.Dialector)
	require.NoError(b, err)
	return d.Concat(parts...)
}

// settle gives the planner its statistics, once the rows are there.
func (a *arena) settle(b *testing.B) {
	b.Helper()
	a.tend(b, "ANALYZE", "VACUUM ANALYZE ", "ANALYZE TABLE ")
}

// analyze does that as a database does by itself within a minute.
func (a *arena) analyze(b *testing.B) {
	b.Helper()
	a.tend(b, "ANALYZE", "ANALYZE ", "ANALYZE TABLE ")
}

// revive makes all rows live again, and clears away what the writes left behind: dead rows, a long write-ahead log.
func (a *arena) revive(b *testing.B) {
	b.Helper()
	for _, table := range a.tables {
		a.exec(b, "UPDATE "+table+" SET deleted_at = NULL, deletion_id = NULL WHERE deletion_id IS NOT NULL")
	}
	a.sweep(b)
}

func (a *arena) sweep(b *testing.B) {
	b.Helper()
	a.tend(b, "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM ", "") // InnoDB clears away by itself
}

// tend does what a database wants now and then: SQLite for all at once, the others table by table; nothing where it is empty.
func (a *arena) tend(b *testing.B, sqlite, postgres, mysql string) {
	b.Helper()
	if a.name == "sqlite" {
		a.exec(b, sqlite)
		return
	}
	each := map[string]string{"postgres": postgres, "mysql": mysql}[a.name]
	for _, table := range a.tables {
		if each != "" {
			a.exec(b, each+table)
		}
	}
}

// deleted counts the rows that carry a mark.
func (a *arena) deleted(b *testing.B) (rows int) {
	b.Helper()
	for _, table := range a.tables {
		var count int
		require.NoError(b, a.pool.QueryRow("SELECT count(*) FROM "+table+" WHERE deletion_id IS NOT NULL").Scan(&count))
		rows += count
	}
	return rows
}

// byHand runs hand-written statements, in a transaction where there are several. The values of :at, :id and :key are bound.
func (a *arena) byHand(key int, statements ...string) func() error {
	bound := make([]func(id string, at time.Time) []any, len(statements))
	for i, statement := range statements {
		var names []string
		statements[i] = placeholder.ReplaceAllStringFunc(statement, func(name string) string {
			names = append(names, name)
			if a.name != "postgres" {
				return "?"
			}
			return fmt.Sprintf("$%d", len(names))
		})
		bound[i] = func(id string, at time.Time) (args []any) {
			for _, name := range names {
				args = append(args, map[string]any{":at": at, ":id": id, ":key": key}[name])
			}
			return args
		}
	}
	return func() error {
		at := time.Now().UTC()
		id := fmt.Sprintf("%019d-%s", at.UnixNano(), rand.Text()[:25])
		if len(statements) == 1 {
			_, err := a.pool.Exec(statements[0], bound[0](id, at)...)
			return err
		}
		tx, err := a.pool.Begin()
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // after a commit it has nothing to do
		for i, statement := range statements {
			if _, err := tx.Exec(statement, bound[i](id, at)...); err != nil {
				return err
			}
		}
		return tx.Commit()
	}
}

// variant is one way to do the thing that is timed.
type variant struct {
	name string
	run  func() error
}

// compare times the plugin beside the variants written by hand: each iteration is a round in which every one runs once, in
// random order, on the same rows. The plugin's time is divided by that of the fastest variant of the same round, where
// the fastest is the one with the smallest median, by the clock on the wall; the processors' time is printed too. before and after run
// outside the clock.
func (a *arena) compare(b *testing.B, rounds int, before, after func(), plugin func() error, byHand ...variant) {
	b.Helper()
	all := append([]variant{{"plugin", plugin}}, byHand...)
	times, processor := make([][]float64, len(all)), make([][]float64, len(all))
	for range 2 {
		a.runRound(b, all, before, after, func(int, float64, float64) {}) // warms the caches
	}
	for b.Loop() {
		for range rounds {
			a.runRound(b, all, before, after, func(i int, wall, cpu float64) {
				times[i], processor[i] = append(times[i], wall), append(processor[i], cpu)
			})
		}
	}
	medians := make([]float64, len(all))
	for i, v := range all {
		medians[i] = median(times[i])
		b.ReportMetric(medians[i], strings.ReplaceAll(v.name, " ", "-")+"-ms")
		b.ReportMetric(median(processor[i]), strings.ReplaceAll(v.name, " ", "-")+"-cpu-ms")
	}
	best := 1 + slices.Index(medians[1:], slices.Min(medians[1:]))
	ratios := make([]float64, len(times[0]))
	for i := range ratios {
		ratios[i] = times[0][i] / times[best][i]
	}
	b.ReportMetric(median(ratios), "ratio-median")
	b.ReportMetric(slices.Min(ratios), "ratio-min")
	b.ReportMetric(slices.Max(ratios), "ratio-max")
	b.ReportMetric(0, "ns/op") // rounds with their resets: says nothing
}

func (a *arena) runRound(b *testing.B, all []variant, before, after func(), note func(i int, wall, cpu float64)) {
	b.Helper()
	for _, i := range mathrand.Perm(len(all)) {
		before()
		start := a.now(b)
		err := all[i].run()
		wall, cpu := a.since(b, start)
		note(i, wall, cpu)
		require.NoError(b, err, all[i].name)
		after()
	}
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
