package history_test

import (
	"fmt"
	"maps"
	"slices"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/gorm-softdelete/softdelete"
)

// What destroys rows or values, and what keeps it from doing so.

func (s *story) hold(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	table, key := &storyTables[step.table], storyKeys[step.keys[0]]
	o := storyOutcome{what: fmt.Sprintf("hold %s %q", table.name, key)}
	switch {
	case table.copied:
		o.refusals = []error{softdelete.ErrUnsupported}
	case len(s.model.with(table.name, key)) == 0:
		o.refusals = []error{gorm.ErrRecordNotFound}
	}
	id, err := softdelete.Hold(s.place.on(db, *table), table.row(key, StoryText{}, nil, nil), softdelete.HoldOptions{Matter: "case 7"})
	o.err = err
	o.right = 1
	if err == nil {
		o.rows = 1
	}
	o.apply = func() {
		s.placed++
		s.model.holds[id] = storyHold{table.name, key, s.placed}
	}
	return o
}

func (s *story) release(_ *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	ids := slices.SortedFunc(maps.Keys(s.model.holds), func(a, b softdelete.HoldID) int {
		return s.model.holds[a].number - s.model.holds[b].number
	})
	if len(ids) == 0 {
		return storyOutcome{what: "release nothing", apply: func() {}}
	}
	id := ids[step.n%len(ids)]
	return storyOutcome{
		what: "release a hold", err: softdelete.Release(db, id), apply: func() { delete(s.model.holds, id) },
	}
}

// remove deletes a row for good, with all that its deletion would take and what stands deleted there already.
func (s *story) remove(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	table, key := &storyTables[step.table], storyKeys[step.keys[0]]
	o := storyOutcome{what: fmt.Sprintf("remove %s %q", table.name, key)}
	roots := s.model.with(table.name, key)
	if table.archive {
		roots = slices.DeleteFunc(roots, func(r *storyRow) bool { return r.mark != 0 })
	}
	gone := s.model.reach(roots, storyCascades, func(*storyRow) bool { return true })
	if s.model.held(gone) {
		o.refusals = append(o.refusals, softdelete.ErrHeld)
	} else if s.model.held(s.model.named(gone)) {
		o.may = softdelete.ErrHeld
	}
	if s.model.blocked(gone) {
		o.refusals = append(o.refusals, softdelete.ErrBlocked)
	}
	result := s.place.on(db, *table).Unscoped().Delete(table.row(key, StoryText{}, nil, nil))
	o.rows, o.err = result.RowsAffected, result.Error
	o.right = int64(len(roots))
	o.apply = func() { s.model.remove(gone) }
	return o
}

// purge removes what is due. Where several archived rows share a key the model says what must go and what may.
func (s *story) purge(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	o := storyOutcome{what: "purge"}
	may := s.model.goes(db.NowFunc())
	must := s.model.stays(may)
	report, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: 1 + step.n})
	o.err = err
	for _, m := range report.Models {
		o.rows += m.Done
		require.True(t, err != nil || len(m.Reasons) == 0, "%v", m.Reasons)
	}
	if err != nil {
		o.right = -1
		return o
	}
	left := s.read(t, db)
	gone := storySet{}
	for _, row := range s.model.rows {
		if _, there := left[row.table.name+" "+row.text.Tag]; !there {
			gone[row] = true
		}
	}
	o.right = int64(len(gone))
	o.apply = func() {
		for row := range gone {
			require.True(t, may[row], "%v has gone, which is not due", row)
			require.False(t, s.model.held(storySet{row: true}), "%v has gone, which is held", row)
			for _, child := range s.model.children(row, storyAny) {
				another := slices.ContainsFunc(s.model.with(row.table.name, row.key), func(r *storyRow) bool { return !gone[r] })
				require.True(t, gone[child] || another, "%v has gone, to which %v refers", row, child)
			}
		}
		for row := range must {
			require.True(t, gone[row], "%v is due, and nothing keeps it", row)
		}
		s.model.remove(gone)
	}
	return o
}

// erase erases a shop, with all rows under it.
func (s *story) erase(t *rapid.T, db *gorm.DB, step storyStep) storyOutcome {
	table, key := &storyTables[0], storyKeys[step.keys[0]]
	o := storyOutcome{what: fmt.Sprintf("erase %s %q", table.name, key), right: 1}
	subjects := s.model.with(table.name, key)
	reached := s.model.reach(subjects, storyAny, func(*storyRow) bool { return true })
	switch {
	case len(subjects) == 0:
		o.refusals = []error{gorm.ErrRecordNotFound}
	case s.model.held(reached):
		o.refusals = []error{softdelete.ErrHeld}
	case s.model.held(s.model.named(reached)):
		o.may = softdelete.ErrHeld
	}
	certificate, err := softdelete.Erase(db, table.row(key, StoryText{}, nil, nil), softdelete.ErasureRequest{})
	if o.err = err; err == nil {
		o.rows = 1
	}
	o.apply = func() {
		require.True(t, certificate.Verified)
		if taken := s.model.taken(subjects); len(taken) > 0 {
			found := s.read(t, db)[table.name+" "+subjects[0].text.Tag]
			require.True(t, found.deleted, "the subject is deleted")
			s.model.delete(taken, storyDeletion{found.id, found.at, table})
		}
		for row := range reached {
			row.erased = true
		}
	}
	return o
}
