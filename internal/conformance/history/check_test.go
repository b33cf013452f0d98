package history_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// restore restores rows, and checks that PreviewRestore has foreseen it.
func (r *historyRun) restore(t *rapid.T, db *gorm.DB, table historyTable, step historyStep) {
	c := r.call(t, db, table, step)
	before := c.found()
	preview, foreseen := softdelete.PreviewRestore(c.on(db), c.value)
	require.Equal(t, before, c.found(), "a preview leaves the caller's rows alone")
	report, err := softdelete.Restore(c.on(db), c.value)
	t.Logf("restore %v: %s at %v, %v, %v", c, report.DeletionID, report.At, report.Effects, err)

	roots := r.model.existing(table.name(), c.ids)
	back, held, refused := r.model.restoring(roots)
	if refused {
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		require.ErrorIs(t, foreseen, softdelete.ErrParentDeleted)
		require.Equal(t, before, c.found(), "a restore that fails leaves the caller's rows alone")
		return
	}
	require.NoError(t, err)
	require.NoError(t, foreseen)
	fixture.Foresaw(t, preview.Effects, report.Effects)
	r.requireRestored(t, report, back, held)
	r.requireUndone(t, report, table, roots)
	r.passOn(t, db, held, historyCascades)
	r.model.restore(back)
	if c.rows != nil && historyArchiveOf(table) == "" {
		c.sameInDatabase(t, db)
	}
}

// undo restores a whole deletion.
func (r *historyRun) undo(t *rapid.T, db *gorm.DB, mark int) {
	deletion := r.deletions[mark-1]
	back, held := r.model.undoing(mark)
	if len(back)+len(held) == 0 && r.reused(mark) {
		return
	}
	report, err := softdelete.RestoreDeletion(db, deletion.id)
	t.Logf("undo deletion %d: %v, %v", mark, report.Effects, err)
	if len(back)+len(held) == 0 && !r.ledger {
		require.ErrorIs(t, err, gorm.ErrRecordNotFound)
		return
	}
	require.NoError(t, err)
	if len(back)+len(held) > 0 {
		require.Equal(t, deletion.id, report.DeletionID)
	} else {
		require.Empty(t, report.DeletionID, "there is nothing left to undo")
	}
	require.WithinDuration(t, deletion.at, report.At, 0)
	r.requireRestored(t, report, back, held)
	r.passOn(t, db, held, historyHolds)
	r.model.restore(back)
	if r.ledger && len(back) > 0 {
		var entry softdelete.Deletion
		require.NoError(t, db.Take(&entry, "id = ?", deletion.id).Error)
		require.NotNil(t, entry.RestoredAt, "the ledger knows the restore")
	}
}

// reused tells whether a deletion that is undone has left its time to a later one, whose rows are told by the time: with
// nothing left of the first, another process cannot know that the time was used before.
func (r *historyRun) reused(mark int) bool {
	for _, state := range r.model.rows {
		if r.forest.byTime && state.mark != 0 && state.mark != mark && r.deletions[state.mark-1].at.Equal(r.deletions[mark-1].at) {
			return true
		}
	}
	return false
}

// requireRestored checks a restore's report.
func (r *historyRun) requireRestored(t *rapid.T, report softdelete.Report, back, held historySet) {
	require.Equal(t, historyPerTable(back), historyTotals(report, softdelete.ActionRestored), "rows restored")
	require.Equal(t, historyPerTable(held), historyTotals(report, softdelete.ActionSkipped), "rows skipped")
}

// requireUndone checks which deletion a report says was undone. The model has not restored the rows yet.
func (r *historyRun) requireUndone(t *rapid.T, report softdelete.Report, table historyTable, roots []historyRow) {
	marks, rows := map[int]bool{}, int64(0)
	var mark int
	for _, root := range roots {
		if state := r.model.rows[root]; state.mark != 0 {
			mark = state.mark
			marks[mark] = true
			rows++
		}
	}
	if rows > 0 {
		require.Equal(t, softdelete.Effect{Table: table.name(), Action: softdelete.ActionRestored, Rows: rows}, report.Effects[0])
	}
	if len(marks) == 1 {
		require.WithinDuration(t, r.deletions[mark-1].at, report.At, 0)
	}
	if len(marks) != 1 && !r.forest.byTime {
		require.Empty(t, report.DeletionID, "the rows came from several deletions, or from none")
	}
}

// requireFresh checks that a new deletion can be told from those whose rows are still deleted.
func (r *historyRun) requireFresh(t *rapid.T, table historyTable, report softdelete.Report) {
	for row, state := range r.model.rows {
		if state.mark == 0 || state.mark > len(r.deletions) {
			continue
		}
		former := r.deletions[state.mark-1]
		require.NotEqual(t, former.id, report.DeletionID)
		if r.forest.byTime && r.cascades(table.name()) && r.cascades(row.table) {
			require.NotEqual(t, former.at, report.At, "the time is the mark of %v already", row)
		}
	}
}

// cascades tells whether a table is one of those that cascades connect. All of them are one set.
func (r *historyRun) cascades(table string) bool {
	for _, link := range r.forest.links {
		if link.cascade && (link.child == table || link.parent == table) {
			return true
		}
	}
	return false
}

// passOn lets the model take over which of several deleted parents the plugin has passed held rows on to.
func (r *historyRun) passOn(t *rapid.T, db *gorm.DB, held historySet, holds func(historyLink) bool) {
	if len(held) == 0 {
		return
	}
	found := r.read(t, db.Unscoped())
	wrong := r.model.passOn(held, func(row historyRow) int { return r.markOf(found[row]) }, holds)
	require.Empty(t, wrong, "rows that took over the mark of no deleted parent of theirs")
}

