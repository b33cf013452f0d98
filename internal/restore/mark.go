package restore

import (
	"database/sql"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// carriesMark writes the condition that a row carries the mark of the deletion that is to be undone.
func (r *restoration) carriesMark(q *statement.Query, p *policy.Policy, table string) {
	if p.ID == nil {
		q.Column(table, p.At.DBName).Text(" = ").Bind(p.AtClock.Value(r.at))
		return
	}
	q.Column(table, p.ID.DBName).Text(" IN (").Bind(r.deletion)
	if slices.Contains(r.timed, p) {
		q.Text(", ").Bind(string(r.deletion[:mark.InstantDigits]) + mark.HandedOverSuffix)
	}
	q.Text(")")
}

// sameDeletion writes AND and the condition that parent and child carry the mark of one deletion. parent is an alias of a
// WITH table, child one of the child's own.
func (r *restoration) sameDeletion(q *statement.Query, e *policy.Edge, parent, child string) {
	q.Text(" AND ").Beside(e.Indexed(e.Child.DeletedPlace(), false), func() { r.sameMark(q, e, parent, child) })
}

// sameMark writes the condition by itself.
func (r *restoration) sameMark(q *statement.Query, e *policy.Edge, parent, child string) {
	p, c := e.Parent, e.Child
	carried := func(field *schema.Field) string { return q.Quoted(parent, e.From.Carry(field.DBName)) }
	switch {
	case p.ID != nil && c.ID != nil:
		q.Column(child, c.ID.DBName).Text(" = ", carried(p.ID))
	case p.At != nil && c.At != nil && p.AtClock == c.AtClock:
		q.Column(child, c.At.DBName).Text(" = ", carried(p.At))
	default:
		q.Text(walk.Instant(q, c, func(field *schema.Field) string { return q.Quoted(child, field.DBName) }), " = ", walk.Instant(q, p, carried))
	}
	statement.WriteAnd(q, c.Predicates.Deleted, child)
}

// holders lists the relations by which another deleted parent may hold a node's row: all cascade relations into its model,
// but for those by which the walk comes from the parent itself. RestoreDeletion asks guards too.
func (r *restoration) holders(n *policy.Node) []*policy.Relation {
	parents := n.Policy.CascadeParents()
	if r.deletion != "" {
		return slices.Concat(parents, n.Policy.Guards)
	}
	if n.Policy == r.root {
		return parents
	}
	if len(parents) == 1 && r.graph.NodeOf(parents[0].Parent) != nil && !n.Beside() {
		return nil
	}
	return parents
}

// heldBase writes the SELECT of the lost rows that a deleted parent outside the restore holds, with that parent's mark.
func (r *restoration) heldBase(n *policy.Node) func(q *statement.Query) {
	holders := r.holders(n)
	holders = slices.DeleteFunc(slices.Clone(holders), func(h *policy.Relation) bool { return !h.Parent.KeepsDeleted() || !h.Parent.CanCarryMark() })
	erased := r.erased && n.Policy.CanCarryMark() && (n.Policy != r.root || r.deletion == "" && len(n.Inner) > 0)
	if len(holders) == 0 && !erased {
		return nil
	}
	return func(q *statement.Query) {
		if erased {
			r.erasedRows(q, n)
			if len(holders) > 0 {
				q.Text(" UNION ")
			}
		}
		statement.Joined(q, holders, " UNION ", func(h *policy.Relation) {
			walk.SelectCarried(n, q, r.held, "t")
			q.Text(", ", ownOr(q, n.Policy, "t", walk.MarkText(q, h.Parent, "holder")))
			q.Text(" FROM ").Name(n.Policy.DeletedTable()).Text(" AS t, ").Name(h.Parent.DeletedTable()).Text(" AS holder WHERE ")
			r.lost.InWalk(q, n, "t")
			q.Text(" AND ")
			r.holding(q, h, "holder", "t")
		})
	}
}

// erasedRows writes the SELECT of the lost rows of a node that are erased, with their own mark: they stay deleted with all under
// them. Those that the caller asked for refuse the restore instead.
func (r *restoration) erasedRows(q *statement.Query, n *policy.Node) {
	t := n.Policy.DeletedPlace()
	walk.SelectCarried(n, q, r.held, "t")
	q.Text(", ", walk.MarkText(q, n.Policy, "t"), " FROM ").Name(t.Table()).Text(" AS t WHERE ")
	r.lost.InWalk(q, n, "t")
	erasedrow.IsErased(q.Text(" AND "), t, "t")
	if n.Policy == r.root {
		r.askedFor(q, false)
	}
}

// holding writes the condition that a parent's row is deleted, stays so, and has the child's row under it.
func (r *restoration) holding(q *statement.Query, h *policy.Relation, holder, child string) {
	statement.Joined(q, h.Keys, " AND ", func(key policy.KeyPair) {
		q.Column(child, key.Child.DBName).Text(" = ", walk.ParentValue(q, key, q.Quoted(holder, key.Parent.DBName)))
	})
	walk.MatchFixed(h, q, child)
	walk.AndGone(q, h.Parent, holder)
	from := r.graph.NodeOf(h.Parent)
	switch {
	case from == nil:
	case h.Parent.Archives():
		// One of the lost rows is the child's parent; another with its key, archived later, is not.
		q.Text(" AND CASE WHEN ")
		walk.MatchIn(&policy.Edge{Relation: h, From: from}, q, r.lost, child)
		q.Text(" THEN 0 ELSE 1 END = 1")
	default:
		q.Text(" AND ")
		r.lost.NotInWalk(q, from, holder)
	}
}

// ownOr is the mark that a held row gets: its own still where the archive has its key with the other mark already, for a deletion
// takes a key once.
func ownOr(q *statement.Query, p *policy.Policy, table, mark string) string {
	taken := p.DeletedPlace().Taken(statement.QuoteName(q.Tx, table), mark, func(name string) string { return statement.QuoteName(q.Tx, name) })
	if taken == "" {
		return mark
	}
	return "CASE WHEN " + taken + " THEN " + walk.MarkText(q, p, table) + " ELSE " + mark + " END"
}

// roots is what is found of the root rows: how many they are, and by what marks and numbers they are told.
type roots struct {
	rows            int64
	firstID, lastID mark.DeletionID
	first, last     sql.NullInt64 // instants of deletion
	span            *span
	highest         int64 // of all numbers
}

// findDeletion tells which deletion the root rows came from.
func (r *restoration) findDeletion(tx statement.Session) error {
	if r.deletion != "" {
		r.report.DeletionID, r.report.At = r.deletion, r.at
		return nil
	}
	if r.known {
		return nil
	}
	found, err := r.readRoots(tx, false, r.rootCondition)
	if err != nil {
		return err
	}
	// Where there are locks, the rows are told already: what fulfils the condition by now may be others.
	if r.span == nil && (r.preview || !tx.Dialect.Has(dialect.RowLocks)) {
		r.span = found.span
	}
	r.name(found)
	return nil
}

// name makes the report name the deletion that root rows came from, where it is one.
func (r *restoration) name(found roots) {
	if found.firstID == found.lastID {
		r.report.DeletionID = found.firstID
		r.report.At, _ = found.firstID.At()
	}
	if found.first.Valid && found.first == found.last {
		r.report.At = deletion.InstantOf(found.first.Int64)
	}
}

// readRoots reads it of the deleted rows that fulfil a condition, and may lock them first.
func (r *restoration) readRoots(tx statement.Session, locks bool, condition func(q *statement.Query)) (found roots, err error) {
	q := tx.Query().Text("SELECT count(*)")
	p, table, targets := r.root, r.rootsTable(), []any{&found.rows}
	name := table.Qualifier()
	if locks {
		name = rootsAlias
	}
	var columns []string
	read := func(expression string, into any) {
		q.Text(", ", expression)
		targets = append(targets, into)
	}
	column := func(column string) string { return q.Quoted(name, column) }
	if p.ID != nil {
		columns = append(columns, p.ID.DBName)
		read("min("+column(p.ID.DBName)+")", &found.firstID)
		read("max("+column(p.ID.DBName)+")", &found.lastID)
	}
	if p.At != nil { // of the columns: their instants cost more than they
		columns = append(columns, p.At.DBName)
		read(walk.Instant(q, p, func(field *schema.Field) string { return "min(" + column(field.DBName) + ")" }), &found.first)
		read(walk.Instant(q, p, func(field *schema.Field) string { return "max(" + column(field.DBName) + ")" }), &found.last)
	}
	var firstNumber, lastNumber, highest sql.NullInt64
	number, numbered := r.numbered()
	if numbered {
		columns = append(columns, number)
		read("min("+column(number)+")", &firstNumber)
		read("max("+column(number)+")", &lastNumber)
		read("(SELECT max("+q.Quoted("softdelete_all", number)+") FROM "+statement.QuoteName(q.Tx, p.DeletedTable())+" AS softdelete_all)", &highest)
	}
	var level string
	if locks {
		q.Level()
		targets = append(targets, &level)
		statement.Joined(q.Text(" FROM (SELECT "), columns, ", ", func(column string) { q.Column(table.Qualifier(), column) })
	}
	q.Text(" FROM ")
	q.Table(table)
	q.Text(" WHERE ")
	condition(q)
	statement.WriteAnd(q, p.Predicates.Deleted, table.Qualifier())
	if locks {
		q.Lock(dialect.InstantLock).Text(") AS ", rootsAlias)
	}
	err = q.Rows(func(scan func(...any) error) error { return scan(targets...) })
	switch {
	case locks && tx.Dialect.Taken(err):
		return found, errTaken
	case locks && err == nil:
		r.locked = true
		err = q.RefuseStale(level)
	}
	if numbered {
		found.span, found.highest = spanOf(number, firstNumber, lastNumber, found.rows), highest.Int64
	}
	return found, err
}

// rootsAlias is what root rows that are locked are called in the statement that counts them.
const rootsAlias = "softdelete_roots"

// alone tells whether archived root rows, of which there may be a short way, are all that the restore depends on.
func (r *restoration) alone() bool {
	return r.short() && len(r.graph.Nodes) == 1 && !r.branches() && len(r.holders(r.graph.Nodes[0]))+len(r.root.Guards) == 0 &&
		r.restorer.Dialect.Has(dialect.RowLocks)
}
