package erasure

import (
	"maps"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds rows of an earlier walk once more: a transaction that erases some of them need not look for all.

// find is a step of the walk: the rows that a relation has under some parents, in one place.
type find struct {
	relation *policy.Relation
	from     policy.Place
	parents  []erasedrow.ReachedRow
	to       policy.Place
}

// note remembers how rows were found, the first time that they were.
func (x *reach) note(f find, rows []erasedrow.ReachedRow) {
	for _, row := range rows {
		at := spot{f.to, row.Text}
		if _, known := x.source[at]; !known {
			x.source[at] = len(x.finds)
		}
	}
	x.finds = append(x.finds, f)
}

// again finds and locks those of some rows that are still the person's, by the relations that the walk has found them by; and the
// rows that these lead through.
func (x *reach) again(tx statement.Session, wanted []spot, known map[spot]erasedrow.ReachedRow) error {
	needed := map[int][]erasedrow.ReachedRow{}
	seen := map[spot]bool{}
	for queue := wanted; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		i, found := x.source[at]
		if !found || seen[at] { // the subject's own
			continue
		}
		seen[at] = true
		if needed[i] == nil {
			for _, parent := range x.finds[i].parents {
				known[spot{x.finds[i].from, parent.Text}] = parent
				queue = append(queue, spot{x.finds[i].from, parent.Text})
			}
		}
		needed[i] = append(needed[i], known[at])
	}
	x.byPlace, x.rows, x.order = map[policy.Place]*reachedModel{}, nil, nil
	for _, t := range x.root.Places() {
		for _, row := range x.subject[t] {
			x.model(t).add(row)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(needed)) {
		if err := x.findAgain(tx, x.finds[i], needed[i]); err != nil {
			return err
		}
	}
	return nil
}

// findAgain finds rows of one step, under those of its parents that have been found again.
func (x *reach) findAgain(tx statement.Session, f find, rows []erasedrow.ReachedRow) error {
	there := x.model(f.from)
	parents := slices.DeleteFunc(slices.Clone(f.parents), func(parent erasedrow.ReachedRow) bool { return !there.seen[parent.Text] })
	if len(parents) == 0 {
		return nil
	}
	return statement.Chunks(rows, func(chunk []erasedrow.ReachedRow) error {
		found, err := x.rowsUnder(tx, f.relation, f.to, owners(f.from, parents), false, chunk)
		for _, row := range found {
			x.model(f.to).add(row)
		}
		return err
	})
}