// read reads the rows of all models.
func (r *historyRun) read(t *rapid.T, db *gorm.DB) map[historyRow]historyFound {
	all := map[historyRow]historyFound{}
	for _, table := range r.forest.tables {
		rows, err := table.find(db)
		require.NoError(t, err)
		for _, found := range table.found(rows) {
			all[historyRow{table.name(), found.id}] = found
		}
	}
	return all
}

// carries tells whether a row that was found carries the mark of a deletion: its ID and its time, as far as the model has
// them. A row that was taken over from a parent without a DeletionID has an ID that tells the time only.
func (r *historyRun) carries(found historyFound, mark int) bool {
	deletion := r.deletions[mark-1]
	if found.hasTime && !found.at.Equal(deletion.at) {
		return false
	}
	if !found.hasID || found.deletion == deletion.id {
		return true
	}
	for _, other := range r.deletions {
		if found.deletion == other.id {
			return false
		}
	}
	return r.forest.byTime && strings.HasPrefix(string(found.deletion), fmt.Sprintf("%019d-", deletion.at.UnixNano()))
}

// markOf is the deletion, among those that rows belong to, whose mark a row carries; 0 for none.
func (r *historyRun) markOf(found historyFound) int {
	for _, state := range r.model.rows {
		if state.mark != 0 && found.deleted && r.carries(found, state.mark) {
			return state.mark
		}
	}
	return 0
}

// check compares the database with the model.
func (r *historyRun) check(t *rapid.T) {
	db := r.processes[0]
	want, got := map[historyRow]string{}, map[historyRow]string{}
	for row, state := range r.model.rows {
		want[row] = fmt.Sprintf("live %s", state.status)
		if state.mark != 0 {
			want[row] = fmt.Sprintf("deleted by %d, was %s", state.mark, state.status)
		}
	}
	for row, found := range r.read(t, db.Unscoped()) {
		got[row] = r.describe(found, r.model.rows[row])
	}
	require.Equal(t, want, got, "the rows in the database")

	visible := historySet{}
	for row := range r.read(t, db) {
		visible[row] = true
	}
	for row, state := range r.model.rows {
		require.Equal(t, state.mark == 0 && state.status != "draft", visible[row], "%v is visible", row)
	}
	require.Empty(t, r.model.astray(), "rows that no restore brings back")
}

func (r *historyRun) describe(found historyFound, state *historyState) string {
	switch {
	case !found.deleted && (found.deletion != "" || !found.at.IsZero()):
		return fmt.Sprintf("live %s, but with the mark %s %v", found.status, found.deletion, found.at)
	case !found.deleted:
		return fmt.Sprintf("live %s", found.status)
	case state != nil && state.mark != 0 && r.carries(found, state.mark):
		return fmt.Sprintf("deleted by %d, was %s", state.mark, found.status)
	}
	return fmt.Sprintf("deleted by %d (%s %v), was %s", r.markOf(found), found.deletion, found.at, found.status)
}

// finish undoes everything: either deletion by deletion, or by restoring the rows from the top. Either way all rows come
// back, the ledger keeps what was deleted.
func (r *historyRun) finish(t *rapid.T, byDeletion bool) {
	if byDeletion {
		for i := range r.deletions {
			if back, held := r.model.undoing(i + 1); len(back)+len(held) > 0 {
				r.undo(t, r.processes[0], i+1)
				r.check(t)
			}
		}
	} else {
		for _, table := range r.forest.tables {
			if deleted := r.deleted(table); len(deleted) > 0 {
				r.restore(t, r.processes[0], table, historyStep{ids: deleted, form: "condition"})
				r.check(t)
			}
		}
	}
	for row, state := range r.model.rows {
		require.Zero(t, state.mark, "%v is still deleted", row)
	}
	if r.ledger {
		r.checkLedger(t)
	}
}

// deleted lists the keys of a table's deleted rows.
func (r *historyRun) deleted(table historyTable) (ids []uint) {
	for row, state := range r.model.rows {
		if row.table == table.name() && state.mark != 0 {
			ids = append(ids, row.id)
		}
	}
	slices.Sort(ids)
	return ids
}

// checkLedger checks that the ledger has every deletion that took rows, and no other.
func (r *historyRun) checkLedger(t *rapid.T) {
	var entries []softdelete.Deletion
	require.NoError(t, r.processes[0].Find(&entries).Error)
	want, got := map[softdelete.DeletionID]int{}, map[softdelete.DeletionID]int{}
	for _, deletion := range r.deletions {
		want[deletion.id] = deletion.rows
	}
	for _, entry := range entries {
		got[entry.ID] = int(entry.Rows)
	}
	require.Equal(t, want, got, "rows per deletion in the ledger")
}

// historyPerTable counts rows per table.
func historyPerTable(rows historySet) map[string]int64 {
	counts := map[string]int64{}
	for row := range rows {
		counts[row.table]++
	}
	return counts
}

// historyTotals adds up what a report says of an action, per table.
func historyTotals(report softdelete.Report, action softdelete.Action) map[string]int64 {
	counts := map[string]int64{}
	for _, effect := range report.Effects {
		if effect.Action == action && effect.Rows > 0 {
			counts[effect.Table] += effect.Rows
		}
	}
	return counts
}

// found is what the caller's rows show.
func (c historyCall) found() []historyFound {
	if c.rows == nil {
		return nil
	}
	return c.table.found(c.rows)
}
