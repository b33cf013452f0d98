package purge

import (
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room finds what refers to the rows that a purge removes.

// reference is a foreign key, or a relation without one, between rows of two tables.
type reference struct {
	table    string      // that refers
	from     *purgeTable // the same, nil where it loses no rows
	to       *purgeTable
	children []string // the columns that refer
	parents  []string // what they refer to
	relation *policy.Relation
	cascade  bool
	by       *policy.Relation                               // the relation by which it is a cascade
	indexed  bool                                           // an index is known to find the rows that refer
	also     func(q *statement.Query, parent, child string) // writes AND and what must be so beside the keys; nil for nothing
}

// match writes the condition that a row of the table that refers has the key of a row that it refers to, both by alias.
func (r *reference) match(q *statement.Query, parent, child string) {
	if r.relation != nil {
		statement.Joined(q, r.relation.Keys, " AND ", func(key policy.KeyPair) {
			q.Column(child, key.Child.DBName).Text(" = ", walk.ParentValue(q, key, q.Quoted(parent, key.Parent.DBName)))
		})
		walk.MatchFixed(r.relation, q, child)
		if r.also != nil {
			r.also(q, parent, child)
		}
		return
	}
	for i, column := range r.children {
		if i > 0 {
			q.Text(" AND ")
		}
		q.Column(parent, r.parents[i]).Text(" = ").Column(child, column) // as a foreign key compares: by the collation of what it refers to
	}
}

// findReferences reads the foreign keys to the purge's tables from the database, and adds the relations of the models that
// have none.
func (p *purge) findReferences() error {
	for _, t := range p.tables {
		keys, err := p.purger.Dialect.ReferencesTo(p.reads.DB, t.name)
		if err != nil {
			return err
		}
		for _, key := range keys {
			p.noteHiding(key)
			t.referrers = append(t.referrers, &reference{
				table: key.Table, from: p.table(key.Table), to: t, children: key.Columns, parents: key.Parents,
			})
		}
	}
	for _, owner := range p.purger.Known(p.db.DB) {
		for _, r := range slices.Concat(owner.Has, owner.Belongs) {
			for _, from := range r.Child.Places() {
				if err := p.addRelation(r, from); err != nil {
					return err
				}
			}
		}
	}
	for _, t := range p.tables {
		for _, r := range t.referrers {
			if r.cascade && r.from != nil {
				r.from.owners = append(r.from.owners, r)
			}
		}
	}
	return nil
}

// addRelation adds a relation of the models to what refers to the deleted rows of its parent, from a place of the child's rows.
func (p *purge) addRelation(r *policy.Relation, from policy.Place) error {
	parent, err := p.purger.Dialect.SameName(p.reads.DB, r.Parent.DeletedTable())
	if err != nil {
		return err
	}
	to := p.table(parent)
	child, err := p.purger.Dialect.SameName(p.reads.DB, from.Table())
	if err != nil || to == nil || child == "" {
		return err
	}
	added := &reference{table: child, from: p.table(child), to: to, relation: r, cascade: p.takesAlong(r), indexed: r.Indexed(from, false), also: alsoRefers(r, from, p.takesAlong(r))}
	if added.cascade {
		added.by = r
	}
	for _, key := range r.Keys {
		added.children = append(added.children, key.Child.DBName)
		added.parents = append(added.parents, key.Parent.DBName)
	}
	for _, known := range to.referrers {
		if known.table == child && slices.Equal(known.children, added.children) && slices.Equal(known.parents, added.parents) &&
			(known.relation == nil || len(known.relation.Fixed)+len(r.Fixed) == 0) {
			known.cascade, known.indexed = known.cascade || added.cascade, known.indexed || added.indexed
			if known.by == nil {
				known.by = added.by
			}
			return nil
		}
	}
	to.referrers = append(to.referrers, added)
	return nil
}

// alsoRefers writes what must be so beside the keys where a row of a place refers to a deleted row; nil for nothing. To an
// archived one it refers from its table if that is the one of its key that counts, or if one deletion took both. From an archive it
// refers to the one that its deletion took too, and where there is none to any of its key. Times say nothing: the clocks of several
// servers differ.
func alsoRefers(r *policy.Relation, from policy.Place, taken bool) func(q *statement.Query, parent, child string) {
	to := r.Parent.DeletedPlace()
	switch {
	case !to.Archived: // the parent is one row, wherever the child is
		return nil
	case from.Archived:
		return func(q *statement.Query, parent, child string) {
			wentTogether(q.Text(" AND ("), r, parent, child)
			q.Text(" OR ").Opaque(func() {
				q.Text("NOT EXISTS (SELECT 1 FROM ").Name(r.Parent.DeletedTable()).Text(" AS own WHERE ")
				walk.SameKey(q, r.Parent, "own", parent)
				wentTogether(q.Text(" AND "), r, "own", child)
				q.Text(")")
			}).Text(")")
		}
	}
	together := taken && r.Child.CanCarryMark() && r.Child.KeepsDeleted() && !r.Child.DeletedPlace().Archived
	return func(q *statement.Query, parent, child string) {
		if !together {
			walk.AndCurrent(q, to, parent)
			return
		}
		q.Text(" AND (1 = 1")
		walk.AndCurrent(q, to, parent).Text(" OR ").Opaque(func() { wentTogether(q, r, parent, child) }).Text(")")
	}
}

// wentTogether writes the condition that one deletion took the parent and the child of a relation.
func wentTogether(q *statement.Query, r *policy.Relation, parent, child string) {
	sameDeletion(q, r, func(field *schema.Field) string { return q.Quoted(parent, field.DBName) }, child)
}

// order puts the tables that own others by cascade before these; tables that own each other stay as they are.
func (p *purge) order() {
	var sorted []*purgeTable
	var visit func(t *purgeTable)
	visiting := map[*purgeTable]bool{}
	visit = func(t *purgeTable) {
		if visiting[t] {
			return
		}
		visiting[t] = true
		for _, r := range t.owners {
			visit(r.to)
		}
		sorted = append(sorted, t)
	}
	for _, t := range p.tables {
		visit(t)
	}
	p.tables = sorted
	rank := 0
	ranked := map[*purgeTable]bool{}
	var descend func(t *purgeTable)
	descend = func(t *purgeTable) {
		if ranked[t] {
			return
		}
		ranked[t] = true
		for _, r := range t.referrers {
			if r.from != nil {
				descend(r.from)
			}
		}
		rank++
		t.rank = rank
	}
	for _, t := range p.tables {
		descend(t)
	}
}
