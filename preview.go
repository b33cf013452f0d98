package softdelete

import (
	"slices"

	"gorm.io/gorm"
)

// foresee is the deletion without its writes: it fills the effects and blockers of Preview.
func (d *deletion) foresee(tx *gorm.DB) error {
	tx.Config.DryRun = false
	if err := d.checkColumns(tx); err != nil {
		return err
	}
	if err := d.chooseMark(d.stmt.DB); err != nil {
		return err
	}
	w := d.reach()
	var counts tally
	count := func(e Effect, depth, rank int, from func(q *query)) {
		counts.add(from, func(rows int64) {
			e.Rows = rows
			d.addEffect(e, depth, rank)
			if e.Action != ActionKept {
				d.rows += rows
			}
		})
	}
	rootAction := d.action(d.root)
	if d.root.never() {
		rootAction = ActionKept
	}
	count(Effect{Table: d.target.name, Action: rootAction}, 0, 0, func(q *query) {
		q.text(" FROM ")
		d.target.from(q)
		q.text(" WHERE ")
		d.rootCondition(q)
		d.live(q, d.root, d.target.qualifier)
	})
	for _, n := range d.graph.nodes {
		for _, part := range d.parts(n) {
			count(Effect{Table: n.policy.schema.Table, Relation: part.relation, Action: d.action(n.policy)}, n.below(), n.index, func(q *query) {
				w.nodeRows(q, n)
				d.onlyPart(q, w, n, part)
			})
		}
	}
	for _, e := range d.graph.kept {
		if d.selected(e) {
			continue
		}
		count(Effect{Table: e.child.schema.Table, Relation: e.name, Action: ActionKept}, e.from.depth+1, keptRank, func(q *query) { d.untaken(q, w, e) })
	}
	q := newQuery(tx, d.engine.dialect)
	w.with(q, d.graph.last())
	if err := counts.run(q); err != nil {
		return err
	}
	return d.foreseeBlockers(tx, w)
}

// foreseeBlockers lists what would refuse.
func (d *deletion) foreseeBlockers(tx *gorm.DB, w *walk) error {
	if limit := d.engine.plugin.config.MaxRows; limit > 0 && d.rows > limit {
		d.blockers = append(d.blockers, Blocker{Table: d.target.name, Rows: d.rows})
	}
	if d.root.never() {
		d.blockers = append(d.blockers, Blocker{Table: d.target.name, Rows: d.effects[0].Rows})
	}
	if err := d.foreseeHeld(tx); err != nil || !d.mayRefuse() {
		return err
	}
	checks, _ := d.checks()
	blocking, _, err := d.findBlocking(tx, w, checks)
	if err != nil {
		return err
	}
	described, err := d.describe(tx, w, blocking)
	d.blockers = append(d.blockers, described...)
	return err
}

// part is the share of a node's rows that one relation brings in.
type part struct {
	relation string
	edge     *edge   // nil for the rows that relations inside the component bring in
	before   []*edge // relations whose rows were counted already
}

// parts splits a node's rows, apart from the root rows, by the relation that brings them in first. Rows that are removed
// for good are not split: one statement removes them.
func (d *deletion) parts(n *node) []part {
	var parts []part
	if d.leaves(n.policy) {
		if edges := slices.Concat(n.in, n.inner); len(edges) > 0 {
			parts = append(parts, part{relation: edges[0].name})
		}
		return parts
	}
	for i, e := range n.in {
		parts = append(parts, part{relation: e.name, edge: e, before: n.in[:i]})
	}
	if len(n.inner) > 0 {
		parts = append(parts, part{relation: n.inner[0].name, before: n.in})
	}
	return parts
}

// onlyPart writes AND and the condition that a node's row belongs to the part.
func (d *deletion) onlyPart(q *query, w *walk, n *node, p part) {
	table := n.policy.schema.Table
	if p.edge != nil {
		q.text(" AND ")
		p.edge.matchIn(q, w, table)
	}
	for _, e := range p.before {
		// Not NOT: a key that is NULL must count as no match.
		q.text(" AND CASE WHEN ")
		e.matchIn(q, w, table)
		q.text(" THEN 0 ELSE 1 END = 1")
	}
	d.exceptRoot(q, n)
}
