package softdelete

import (
	"cmp"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// lock locks everything that the restore depends on, a table at a time, in an order that all restores share, parents before
// children as deletions do: the rows that come back and have others under them, and the parents outside that might hold a
// row. Rows at the bottom are locked by the write.
//
// Where rows have several parents, another restore may hand rows over to this deletion while a lock is waited for, under
// parents that were passed already. Then all locks are given back and taken anew: one that was added behind its turn could
// wait for a restore that waits for this one.
func (r *restoration) lock(tx *gorm.DB) error {
	if !r.engine.dialect.Has(dialect.RowLocks) {
		return nil
	}
	order := r.lockOrder()
	if !r.handedOver() {
		_, err := r.countLocks(tx, order, true)
		return err
	}
	if err := savepoint(tx, tx.Statement.Context, "SAVEPOINT "+locksSavepoint); err != nil {
		return err
	}
	for {
		locked, err := r.countLocks(tx, order, true)
		if err != nil {
			return err
		}
		needed, err := r.countLocks(tx, order, false)
		if err != nil || slices.Equal(locked, needed) {
			return err
		}
		if err := savepoint(tx, tx.Statement.Context, "ROLLBACK TO SAVEPOINT "+locksSavepoint); err != nil {
			return err
		}
	}
}

// locksSavepoint is what a restore goes back to in order to give its locks back.
const locksSavepoint = "softdelete_locks"

// handedOver tells whether rows under the root may be handed over to its deletion.
func (r *restoration) handedOver() bool {
	return slices.ContainsFunc(r.graph.nodes, func(n *node) bool { return n.policy != r.root && len(n.policy.cascadeParents()) > 1 })
}

// countLocks counts the rows that the restore depends on per table, and takes the locks if it is told to.
func (r *restoration) countLocks(tx *gorm.DB, order []*policy, take bool) (counts []int64, err error) {
	for _, p := range order {
		tables := []string{p.schema.Table}
		if p.archives() {
			tables = append(tables, p.deletedTable())
		}
		for _, table := range tables {
			count, some, err := r.countLocksOf(tx, p, table, take)
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
func (r *restoration) countLocksOf(tx *gorm.DB, p *policy, table string, take bool) (count int64, some bool, err error) {
	q := newQuery(tx, r.engine.dialect)
	r.lost.with(q, r.graph.last())
	lost := table == p.deletedTable()
	fields := p.schema.PrimaryFields
	if lost {
		fields = r.lost.identity(p)
	}
	strength := ""
	var chosen []func()
	// A union of keys, not alternatives: for those the database would read the whole table.
	if n := r.graph.nodeOf(p); lost && n != nil && (r.lostBase(n) != nil || !r.graph.leaf(n) || p.archives()) {
		strength = "FOR UPDATE"
		chosen = append(chosen, func() { r.selectLost(q, n) })
	}
	for _, n := range r.graph.nodes {
		for _, h := range slices.Concat(r.holders(n), n.policy.guards) {
			if h.parent == p {
				strength = cmp.Or(strength, "FOR SHARE")
				chosen = append(chosen, func() {
					q.text("SELECT ").columns("over", fields).text(" FROM ").name(table).text(" AS over, ")
					q.name(n.policy.deletedTable()).text(" AS t WHERE ")
					r.under(q, n, h, "over")
				})
			}
		}
	}
	if strength == "" {
		return 0, false, nil
	}
	q.text("SELECT count(*) FROM (SELECT 1 FROM ").name(table).text(" AS holder WHERE ")
	union := func() { joined(q, chosen, " UNION ", func(keys func()) { keys() }) }
	if lost {
		r.lost.among(q, p, "holder", union)
	} else {
		q.key("holder", fields).text(" IN (")
		union()
		q.text(")")
	}
	if take {
		q.text(" ORDER BY ").columns("holder", fields).text(" ", strength)
	}
	q.text(") AS locked")
	err = q.rows(func(scan func(...any) error) error { return scan(&count) })
	return count, true, err
}

// selectLost writes the SELECT of the keys of a node's lost rows. Those of the root that are known by their keys are locked
// whether they are lost at that moment or not: one that another restore has brought back may be deleted again, and must not
// come back without its lock.
func (r *restoration) selectLost(q *query, n *node) {
	if n.policy != r.root || !r.pinned || n.policy.archives() {
		r.lost.selectKeys(q, n)
		return
	}
	q.text("SELECT ").columns(r.target.qualifier, n.policy.schema.PrimaryFields).text(" FROM ")
	r.target.from(q)
	q.text(" WHERE ")
	r.rootCondition(q)
}

// above writes the condition that a parent's row, as holder, has a lost row of the node under it.
func (r *restoration) above(q *query, n *node, h *relation) {
	q.text("EXISTS (SELECT 1 FROM ").name(n.policy.deletedTable()).text(" AS t WHERE ")
	r.under(q, n, h, "holder")
	q.text(")")
}

// under writes the condition that a lost row of the node, as t, refers to a parent's row.
func (r *restoration) under(q *query, n *node, h *relation, holder string) {
	r.lost.inWalk(q, n, "t")
	for _, key := range h.keys {
		q.text(" AND ").column("t", key.child.DBName).text(" = ", parentValue(q, key, q.quoted(holder, key.parent.DBName)))
	}
	h.matchFixed(q, "t")
}

// lockOrder lists the models whose rows may need a lock: guarding parents first, then all that cascades connect with the
// root, parents before children, in the same order whichever of them the restore begins at.
func (r *restoration) lockOrder() []*policy {
	byTable := func(a, b *policy) int { return cmp.Compare(a.schema.Table, b.schema.Table) }
	var cascading, guarding []*policy
	for _, n := range r.graph.nodes {
		for _, p := range connected(n.policy, false) {
			if !slices.Contains(cascading, p) {
				cascading = append(cascading, p)
			}
		}
	}
	slices.SortFunc(cascading, byTable)
	for _, n := range r.graph.nodes {
		for _, g := range n.policy.guards {
			if !slices.Contains(cascading, g.parent) && !slices.Contains(guarding, g.parent) {
				guarding = append(guarding, g.parent)
			}
		}
	}
	slices.SortFunc(guarding, byTable)
	for _, n := range newGraph(cascading, false).nodes {
		guarding = append(guarding, n.policy)
	}
	return guarding
}
