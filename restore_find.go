package softdelete

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// walks are the walks that a restore's statements need.
func (r *restoration) walks() []*walk {
	if r.holds {
		return []*walk{r.lost, r.held}
	}
	return []*walk{r.lost}
}

// with begins a statement with the walks.
func (r *restoration) with(q *query) { with(q, r.graph.last(), r.walks()...) }

// withUpTo begins a statement with the walks as far as a node.
func (r *restoration) withUpTo(q *query, n *node) { with(q, n.component, r.walks()...) }

// comingBack writes the condition that a row is one of those that come back.
func (r *restoration) comingBack(q *query, n *node, table string) {
	r.lost.inWalk(q, n, table)
	if r.holds {
		q.text(" AND ")
		r.held.notInWalk(q, n, table)
	}
}

// find counts the rows that come back and those that are held, and finds all that refuses, before any write.
func (r *restoration) find(tx *gorm.DB) error {
	if err := r.findDeletion(tx); err != nil {
		return err
	}
	var counts tally
	var standing int64 // rows that would stand under a deleted parent
	var conflicts []conflict
	var unfits []unfit
	root := r.graph.nodeOf(r.root)
	r.back, r.kept = make(map[*node]int64), make(map[*node]int64)
	for _, n := range r.graph.nodes {
		r.count(&counts, n, ActionRestored, r.back, func(q *query) { r.comingBack(q, n, "t") })
		if r.holds {
			r.count(&counts, n, ActionSkipped, r.kept, func(q *query) { r.held.inWalk(q, n, "t") })
		}
		if n.policy.archives() {
			if err := r.countUnfit(tx, &counts, n, &unfits); err != nil {
				return err
			}
		}
		for _, g := range n.policy.guards {
			if r.deletion == "" {
				counts.add(func(q *query) { r.guarded(q, n, g) }, func(rows int64) { standing += rows })
			}
		}
		for _, index := range n.policy.unique {
			for _, c := range conflictsOf(n, index) {
				counts.add(func(q *query) { r.countConflicting(q, c) }, func(rows int64) {
					if rows > 0 {
						conflicts = append(conflicts, c)
					}
				})
			}
		}
	}
	if r.holds && r.deletion == "" {
		counts.add(func(q *query) {
			q.text(" FROM ")
			r.target.from(q)
			q.text(" WHERE ")
			r.rootCondition(q)
			q.text(" AND ")
			r.held.inWalk(q, root, r.target.qualifier)
		}, func(rows int64) { standing += rows })
	}
	q := newQuery(tx, r.engine.dialect)
	r.with(q)
	if err := counts.run(q); err != nil {
		return err
	}
	kept := int64(0)
	for _, rows := range r.kept {
		kept += rows
	}
	// Nobody holds a row, and the parents are locked: the statements that follow need not ask again.
	r.holds = r.holds && kept > 0
	if err := r.judge(tx, root, standing, conflicts); err != nil || len(unfits) == 0 {
		return err
	}
	return unfits[0].err()
}

// judge turns what find found into the effects, or into the error that refuses.
func (r *restoration) judge(tx *gorm.DB, root *node, standing int64, conflicts []conflict) error {
	for _, n := range r.graph.nodes {
		r.rows += r.back[n] + r.kept[n]
	}
	if limit := r.engine.plugin.config.MaxRows; limit > 0 && r.rows > limit {
		return tooManyRows(r.rows, limit)
	}
	if err := r.refuseErased(tx); err != nil {
		return err
	}
	if standing > 0 {
		return r.parentError(tx, standing)
	}
	if r.deletion != "" && r.rows == 0 {
		return r.unknown(tx)
	}
	if len(conflicts) > 0 {
		return r.conflictError(tx, conflicts[0])
	}
	return nil
}

// parentError names the deleted parents under which rows would come back.
func (r *restoration) parentError(tx *gorm.DB, standing int64) error {
	for _, n := range r.graph.nodes {
		holders := n.policy.guards
		if n.policy == r.root {
			holders = slices.Concat(r.holders(n), holders)
		}
		for _, h := range holders {
			if !h.parent.keepsDeleted() {
				continue
			}
			fields := h.parent.schema.PrimaryFields
			q := newQuery(tx, r.engine.dialect)
			r.lost.with(q, r.graph.last())
			q.text("SELECT ").columns("holder", fields).text(" FROM ").name(h.parent.deletedTable()).text(" AS holder WHERE ")
			r.above(q, n, h)
			q.andGone(h.parent, "holder")
			q.text(" ORDER BY ").columns("holder", fields).text(" LIMIT ", fmt.Sprint(mostKeys))
			keys, err := q.keys(fields)
			if err != nil {
				return err
			}
			if len(keys) > 0 {
				return fmt.Errorf("%w: %d %s of %s would come back under deleted rows of table %s with keys %s; restore them first",
					ErrParentDeleted, standing, plural(standing, "row"), n.policy.schema.Name, h.parent.schema.Table, strings.Join(keys, "; "))
			}
		}
	}
	return fmt.Errorf("%w: %d %s of %s would come back under a deleted parent; restore that parent first",
		ErrParentDeleted, standing, plural(standing, "row"), r.root.schema.Name)
}

