package purge

import (
	"slices"
)

// This room is for rows that stay because of one under them that goes with another parent only: its deletion took it with that. Once
// such rows have gone, what they kept is looked at once more, in the same purge.

// wait notes that roots of the batch may stay because of a row that goes with another parent, whose turn may come.
func (f *family) wait(roots []*relative) {
	t := f.table
	if t.waits || !slices.ContainsFunc(roots, func(r *relative) bool { return r.stays && !r.busy }) {
		return
	}
	t.waits = slices.ContainsFunc(f.order, func(r *relative) bool { return r.stays && (r.settled || r.waitsForParent()) })
	t.goneBefore = f.purge.dependentsGone
}

// waitsForParent tells whether a row that the purge does not remove under this parent may go with another.
func (r *relative) waitsForParent() bool { return r.lot == 0 && r.table.canDepend() }

// keptByGone lists the tables whose rows may have stayed because of rows that have gone since.
func (p *purge) keptByGone() (tables []*purgeTable) {
	for _, t := range p.tables {
		if t.waits && p.dependentsGone > t.goneBefore {
			tables = append(tables, t)
		}
	}
	return tables
}

// workOffAgain works off a table whose rows may have stayed because of rows that have gone since, and counts anew those that stay.
func (p *purge) workOffAgain(t *purgeTable) error {
	t.waits, t.again = false, true
	clear(p.settled)
	stayed := make([]int64, len(t.reports))
	for i, r := range t.reports {
		stayed[i] = r.Referenced
		r.Referenced = 0
		clear(r.ReferencedBy)
	}
	err := p.batches(t, false, p.removeFamilies)
	if p.rehearsesAll() && err == nil {
		for i, r := range t.reports {
			r.Done += stayed[i] - r.Referenced
		}
	}
	return err
}

// rehearsesAll tells that the purge only counts what a run without bounds would remove.
func (p *purge) rehearsesAll() bool { return p.options.DryRun && p.options.MaxRows == 0 }
