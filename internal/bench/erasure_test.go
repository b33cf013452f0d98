package bench_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
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

// erasureModels are the person and what is under one. Half of a person's rows are visits, the others parts of visits; or all are calls,
// each of which has an event.
func erasureModels() []any {
	return []any{&erasureBenchPerson{}, &erasureBenchVisit{}, &erasureBenchPart{}, &erasureBenchCall{}}
}

// subject makes a person with so many rows, beside as many of another one.
func subject(logged bool) func(b *testing.B, a *arena, size int) {
	return func(b *testing.B, a *arena, size int) {
		a.exec(b, "DELETE FROM erasure_bench_calls_events", "DELETE FROM softdelete_erased_rows")
		a.fill(b, "erasure_bench_people (id, name)", 2, "i, 'Anna Smith'")
		if !logged {
			a.fill(b, "erasure_bench_visits (id, person_id, page, hint)", size, "i, i % 2 + 1, 'the page of Anna ' || i, 'on a Monday'")
			a.fill(b, "erasure_bench_parts (id, visit_id, text)", size, "i, i, 'what Anna Smith wrote there: ' || i")
			return
		}
		data := `'{"id":' || i || ',"person_id":' || (i % 2 + 1) || ',"number":"+49 30 ' || (1000000 + i) || '","hint":"a call"}'`
		if a.name == "postgres" {
			data = "CAST(" + data + " AS json), '', '', CAST('2026-01-01 00:00:00+00' AS timestamptz)"
		} else {
			data += ", '', '', '2026-01-01 00:00:00+00:00'"
		}
		a.fill(b, "erasure_bench_calls (id, person_id, number, hint)", 2*size, "i, i % 2 + 1, '+49 30 ' || (1000000 + i), 'a call of some minutes'")
		a.fill(b, "erasure_bench_calls_events (row_key, version, type, content, data, actor, reason, at)", 2*size, "CAST(i AS text), 1, 'created', 'row', "+data)
	}
}

// erase erases the person.
func erase(b *testing.B, a *arena, _ int) {
	certificate, err := softdelete.Erase(a.db, &erasureBenchPerson{ID: 1}, softdelete.ErasureRequest{})
	require.NoError(b, err)
	require.True(b, certificate.Verified)
}

var growthsOfErasures = []growth{
	{name: "Erasure of a person", sizes: [3]int{1_000, 10_000, 100_000}, models: erasureModels(), erasureBatch: 500, prepare: subject(false), do: erase},
	{name: "Erasure of a person in an event log", sizes: [3]int{1_000, 10_000, 100_000}, models: erasureModels(), erasureBatch: 500, prepare: subject(true), do: erase},
}
