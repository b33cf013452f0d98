package deletion

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// foresee is the deletion without its writes: it fills the effects and blockers of Preview.
func (d *deletion) foresee(tx statement.Session) error {
	tx.Config.DryRun = false
	if err := d.checkColumns(tx); err != nil {
		return err
	}
	if err := d.chooseMark(d.deleter.Session(d.stmt.DB)); err != nil {
		return err
	}
	w := d.reach()
	var counts statement.Tally
	count := func(e Effect, depth, rank int, from func(q *statement.Query)) {
		counts.Add(from, func(rows int64) {
			e.Rows = rows
			d.addEffect(e, depth, rank)
			if e.Action != ActionKept {
				d.rows += rows
			}
		})
	}
	rootAction := d.action(d.root)
	if d.root.Never() {
		rootAction = ActionKept
	}
	count(Effect{Table: d.target.Name, Action: rootAction}, 0, 0, func(q *statement.Query) {
		q.Text(" FROM ")
		d.target.From(q)
		q.Text(" WHERE ")
		d.rootCondition(q)
		d.live(q, d.root, d.target.Qualifier)
	})
	for _, n := range d.graph.Nodes {
		for _, part := range d.parts(n) {
			count(Effect{Table: n.Policy.Table, Relation: part.relation, Action: d.action(n.Policy)}, n.Below(), n.Index, func(q *statement.Query) {
				w.NodeRows(q, n)
				d.onlyPart(q, w, n, part)
			})
		}
	}
	for _, e := range d.graph.Kept {
		if d.selected(e) {
			continue
		}
		count(Effect{Table: e.Child.Table, Relation: e.Name, Action: ActionKept}, e.From.Depth+1, keptRank, func(q *statement.Query) { d.untaken(q, w, e) })
	}
	q := tx.Query()
	w.With(q, d.graph.Last())
	if err := counts.Run(q); err != nil {
		return err
	}
	return d.foreseeBlockers(tx, w)
}

// foreseeBlockers lists what would refuse.
func (d *deletion) foreseeBlockers(tx statement.Session, w *walk.Walk) error {
	if limit := d.deleter.MaxRows; limit > 0 && d.rows > limit {
		d.blockers = append(d.blockers, fault.Blocker{Table: d.target.Name, Rows: d.rows})
	}
	if d.root.Never() {
		d.blockers = append(d.blockers, fault.Blocker{Table: d.target.Name, Rows: d.effects[0].Rows})
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
	edge     *policy.Edge   // nil for the rows that relations inside the component bring in
	before   []*policy.Edge // relations whose rows were counted already
}

// parts splits a node's rows, apart from the root rows, by the relation that brings them in first. Rows that are removed
// for good are not split: one statement removes them.
func (d *deletion) parts(n *policy.Node) []part {
	var parts []part
	if d.leaves(n.Policy) {
		if edges := slices.Concat(n.In, n.Inner); len(edges) > 0 {
			parts = append(parts, part{relation: edges[0].Name})
		}
		return parts
	}
	for i, e := range n.In {
		parts = append(parts, part{relation: e.Name, edge: e, before: n.In[:i]})
	}
	if len(n.Inner) > 0 {
		parts = append(parts, part{relation: n.Inner[0].Name, before: n.In})
	}
	return parts
}

// onlyPart writes AND and the condition that a node's row belongs to the part.
func (d *deletion) onlyPart(q *statement.Query, w *walk.Walk, n *policy.Node, p part) {
	table := n.Policy.Table
	if p.edge != nil {
		q.Text(" AND ")
		walk.MatchIn(p.edge, q, w, table)
	}
	for _, e := range p.before {
		// Not NOT: a key that is NULL must count as no match.
		q.Text(" AND CASE WHEN ")
		walk.MatchIn(e, q, w, table)
		q.Text(" THEN 0 ELSE 1 END = 1")
	}
	d.exceptRoot(q, n)
}
