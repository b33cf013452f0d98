package bench_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// family is the shape of a firm: its clerks, the letters of a clerk, the lines of a letter.
type family struct{ clerks, letters, lines int }

func (f family) descendants() int { return f.clerks * (1 + f.letters + f.letters*f.lines) }

// families are the shapes to measure, each with the rounds of an iteration: the fewer rows, the more the times vary.
var families = []struct {
	family
	rounds int
}{
	{family{1, 3, 2}, 20},
	{family{10, 9, 10}, 5},
	{family{1000, 9, 10}, 1},
}

var placeholder = regexp.MustCompile(`:(at|id|key)\b`)

// BenchmarkCascade deletes a firm with 10, 1,000 and 100,000 rows under it. Beside it stand others of its shape,
// with 20,000 rows or more in all, so that indexes matter. Run it with
//
//	go test -run '^$' -bench BenchmarkCascade -benchtime 21x ./internal/bench
func BenchmarkCascade(b *testing.B) {
	benchRunning(b, func(b *testing.B, database *testdb.Database) {
		for _, f := range families {
			b.Run(fmt.Sprint(f.descendants()), func(b *testing.B) {
				a := newFamily(b, database, f.family)
				a.revive(b)
				after := func() {
					require.Equal(b, 1+f.descendants(), a.deleted(b))
					a.revive(b)
				}
				a.compare(b, f.rounds, func() {}, after, func() error { return a.db.Delete(&fixture.Firm{ID: 1}).Error }, a.handWrittenCascades()...)
			})
		}
	})
}

func newFamily(b *testing.B, database *testdb.Database, f family) *arena {
	b.Helper()
	a := newArena(b, database, fixture.FirmModels()...)
	for i := range a.tables {
		a.exec(b, "DELETE FROM "+a.tables[len(a.tables)-1-i])
	}
	a.exec(b, fixture.Firms(max(2, 20_000/f.descendants()), f.clerks, f.letters, f.lines)...)
	a.settle(b)
	return a
}

// handWrittenCascades are what one may write by hand to mark a firm and all under it.
func (a *arena) handWrittenCascades() []variant {
	const mark = " SET deleted_at = :at, deletion_id = :id WHERE deleted_at IS NULL AND "
	list := []variant{
		{"by mark", a.byHand(1,
			"UPDATE firms"+mark+"id = :key",
			"UPDATE clerks"+mark+"firm_id = :key",
			"UPDATE letters"+mark+"clerk_id IN (SELECT id FROM clerks WHERE deletion_id = :id)",
			"UPDATE sentences"+mark+"letter_id IN (SELECT id FROM letters WHERE deletion_id = :id)",
		)},
		{"by key", a.byHand(1,
			"UPDATE sentences"+mark+"letter_id IN (SELECT id FROM letters WHERE deleted_at IS NULL AND clerk_id IN "+
				"(SELECT id FROM clerks WHERE deleted_at IS NULL AND firm_id = :key))",
			"UPDATE letters"+mark+"clerk_id IN (SELECT id FROM clerks WHERE deleted_at IS NULL AND firm_id = :key)",
			"UPDATE clerks"+mark+"firm_id = :key",
			"UPDATE firms"+mark+"id = :key",
		)},
	}
	if a.name == "postgres" {
		list = append(list, variant{"one with", a.byHand(1,
			"WITH gone_firms AS (UPDATE firms"+mark+"id = :key RETURNING id), "+
				"gone_clerks AS (UPDATE clerks"+mark+"firm_id IN (SELECT id FROM gone_firms) RETURNING id), "+
				"gone_letters AS (UPDATE letters"+mark+"clerk_id IN (SELECT id FROM gone_clerks) RETURNING id) "+
				"UPDATE sentences"+mark+"letter_id IN (SELECT id FROM gone_letters)",
		)})
	}
	if a.name == "mysql" {
		const set = " SET c.deleted_at = :at, c.deletion_id = :id WHERE c.deleted_at IS NULL"
		list = append(list, variant{"by join", a.byHand(1,
			"UPDATE firms"+mark+"id = :key",
			"UPDATE clerks"+mark+"firm_id = :key",
			"UPDATE clerks AS p JOIN letters AS c ON c.clerk_id = p.id"+set+" AND p.deletion_id = :id",
			"UPDATE letters AS p JOIN sentences AS c ON c.letter_id = p.id"+set+" AND p.deletion_id = :id",
		)})
	}
	return list
}

// BenchmarkRestore brings back a firm with 10, 1,000 and 100,000 rows under it, beside others of its shape. Run it with
//
//	go test -run '^$' -bench BenchmarkRestore -benchtime 21x ./internal/bench
func BenchmarkRestore(b *testing.B) {
	benchRunning(b, func(b *testing.B, database *testdb.Database) {
		for _, f := range families {
			b.Run(fmt.Sprint(f.descendants()), func(b *testing.B) {
				a := newFamily(b, database, f.family)
				a.revive(b)
				var id softdelete.DeletionID
				before := func() {
					report, err := softdelete.Delete(a.db, &fixture.Firm{ID: 1})
					require.NoError(b, err)
					id = report.DeletionID
					a.sweep(b)
				}
				after := func() { require.Zero(b, a.deleted(b)) }
				back := func() error {
					statements := make([]string, len(a.tables))
					for i, table := range a.tables {
						statements[i] = "UPDATE " + table + " SET deleted_at = NULL, deletion_id = NULL WHERE deletion_id = '" + string(id) + "'"
					}
					return a.byHand(1, statements...)()
				}
				a.compare(b, f.rounds, before, after, func() error {
					_, err := softdelete.Restore(a.db, &fixture.Firm{ID: 1})
					return err
				}, variant{"by hand", back})
			})
		}
	})
}
