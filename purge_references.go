package softdelete

import (
	"slices"
	"strings"

	"gorm.io/gorm"
)

// This room finds what refers to the rows that a purge removes.

// reference is a foreign key, or a relation without one, between rows of two tables.
type reference struct {
	table    string      // that refers
	from     *purgeTable // the same, nil where it loses no rows
	to       *purgeTable
	children []string // the columns that refer
	parents  []string // what they refer to
	relation *relation
	cascade  bool
	also     func(q *query, parent, child string) // writes what must be so beside the keys; nil for nothing
}

// match writes the condition that a row of the table that refers has the key of a row that it refers to, both by alias.
func (r *reference) match(q *query, parent, child string) {
	if r.relation != nil {
		joined(q, r.relation.keys, " AND ", func(key keyPair) {
			q.column(child, key.child.DBName).text(" = ", parentValue(q, key, q.quoted(parent, key.parent.DBName)))
		})
		r.relation.matchFixed(q, child)
		if r.also != nil {
			q.text(" AND ")
			r.also(q, parent, child)
		}
		return
	}
	for i, column := range r.children {
		if i > 0 {
			q.text(" AND ")
		}
		q.column(child, column).text(" = ").column(parent, r.parents[i])
	}
}

// findReferences reads the foreign keys to the purge's tables from the database, and adds the relations of the models that
// have none.
func (p *purge) findReferences() error {
	for _, t := range p.tables {
		keys, err := p.engine.dialect.ReferencesTo(p.reads, t.name)
		if err != nil {
			return err
		}
		for _, key := range keys {
			t.referrers = append(t.referrers, &reference{
				table: key.Table, from: p.table(key.Table), to: t, children: key.Columns, parents: key.Parents,
			})
		}
	}
	for _, policy := range p.engine.known(p.db) {
		for _, r := range slices.Concat(policy.has, policy.belongs) {
			if err := p.addRelation(r, r.child.schema.Table, nil); err != nil {
				return err
			}
			if !r.child.archives() {
				continue
			}
			if err := p.addRelation(r, r.child.deletedTable(), r.archivedTogether); err != nil {
				return err
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

// addRelation adds a relation of the models to what refers to the deleted rows of its parent, from the child's table or from
// its archive.
func (p *purge) addRelation(r *relation, childTable string, also func(q *query, parent, child string)) error {
	parent, err := p.engine.dialect.SameName(p.reads, r.parent.deletedTable())
	if err != nil {
		return err
	}
	to := p.table(parent)
	child, err := p.engine.dialect.SameName(p.reads, childTable)
	if err != nil || to == nil || child == "" {
		return err
	}
	if !r.parent.archives() {
		also = nil // the parent is one row, wherever the child is
	} else if also == nil {
		also = r.refersToArchived
	}
	added := &reference{table: child, from: p.table(child), to: to, relation: r, cascade: r.rule == ruleCascade, also: also}
	for _, key := range r.keys {
		added.children = append(added.children, key.child.DBName)
		added.parents = append(added.parents, key.parent.DBName)
	}
	for _, known := range to.referrers {
		if known.table == child && slices.Equal(known.children, added.children) && slices.Equal(known.parents, added.parents) &&
			(known.relation == nil || len(known.relation.fixed)+len(r.fixed) == 0) {
			known.cascade = known.cascade || added.cascade
			return nil
		}
	}
	to.referrers = append(to.referrers, added)
	return nil
}

// refersToArchived writes the condition that a row in its table refers to an archived one: the last of its key, where that
// is not used again.
func (r *relation) refersToArchived(q *query, parent, _ string) {
	q.latest(r.parent, parent).text(" AND NOT EXISTS (SELECT 1 FROM ").name(r.parent.schema.Table).text(" AS again WHERE ")
	q.sameKey(r.parent, "again", parent).text(")")
}

// archivedTogether writes the condition that an archived row refers to another: to the first of its key that was archived
// with it or after it. Deletion IDs sort by time.
func (r *relation) archivedTogether(q *query, parent, child string) {
	id := r.parent.id.DBName
	q.column(child, r.child.id.DBName).text(" <= ").column(parent, id)
	q.text(" AND NOT EXISTS (SELECT 1 FROM ").name(r.parent.deletedTable()).text(" AS sooner WHERE ")
	q.sameKey(r.parent, "sooner", parent).text(" AND ").column("sooner", id).text(" >= ").column(child, r.child.id.DBName)
	q.text(" AND ").column("sooner", id).text(" < ").column(parent, id).text(")")
}

// known lists the policies of Config.Models and of the models that were used so far.
func (e *engine) known(db *gorm.DB) []*policy {
	list, _ := e.models(db)
	e.policies.Range(func(_, value any) bool {
		p := value.(*policy)
		same := func(other *policy) bool {
			return other.schema.ModelType == p.schema.ModelType && other.schema.Table == p.schema.Table
		}
		if p.err == nil && p.canonical && !slices.ContainsFunc(list, same) {
			list = append(list, p)
		}
		return true
	})
	slices.SortStableFunc(list, func(a, b *policy) int { return strings.Compare(a.schema.Table, b.schema.Table) })
	return list
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
