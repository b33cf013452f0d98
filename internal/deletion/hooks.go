package deletion

import (
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// GORM's hooks of a deletion.
type (
	beforeDelete interface{ BeforeDelete(tx *gorm.DB) error }
	afterDelete  interface{ AfterDelete(tx *gorm.DB) error }
)

// hookBatch is how many rows are loaded at a time for hooks.
const hookBatch = 500

// hasHooks tells whether hooks of rows under the root rows may run.
func (d *deletion) hasHooks() bool {
	return !d.stmt.SkipHooks && slices.ContainsFunc(d.graph.Nodes, func(n *policy.Node) bool {
		return (n.Policy != d.root || len(n.Inner) > 0) && (n.Policy.Schema.BeforeDelete || n.Policy.Schema.AfterDelete)
	})
}

// beforeHooks runs the BeforeDelete hooks of the rows under the root rows. The root's own hook is GORM's.
func (d *deletion) beforeHooks(tx statement.Session) error {
	if d.stmt.SkipHooks || d.graph.Alone() {
		return nil
	}
	tx = tx.InWork(tx.Statement.Context)
	w := d.reach()
	if !d.hasHooks() {
		return nil
	}
	return w.Stored(start(tx), func() error { return d.beforeHooksOf(tx, w) })
}

func (d *deletion) beforeHooksOf(tx statement.Session, w *walk.Walk) error {
	for _, n := range d.graph.Nodes {
		s := n.Policy.Schema
		keeps := s.AfterDelete && d.anyLeaves()
		if n.Policy == d.root && len(n.Inner) == 0 || !s.BeforeDelete && !keeps {
			continue
		}
		kept := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(s.ModelType)), 0, 0)
		err := d.eachBatch(tx, w, n, func(rows reflect.Value) error {
			if keeps {
				kept = reflect.AppendSlice(kept, rows)
			}
			return CallHooks(tx.DB, n.Policy, rows, d.erasing, func(tx *gorm.DB, row any) error {
				if hook, ok := row.(beforeDelete); ok {
					return hook.BeforeDelete(tx)
				}
				return nil
			})
		})
		if err != nil {
			return err
		}
		if keeps {
			if d.loaded == nil {
				d.loaded = map[*policy.Node]reflect.Value{}
			}
			d.loaded[n] = kept
		}
	}
	return nil
}

// afterHooks runs the AfterDelete hooks of the rows under the root rows. Rows that were marked are loaded again and show
// the mark.
func (d *deletion) afterHooks(tx statement.Session) error {
	if d.stmt.SkipHooks || d.graph.Alone() {
		return nil
	}
	tx = tx.InWork(tx.Statement.Context)
	if !d.hasHooks() {
		return nil
	}
	w := d.taken(nil)
	return w.Stored(start(tx), func() error { return d.afterHooksOf(tx, w) })
}

func (d *deletion) afterHooksOf(tx statement.Session, w *walk.Walk) error {
	for _, n := range d.graph.Nodes {
		s := n.Policy.Schema
		if n.Policy == d.root && len(n.Inner) == 0 || !s.AfterDelete {
			continue
		}
		call := func(rows reflect.Value) error {
			return CallHooks(tx.DB, n.Policy, rows, d.erasing, func(tx *gorm.DB, row any) error {
				if hook, ok := row.(afterDelete); ok {
					return hook.AfterDelete(tx)
				}
				return nil
			})
		}
		var err error
		rows, kept := d.loaded[n]
		switch {
		case !kept:
			err = d.eachBatch(tx, w, n, call)
		case !d.leaves(n.Policy):
			// What led to the row may be gone; the row itself shows the mark.
			var finish func()
			if finish, err = Reload(tx, &d.deleter.Folding, n.Policy, rows.Interface()); err == nil {
				finish()
				err = call(rows)
			}
		default:
			err = call(rows)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// eachBatch loads a node's rows in the walk, root rows excepted, in the order of their keys.
func (d *deletion) eachBatch(tx statement.Session, w *walk.Walk, n *policy.Node, each func(rows reflect.Value) error) error {
	return EachBatch(start(tx), func(q *statement.Query) { w.With(q, d.graph.Last()) }, n, n.Policy.Table, func(q *statement.Query) {
		w.InWalk(q, n, n.Policy.Table)
		d.exceptRoot(q, n)
	}, each)
}

// EachBatch loads rows of a node's model from a table in batches, in the order of their keys. with begins a statement, condition writes
// which rows.
func EachBatch(start func() *statement.Query, with func(q *statement.Query), n *policy.Node, table string, condition func(q *statement.Query), each func(rows reflect.Value) error) error {
	s := n.Policy.Schema
	if len(s.PrimaryFields) == 0 {
		return fmt.Errorf("%w: hooks of %s need a primary key to load its rows by", fault.ErrUnsupported, s.Name)
	}
	var last []any
	for {
		q := start()
		with(q)
		q.Text("SELECT ").Name(table).Text(".* FROM ").Name(table).Text(" WHERE ")
		condition(q)
		if last != nil {
			q.Text(" AND ").KeyAfter(table, s.PrimaryFieldDBNames, last)
		}
		q.Text(" ORDER BY ").Columns(table, s.PrimaryFields).Text(" LIMIT ", fmt.Sprint(hookBatch))
		rows := reflect.New(reflect.SliceOf(reflect.PointerTo(s.ModelType)))
		if err := q.Find(rows.Interface()); err != nil {
			return err
		}
		if err := each(rows.Elem()); err != nil {
			return err
		}
		loaded := rows.Elem().Len()
		if loaded < hookBatch {
			return nil
		}
		last = last[:0]
		for _, field := range s.PrimaryFields {
			value, _ := field.ValueOf(q.Stmt.Context, rows.Elem().Index(loaded-1).Elem())
			last = append(last, value)
		}
	}
}

// CallHooks calls a hook on loaded rows. What it gets is what GORM gives to hooks (callbacks/callmethod.go, GORM 1.31): a
// session without conditions whose statement still tells of the model, the row, and whether the delete is Unscoped.
func CallHooks(tx *gorm.DB, p *policy.Policy, rows reflect.Value, unscoped bool, call func(tx *gorm.DB, row any) error) error {
	if !rows.IsValid() || rows.Len() == 0 {
		return nil
	}
	shown := tx.Session(&gorm.Session{NewDB: true, Initialized: true})
	stmt := shown.Statement
	stmt.Schema, stmt.Table, stmt.Unscoped = p.Schema, p.Table, unscoped
	for i := range rows.Len() {
		row := rows.Index(i)
		stmt.Model, stmt.Dest, stmt.ReflectValue = row.Interface(), row.Interface(), row.Elem()
		if err := call(shown.Session(&gorm.Session{NewDB: true}), row.Interface()); err != nil {
			return err
		}
	}
	return nil
}
