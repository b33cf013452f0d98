package restore

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for rows that a deletion took along relations which no rule makes it follow: the caller selected them, or a hook
// deleted them. A restore looks for their marks under the rows that it has found, in the statement that counts these, and only where
// there are some it begins anew with a graph, and with locks, that have them.

// besideError says that the deletion has taken rows along relations that the restore did not follow. Nothing is written by then.
type besideError struct{ along []*policy.Relation }

func (besideError) Error() string { return "softdelete: a restore met rows beside its graph" }

// beside are the relations by which rows were found that the graph does not lead to.
type beside []*policy.Relation

// count adds counts of such rows to those of a statement.
func (b *beside) count(r *restoration, counts *statement.Tally, edges []*policy.Edge) {
	for _, e := range edges {
		counts.Add(func(q *statement.Query) {
			r.lost.Under(q, e, "p", "c")
			r.sameMarkBeside(q, e)
		}, func(rows int64) {
			if rows > 0 {
				*b = append(*b, e.Relation)
			}
		})
	}
}

// err makes the restore begin anew where it is to follow the relations.
func (b beside) err() error {
	if len(b) == 0 {
		return nil
	}
	return besideError{b}
}

// beside leaves out the relations to tables that are not there: they need not be in a program that never asks for their rows, or
// lie in another database.
func (r *restoration) beside(tx statement.Session, all []*policy.Edge) (edges []*policy.Edge, err error) {
	for _, e := range all {
		table := e.Child.DeletedTable()
		if _, known := r.restorer.tables.Load(table); !known {
			reader := tx.InWork(tx.Statement.Context)
			reader.Config.DryRun = false
			name, err := tx.Dialect.SameName(reader.DB, table)
			if err != nil {
				return nil, err
			}
			if name == "" {
				continue
			}
			r.restorer.tables.Store(table, true)
		}
		edges = append(edges, e)
	}
	return edges, nil
}

// sameMarkBeside writes AND and the condition that parent and child carry the mark of one deletion. Under few rows that are known by
// their keys an index on the marks may be used, see Query.Opaque.
func (r *restoration) sameMarkBeside(q *statement.Query, e *policy.Edge) {
	if r.pinned && e.From.Policy == r.root && len(e.From.Inner) == 0 && !e.Indexed(e.Child.DeletedPlace(), false) {
		q.Text(" AND ")
		r.sameMark(q, e, "p", "c")
		return
	}
	r.sameDeletion(q, e, "p", "c")
}

// findBeside looks for rows that a deletion which is undone by its ID took along relations that the graph does not follow: between
// models that it took rows of, or to those that carry no ID.
func (r *restoration) findBeside(tx statement.Session) error {
	found := func(p *policy.Policy) bool {
		n := r.graph.NodeOf(p)
		return n != nil && r.back[n]+r.kept[n] > 0
	}
	edges, err := r.beside(tx, slices.DeleteFunc(r.graph.Beside(), func(e *policy.Edge) bool {
		return !found(e.From.Policy) || r.graph.NodeOf(e.Child) != nil && !found(e.Child)
	}))
	if err != nil || len(edges) == 0 {
		return err
	}
	var b beside
	var counts statement.Tally
	b.count(r, &counts, edges)
	q := tx.Query()
	r.lost.With(q, r.graph.Last())
	if err := counts.Run(q); err != nil {
		return err
	}
	return b.err()
}

// rowsOf are the models that relations lead to.
func rowsOf(along []*policy.Relation) (models []*policy.Policy) {
	for _, rel := range along {
		models = append(models, rel.Child)
	}
	return models
}
