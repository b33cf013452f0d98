package softdelete

import (
	"slices"

	"gorm.io/gorm/schema"
)

// This room is for the marks by which a restore tells which deletion holds a row.

// andDeleted writes AND and the condition that a row is deleted, of rows that are found by their keys.
func (q *query) andDeleted(p *policy, table string) {
	if deleted := p.predicates.deleted; deleted != nil {
		q.text(" AND ").opaque(func() { q.text(deleted.of(quoteName(q.tx, table))) })
	}
}

// carriesMark writes the condition that a row carries the mark of the deletion that is to be undone.
func (r *restoration) carriesMark(q *query, p *policy, table string) {
	if p.id == nil {
		q.column(table, p.at.DBName).text(" = ").bind(p.atClock.value(r.at))
		return
	}
	q.column(table, p.id.DBName).text(" IN (").bind(r.deletion)
	if slices.Contains(r.timed, p) {
		q.text(", ").bind(string(r.deletion[:instantDigits]) + handedOverSuffix)
	}
	q.text(")")
}

// sameDeletion writes AND and the condition that parent and child carry the mark of one deletion. parent is an alias of a
// WITH table, child one of the child's own.
func (r *restoration) sameDeletion(q *query, e *edge, parent, child string) {
	p, c := e.parent, e.child
	carried := func(field *schema.Field) string { return q.quoted(parent, e.from.carry(field.DBName)) }
	q.text(" AND ").opaque(func() {
		switch {
		case p.id != nil && c.id != nil:
			q.column(child, c.id.DBName).text(" = ", carried(p.id))
		case p.id == nil && c.id == nil && p.atClock == c.atClock:
			q.column(child, c.at.DBName).text(" = ", carried(p.at))
		default:
			q.text(q.instant(c, func(field *schema.Field) string { return q.quoted(child, field.DBName) }), " = ", q.instant(p, carried))
		}
		writeAnd(q, c.predicates.deleted, child)
	})
}

// instant is the time of deletion of a row as a count of nanoseconds, from its time or else its ID. column gives a column
// of the row.
func (q *query) instant(p *policy, column func(*schema.Field) string) string {
	if p.at != nil {
		return q.dialect.Nanoseconds(column(p.at), p.atClock.kind, p.atClock.unit)
	}
	return q.dialect.LeadingNanoseconds(column(p.id))
}

// markText is the mark of a deleted row as text in the form of a DeletionID.
func (q *query) markText(p *policy, table string) string {
	column := func(field *schema.Field) string { return q.quoted(table, field.DBName) }
	if p.id != nil {
		return column(p.id)
	}
	return "(" + q.dialect.Padded(q.instant(p, column)) + " || '" + handedOverSuffix + "')"
}

// holders lists the relations by which another deleted parent may hold a node's row: all cascade relations into its model,
// but for those by which the walk comes from the parent itself. RestoreDeletion asks guards too.
func (r *restoration) holders(n *node) []*relation {
	parents := n.policy.cascadeParents()
	if r.deletion != "" {
		return slices.Concat(parents, n.policy.guards)
	}
	if n.policy == r.root {
		return parents
	}
	if len(parents) == 1 {
		return nil
	}
	return parents
}

// heldBase writes the SELECT of the lost rows that a deleted parent outside the restore holds, with that parent's mark.
func (r *restoration) heldBase(n *node) func(q *query) {
	holders := r.holders(n)
	holders = slices.DeleteFunc(slices.Clone(holders), func(h *relation) bool { return !h.parent.keepsDeleted() || !h.parent.canCarryMark() })
	if len(holders) == 0 {
		return nil
	}
	return func(q *query) {
		joined(q, holders, " UNION ", func(h *relation) {
			n.selectCarried(q, r.held, "t")
			q.text(", ", q.markText(h.parent, "holder"))
			q.text(" FROM ").name(n.policy.deletedTable()).text(" AS t, ").name(h.parent.deletedTable()).text(" AS holder WHERE ")
			r.lost.inWalk(q, n, "t")
			q.text(" AND ")
			r.holding(q, h, "holder", "t")
		})
	}
}

// holding writes the condition that a parent's row is deleted, stays so, and has the child's row under it.
func (r *restoration) holding(q *query, h *relation, holder, child string) {
	joined(q, h.keys, " AND ", func(key keyPair) {
		q.column(child, key.child.DBName).text(" = ", parentValue(q, key, q.quoted(holder, key.parent.DBName)))
	})
	h.matchFixed(q, child)
	q.andGone(h.parent, holder)
	if from := r.graph.nodeOf(h.parent); from != nil {
		q.text(" AND ")
		r.lost.notInWalk(q, from, holder)
	}
}
