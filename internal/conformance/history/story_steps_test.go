package history_test

import (
	"database/sql"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"pgregory.net/rapid"
)

// storyStep is one thing that happens, drawn without a look at the rows: what it names may be deleted, or missing.
type storyStep struct {
	operation string
	table     int
	keys      []int  // in storyKeys
	form      string // how a call names the rows
	up, side  int    // keys of the rows above, from 1; 0 for none
	n         int
	aim       int // which of the rows that the step could be about it is about, from 1; 0 for what keys say
	pause     int // milliseconds by which the clock goes on before it
	process   int
	inner     []storyStep // of a transaction
	meddle    *storyStep  // what another process does meanwhile
	commit    bool
}

// storyOperation is a kind of step: how often it is drawn, and what it does. It foresees by the model, calls, and tells what came of it.
type storyOperation struct {
	name   string
	weight int
	// about tells which rows it has an effect on; nil where it is about none.
	about func(r *storyRow) bool
	run   func(s *story, t *rapid.T, db *gorm.DB, step storyStep) storyOutcome
}

var storyOperations = []storyOperation{
	{"create", 12, func(r *storyRow) bool { return r.table.archive && r.mark != 0 }, (*story).create},
	{"delete", 12, storyIsLive, (*story).delete},
	{"restore", 7, storyIsDeleted, (*story).restore},
	{"undo", 6, nil, (*story).undo},
	{"move", 4, storyIsLive, (*story).move},
	{"days pass", 3, nil, (*story).daysPass},
	{"the clock goes back", 2, nil, (*story).clockBack},
	{"hold", 1, storyIsThere, (*story).hold},
	{"release", 2, nil, (*story).release},
	{"remove", 1, storyIsThere, (*story).remove},
	{"purge", 3, nil, (*story).purge},
	{"erase", 1, func(r *storyRow) bool { return r.table == &storyTables[0] }, (*story).erase},
}

func storyIsLive(r *storyRow) bool    { return r.mark == 0 }
func storyIsDeleted(r *storyRow) bool { return r.mark != 0 }
func storyIsThere(*storyRow) bool     { return true }

// aimed is the step about a row that is there, where it is drawn so.
func (o storyOperation) aimed(m *storyModel, step storyStep) storyStep {
	if o.about == nil || step.aim == 0 {
		return step
	}
	rows := m.where(o.about)
	if len(rows) == 0 {
		return step
	}
	row := rows[step.aim%len(rows)]
	first := slices.Index(storyKeys, row.key)
	step.table = slices.IndexFunc(storyTables, func(t storyTable) bool { return t.name == row.table.name })
	step.keys = append([]int{first}, slices.DeleteFunc(slices.Clone(step.keys), func(i int) bool { return i == first })...)
	return step
}

// storyLevel is a level of a caller's transaction; stale is its name where it does not show what others commit meanwhile.
type storyLevel struct {
	name, stale string
	options     *sql.TxOptions
}

var storyLevels = []storyLevel{
	{name: "default"},
	{name: "read committed", options: &sql.TxOptions{Isolation: sql.LevelReadCommitted}},
	{name: "repeatable read", stale: "repeatable read", options: &sql.TxOptions{Isolation: sql.LevelRepeatableRead}},
	{name: "serializable", stale: "serializable", options: &sql.TxOptions{Isolation: sql.LevelSerializable}},
}

// storySteps draws steps, and transactions of steps.
func storySteps(transactions bool) *rapid.Generator[storyStep] {
	var names []string
	for _, o := range storyOperations {
		for range o.weight {
			names = append(names, o.name)
		}
	}
	if transactions {
		names = append(names, "transaction", "transaction", "transaction", "transaction")
	}
	key := rapid.IntRange(0, len(storyKeys)-1)
	above := rapid.SampledFrom([]int{0, 1, 1, 2, 3})
	return rapid.Custom(func(t *rapid.T) storyStep {
		step := storyStep{
			operation: rapid.SampledFrom(names).Draw(t, "operation"),
			n:         rapid.IntRange(0, 9).Draw(t, "n"),
			process:   rapid.IntRange(0, 1).Draw(t, "process"),
		}
		if step.operation == "transaction" {
			step.inner = rapid.SliceOfN(storySteps(false), 1, 4).Draw(t, "inside")
			step.commit = rapid.IntRange(0, 3).Draw(t, "commit") > 0
			if rapid.Bool().Draw(t, "another meddles") {
				meddle := storySteps(false).Draw(t, "meddling")
				step.meddle = &meddle
			}
			return step
		}
		step.aim = rapid.IntRange(0, 40).Draw(t, "aim")
		step.table = rapid.SampledFrom([]int{0, 0, 1, 1, 1, 2, 2, 3, 4, 5, 6}).Draw(t, "table")
		step.keys = rapid.SliceOfNDistinct(key, 1, 3, rapid.ID[int]).Draw(t, "keys")
		step.form = rapid.SampledFrom([]string{"row", "row", "slice", "condition"}).Draw(t, "form")
		step.up, step.side = above.Draw(t, "up"), above.Draw(t, "side")
		step.pause = rapid.SampledFrom([]int{0, 0, 1, 1000}).Draw(t, "pause")
		return step
	})
}

// storyBeginnings draws the rows that are there at first.
func storyBeginnings() *rapid.Generator[[]storyStep] {
	key := rapid.IntRange(0, 2)
	above := rapid.SampledFrom([]int{0, 1, 1, 1, 2, 2})
	created := rapid.Custom(func(t *rapid.T) storyStep {
		return storyStep{
			operation: "create", table: rapid.SampledFrom([]int{1, 1, 1, 2, 2, 2, 3, 4, 5, 5, 6, 6}).Draw(t, "table"),
			keys: []int{key.Draw(t, "key")}, up: above.Draw(t, "up"), side: above.Draw(t, "side"),
		}
	})
	return rapid.Custom(func(t *rapid.T) []storyStep {
		shops := []storyStep{{operation: "create", keys: []int{0}}, {operation: "create", keys: []int{1}}}
		return append(shops, rapid.SliceOfN(created, 3, 14).Draw(t, "rows")...)
	})
}

// storyCall is how a call names rows.
type storyCall struct {
	table *storyTable
	keys  []StoryKey // nil where part tells
	part  string
	db    *gorm.DB
	value any
}

func (c storyCall) String() string {
	if c.keys == nil {
		return fmt.Sprintf("%s of part %q", c.table.name, c.part)
	}
	return fmt.Sprintf("%s %q", c.table.name, c.keys)
}

func (s *story) call(db *gorm.DB, step storyStep) storyCall {
	c := storyCall{table: &storyTables[step.table]}
	c.db = s.place.on(db, *c.table)
	for _, i := range step.keys {
		c.keys = append(c.keys, storyKeys[i])
	}
	switch step.form {
	case "row":
		c.keys = c.keys[:1]
		c.value = c.table.row(c.keys[0], StoryText{}, nil, nil)
	case "slice":
		c.value = c.table.rows(c.keys)
	default:
		c.part, c.keys = c.keys[0].Part, nil
		c.db, c.value = c.db.Where("part = ?", c.part), c.table.model
	}
	return c
}

// each calls do with every key that the call names.
func (c storyCall) each(do func(key StoryKey)) {
	for _, key := range storyKeys {
		named := key.Part == c.part
		for _, given := range c.keys {
			named = named || given == key
		}
		if named {
			do(key)
		}
	}
}

// storyAbove is the key that a step draws for a row above; nil for none.
func storyAbove(i int) *StoryKey {
	if i == 0 {
		return nil
	}
	key := storyKeys[i-1]
	return &key
}
