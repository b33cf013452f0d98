package restore

import (
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// write restores the rows, children before parents, after passing on those that others hold.
func (r *restoration) write(tx statement.Session) error {
	start := func() *statement.Query { return tx.Query() }
	// Archived rows come back parents before children, as foreign keys ask; their marks stay until all rows are found.
	for _, n := range r.graph.Nodes {
		if n.Policy.Strategy.Leaves() && r.back[n] > 0 {
			if err := r.bringBack(tx, n); err != nil {
				return err
			}
		}
	}
	drop, err := r.keepFound(tx, start)
	if err != nil {
		return err
	}
	for i := len(r.graph.Components) - 1; i >= 0; i-- {
		c := r.graph.Components[i]
		if !r.touches(c) {
			continue
		}
		drop, err := r.lost.Store(start, c)
		if err != nil {
			return err
		}
		for _, n := range c.Nodes {
			if err := r.writeNode(tx, n); err != nil {
				return err
			}
		}
		if err := drop(); err != nil {
			return err
		}
	}
	return drop()
}

// keepFound puts what the walks have found into tables where each write would do so for itself, and for all above it: see Tables.Write. It
// returns what drops them.
func (r *restoration) keepFound(tx statement.Session, start func() *statement.Query) (drop func() error, err error) {
	var drops []func() error
	if !tx.Dialect.Has(dialect.WithBeforeWrite) && !r.graph.Wide && len(r.graph.Nodes) > 1 {
		for _, w := range r.walks() {
			for _, c := range r.graph.Components {
				drop, err := w.Keep(start, c)
				if err != nil {
					return nil, err
				}
				drops = append(drops, drop)
			}
		}
	}
	return func() error {
		for _, drop := range slices.Backward(drops) {
			if err := drop(); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (r *restoration) touches(c *policy.Component) bool {
	for _, n := range c.Nodes {
		if r.back[n]+r.kept[n] > 0 {
			return true
		}
	}
	return false
}

func (r *restoration) writeNode(tx statement.Session, n *policy.Node) error {
	rows, err := r.rowsOf(tx, n.Policy.DeletedPlace(), "")
	if err != nil {
		return err
	}
	if r.kept[n] > 0 {
		held := func(q *statement.Query) { r.held.InWalk(q, n, "") }
		_, err := r.upTo(n).WriteRows(tx, rows, held, func(q *statement.Query, rows statement.Rows) {
			rows.Update(q)
			r.handOver(q, n)
			held(q.Text(" WHERE "))
		})
		if err != nil {
			return err
		}
	}
	if r.back[n] > 0 && n.Policy.Strategy.Leaves() {
		return r.removeReturned(tx, n)
	}
	if r.back[n] > 0 {
		back := func(q *statement.Query) {
			q.Text(n.Policy.Predicates.Deleted.Of(""), " AND ")
			r.comingBack(q, n, "")
		}
		_, err := r.upTo(n).WriteRows(tx, rows, back, func(q *statement.Query, rows statement.Rows) {
			back(policy.Assign(rows.Update(q), n.Policy.RestoreAssignments()).Text(" WHERE "))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// handOver writes the SET list that gives held rows the mark of the parent that holds them.
func (r *restoration) handOver(q *statement.Query, n *policy.Node) {
	p := n.Policy
	markText := func() string {
		part := q.Part()
		part.Text("(SELECT min(", walk.MarkColumn, ") FROM ")
		r.held.From(part, n.Component).Text(" WHERE ")
		statement.Joined(part, r.held.Identity(p), " AND ", func(field *schema.Field) {
			part.Text(n.Carry(field.DBName), " = ").Column(p.DeletedTable(), field.DBName)
		})
		if n.SharesTable() {
			part.Text(" AND ", walk.NodeColumn, " = ", fmt.Sprint(n.Index))
		}
		return part.Text(")").Stmt.SQL.String()
	}
	if p.ID != nil {
		q.Name(p.ID.DBName).Text(" = ", markText())
	}
	if p.At != nil {
		if p.ID != nil {
			q.Text(", ")
		}
		column := statement.QuoteName(q.Tx, p.At.DBName)
		q.Text(column, " = ", q.Dialect.Instant(column, q.Dialect.LeadingNanoseconds(markText()), p.AtClock.Kind, p.AtClock.Unit))
	}
}

// beforeHooks loads the rows of models with restore hooks and runs BeforeRestore on them. They are kept for AfterRestore:
// once restored, nothing in the database tells them from other rows.
func (r *restoration) beforeHooks(tx statement.Session) error {
	for _, n := range r.graph.Nodes {
		hooks := n.Policy.RestoreHooks
		if !hooks.Before && !hooks.After || r.back[n] == 0 {
			continue
		}
		r.told = r.told || hooks.Before
		start := func() *statement.Query { return tx.Query() }
		kept := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(n.Policy.Schema.ModelType)), 0, int(r.back[n]))
		err := deletion.EachBatch(start, r.with, n, n.Policy.DeletedTable(), func(q *statement.Query) { r.comingBack(q, n, n.Policy.DeletedTable()) }, func(rows reflect.Value) error {
			if hooks.After {
				kept = reflect.AppendSlice(kept, rows)
			}
			return deletion.CallHooks(tx.DB, n.Policy, rows, false, func(tx *gorm.DB, row any) error {
				if hook, ok := row.(policy.BeforeRestore); ok {
					return hook.BeforeRestore(tx)
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
		r.loaded = append(r.loaded, loadedRows{node: n, rows: kept})
	}
	return nil
}

// afterHooks runs AfterRestore on the rows as they are now.
func (r *restoration) afterHooks(tx statement.Session) error {
	for _, loaded := range r.loaded {
		if loaded.rows.Len() == 0 {
			continue
		}
		p := loaded.node.Policy
		finish, err := deletion.Reload(tx, &r.restorer.Folding, p, loaded.rows.Interface())
		if err != nil {
			return err
		}
		finish()
		err = deletion.CallHooks(tx.DB, p, loaded.rows, false, func(tx *gorm.DB, row any) error { return row.(policy.AfterRestore).AfterRestore(tx) })
		if err != nil {
			return err
		}
	}
	return nil
}
