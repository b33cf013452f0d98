package softdelete

import (
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// readsFirst tells whether the deletion looks into the database before it writes.
func (d *deletion) readsFirst() bool {
	return d.mayRefuse() || d.heeds() || d.seeksKeys() || d.hasHooks() ||
		d.root.archives() && d.leaves(d.root) || len(d.graph.nodes) > 1 && d.anyLeaves()
}

// seeksKeys tells whether findKeys looks into the database.
func (d *deletion) seeksKeys() bool {
	wanted := len(d.graph.nodes) > 1 || len(d.graph.kept) > 0 || d.engine.plugin.config.Ledger
	return d.keys == nil && wanted && len(d.root.schema.PrimaryFields) > 0
}

// mayRefuse tells whether rows can refuse the deletion.
func (d *deletion) mayRefuse() bool {
	return len(d.graph.checks) > 0 || d.engine.plugin.config.MaxRows > 0
}

// rootCondition writes the caller's conditions, with the keys of the value.
func (d *deletion) rootCondition(q *query) {
	q.stmt.Table = d.target.qualifier
	q.stmt.Schema = d.stmt.Schema
	where, ok := d.stmt.Clauses["WHERE"].Expression.(clause.Where)
	if !ok || len(where.Exprs) == 0 {
		q.text("1 = 1")
		return
	}
	q.expression(group(where.Exprs))
}

// live writes AND and the model's live predicate, unless rows go for good: then deleted ones go too.
func (d *deletion) live(q *query, p *policy, table string) {
	if !d.erasing {
		writeAnd(q, p.predicates.live, table)
	}
}

func writeAnd(q *query, p predicate, table string) {
	if p != nil {
		if table != "" {
			table = quoteName(q.tx, table)
		}
		q.text(" AND ", p.of(table))
	}
}

// reach is the walk over the rows that the deletion will take.
func (d *deletion) reach() *walk {
	return &walk{
		graph:  d.graph,
		prefix: "reached",
		base: func(n *node) func(q *query) {
			if n.policy != d.root {
				return nil
			}
			return func(q *query) {
				n.selectCarried(q, &walk{}, d.target.qualifier)
				q.text(" FROM ")
				d.target.from(q)
				q.text(" WHERE ")
				d.rootCondition(q)
				d.live(q, n.policy, d.target.qualifier)
			}
		},
		step:    func(q *query, e *edge, _, child string) { d.live(q, e.child, child) },
		archive: d.erasing,
	}
}

// findKeys asks for the root rows' keys where the caller gave conditions: few keys save later statements a search for the
// mark.
func (d *deletion) findKeys(tx *gorm.DB) error {
	pins := d.pins()
	if !d.seeksKeys() && !pins {
		return nil
	}
	fields := d.root.schema.PrimaryFields
	q := newQuery(tx, d.engine.dialect).text("SELECT ").columns(d.target.qualifier, fields).text(" FROM ")
	d.target.from(q)
	q.text(" WHERE ")
	d.rootCondition(q)
	d.live(q, d.root, d.target.qualifier)
	if pins {
		q.text(" ORDER BY ").columns(d.target.qualifier, fields)
	}
	q.text(" LIMIT ", fmt.Sprint(fewKeys+1))
	if pins {
		q.text(" FOR UPDATE")
	}
	keys, err := q.keyValues(fields)
	if err != nil || len(keys) > fewKeys {
		return err
	}
	// From here on these are the root rows: one that begins to fulfil the conditions meanwhile was not looked at.
	among := clause.Expression(clause.Expr{SQL: "1 = 0"})
	if len(keys) > 0 {
		d.keys = keys
		among = d.target.keysIn(d.root.schema, keys)
	}
	groupAlternatives(d.stmt)
	d.stmt.AddClause(clause.Where{Exprs: []clause.Expression{among}})
	return nil
}

// lockRows locks rows before anything is written, table by table, in the order of their keys. Of a removal these are all
// rows that others may come under, for a removed row leaves nothing that a second look could find them by. Rows marked in
// place are locked by the marking, but where several statements mark them, and where hooks must see them all first.
func (d *deletion) lockRows(tx *gorm.DB) error {
	if !d.engine.dialect.Has(dialect.RowLocks) {
		return nil
	}
	nodes, lock := d.nodesToLock()
	if len(nodes) == 0 {
		return nil
	}
	w := d.reach()
	for _, n := range nodes {
		if err := d.lockNode(tx, w, n, lock); err != nil {
			return err
		}
	}
	return nil
}

// pins tells whether the root rows are locked before all others: they are archived after the rows under them, and a row that
// comes back meanwhile would go without those under it.
func (d *deletion) pins() bool {
	return d.action(d.root) == ActionArchived && len(d.graph.nodes) > 1 && d.engine.dialect.Has(dialect.RowLocks)
}

// nodesToLock are those whose rows are locked before anything is written, and how.
func (d *deletion) nodesToLock() (nodes []*node, lock string) {
	if d.anyLeaves() {
		return slices.DeleteFunc(slices.Clone(d.graph.nodes), func(n *node) bool {
			return len(d.graph.checks) == 0 && d.graph.leaf(n)
		}), "FOR UPDATE"
	}
	root := d.graph.components[0]
	switch {
	case d.hasHooks():
		nodes = d.graph.nodes
	case len(root.inner) > 0 || len(d.graph.nodes) > 1 && len(d.keys) != 1:
		nodes = root.nodes
	}
	return nodes, d.engine.dialect.MarkLock()
}

// refuse finds everything that refuses the deletion.
func (d *deletion) refuse(tx *gorm.DB) error {
	if err := d.refuseHeld(tx); err != nil || !d.mayRefuse() {
		return err
	}
	checks, _ := d.checks()
	blocking, total, err := d.findBlocking(tx, d.reach(), checks)
	if err != nil {
		return err
	}
	if limit := d.engine.plugin.config.MaxRows; limit > 0 && total > limit {
		return tooManyRows(total, limit)
	}
	return d.refusal(tx, d.reach(), blocking)
}

// blockingRows are the rows of a relation that refuse the deletion.
type blockingRows struct {
	*edge
	rows int64
}

// selected tells whether GORM deletes the relation's rows itself before the root rows, since the caller has named it in
// Select.
func (d *deletion) selected(e *edge) bool {
	if len(d.stmt.Selects) == 0 || e.from.policy != d.root {
		return false
	}
	columns, _ := d.stmt.SelectAndOmitColumns(true, false)
	return columns[e.name]
}

// checks splits the relations that are looked at into those of now, and those of selected associations: their rows refuse
// only where GORM has left them.
func (d *deletion) checks() (now, later []*edge) {
	if len(d.stmt.Selects) == 0 {
		return d.graph.checks, nil
	}
	for _, e := range d.graph.checks {
		if d.selected(e) {
			later = append(later, e)
		} else {
			now = append(now, e)
		}
	}
	return now, later
}

// refuseSelected looks for rows of selected associations that refuse, once GORM has deleted what it could.
func (d *deletion) refuseSelected(tx *gorm.DB) error {
	_, later := d.checks()
	if len(later) == 0 || tx.DryRun {
		return nil
	}
	blocking, _, err := d.findBlocking(tx, d.reach(), later)
	if err != nil {
		return err
	}
	return d.refusal(tx, d.reach(), blocking)
}

// findBlocking counts the rows that refuse, per relation, and where a bound is set the rows that the walk reaches.
func (d *deletion) findBlocking(tx *gorm.DB, w *walk, checks []*edge) (blocking []blockingRows, total int64, err error) {
	var counts tally
	for _, e := range checks {
		counts.add(func(q *query) { d.untaken(q, w, e) }, func(rows int64) {
			if rows > 0 {
				blocking = append(blocking, blockingRows{edge: e, rows: rows})
			}
		})
	}
	if d.engine.plugin.config.MaxRows > 0 {
		for _, n := range d.graph.nodes {
			counts.add(func(q *query) { w.nodeRows(q, n) }, func(rows int64) { total += rows })
		}
	}
	q := newQuery(tx, d.engine.dialect)
	w.with(q, d.graph.last())
	return blocking, total, counts.run(q)
}

// nodeRows writes FROM and WHERE of a node's rows in the walk.
func (w *walk) nodeRows(q *query, n *node) {
	if len(n.policy.schema.PrimaryFields) == 0 { // a root without relations
		q.text(" FROM ").name(w.table(n.component))
		return
	}
	q.text(" FROM ").name(n.policy.schema.Table).text(" WHERE ")
	w.inWalk(q, n, n.policy.schema.Table)
}

// last is the component that all others come before.
func (g *graph) last() *component { return g.components[len(g.components)-1] }

// tally is a list of counts that one statement takes.
type tally struct {
	from []func(q *query)
	into []func(rows int64)
}

// add takes a count: from writes FROM and WHERE, into gets the number.
func (t *tally) add(from func(q *query), into func(rows int64)) {
	t.from, t.into = append(t.from, from), append(t.into, into)
}

// run finishes a statement that may have begun with WITH, and hands out the counts.
func (t *tally) run(q *query) error {
	if len(t.from) == 0 {
		return nil
	}
	q.text("SELECT ")
	joined(q, t.from, ", ", func(from func(q *query)) {
		q.text("(SELECT count(*)")
		from(q)
		q.text(")")
	})
	counts := make([]int64, len(t.from))
	targets := make([]any, len(t.from))
	for i := range counts {
		targets[i] = &counts[i]
	}
	err := q.rows(func(scan func(...any) error) error { return scan(targets...) })
	if err == nil {
		for i, into := range t.into {
			into(counts[i])
		}
	}
	return err
}

// untaken writes FROM and WHERE of a relation's live rows that the deletion does not take.
func (d *deletion) untaken(q *query, w *walk, e *edge) {
	table := e.child.schema.Table
	q.text(" FROM ").name(table).text(" WHERE ")
	e.matchIn(q, w, table)
	writeAnd(q, e.child.predicates.live, table)
	if n := d.graph.nodeOf(e.child); n != nil {
		q.text(" AND ")
		w.notInWalk(q, n, table)
	}
}

// nodeOf is the node of a model, nil where the graph takes none of its rows.
func (g *graph) nodeOf(p *policy) *node {
	for _, n := range g.nodes {
		if n.policy == p {
			return n
		}
	}
	return nil
}

// refusal is the error for rows that refuse: ErrNeverDelete before a BlockedError with the rows' keys.
func (d *deletion) refusal(tx *gorm.DB, w *walk, blocking []blockingRows) error {
	if len(blocking) == 0 || d.unstoppable {
		return nil
	}
	for _, b := range blocking {
		if b.rule != ruleBlock {
			return d.neverError(b.child, b.rows)
		}
	}
	blockers, err := d.describe(tx, w, blocking)
	if err != nil {
		return err
	}
	return &BlockedError{Blockers: blockers}
}

// mostKeys is how many keys a Blocker names.
const mostKeys = 10

// describe names the rows that refuse.
func (d *deletion) describe(tx *gorm.DB, w *walk, blocking []blockingRows) ([]Blocker, error) {
	var list []Blocker
	for _, b := range blocking {
		blocker := Blocker{Table: b.child.schema.Table, Relation: b.name, Rows: b.rows}
		fields := b.child.schema.PrimaryFields
		if len(fields) > 0 {
			q := newQuery(tx, d.engine.dialect)
			w.with(q, d.graph.last())
			q.text("SELECT ").columns(b.child.schema.Table, fields)
			d.untaken(q, w, b.edge)
			q.text(" ORDER BY ").columns(b.child.schema.Table, fields).text(" LIMIT ", fmt.Sprint(mostKeys))
			keys, err := q.keys(fields)
			if err != nil {
				return nil, err
			}
			blocker.Keys = keys
		}
		list = append(list, blocker)
	}
	return list, nil
}

// keys runs a statement that selects primary keys and gives them as text.
func (q *query) keys(fields []*schema.Field) ([]string, error) {
	values, err := q.keyValues(fields)
	var keys []string
	for _, key := range values {
		keys = append(keys, keyText(key))
	}
	return keys, err
}

// keyValues runs a statement that selects primary keys and gives them as the database does.
func (q *query) keyValues(fields []*schema.Field) (keys [][]any, err error) {
	err = q.rows(func(scan func(...any) error) error {
		targets, values := scanTargets(len(fields))
		if err := scan(targets...); err != nil {
			return err
		}
		keys = append(keys, values())
		return nil
	})
	return keys, err
}

// action is what the deletion does to a model's rows.
func (d *deletion) action(p *policy) Action {
	_, marks := p.marker()
	switch {
	case marks && !d.erasing:
		return ActionDeleted
	case p.archives() && !d.erasing:
		return ActionArchived
	}
	return ActionRemoved
}