// unknown is the error for a deletion without rows, unless the ledger knows it.
func (r *restoration) unknown(tx *gorm.DB) error {
	if r.engine.plugin.config.Ledger {
		var known int64
		err := tx.Session(&gorm.Session{NewDB: true}).Model(&Deletion{}).Where(clause.Eq{Column: "id", Value: r.deletion}).Count(&known).Error
		if err != nil || known > 0 {
			return ledgerError(err)
		}
	}
	return fmt.Errorf("%w: no row carries the mark of deletion %s", gorm.ErrRecordNotFound, r.deletion)
}

// count counts a node's rows that fulfil a condition: those that the caller asked for, then the others by the relation that
// leads to them.
func (r *restoration) count(counts *tally, n *node, action Action, total map[*node]int64, condition func(q *query)) {
	add := func(relation string, depth int, further func(q *query)) {
		from := func(q *query) {
			q.text(" FROM ")
			r.from(q, n)
			q.text(" AS t WHERE ")
			condition(q)
			further(q)
		}
		counts.add(from, func(rows int64) {
			total[n] += rows
			if rows > 0 || depth == 0 && action == ActionRestored {
				r.effects = append(r.effects, depthEffect{Effect{n.policy.schema.Table, relation, action, rows}, depth, n.index})
			}
		})
	}
	edges := slices.Concat(n.in, n.inner)
	if n.policy == r.root {
		if r.deletion != "" || len(edges) == 0 {
			add("", 0, func(*query) {})
			return
		}
		add("", 0, func(q *query) { r.askedFor(q, true) })
	}
	for i, e := range edges {
		add(e.name, n.below(), func(q *query) {
			if n.policy == r.root {
				r.askedFor(q, false)
			}
			if len(edges) > 1 && i < len(edges)-1 {
				q.text(" AND ")
				e.matchIn(q, r.lost, "t")
			}
			for _, before := range edges[:i] {
				q.text(" AND CASE WHEN ")
				before.matchIn(q, r.lost, "t")
				q.text(" THEN 0 ELSE 1 END = 1")
			}
		})
	}
	if len(edges) == 0 {
		add("", 1, func(*query) {})
	}
}

// askedFor writes AND and the condition that a root row is, or is not, one that the caller asked for.
func (r *restoration) askedFor(q *query, yes bool) {
	fields := r.root.schema.PrimaryFields
	q.text(" AND ").key("t", fields)
	if !yes {
		q.text(" NOT")
	}
	q.text(" IN (SELECT ").columns(r.target.qualifier, fields).text(" FROM ")
	r.target.from(q)
	q.text(" WHERE ")
	r.rootCondition(q)
	q.text(")")
}

// findDeletion counts the root rows and tells which deletion they came from.
func (r *restoration) findDeletion(tx *gorm.DB) error {
	if r.deletion != "" {
		r.report.DeletionID, r.report.At = r.deletion, r.at
		return nil
	}
	q := newQuery(tx, r.engine.dialect).text("SELECT count(*)")
	p := r.root
	column := func(field *schema.Field) string { return q.quoted(r.target.qualifier, field.DBName) }
	if p.id != nil {
		q.text(", min(", column(p.id), "), max(", column(p.id), ")")
	}
	if p.at != nil {
		instant := q.instant(p, column)
		q.text(", min(", instant, "), max(", instant, ")")
	}
	q.text(" FROM ")
	r.target.from(q)
	q.text(" WHERE ")
	r.rootCondition(q)
	writeAnd(q, p.predicates.deleted, r.target.qualifier)
	var firstID, lastID DeletionID
	var first, last sql.NullInt64
	var roots int64
	targets := []any{&roots}
	if p.id != nil {
		targets = append(targets, &firstID, &lastID)
	}
	if p.at != nil {
		targets = append(targets, &first, &last)
	}
	err := q.rows(func(scan func(...any) error) error { return scan(targets...) })
	if firstID == lastID {
		r.report.DeletionID = firstID
		r.report.At, _ = firstID.at()
	}
	if first.Valid && first == last {
		r.report.At = instantOf(first.Int64)
	}
	return err
}

