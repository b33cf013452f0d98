package history_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
)

// storyRefers tells by which columns rows of a table refer.
func storyRefers(table *storyTable) (up, side bool) {
	for _, l := range storyLinks {
		if l.child == table.name {
			up, side = up || !l.side, side || l.side
		}
	}
	return up, side
}

// guards tells whether a live row cannot stand under a key.
func (s *story) guards(table *storyTable, up *StoryKey) bool {
	return slices.ContainsFunc(storyLinks, func(l storyLink) bool {
		return l.child == table.name && l.guard && up != nil && s.model.live(l.parent, *up) == nil && len(s.model.with(l.parent, *up)) > 0
	})
}

func (s *story) create(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	table := &storyTables[step.table]
	row := &storyRow{table: table, key: storyKeys[step.keys[0]], text: s.tag()}
	if up, side := storyRefers(table); up {
		row.up = storyAbove(step.up)
		if side {
			row.side = storyAbove(step.side)
		}
	}
	o := storyOutcome{what: fmt.Sprintf("create %v under %s and %s", row, storyShow(row.up), storyShow(row.side)), right: 1}
	if s.guards(table, row.up) {
		o.refusals = append(o.refusals, softdelete.ErrParentDeleted)
	}
	switch {
	case s.model.live(table.name, row.key) != nil:
		o.refusals = append(o.refusals, gorm.ErrDuplicatedKey)
	case !table.archive && len(s.model.with(table.name, row.key)) > 0:
		o.refusals = append(o.refusals, softdelete.ErrRowDeleted)
		if s.inside { // the database looks at nothing more in a transaction that has failed
			o.refusals = append(o.refusals, gorm.ErrDuplicatedKey)
		}
	}
	result := s.place.on(db, *table).Create(table.row(row.key, row.text, row.up, row.side))
	o.rows, o.err = result.RowsAffected, result.Error
	o.apply = func() { s.model.rows = append(s.model.rows, row) }
	return o
}

func (s *story) delete(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	c := s.call(db, step)
	var roots []*storyRow
	c.each(func(key StoryKey) {
		if row := s.model.live(c.table.name, key); row != nil {
			roots = append(roots, row)
		}
	})
	taken := s.model.taken(roots)
	o := storyOutcome{what: fmt.Sprintf("delete %v", c), right: int64(len(roots))}
	if s.model.blocked(taken) {
		o.refusals = append(o.refusals, softdelete.ErrBlocked)
	}
	report, err := softdelete.Delete(c.db, c.value)
	o.rows, o.err = report.Rows(), err
	o.apply = func() {
		require.Equal(t, storyPerTable(taken), storyTotals(s.place, historyAsDeleted(report), softdelete.ActionDeleted), "rows deleted")
		if len(taken) > 0 {
			s.model.delete(taken, storyDeletion{report.DeletionID, report.At, c.table})
		}
	}
	return o
}

func storyPerTable(rows storySet) map[string]int64 {
	counts := map[string]int64{}
	for row := range rows {
		counts[row.table.name]++
	}
	return counts
}

// storyTotals adds up what a report says of an action, by table without its schema.
func storyTotals(place storyPlace, report softdelete.Report, action softdelete.Action) map[string]int64 {
	counts := map[string]int64{}
	for table, rows := range historyTotals(report, action) {
		counts[table[len(place):]] += rows
	}
	return counts
}

// refusals are why lost rows could not come back, those of the roots by themselves.
func (s *story) refusals(roots []*storyRow, back, held storySet) (refusals []error) {
	for _, root := range roots {
		if root.erased {
			refusals = append(refusals, softdelete.ErrErased)
		}
		if held[root] && (!root.erased || len(s.model.above(root, nil)) > 0) {
			refusals = append(refusals, softdelete.ErrParentDeleted)
		}
	}
	if s.model.conflicts(back) {
		refusals = append(refusals, softdelete.ErrRestoreConflict)
	}
	return refusals
}

func (s *story) restore(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	c := s.call(db, step)
	var roots []*storyRow
	c.each(func(key StoryKey) {
		if row := s.model.latest(c.table.name, key); row != nil {
			roots = append(roots, row)
		}
	})
	lost := storySet{}
	for _, root := range roots {
		for row := range s.model.reach([]*storyRow{root}, storyCascades, func(r *storyRow) bool { return r.mark == root.mark }) {
			lost[row] = true
		}
	}
	back, held := s.model.split(lost)
	o := storyOutcome{what: fmt.Sprintf("restore %v", c), right: int64(len(roots)), refusals: s.refusals(roots, back, held)}
	report, err := softdelete.Restore(c.db, c.value)
	o.rows, o.err = report.Rows(), err
	o.apply = func() { s.restored(t, db, report, back, held) }
	return o
}

