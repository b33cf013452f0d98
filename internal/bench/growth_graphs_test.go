package bench_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// growthLeaf hides with what is above it, by two ways.
	growthLeaf struct {
		ID        uint
		TwigID    uint `gorm:"index"`
		BoughID   uint `gorm:"index"`
		DeletedAt gorm.DeletedAt
		Twig      *growthSprig `gorm:"foreignKey:TwigID" softdelete:"lazy"`
		Bough     *growthBough `gorm:"foreignKey:BoughID" softdelete:"lazy"`
	}
	growthSprig struct {
		ID        uint
		BoughID   uint `gorm:"index"`
		DeletedAt gorm.DeletedAt
		Bough     *growthBough `gorm:"foreignKey:BoughID" softdelete:"lazy"`
	}
	growthBough struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	// growthTicket has what must be unique in the catalogue alone.
	growthTicket struct {
		ID         uint
		Team       int `gorm:"index"`
		Code       string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
	}
)

// facets makes so many rows of each of the 60 models, each row under those of the models before it with its number.
func facets(b *testing.B, a *arena, size int) {
	for i := range fixture.Diamonds() {
		a.fill(b, fmt.Sprintf("diamond%02d (id, p1, p2, p3)", i), max(1, size/60), "i, i, i, i")
	}
}

var growthsOfGraphs = []growth{
	{
		name: "Delete of a root of diamonds", sizes: [3]int{100, 1_000, 10_000}, models: fixture.Diamonds(), once: true, prepare: facets,
		do: func(b *testing.B, a *arena, size int) {
			require.NoError(b, a.db.Delete(&fixture.Diamond00{Facet: fixture.Facet{ID: 1}}).Error)
		},
	},
	{
		name: "Restore of a root of diamonds", sizes: [3]int{100, 1_000, 10_000}, models: fixture.Diamonds(), once: true,
		prepare: func(b *testing.B, a *arena, size int) {
			facets(b, a, size)
			require.NoError(b, a.db.Delete(&fixture.Diamond00{Facet: fixture.Facet{ID: 1}}).Error)
		},
		do: func(b *testing.B, a *arena, size int) {
			restoreAll(b, a, a.db, &fixture.Diamond00{Facet: fixture.Facet{ID: 1}}, 60)
		},
	},
	{
		name: "Read of lazy rows", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&growthBough{}, &growthSprig{}, &growthLeaf{}},
		prepare: func(b *testing.B, a *arena, size int) {
			a.fill(b, "growth_boughs (id)", size/100, "i")
			a.fill(b, "growth_sprigs (id, bough_id)", size/10, "i, (i + 9) / 10")
			a.fill(b, "growth_leafs (id, twig_id, bough_id)", size, "i, (i + 9) / 10, (i + 99) / 100")
			a.exec(b, "UPDATE growth_boughs SET deleted_at = '2020-01-01 00:00:00+00:00' WHERE id % 10 = 1")
			a.settle(b)
		},
		do: func(b *testing.B, a *arena, size int) {
			var rows int64
			require.NoError(b, a.db.Model(&growthLeaf{}).Count(&rows).Error)
			require.EqualValues(b, size-(size/100+9)/10*100, rows)
		},
	},
	{
		name: "Restore of many with what the catalogue keeps unique", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&growthTicket{}},
		prepare: func(b *testing.B, a *arena, size int) {
			a.exec(b, "CREATE UNIQUE INDEX IF NOT EXISTS growth_ticket_codes ON growth_tickets (lower(code)) WHERE deleted_at IS NULL")
			a.fill(b, "growth_tickets (id, code, team)", size, "i, 'p' || i, 2")
			a.fill(b, "growth_tickets (id, code, team, deleted_at, deletion_id)", size, fmt.Sprintf("i + %d, 'D' || i, 1, ", size)+a.longAgo())
			a.settle(b)
		},
		do: func(b *testing.B, a *arena, size int) {
			restoreAll(b, a, a.db.Where("team = ?", 1), &growthTicket{}, size)
		},
	},
	{
		name: "Numbers for an archive without", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchVoucher{}},
		prepare: func(b *testing.B, a *arena, size int) {
			archived(false)(b, a, size)
			a.exec(b, "DROP TABLE IF EXISTS numbered", "CREATE TABLE numbered AS SELECT id, batch, number, amount, at, note, archived_at, deletion_id FROM bench_vouchers_archive",
				"DROP TABLE bench_vouchers_archive", "ALTER TABLE numbered RENAME TO bench_vouchers_archive")
		},
		do: func(b *testing.B, a *arena, size int) {
			require.NoError(b, a.db.AutoMigrate(&benchVoucher{}))
			var numbered int64
			require.NoError(b, a.db.Table("bench_vouchers_archive").Where("archive_id > 0").Count(&numbered).Error)
			require.EqualValues(b, size, numbered)
		},
	},
}

// BenchmarkCompile times the compiling of 60 models, each of which cascades to the next three. Run it with
//
//	go test -run '^$' -bench BenchmarkCompile ./internal/bench
func BenchmarkCompile(b *testing.B) {
	database := testdb.SQLite(b)
	var times []float64
	for b.Loop() {
		b.StopTimer()
		db := database.Open(b)
		start := ownTime()
		b.StartTimer()
		require.NoError(b, db.Use(softdelete.New(softdelete.Config{Models: fixture.Diamonds()})))
		b.StopTimer()
		times = append(times, float64((ownTime()-start).Microseconds())/1000)
		b.StartTimer()
	}
	b.ReportMetric(median(times), "cpu-ms")
}