// guarded writes FROM and WHERE of the rows that would come back under a deleted parent that guards them.
func (r *restoration) guarded(q *query, n *node, g *relation) {
	q.text(" FROM ").name(n.policy.deletedTable()).text(" AS t WHERE ")
	r.comingBack(q, n, "t")
	q.text(" AND EXISTS (SELECT 1 FROM ").name(g.parent.deletedTable()).text(" AS holder WHERE ")
	joined(q, g.keys, " AND ", func(key keyPair) {
		q.column("holder", key.parent.DBName).text(" = ").column("t", key.child.DBName)
	})
	q.andGone(g.parent, "holder")
	if from := r.graph.nodeOf(g.parent); from != nil {
		q.text(" AND NOT (")
		r.comingBack(q, from, "holder")
		q.text(")")
	}
	q.text(")")
}

// conflict is a unique index that a restore would violate.
type conflict struct {
	node  *node
	index *uniqueIndex
	// among tells, of a model with an archive, that the other rows are such as come back too, not live ones.
	among bool
}

// conflictsOf lists what may be in the way of a node's rows by one index.
func conflictsOf(n *node, index *uniqueIndex) []conflict {
	if !n.policy.archives() {
		return []conflict{{node: n, index: index}}
	}
	return []conflict{{node: n, index: index}, {node: n, index: index, among: true}}
}

// side writes the rows that a conflict's index is about, of the model's own table or that of its deleted rows.
func (c conflict) side(q *query, alias, table string) *query {
	if c.index.where == "" || c.index.concerns(c.node.policy) {
		return q.name(table).text(" AS ", alias)
	}
	return q.text("(SELECT * FROM ").name(table).text(" WHERE ", c.index.where, ") AS ", alias)
}

// countConflicting writes FROM and WHERE so that rows are counted where there is a conflict. Of an archive that was empty when
// it was last looked at the planner expects too little to be left with a join.
func (r *restoration) countConflicting(q *query, c conflict) {
	p := c.node.policy
	equal := func(field *schema.Field) { q.column("t", field.DBName).text(" = ").column("other", field.DBName) }
	switch {
	case !p.archives():
		r.conflicting(q, c)
	case c.among:
		c.side(q.text(" FROM (SELECT 1 FROM "), "t", p.deletedTable()).text(" WHERE ")
		r.comingBack(q, c.node, "t")
		for _, field := range c.index.fields {
			q.text(" AND ").column("t", field.DBName).text(" IS NOT NULL")
		}
		q.text(" GROUP BY ").columns("t", c.index.fields).text(" HAVING count(*) > 1) AS twice")
	default:
		c.side(q.text(" FROM "), "t", p.deletedTable()).text(" WHERE ")
		r.comingBack(q, c.node, "t")
		q.text(" AND ").opaque(func() {
			c.side(q.text("EXISTS (SELECT 1 FROM "), "other", p.schema.Table).text(" WHERE ")
			joined(q, c.index.fields, " AND ", equal).text(")")
		})
	}
}

// conflicting writes FROM and WHERE of the rows, as other, that have a unique value of a row that comes back, as t: live
// ones, and others that come back too.
func (r *restoration) conflicting(q *query, c conflict) {
	p := c.node.policy
	other := p.schema.Table
	if c.among {
		other = p.deletedTable()
	}
	c.side(q.text(" FROM "), "other", other)
	c.side(q.text(" WHERE EXISTS (SELECT 1 FROM "), "t", p.deletedTable()).text(" WHERE ")
	r.comingBack(q, c.node, "t")
	for _, field := range c.index.fields {
		q.text(" AND ").column("t", field.DBName).text(" = ").column("other", field.DBName)
	}
	if p.archives() && !c.among {
		q.text(")")
		return
	}
	q.text(" AND NOT (")
	joined(q, r.lost.identity(p), " AND ", func(field *schema.Field) {
		q.column("t", field.DBName).text(" = ").column("other", field.DBName)
	})
	q.text("))")
	if c.among {
		q.text(" AND ")
		r.comingBack(q, c.node, "other")
		return
	}
	q.text(" AND (", p.predicates.live.of(quoteName(q.tx, "other")), " OR (")
	r.comingBack(q, c.node, "other")
	q.text("))")
}

// conflictError names the rows that have the unique values.
func (r *restoration) conflictError(tx *gorm.DB, c conflict) error {
	q := newQuery(tx, r.engine.dialect)
	r.with(q)
	fields := c.node.policy.schema.PrimaryFields
	q.text("SELECT ").columns("other", fields)
	r.conflicting(q, c)
	q.text(" ORDER BY ").columns("other", fields).text(" LIMIT ", fmt.Sprint(mostKeys))
	keys, err := q.keys(fields)
	if err != nil {
		return err
	}
	return &ConflictError{Index: c.index.name, Columns: c.index.columns(), LiveKeys: keys}
}
