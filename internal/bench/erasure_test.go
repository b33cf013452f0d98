package bench_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	erasureBenchPerson struct {
		ID        uint
		Name      string `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt
		Visits    []erasureBenchVisit `gorm:"foreignKey:PersonID"`
		Calls     []erasureBenchCall  `gorm:"foreignKey:PersonID"`
	}
	erasureBenchVisit struct {
		ID       uint
		PersonID uint   `gorm:"index"`
		Page     string `pii:"template:gone-{id}"`
		Hint     string
		Parts    []erasureBenchPart `gorm:"foreignKey:VisitID"`
	}
	erasureBenchPart struct {
		ID      uint
		VisitID uint   `gorm:"index"`
		Text    string `pii:"null"`
	}
	// erasureBenchCall has an event log.
	erasureBenchCall struct {
		_        struct{} `softdelete:"events"`
		ID       uint
		PersonID uint   `gorm:"index"`
		Number   string `pii:"null"`
		Hint     string
	}
)

// BenchmarkErasure erases a person with so many rows, in batches of 500: half of them under the person and half under those, or all
// in a table with an event log. What counts is that the time for a row stays the same. Run it with
//
//	go test -run '^$' -bench 'BenchmarkErasure$' -benchtime 1x -timeout 60m ./internal/bench
func BenchmarkErasure(b *testing.B) {
	benchDatabases(b, func(b *testing.B, database *testdb.Database) {
		for _, logged := range []bool{false, true} {
			for _, rows := range []int{1_000, 10_000, 100_000} {
				b.Run(fmt.Sprintf("logged=%v/%d", logged, rows), func(b *testing.B) {
					var total time.Duration
					for b.Loop() {
						b.StopTimer()
						db := erasureBenchOpen(b, database, rows, logged)
						b.StartTimer()
						begun := time.Now()
						certificate, err := softdelete.Erase(db, &erasureBenchPerson{ID: 1}, softdelete.ErasureRequest{})
						total += time.Since(begun)
						require.NoError(b, err)
						require.True(b, certificate.Verified)
					}
					b.ReportMetric(float64(total.Microseconds())/float64(b.N)/float64(rows), "µs/row")
				})
			}
		}
	})
}

// erasureBenchOpen opens a database with a person, and with as many rows of others.
func erasureBenchOpen(b *testing.B, database *testdb.Database, rows int, logged bool) *gorm.DB {
	b.Helper()
	models := []any{&erasureBenchPerson{}, &erasureBenchVisit{}, &erasureBenchPart{}, &erasureBenchCall{}}
	db := fixture.Open(b, database, softdelete.Config{Models: models, ErasureBatch: 500})
	for _, table := range []string{
		"erasure_bench_parts", "erasure_bench_visits", "erasure_bench_calls", "erasure_bench_calls_events", "erasure_bench_people", "softdelete_erased_rows",
	} {
		fixture.Exec(b, db, "DELETE FROM "+table)
	}
	fixture.Exec(b, db, fixture.Series("erasure_bench_people (id, name)", 2, "i, 'Anna Smith'"))
	if logged {
		data := `'{"id":' || i || ',"person_id":' || (i % 2 + 1) || ',"number":"+49 30 ' || (1000000 + i) || '","hint":"a call"}'`
		if database.Name == "postgres" {
			data = "CAST(" + data + " AS json), '', '', CAST('2026-01-01 00:00:00+00' AS timestamptz)"
		} else {
			data += ", '', '', '2026-01-01 00:00:00+00:00'"
		}
		fixture.Exec(b, db,
			fixture.Series("erasure_bench_calls (id, person_id, number, hint)", 2*rows, "i, i % 2 + 1, '+49 30 ' || (1000000 + i), 'a call of some minutes'"),
			fixture.Series("erasure_bench_calls_events (row_key, version, type, content, data, actor, reason, at)", 2*rows,
				"CAST(i AS text), 1, 'created', 'row', "+data))
	} else {
		fixture.Exec(b, db,
			fixture.Series("erasure_bench_visits (id, person_id, page, hint)", rows, "i, i % 2 + 1, 'the page of Anna ' || i, 'on a Monday'"),
			fixture.Series("erasure_bench_parts (id, visit_id, text)", rows, "i, i, 'what Anna Smith wrote there: ' || i"))
	}
	return db
}
