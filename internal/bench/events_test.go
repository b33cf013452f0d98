package bench_test

import (
	"fmt"
	"testing"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	// benchLogged and benchUnlogged differ in the log alone.
	benchLogged struct {
		_       struct{} `softdelete:"hard;events"`
		ID      uint
		Owner   string `gorm:"index"`
		Balance int64
		Note    string
	}
	benchUnlogged struct {
		_       struct{} `softdelete:"hard"`
		ID      uint
		Owner   string `gorm:"index"`
		Balance int64
		Note    string
	}
)

// BenchmarkEvents times a create, an update and a deletion of one row and of 1,000 rows with an event log beside the same
// without. Run it with
//
//	go test -run '^$' -bench BenchmarkEvents -benchtime 21x ./internal/bench
func BenchmarkEvents(b *testing.B) {
	benchDatabases(b, func(b *testing.B, database *testdb.Database) {
		a := newArena(b, database, &benchLogged{}, &benchUnlogged{})
		for _, rows := range []int{1, 1000} {
			empty := func() {
				a.exec(b, "DELETE FROM bench_loggeds", "DELETE FROM bench_unloggeds", "DELETE FROM bench_loggeds_events")
			}
			fill := func() {
				empty()
				for _, table := range []string{"bench_loggeds", "bench_unloggeds"} {
					a.fill(b, table+" (id, owner, balance, note)", rows, "i, 'an owner', 0, 'a note of some words'")
				}
			}
			nothing := func() {}
			rounds := max(1, 20/rows)
			b.Run(fmt.Sprint("create/", rows), func(b *testing.B) {
				logged, unlogged := make([]benchLogged, rows), make([]benchUnlogged, rows)
				compare(b, rounds, func() {
					empty()
					for i := range rows {
						logged[i] = benchLogged{Owner: "an owner", Note: "a note of some words"}
						unlogged[i] = benchUnlogged{Owner: "an owner", Note: "a note of some words"}
					}
				}, nothing, func() error { return a.db.Create(&logged).Error },
					variant{"without", func() error { return a.db.Create(&unlogged).Error }})
			})
			b.Run(fmt.Sprint("update/", rows), func(b *testing.B) {
				update := func(model any) func() error {
					return func() error {
						return a.db.Model(model).Where("id > 0").UpdateColumn("balance", gorm.Expr("balance + 1")).Error
					}
				}
				compare(b, rounds, fill, nothing, update(&benchLogged{}), variant{"without", update(&benchUnlogged{})})
			})
			b.Run(fmt.Sprint("delete/", rows), func(b *testing.B) {
				remove := func(model any) func() error {
					return func() error { return a.db.Where("id > 0").Delete(model).Error }
				}
				compare(b, rounds, fill, nothing, remove(&benchLogged{}), variant{"without", remove(&benchUnlogged{})})
			})
		}
	})
}
