package history_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// historyRun takes the same steps in the database and in the model.
type historyRun struct {
	forest    historyForest
	processes []*gorm.DB
	ledger    bool
	model     historyModel
	deletions []historyDeletion // the marks of the model, from 1
	last      map[string]uint   // the last key given to a row, by table
}

// historyDeletion is a deletion that took rows.
type historyDeletion struct {
	id    softdelete.DeletionID
	at    time.Time
	table historyTable
	roots []uint
	rows  int
}

func newHistoryRun(t *rapid.T, processes []*gorm.DB, variant historyVariant) *historyRun {
	for _, table := range variant.forest.tables {
		require.NoError(t, processes[0].Exec("DELETE FROM "+table.name()).Error)
		if archive := historyArchiveOf(table); archive != "" {
			require.NoError(t, processes[0].Exec("DELETE FROM "+archive).Error)
		}
	}
	if variant.ledger {
		require.NoError(t, processes[0].Exec("DELETE FROM softdelete_deletions").Error)
	}
	return &historyRun{
		forest: variant.forest, processes: processes, ledger: variant.ledger, last: map[string]uint{},
		model: historyModel{links: variant.forest.links, rows: map[historyRow]*historyState{}},
	}
}

func (r *historyRun) take(t *rapid.T, step historyStep) {
	db, table := r.processes[step.process], r.forest.tables[step.table]
	chosen := step.deletion
	if len(r.deletions) > 0 {
		chosen %= len(r.deletions)
	}
	switch {
	case step.do == "create":
		r.create(t, db, table, step)
	case step.do == "move":
		r.move(t, db, table, step)
	case step.do == "delete":
		r.delete(t, db, table, step)
	case step.do == "restore":
		r.restore(t, db, table, step)
	case len(r.deletions) == 0:
		// There is nothing to undo yet.
	case step.do == "undo roots":
		step.ids = r.deletions[chosen].roots
		r.restore(t, db, r.deletions[chosen].table, step)
	case step.do == "undo":
		r.undo(t, db, chosen+1)
	}
}

func (r *historyRun) linksOf(table historyTable) (links []historyLink) {
	for _, link := range r.forest.links {
		if link.child == table.name() {
			links = append(links, link)
		}
	}
	return links
}

// guarded tells whether a link forbids to put a live row under the parent.
func (r *historyRun) guarded(link historyLink, parent uint) bool {
	state := r.model.rows[historyRow{link.parent, parent}]
	return link.guard && state != nil && state.mark != 0
}

func (r *historyRun) create(t *rapid.T, db *gorm.DB, table historyTable, step historyStep) {
	state := &historyState{parents: map[string]uint{}}
	if table.name() == "folders" {
		state.status = step.status
	}
	refused := false
	for i, link := range r.linksOf(table) {
		if parent := step.parents[i]; parent != 0 {
			state.parents[link.column] = parent
			refused = refused || r.guarded(link, parent)
		}
	}
	row := historyRow{table.name(), r.last[table.name()] + 1}
	err := table.insert(db, row.id, state.parents, state.status)
	t.Logf("create %v %s under %v: %v", row, state.status, state.parents, err)
	if refused {
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		return
	}
	require.NoError(t, err)
	r.last[table.name()] = row.id
	r.model.rows[row] = state
}

// move points a row to another parent.
func (r *historyRun) move(t *rapid.T, db *gorm.DB, table historyTable, step historyStep) {
	links := r.linksOf(table)
	if len(links) == 0 {
		return
	}
	link, parent := links[step.deletion%len(links)], step.parents[0]
	row := historyRow{table.name(), step.ids[0]}
	var value any
	if parent != 0 {
		value = parent
	}
	result := db.Model(table.first(table.value(row.id))).Update(link.column, value)
	t.Logf("move %v to %s %v: %d rows, %v", row, link.parent, value, result.RowsAffected, result.Error)
	state := r.model.rows[row]
	if state != nil && state.mark == 0 && r.guarded(link, parent) && state.parents[link.column] != parent {
		require.ErrorIs(t, result.Error, softdelete.ErrParentDeleted)
		return
	}
	require.NoError(t, result.Error)
	if state == nil || state.mark != 0 {
		require.Zero(t, result.RowsAffected, "only live rows move")
		return
	}
	if state.parents[link.column] != parent || db.Name() != "mysql" { // which counts rows that change
		require.EqualValues(t, 1, result.RowsAffected)
	}
	delete(state.parents, link.column)
	if parent != 0 {
		state.parents[link.column] = parent
	}
}

