package deletion

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// foresee is the deletion without its writes: it fills the effects and blockers of Preview. Of a wide graph it works in a
// transaction that is undone, in which the rows of its walk are a temporary table.
func (d *deletion) foresee(tx statement.Session) error {
	tx.Config.DryRun = false
	if err := d.checkColumns(tx); err != nil {
		return err
	}
	if err := d.chooseMark(d.deleter.Session(d.stmt.DB)); err != nil {
		return err
	}
	if !d.graph.Wide {
		return d.foreseeRows(tx)
	}
	return statement.Rehearse(tx.DB, func(db *gorm.DB) error { return d.foreseeRows(tx.On(db)) })
}

// foreseeRows counts the rows that the deletion takes and those that it leaves, and lists what refuses.
func (d *deletion) foreseeRows(tx statement.Session) error {
	w := d.reach()
	var counts statement.Tally
	var counted []foreseen
	count := func(f foreseen) {
		at := len(counted)
		counted = append(counted, f)
		counts.Add(f.from, func(rows int64) { counted[at].Rows = rows })
	}
	rootAction := d.action(d.root)
	if d.root.Never() {
		rootAction = ActionKept
	}
	count(foreseen{DepthEffect{Effect{Table: d.root.Table, Action: rootAction}, 0, 0}, d.root, d.target.Qualifier(), func(q *statement.Query) {
		q.Text(" FROM ")
		q.Table(d.target)
		q.Text(" WHERE ")
		d.rootCondition(q)
		d.live(q, d.root, d.target.Qualifier())
	}})
	for _, n := range d.graph.Nodes {
		for _, part := range d.parts(n) {
			effect := Effect{Table: n.Policy.Table, Relation: part.by.Name, Parent: d.tableOf(part.by.From), Action: d.action(n.Policy)}
			count(foreseen{DepthEffect{effect, n.Below(), n.Index}, n.Policy, n.Policy.Table, func(q *statement.Query) {
				w.NodeRows(q, n)
				d.onlyPart(q, w, n, part)
			}})
		}
	}
	for _, e := range d.graph.Kept {
		if d.selected(e) {
			continue
		}
		effect := Effect{Table: e.Child.Table, Relation: e.Name, Parent: d.tableOf(e.From), Action: ActionKept}
		count(foreseen{DepthEffect{effect, e.From.Depth + 1, keptRank}, e.Child, e.Child.Table, func(q *statement.Query) { d.untaken(q, w, e) }})
	}
	with := func() *statement.Query {
		q := tx.Query()
		w.With(q, d.graph.Last())
		return q
	}
	drop, err := w.StoreAll(start(tx))
	if err != nil {
		return err
	}
	if err := counts.Run(with()); err != nil {
		return err
	}
	for _, f := range counted {
		if f.Keys, err = KeysIn(with, f.policy, f.table, f.Rows, f.from); err != nil {
			return err
		}
		d.addEffect(f.Effect, f.Depth, f.Rank)
		if f.Action != ActionKept {
			d.rows += f.Rows
		}
	}
	if err := d.foreseeBlockers(tx, w); err != nil {
		return err
	}
	return drop()
}

// foreseen is an effect that is counted, of rows of a model in a table that from begins to read.
type foreseen struct {
	DepthEffect
	policy *policy.Policy
	table  string
	from   func(q *statement.Query)
}

// KeysIn gives the keys of some of a number of rows, which from selects, in their order; none of a model without a primary key.
// start begins the statement.
func KeysIn(start func() *statement.Query, p *policy.Policy, table string, rows int64, from func(q *statement.Query)) ([]string, error) {
	fields := p.Schema.PrimaryFields
	if rows == 0 || len(fields) == 0 {
		return nil, nil
	}
	q := start()
	q.Text("SELECT ").Columns(table, fields)
	from(q)
	q.Text(" ORDER BY ").Columns(table, fields).Text(" LIMIT ", fmt.Sprint(statement.MostKeys))
	return q.KeyTexts(fields)
}

// foreseeBlockers lists what would refuse.
func (d *deletion) foreseeBlockers(tx statement.Session, w *walk.Walk) error {
	if limit := d.deleter.MaxRows; limit > 0 && d.rows > limit {
		d.blockers = append(d.blockers, fault.Blocker{Table: d.root.Table, Rows: d.rows})
	}
	if d.root.Never() {
		d.blockers = append(d.blockers, fault.Blocker{Table: d.root.Table, Rows: d.effects[0].Rows})
	}
	if err := d.foreseeHeld(tx, w); err != nil {
		return err
	}
	if d.mayRefuse() {
		checks, _ := d.checks()
		blocking, _, err := d.findBlocking(tx, w, checks)
		if err != nil {
			return err
		}
		described, err := d.describe(tx, w, blocking)
		if err != nil {
			return err
		}
		d.blockers = append(d.blockers, described...)
	}
	return d.foreseeReferring(tx, w)
}

// part is the share of a node's rows that one relation brings in.
type part struct {
	by     *policy.Edge   // the relation that the report names
	edge   *policy.Edge   // nil for the rows that relations inside the component bring in
	before []*policy.Edge // relations whose rows were counted already
}

// parts splits a node's rows, apart from the root rows, by the relation that brings them in first. Rows that are removed
// for good are not split: one statement removes them.
func (d *deletion) parts(n *policy.Node) []part {
	var parts []part
	if d.leaves(n.Policy) {
		if edges := slices.Concat(n.In, n.Inner); len(edges) > 0 {
			parts = append(parts, part{by: edges[0]})
		}
		return parts
	}
	for i, e := range n.In {
		parts = append(parts, part{by: e, edge: e, before: n.In[:i]})
	}
	if len(n.Inner) > 0 {
		parts = append(parts, part{by: n.Inner[0], before: n.In})
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
