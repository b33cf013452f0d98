package purge

import (
	"errors"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/tag"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room is for rows without a retention of their own: those that a deletion took with a parent go with the parent, in the way
// that it goes. Without that nothing would ever remove either.

// dependent is the lot, in SQL, of a row that goes with the parent that it was found under.
const dependent = -1

// addDependents adds the tables whose rows may go with those of the tables found so far.
func (p *purge) addDependents() error {
	for i := 0; i < len(p.tables); i++ {
		t := p.tables[i]
		if !t.leaves() {
			continue
		}
		for _, r := range t.Policy.Has {
			if !r.Child.KeepsDeleted() || len(r.Child.Schema.PrimaryFields) == 0 || r.Rule != policy.RuleCascade && !r.ComparesMarks() {
				continue
			}
			child, err := p.dependentTable(t, r)
			if err != nil {
				return err
			}
			if child == nil || !child.canDepend() {
				continue
			}
			for _, l := range t.lots {
				child.dependOn(l.action)
			}
		}
	}
	return nil
}

// dependentTable gives the table of a relation's children, and adds it where it is none of the purge's yet; nil where none of them
// goes with a parent.
func (p *purge) dependentTable(t *purgeTable, r *policy.Relation) (*purgeTable, error) {
	child := p.tableOf(r.Child)
	fresh := child == nil
	if fresh {
		if r.Child.Retain != (tag.Period{}) {
			return nil, nil // it has a retention, and was not asked for
		}
		child = &purgeTable{Remains: r.Child.RemainsWith(), dependents: true}
		if err := p.openTable(child); errors.As(err, new(noTableError)) {
			return nil, nil // nothing is there that could go
		} else if err != nil {
			return nil, err
		}
	}
	if r.Rule != policy.RuleCascade {
		if !child.canDepend() {
			return child, nil
		}
		if taken, err := p.takenBeside(r); err != nil || !taken {
			return nil, err
		}
		p.beside[r] = true
	}
	if fresh {
		p.tables = append(p.tables, child)
	}
	return child, nil
}

// takenBeside tells whether a deletion took rows of both sides of a relation that no rule makes it follow: the caller selected them, or
// a hook deleted them.
func (p *purge) takenBeside(r *policy.Relation) (taken bool, err error) {
	q := p.query().Text("SELECT 1 FROM ").Name(r.Parent.DeletedTable()).Text(" AS p, ").Name(r.Child.DeletedTable()).Text(" AS c WHERE ")
	(&reference{relation: r}).match(q, "p", "c")
	statement.WriteAnd(q, r.Parent.Predicates.Deleted, "p")
	statement.WriteAnd(q, r.Child.Predicates.Deleted, "c")
	q.Text(" AND ").Opaque(func() { wentTogether(q, r, "p", "c") }).Text(" LIMIT 1")
	err = q.Rows(func(func(...any) error) error { taken = true; return nil })
	return taken, err
}

// takesAlong tells whether deletions take rows along a relation.
func (p *purge) takesAlong(r *policy.Relation) bool {
	return r.Rule == policy.RuleCascade || p.beside[r]
}

// leaves tells whether rows of the table go.
func (t *purgeTable) leaves() bool {
	return slices.ContainsFunc(t.lots, func(l *lot) bool { return l.action != policy.ThenKeep })
}

// canDepend tells whether the table may have rows without a retention of their own.
func (t *purgeTable) canDepend() bool {
	return t.dependents || t.Policy.Retain == (tag.Period{}) || len(t.unretained) > 0
}

// dependOn makes room for rows that go with a parent in its way.
func (t *purgeTable) dependOn(action string) {
	if action == policy.ThenKeep || slices.ContainsFunc(t.lots, func(l *lot) bool { return l.action == action }) {
		return
	}
	t.lots = append(t.lots, &lot{action: action})
}

// lotWith is the number, from 1, of the lot that goes in the way of another table's; 0 where there is none.
func (t *purgeTable) lotWith(parent *relative) int {
	if parent.lot == 0 {
		return 0
	}
	action := parent.table.lots[parent.lot-1].action
	return slices.IndexFunc(t.lots, func(l *lot) bool { return l.action == action }) + 1
}

func (p *purge) tableOf(model *policy.Policy) *purgeTable {
	if i := slices.IndexFunc(p.tables, func(t *purgeTable) bool { return t.Policy == model }); i >= 0 {
		return p.tables[i]
	}
	return nil
}

// depends writes the condition that a row of the table is a deleted one without a retention of its own.
func (p *purge) depends(q *statement.Query, t *purgeTable, alias string) {
	p.gone(q, t, alias)
	switch {
	case t.dependents:
	case t.Policy.Retain == (tag.Period{}) && len(t.retained) > 0:
		q.Text(" AND (").Column(alias, t.Tenant).Text(" IS NULL OR NOT (").Among(alias, t.Tenant, t.retained).Text("))")
	case t.Policy.Retain != (tag.Period{}) && len(t.unretained) > 0:
		q.Text(" AND ").Among(alias, t.Tenant, t.unretained)
	case t.Policy.Retain != (tag.Period{}):
		q.Text(" AND 1 = 0")
	}
}

// sameDeletion writes the condition that one deletion took the parent and the child of a relation. parent gives a column of the one,
// child is the alias of the other.
func sameDeletion(q *statement.Query, r *policy.Relation, parent func(*schema.Field) string, child string) {
	p, c := r.Parent, r.Child
	column := func(field *schema.Field) string { return q.Quoted(child, field.DBName) }
	switch {
	case p.ID != nil && c.ID != nil:
		q.Text(column(c.ID), " = ", parent(p.ID))
	case p.ID == nil && c.ID == nil && p.AtClock == c.AtClock:
		q.Text(column(c.At), " = ", parent(p.At))
	default:
		q.Text(walk.Instant(q, c, column), " = ", walk.Instant(q, p, parent))
	}
}

// countDependents counts the rows that go with the rows of all tables whose retention is over, and those of them that holds cover.
func (p *purge) countDependents() error {
	var roots []*policy.Policy
	for _, t := range p.tables {
		if slices.ContainsFunc(t.lots, func(l *lot) bool { return len(l.terms) > 0 && l.action != policy.ThenKeep }) {
			roots = append(roots, t.Policy)
		}
	}
	if len(roots) == 0 || !slices.ContainsFunc(p.tables, (*purgeTable).canDepend) {
		return nil
	}
	graph := policy.BuildGraph(roots, false, func(r *policy.Relation) bool {
		child := p.tableOf(r.Child)
		return p.takesAlong(r) && child != nil && child.canDepend()
	})
	if graph.Err != nil {
		return graph.Err
	}
	graph.CarryMarks()
	look := p.look
	if graph.Wide && !p.holds.Wide() {
		look = p.rehearse
	}
	for _, action := range []string{policy.ThenPurge, policy.ThenErase, policy.ThenCold} {
		w := p.walkDue(graph, action)
		err := look(func() error {
			return w.Stored(p.query, func() error { return p.countGoingWith(w, action) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// countGoingWith counts, in the tables whose rows go in one way, those that a walk has found.
func (p *purge) countGoingWith(w *walk.Walk, action string) error {
	for _, t := range p.tables {
		i := slices.IndexFunc(t.lots, func(l *lot) bool { return l.action == action })
		if n := w.Graph.NodeOf(t.Policy); i >= 0 && n != nil && t.canDepend() && len(n.In)+len(n.Inner) > 0 {
			if err := p.countDependentsOf(t, t.reports[i], w, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// walkDue finds the rows that are due in one way, and those that go with them.
func (p *purge) walkDue(graph *policy.Graph, action string) *walk.Walk {
	w := &walk.Walk{Graph: graph, Prefix: "going_with", In: walk.Deleted}
	w.Base = func(n *policy.Node) func(q *statement.Query) {
		t := p.tableOf(n.Policy)
		i := slices.IndexFunc(t.lots, func(l *lot) bool { return l.action == action && len(l.terms) > 0 })
		if i < 0 {
			return nil
		}
		return func(q *statement.Query) {
			walk.SelectCarried(n, q, w, "due")
			q.Text(" FROM ").Name(t.name).Text(" AS due WHERE ")
			p.due(q, t, t.lots[i], "due")
		}
	}
	w.Step = func(q *statement.Query, e *policy.Edge, parent, child string) {
		q.Text(" AND ")
		p.depends(q, p.tableOf(e.Child), child)
		q.Text(" AND ").Opaque(func() {
			sameDeletion(q, e.Relation, func(field *schema.Field) string { return q.Quoted(parent, e.From.Carry(field.DBName)) }, child)
		})
	}
	return w
}

func (p *purge) countDependentsOf(t *purgeTable, r *ModelPurge, w *walk.Walk, n *policy.Node) error {
	q := p.reads.Query().Text("SELECT * FROM (")
	walk.With(q, n.Component, append(p.holds.Walking(), w)...)
	q.Text("SELECT count(*) AS going, count(CASE WHEN ")
	if p.holds.Covers(t.Policy) {
		p.holds.Held(q, t.Policy, "t")
	} else {
		q.Text("1 = 0")
	}
	q.Text(" THEN 1 END) AS held FROM ").Name(t.name).Text(" AS t WHERE ")
	w.InWalk(q, n, "t")
	q.Text(" AND ")
	p.depends(q, t, "t")
	q.Text(") AS counted")
	return q.Rows(func(scan func(...any) error) error {
		var going, held int64
		err := scan(&going, &held)
		r.Eligible, r.Held = r.Eligible+going, r.Held+held
		return err
	})
}