// restored lets the model follow a restore.
func (s *story) restored(t *rapid.T, db *gorm.DB, report softdelete.Report, back, held storySet) {
	require.Equal(t, storyPerTable(back), storyTotals(s.place, report, softdelete.ActionRestored), "rows restored")
	require.Equal(t, storyPerTable(held), storyTotals(s.place, report, softdelete.ActionSkipped), "rows skipped")
	s.model.restore(back)
	s.passOn(t, db, held)
}

func (s *story) undo(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	o := storyOutcome{what: "undo nothing", apply: func() {}}
	if len(s.model.deletions) == 0 {
		return o
	}
	mark := len(s.model.deletions) - step.n%len(s.model.deletions)
	d := s.model.deletions[mark-1]
	lost := storySet{}
	for _, row := range s.model.where(func(r *storyRow) bool { return r.mark == mark }) {
		lost[row] = true
	}
	back, held := s.model.split(lost)
	o.what = fmt.Sprintf("undo deletion %d of %s", mark, d.table.name)
	switch {
	case len(lost) == 0, d.table.copied: // a deletion's ID names rows of the models' own tables
		o.refusals = []error{gorm.ErrRecordNotFound}
	default:
		// What a deletion began at is asked for, even if it is erased.
		roots := s.model.where(func(r *storyRow) bool {
			return lost[r] && r.erased && r.table == d.table && len(s.model.above(r, nil)) == 0
		})
		o.refusals = s.refusals(roots, back, held)
	}
	report, err := softdelete.RestoreDeletion(db, d.id)
	o.err = err
	for _, rows := range historyTotals(report, softdelete.ActionRestored) {
		o.rows += rows
	}
	o.right = int64(len(back))
	o.apply = func() { s.restored(t, db, report, back, held) }
	return o
}

// move puts a row under another, or under none.
func (s *story) move(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	table, key, up := &storyTables[step.table], storyKeys[step.keys[0]], storyAbove(step.up)
	o := storyOutcome{what: fmt.Sprintf("move %s %q to %q", table.name, key, storyShow(up)), apply: func() {}}
	if refers, _ := storyRefers(table); !refers {
		o.what += ": nothing"
		return o
	}
	row := s.model.live(table.name, key)
	if row != nil {
		if o.right = 1; db.Name() == "mysql" && storyShow(row.up) == storyShow(up) {
			o.right = 0 // it counts the rows that change
		}
		if s.guards(table, up) && storyShow(row.up) != storyShow(up) {
			o.refusals = append(o.refusals, softdelete.ErrParentDeleted)
		}
		switch lost := s.loosens(row, up); {
		case lost.altogether:
			o.refusals = append(o.refusals, softdelete.ErrHeld)
		case lost.rows:
			o.may = softdelete.ErrHeld
		}
		o.apply = func() { row.up = up }
	}
	part, code := storyColumns(up)
	result := s.place.on(db, *table).Model(table.row(key, StoryText{}, nil, nil)).Updates(map[string]any{"up_part": part, "up_code": code})
	o.rows, o.err = result.RowsAffected, result.Error
	return o
}

// storyLoss tells whether a hold loses rows, and whether it loses one altogether: where another of its key stays under the hold, it
// covers both, see named.
type storyLoss struct{ rows, altogether bool }

// loosens tells what holds would lose once a row stands elsewhere.
func (s *story) loosens(row *storyRow, up *StoryKey) (lost storyLoss) {
	former := row.up
	defer func() { row.up = former }()
	for _, h := range s.model.holds {
		row.up = former
		before := s.model.covered(h)
		row.up = up
		after := s.model.covered(h)
		named := s.model.named(after)
		for covered := range before {
			lost.rows = lost.rows || !after[covered]
			lost.altogether = lost.altogether || !named[covered]
		}
	}
	return lost
}

func (s *story) daysPass(_ *rapid.T, _ *gorm.DB, step storyStep) storyOutcome {
	s.clock = s.clock.Add(time.Duration(step.n) * 5 * storyDay)
	return storyOutcome{what: fmt.Sprintf("%d days pass", 5*step.n), apply: func() {}}
}

func (s *story) clockBack(_ *rapid.T, _ *gorm.DB, step storyStep) storyOutcome {
	s.clock = s.clock.Add(-time.Duration(step.n*step.n) * time.Hour)
	return storyOutcome{what: fmt.Sprintf("the clock goes back by %d hours", step.n*step.n), apply: func() {}}
}
