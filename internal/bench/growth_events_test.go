package bench_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// logged makes so many rows with an event each, or none.
func logged(events bool) func(b *testing.B, a *arena, size int) {
	return func(b *testing.B, a *arena, size int) {
		a.exec(b, "DELETE FROM bench_loggeds_events")
		a.fill(b, "bench_loggeds (id, owner, balance, note)", size, "i, 'an owner', i, 'a note of some words'")
		if events {
			a.events(b, size, "CAST(i AS text), 1, 'created', 'row'", "i")
		}
		a.settle(b)
	}
}

// events makes events of the rows that logged makes: first are the key, version, type and content of the i-th, id is the row's.
func (a *arena) events(b *testing.B, size int, first, id string) {
	data := `'{"id":' || ` + id + ` || ',"owner":"an owner","balance":' || i || ',"note":"a note of some words"}'`
	at := "'2026-01-01 00:00:00+00:00'"
	if a.name == "postgres" {
		data, at = "CAST("+data+" AS json)", "CAST("+at+" AS timestamptz)"
	}
	a.fill(b, "bench_loggeds_events (row_key, version, type, content, data, actor, reason, at)", size, first+", "+data+", '', '', "+at)
}

var growthsOfEvents = []growth{
	{
		name: "Create with an event log", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchLogged{}},
		prepare: func(b *testing.B, a *arena, _ int) { a.exec(b, "DELETE FROM bench_loggeds_events") },
		do: func(b *testing.B, a *arena, size int) {
			rows := make([]benchLogged, size)
			for i := range rows {
				rows[i] = benchLogged{Owner: "an owner", Note: "a note of some words"}
			}
			require.NoError(b, a.db.CreateInBatches(&rows, 1_000).Error)
		},
	},
	{
		name: "Update with an event log", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchLogged{}}, prepare: logged(true),
		do: func(b *testing.B, a *arena, size int) {
			update := a.db.Model(&benchLogged{}).Where("id > 0").UpdateColumn("balance", gorm.Expr("balance + 1"))
			require.NoError(b, update.Error)
			require.EqualValues(b, size, update.RowsAffected)
		},
	},
	{
		name: "Delete with an event log", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchLogged{}}, prepare: logged(true),
		do: func(b *testing.B, a *arena, size int) {
			deleted := a.db.Where("id > 0").Delete(&benchLogged{})
			require.NoError(b, deleted.Error)
			require.EqualValues(b, size, deleted.RowsAffected)
		},
	},
	{
		name: "Rebuild of a row with many events", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchLogged{}},
		prepare: func(b *testing.B, a *arena, size int) {
			a.exec(b, "DELETE FROM bench_loggeds_events")
			a.fill(b, "bench_loggeds (id, owner, balance, note)", 1, "i, 'an owner', -1, ''")
			a.events(b, size, "'1', i, CASE i WHEN 1 THEN 'created' ELSE 'updated' END, CASE i WHEN 1 THEN 'row' ELSE 'change' END", "1")
			a.settle(b)
		},
		do: func(b *testing.B, a *arena, size int) {
			changed, err := softdelete.Rebuild(a.db, &benchLogged{})
			require.NoError(b, err)
			require.EqualValues(b, 1, changed)
			var row benchLogged
			require.NoError(b, a.db.First(&row, 1).Error)
			require.EqualValues(b, size, row.Balance)
		},
	},
	{
		name: "Rebuild of many rows", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchLogged{}},
		prepare: func(b *testing.B, a *arena, size int) {
			logged(true)(b, a, size)
			a.exec(b, "UPDATE bench_loggeds SET balance = -1")
		},
		do: func(b *testing.B, a *arena, size int) {
			changed, err := softdelete.Rebuild(a.db, &benchLogged{})
			require.NoError(b, err)
			require.EqualValues(b, size, changed)
		},
	},
	{
		name: "Baseline of a log that begins", sizes: [3]int{1_000, 10_000, 100_000}, models: []any{&benchLogged{}},
		prepare: func(b *testing.B, a *arena, size int) {
			logged(false)(b, a, size)
			triggers := []string{"softdelete_created", "softdelete_deleted", "softdelete_updated"}
			of := " ON bench_loggeds"
			if a.name == "sqlite" {
				triggers, of = []string{"bench_loggeds_events_created", "bench_loggeds_events_deleted", "bench_loggeds_events_updated"}, ""
			}
			for _, trigger := range triggers {
				a.exec(b, fmt.Sprintf("DROP TRIGGER IF EXISTS %s%s", trigger, of))
			}
		},
		do: func(b *testing.B, a *arena, size int) {
			require.NoError(b, a.db.AutoMigrate(&benchLogged{}))
			var events int64
			require.NoError(b, a.db.Table("bench_loggeds_events").Count(&events).Error)
			require.EqualValues(b, size, events)
		},
	},
}
