package bench_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type benchVoucher struct {
	_      struct{} `softdelete:"archive"`
	ID     uint
	Batch  int `gorm:"index"`
	Number string
	Amount int64
	At     time.Time
	Note   *string
}

// BenchmarkArchive archives 10 and 100,000 vouchers by condition, beside 20,000 others, and brings them back, by the condition and by the
// deletion's ID. Run it with
//
//	go test -run '^$' -bench BenchmarkArchive -benchtime 11x ./internal/bench
func BenchmarkArchive(b *testing.B) {
	const columns = "id, batch, number, amount, at, note"
	benchRunning(b, func(b *testing.B, database *testdb.Database) {
		for _, size := range []struct{ rows, rounds int }{{10, 20}, {100_000, 1}} {
			a := newArena(b, database, &benchVoucher{})
			a.tables = append(a.tables, "bench_vouchers_archive")
			a.exec(b, "DELETE FROM bench_vouchers", "DELETE FROM bench_vouchers_archive")
			a.fill(b, "bench_vouchers ("+columns+")", 20_000+size.rows,
				"i, CASE WHEN i > 20000 THEN 1 ELSE 2 END, "+a.concat(b, "'voucher '", "i")+", i, "+fixture.Instant(a.db, "2020-01-02 03:04:05")+
					", CASE i % 2 WHEN 0 THEN 'a note of some words' END")
			a.settle(b)
			archived := func() (rows int) {
				require.NoError(b, a.pool.QueryRow("SELECT count(*) FROM bench_vouchers_archive").Scan(&rows))
				return rows
			}
			back := func() {
				a.exec(b, "INSERT INTO bench_vouchers ("+columns+") SELECT "+columns+" FROM bench_vouchers_archive", "DELETE FROM bench_vouchers_archive")
				a.sweep(b)
			}
			instant := ":at"
			if a.name == "postgres" {
				instant = "CAST(:at AS timestamptz)"
			}
			copyRows := "INSERT INTO bench_vouchers_archive (" + columns + ", archived_at, deletion_id) SELECT " + columns + ", " + instant + ", " + fixture.Text(a.db, ":id")
			byHand := []variant{{"by hand", a.byHand(1, copyRows+" FROM bench_vouchers WHERE batch = :key", "DELETE FROM bench_vouchers WHERE batch = :key")}}
			if a.name == "postgres" {
				byHand = append(byHand, variant{"one statement", a.byHand(1,
					"WITH moved AS (DELETE FROM bench_vouchers WHERE batch = :key RETURNING "+columns+") "+copyRows+" FROM moved")})
			}
			b.Run(fmt.Sprint(size.rows), func(b *testing.B) {
				after := func() {
					require.Equal(b, size.rows, archived())
					back()
				}
				a.compare(b, size.rounds, func() {}, after, func() error { return a.db.Where("batch = ?", 1).Delete(&benchVoucher{}).Error }, byHand...)
			})
			var id softdelete.DeletionID
			unsettled := func(b *testing.B) {
				report, err := softdelete.Delete(a.db.Where("batch = ?", 1), &benchVoucher{})
				require.NoError(b, err)
				id = report.DeletionID
			}
			archive := func(b *testing.B) {
				unsettled(b)
				a.analyze(b)
			}
			byCondition := func() error {
				_, err := softdelete.Restore(a.db.Where("batch = ?", 1), &benchVoucher{})
				return err
			}
			backByHand := variant{"by hand", a.byHand(1, "INSERT INTO bench_vouchers ("+columns+") SELECT "+columns+" FROM bench_vouchers_archive WHERE batch = :key",
				"DELETE FROM bench_vouchers_archive WHERE batch = :key")}
			gone := func(b *testing.B) {
				require.Zero(b, archived())
				a.sweep(b)
			}
			b.Run(fmt.Sprintf("%d back without statistics", size.rows), func(b *testing.B) {
				a.compare(b, size.rounds, func() { unsettled(b) }, func() { gone(b) }, byCondition, backByHand)
			})
			b.Run(fmt.Sprintf("%d back", size.rows), func(b *testing.B) {
				a.compare(b, size.rounds, func() { archive(b) }, func() { gone(b) }, byCondition, backByHand)
			})
			b.Run(fmt.Sprintf("%d back by their deletion", size.rows), func(b *testing.B) {
				a.compare(b, size.rounds, func() { archive(b) }, func() { gone(b) }, func() error {
					_, err := softdelete.RestoreDeletion(a.db, id)
					return err
				}, backByHand)
			})
		}
	})
}
