package purge

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
)

// This room is for what fails: a tree that cannot go is left and counted with the reason, the others go on, and the errors are joined
// at the end.

// failures are those of one purge.
type failures struct {
	// rows are those of trees that have failed, by rowID.
	rows map[string]bool
	errs []error
	// broken are reports of tables that could not be worked off at all.
	broken []*ModelPurge
}

// mostErrors bounds how many errors a purge joins; reports count what failed, and why.
const mostErrors = 20

func (f *failures) add(err error) {
	if len(f.errs) < mostErrors {
		f.errs = append(f.errs, err)
	}
}

// endsAll tells whether a purge has to end: it has removed enough, or its context has ended, or the transaction of its caller has.
func (p *purge) endsAll(err error) bool {
	return errors.Is(err, errEnough) || p.db.Statement.Context.Err() != nil || errors.Is(err, context.Canceled) ||
		inTransaction(p.db.DB) && p.purger.Dialect.EndsTransaction(err)
}

// undone tells whether the database has undone a batch's own transaction.
func (p *purge) undone(err error) bool {
	return !inTransaction(p.db.DB) && p.purger.Dialect.EndsTransaction(err)
}

// leave leaves the tree that a batch of one has failed with: its rows stay, with all that is connected with them.
func (p *purge) leave(t *purgeTable, tree []*relative, err error) {
	reason := p.reasonOf(err)
	for _, r := range tree {
		p.failed.rows[rowID(r.table, r.key)] = true
		report := r.table.reports[r.lot-1]
		report.Failed++
		report.because(reason)
	}
	p.failed.add(fmt.Errorf("softdelete: purge of %s: %s: %w", t.Policy.Schema.Name, treeOf(tree), err))
}

// treeOf names the row that a tree stands under.
func treeOf(tree []*relative) string {
	in := map[*relative]bool{}
	for _, r := range tree {
		in[r] = true
	}
	top := tree[0]
	for _, r := range tree {
		if !slices.ContainsFunc(r.refersTo, func(above *relative) bool { return in[above] }) {
			top = r
		}
	}
	return fmt.Sprintf("the row with key %s in table %s, with %d under it, stays", rowkey.KeyText(top.key), top.table.Table(), len(tree)-1)
}

// leaveTable leaves what is left of a table that failed as a whole.
func (p *purge) leaveTable(t *purgeTable, err error) {
	reason := p.reasonOf(err)
	for _, r := range t.reports {
		r.Failed = max(r.Failed, r.Eligible-r.Done-r.Held-r.Referenced)
		r.because(reason)
	}
	p.failed.add(fmt.Errorf("softdelete: purge of %s: %w", t.Policy.Schema.Name, err))
}

// because notes why rows stay, once.
func (m *ModelPurge) because(reason string) {
	if !slices.Contains(m.Reasons, reason) {
		m.Reasons = append(m.Reasons, reason)
		slices.Sort(m.Reasons)
	}
}

// reasonOf is why something failed, in codes and names: what databases say may quote values.
func (p *purge) reasonOf(err error) string {
	if hidden, ok := errors.AsType[hiddenError](err); ok {
		return "rows hidden by row-level security, foreign key " + hidden.key
	}
	if kept, ok := errors.AsType[*fault.Kept](err); ok {
		return "kept by a trigger of table " + kept.Table
	}
	for _, known := range []struct {
		err    error
		reason string
	}{
		{fault.ErrHeld, "held"},
		{fault.ErrErased, "erased"},
		{cold.ErrChanged, "changed by others"},
		{errColdStore, "cold store"},
		{fault.ErrUnsupported, "not supported"},
		{fault.ErrBlocked, "blocked"},
	} {
		if errors.Is(err, known.err) {
			return known.reason
		}
	}
	v := p.purger.Dialect.Violation(err)
	kinds := map[dialect.Constraint]string{
		dialect.ForeignKey: "foreign key", dialect.CheckConstraint: "check constraint", dialect.UniqueIndex: "unique index", dialect.NotNull: "not null",
	}
	if kind, ok := kinds[v.Kind]; ok {
		if name := v.Name + v.Column; name != "" {
			return kind + " " + name
		}
		return kind
	}
	if code, _ := p.purger.Dialect.WithoutRows(err); code != "" {
		return code
	}
	return "error"
}

// spoil keeps all that is connected with rows of failed trees from going.
func (f *family) spoil() {
	failed := f.purge.failed.rows
	if len(failed) == 0 {
		return
	}
	var waiting []*relative
	for _, r := range f.order {
		if failed[rowID(r.table, r.key)] {
			r.busy, r.spoiled = true, true
			waiting = append(waiting, r)
		}
	}
	for len(waiting) > 0 {
		r := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		for _, other := range slices.Concat(r.refersTo, r.referredBy) {
			if !other.spoiled && other.lot > 0 {
				other.busy, other.spoiled = true, true
				waiting = append(waiting, other)
			}
		}
	}
}

// countSpoiled counts the roots that stay because of a failed tree, each once.
func (f *family) countSpoiled(roots []*relative) {
	for _, r := range roots {
		if id := rowID(r.table, r.key); r.spoiled && !f.purge.failed.rows[id] {
			f.purge.failed.rows[id] = true
			r.table.reports[r.lot-1].Failed++
			r.table.reports[r.lot-1].because("connected with a tree that failed")
		}
	}
}