// historyCall is how a call of the plugin names rows.
type historyCall struct {
	table historyTable
	ids   []uint
	rows  any // a pointer to a slice; nil for a condition
	value any
	form  string
}

func (r *historyRun) call(t *rapid.T, db *gorm.DB, table historyTable, step historyStep) historyCall {
	c := historyCall{table: table, ids: step.ids, form: step.form}
	if c.form == "condition" {
		c.value = table.model()
		return c
	}
	if c.form == "row" {
		c.ids = c.ids[:1]
	}
	c.rows = table.value(c.ids...)
	if step.loaded && len(r.model.existing(table.name(), c.ids)) == len(c.ids) {
		var err error
		c.rows, err = table.find(db.Unscoped(), c.ids...)
		require.NoError(t, err)
		c.form = "loaded " + c.form
	}
	c.value = c.rows
	if step.form == "row" {
		c.value = table.first(c.rows)
	}
	return c
}

// on is the database as the call needs it.
func (c historyCall) on(db *gorm.DB) *gorm.DB {
	if c.rows == nil {
		return db.Where("id IN ?", c.ids)
	}
	return db
}

func (c historyCall) String() string {
	return fmt.Sprintf("%s %v as %s", c.table.name(), c.ids, c.form)
}

// sameInDatabase checks that the caller's rows are what the database has.
func (c historyCall) sameInDatabase(t *rapid.T, db *gorm.DB) {
	stored, err := c.table.find(db.Unscoped(), c.ids...)
	require.NoError(t, err)
	inDatabase := map[uint]historyFound{}
	for _, found := range c.table.found(stored) {
		inDatabase[found.id] = found
	}
	for _, found := range c.table.found(c.rows) {
		if want, exists := inDatabase[found.id]; exists {
			require.Equal(t, want, found, "the caller's row is as in the database")
		}
	}
}

func (r *historyRun) delete(t *rapid.T, db *gorm.DB, table historyTable, step historyStep) {
	c := r.call(t, db, table, step)
	preview, err := softdelete.Preview(c.on(db), c.value)
	require.NoError(t, err)
	report, err := softdelete.Delete(c.on(db), c.value)
	mark := len(r.deletions) + 1
	t.Logf("delete %v: mark %d, %s at %v, %v, %v", c, mark, report.DeletionID, report.At, report.Effects, err)
	require.NoError(t, err)
	fixture.Foresaw(t, preview.Effects, report.Effects)
	require.Empty(t, preview.Blockers)
	report = historyAsDeleted(report)

	roots := r.model.existing(table.name(), c.ids)
	live := len(slices.DeleteFunc(slices.Clone(roots), func(row historyRow) bool { return r.model.rows[row].mark != 0 }))
	taken := r.model.delete(roots, mark)
	require.Equal(t, softdelete.Effect{Table: table.name(), Action: softdelete.ActionDeleted, Rows: int64(live)}, report.Effects[0])
	require.Equal(t, historyPerTable(taken), historyTotals(report, softdelete.ActionDeleted), "rows deleted")
	require.Equal(t, historyPerTable(r.model.kept(taken)), historyTotals(report, softdelete.ActionKept), "rows kept")
	if historyIsLoaded(c) {
		c.sameInDatabase(t, db)
	}
	if len(taken) > 0 {
		r.requireFresh(t, table, report)
		r.deletions = append(r.deletions, historyDeletion{report.DeletionID, report.At, table, c.ids, len(taken)})
	}
}
