package purge

import (
	"slices"
)

// This room chooses which rows of a batch go, and counts those that stay.

// settle decides which rows stay: those whose retention is not over, that are held, or that a row refers to which stays.
// All that is connected with a busy row stays for now.
func (f *family) settle() {
	var waiting []*relative
	for _, r := range f.order {
		if r.busy {
			waiting = append(waiting, r)
		}
	}
	for len(waiting) > 0 {
		r := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		for _, other := range slices.Concat(r.refersTo, r.referredBy) {
			if !other.busy && other.lot > 0 {
				other.busy = true
				waiting = append(waiting, other)
			}
		}
	}
	for _, r := range f.order {
		if r.lot == 0 || r.held || r.busy || len(r.outside) > 0 || r.stays {
			r.stays = true
			waiting = append(waiting, r)
		}
	}
	for len(waiting) > 0 {
		r := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		for _, above := range r.refersTo {
			if !above.stays {
				above.stays = true
				waiting = append(waiting, above)
			}
		}
	}
}

// foresee counts what a run would do with the rows.
func (f *family) foresee(roots []*relative) {
	for _, r := range roots {
		if !r.stays && !r.table.again {
			r.table.reports[r.lot-1].Done++
		}
	}
	f.foreseeDependents()
	f.countStaying(roots)
}

// foreseeDependents counts the rows that go with others only: they are no roots of any batch. The others are, of this one or of a
// later one.
func (f *family) foreseeDependents() {
	waiting := slices.DeleteFunc(slices.Clone(f.order), func(r *relative) bool { return r.stays || r.dependent || r.lot == 0 })
	seen := map[*relative]bool{}
	for len(waiting) > 0 {
		r := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		if seen[r] {
			continue
		}
		seen[r] = true
		waiting = append(waiting, r.referredBy...)
		if id := rowID(r.table, r.key); r.dependent && !f.purge.dependents[id] {
			f.purge.dependents[id] = true
			f.countDependent(r)
			r.table.reports[r.lot-1].Done++
		}
	}
}

// countDependent counts a row that goes if it goes with its parent only.
func (f *family) countDependent(r *relative) {
	if r.dependent {
		f.purge.dependentsGone++
	}
}

// countStaying counts the roots that stay because of others, and names these.
func (f *family) countStaying(roots []*relative) {
	counted := map[*relative]bool{}
	for _, r := range roots {
		if !r.stays || r.busy {
			continue
		}
		report := r.table.reports[r.lot-1]
		report.Referenced++
		for table, rows := range r.outside {
			report.ReferencedBy[table] += rows
		}
		for _, other := range r.referredBy {
			if other.stays && !counted[other] {
				counted[other] = true
				report.ReferencedBy[other.table.Table()]++
			}
		}
	}
}

// choose picks the rows that go now: roots with all that refer to them, as many as a transaction may remove, but at least
// one tree. passed counts the roots that need no second look.
func (f *family) choose(roots []*relative) (chosen []*relative, passed int) {
	taken := map[*relative]bool{}
	limit := f.purge.left()
	bound := f.purge.options.MaxRows
	take := func(first *relative) {
		tree := []*relative{first}
		taken[first] = true
		for i := 0; i < len(tree); i++ {
			for _, other := range tree[i].referredBy {
				if !taken[other] {
					taken[other] = true
					tree = append(tree, other)
				}
			}
		}
		if bound > 0 && f.purge.done+int64(len(chosen)+len(tree)) > bound {
			return // too many are left for this purge
		}
		chosen = append(chosen, tree...)
	}
	// The parents that would take a root along come first, so that their trees go as a whole.
	for _, r := range f.order {
		if !r.root && !r.stays && !taken[r] && len(r.refersTo) == 0 {
			take(r)
		}
	}
	for _, r := range roots {
		if len(chosen) > 0 && int64(len(chosen)) >= limit {
			break
		}
		if !r.stays && !taken[r] {
			before := len(chosen)
			take(r)
			if before > 0 && int64(len(chosen)) > limit {
				chosen = chosen[:before]
				break
			}
		}
		passed++
	}
	return chosen, max(passed, 1)
}
