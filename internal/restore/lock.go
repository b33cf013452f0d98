package restore

import (
	"cmp"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// lock locks everything that the restore depends on, a table at a time, in an order that all restores share, parents before
// children as deletions do: the rows that come back and have others under them, and the parents outside that might hold a
// row. Rows at the bottom are locked by the write.
//
// Where rows have several parents, another restore may hand rows over to this deletion while a lock is waited for, under
// parents that were passed already; and of many rows that a condition tells there may be more by then. Then all locks are given
// back and taken anew: one that was added behind its turn could wait for a restore that waits for this one.
func (r *restoration) lock(tx statement.Session) error {
	if !r.restorer.Dialect.Has(dialect.RowLocks) {
		r.counted = r.hasty // and nobody else writes
		return nil
	}
	if r.locked && r.hasty {
		r.counted = true
		return nil
	}
	order := r.lockOrder()
	if !r.handedOver() && !r.loose() {
		return r.stored(tx, func() error {
			_, err := r.countLocks(tx, order, true)
			return err
		})
	}
	if err := statement.Savepoint(tx.DB, tx.Statement.Context, "SAVEPOINT "+locksSavepoint); err != nil {
		return err
	}
	r.lost.Rooted = r.loose() && r.mayBeOvertaken() && r.branches()
	for {
		var locked []int64
		err := r.stored(tx, func() (err error) {
			locked, err = r.countLocks(tx, order, true)
			return err
		})
		if err != nil {
			return err
		}
		// What is found now is what comes back: all that it hangs on is locked.
		drop, err := r.keep(tx)
		if err != nil {
			return err
		}
		needed, err := r.countLocks(tx, order, false)
		if err != nil || slices.Equal(locked, needed) {
			r.drops = append(r.drops, drop)
			return err
		}
		if err := drop(); err != nil {
			return err
		}
		if err := statement.Savepoint(tx.DB, tx.Statement.Context, "ROLLBACK TO SAVEPOINT "+locksSavepoint); err != nil {
			return err
		}
	}
}

// locksSavepoint is what a restore goes back to in order to give its locks back.
const locksSavepoint = "softdelete_locks"

// handedOver tells whether rows under the root may be handed over to its deletion.
func (r *restoration) handedOver() bool {
	return slices.ContainsFunc(r.graph.Nodes, func(n *policy.Node) bool {
		return n.Policy != r.root && (len(n.Policy.CascadeParents()) > 1 || len(n.Policy.CascadeParents()) == 1 && n.Beside())
	})
}

// keep puts what is found now into a table, as far as it must not change: all of a wide graph, or the rows that conditions tell.
func (r *restoration) keep(tx statement.Session) (drop func() error, err error) {
	start := func() *statement.Query { return tx.Query() }
	if r.loose() && !r.graph.Wide {
		return r.lost.Keep(start, r.graph.NodeOf(r.root).Component)
	}
	return r.lost.StoreAll(start)
}

// loose tells whether rows may begin to fulfil the caller's conditions while the restore goes on, and would then come back without what
// was found, and locked, for the others; or go from their archive without that they have come back from it.
func (r *restoration) loose() bool {
	switch {
	case r.deletion != "" || r.span != nil:
		return false
	case r.root.Archives():
		return true
	case r.pinned:
		return false
	}
	n := r.graph.NodeOf(r.root)
	return len(r.graph.Nodes) > 1 || r.erased || len(r.holders(n))+len(r.root.Guards) > 0
}

// stored runs what looks at the rows that the walk finds now; of a wide graph it finds them once for all tables.
func (r *restoration) stored(tx statement.Session, run func() error) error {
	return r.lost.Stored(func() *statement.Query { return tx.Query() }, run)
}

// countLocks counts the rows that the restore depends on per table, and takes the locks if it is told to.
func (r *restoration) countLocks(tx statement.Session, order []*policy.Policy, take bool) (counts []int64, err error) {
	for _, p := range order {
		for _, t := range p.Places() {
			count, some, err := r.countLocksOf(tx, t, take)
			if err != nil {
				return nil, err
			}
			if some {
				counts = append(counts, count)
			}
		}
	}
	return counts, nil
}

// countLocksOf counts, and may lock, the rows of one table of a model. some is false where the restore depends on none of
// them.
func (r *restoration) countLocksOf(tx statement.Session, t policy.Place, take bool) (count int64, some bool, err error) {
	q := tx.Query()
	p, table, fields := t.Policy, t.Table(), t.Key()
	lost := t.Marks()
	if lost {
		fields = r.lost.Identity(p)
	}
	lock := dialect.NoLock
	var chosen []func()
	// A union of keys, not alternatives: for those the database would read the whole table.
	if n := r.graph.NodeOf(p); lost && n != nil && (r.lostBase(n) != nil || !r.graph.Leaf(n) || t.Archived || r.graph.Wide) {
		lock = dialect.SoleLock
		chosen = append(chosen, func() { r.selectLost(q, n, t) })
	}
	for _, n := range r.graph.Nodes {
		for _, h := range slices.Concat(r.holders(n), n.Policy.Guards) {
			if h.Parent == p {
				lock = cmp.Or(lock, dialect.ShareLock)
				chosen = append(chosen, func() {
					q.Text("SELECT ").Columns("above", fields).Text(" FROM ").Name(table).Text(" AS above, ")
					q.Name(n.Policy.DeletedTable()).Text(" AS t WHERE ")
					r.under(q, n, h, "above")
				})
			}
		}
	}
	if lock == dialect.NoLock {
		return 0, false, nil
	}
	switch {
	case take:
	case t.Archived && lock == dialect.SoleLock:
		lock = dialect.FreeLock // of a key another row may be the latest by now, and is to be locked too
	default:
		lock = dialect.NoLock
	}
	n := r.graph.NodeOf(p)
	named := lost && n != nil && r.within(n) && len(chosen) == 1
	if !named {
		r.lost.With(q, r.graph.Last())
	}
	rows := statement.Rows{Table: table, Alias: "holder"}
	if lock != dialect.NoLock {
		if rows, err = r.rowsOf(tx, t, "holder"); err != nil {
			return 0, false, err
		}
	}
	if t.Archived && !named { // which may be of another deletion by now
		rows.Told = statement.DBNames(t.Key())
	}
	if !take && !rows.LookedUp() {
		rows.Key = nil
	}
	count, err = q.CountLockedFresh(lock, func() {
		rows.Each(q, func() {
			union := func() { unionOf(q, chosen) }
			if named {
				r.span.write(q, "holder")
			} else if lost {
				r.lost.Among(q, p, "holder", union)
			} else {
				q.Key("holder", fields).Text(" IN (")
				union()
				q.Text(")")
			}
		})
	})
	if err == nil && named && take && r.hasty {
		if count != r.span.rows() {
			return 0, false, errOvertaken
		}
		r.counted = true
	}
	return count, true, err
}

// unionOf writes the SELECT of what several give.
func unionOf(q *statement.Query, several []func()) {
	table := len(several) > 1 && q.Dialect.Has(dialect.UnionsAnew)
	if table {
		q.Text("SELECT * FROM (")
	}
	statement.Joined(q, several, " UNION ", func(one func()) { one() })
	if table {
		q.Text(") AS softdelete_keys")
	}
}

// selectLost writes the SELECT of the keys of a node's lost rows. Those of the root that are known by their keys are locked
// whether they are lost at that moment or not: one that another restore has brought back may be deleted again, and must not
// come back without its lock.
func (r *restoration) selectLost(q *statement.Query, n *policy.Node, t policy.Place) {
	if n.Policy != r.root || !r.pinned || t.Archived {
		r.lost.SelectKeys(q, n)
		return
	}
	q.Text("SELECT ").Columns(r.target.Qualifier(), n.Policy.Schema.PrimaryFields).Text(" FROM ")
	q.Table(r.target)
	q.Text(" WHERE ")
	r.rootCondition(q)
}

// above writes the condition that a parent's row, as holder, has a lost row of the node under it.
func (r *restoration) above(q *statement.Query, n *policy.Node, h *policy.Relation) {
	q.Text("EXISTS (SELECT 1 FROM ").Name(n.Policy.DeletedTable()).Text(" AS t WHERE ")
	r.under(q, n, h, "holder")
	q.Text(")")
}

// under writes the condition that a lost row of the node, as t, refers to a parent's row.
func (r *restoration) under(q *statement.Query, n *policy.Node, h *policy.Relation, holder string) {
	r.lost.InWalk(q, n, "t")
	for _, key := range h.Keys {
		q.Text(" AND ").Column("t", key.Child.DBName).Text(" = ", walk.ParentValue(q, key, q.Quoted(holder, key.Parent.DBName)))
	}
	walk.MatchFixed(h, q, "t")
}

// rowsOf are the rows of one of a model's tables, under an alias, to be locked or written.
func (r *restoration) rowsOf(tx statement.Session, t policy.Place, alias string) (statement.Rows, error) {
	return r.restorer.Keyed.Rows(tx, t.Table(), alias, t.LockOrder())
}

// lockOrder lists the models whose rows may need a lock: guarding parents first, then all that cascades connect with the
// root, parents before children, in the same order whichever of them the restore begins at.
func (r *restoration) lockOrder() []*policy.Policy {
	byTable := func(a, b *policy.Policy) int { return cmp.Compare(a.Table, b.Table) }
	var cascading, guarding []*policy.Policy
	for _, n := range r.graph.Nodes {
		for _, p := range deletion.Connected(n.Policy, false) {
			if !slices.Contains(cascading, p) {
				cascading = append(cascading, p)
			}
		}
	}
	slices.SortFunc(cascading, byTable)
	for _, n := range r.graph.Nodes {
		for _, g := range n.Policy.Guards {
			if !slices.Contains(cascading, g.Parent) && !slices.Contains(guarding, g.Parent) {
				guarding = append(guarding, g.Parent)
			}
		}
	}
	slices.SortFunc(guarding, byTable)
	for _, n := range policy.NewGraph(cascading, false).Nodes {
		guarding = append(guarding, n.Policy)
	}
	return guarding
}
