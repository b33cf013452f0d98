package softdelete

import (
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// The hooks of a restore, beside GORM's own. They run with the loaded row; an error stops the restore and undoes it.
type (
	beforeRestore interface{ BeforeRestore(tx *gorm.DB) error }
	afterRestore  interface{ AfterRestore(tx *gorm.DB) error }
)

// GORM's hooks of a deletion.
type (
	beforeDelete interface{ BeforeDelete(tx *gorm.DB) error }
	afterDelete  interface{ AfterDelete(tx *gorm.DB) error }
)

// restoreHooks tells which restore hooks a model has.
type restoreHooks struct{ before, after bool }

func findRestoreHooks(s *schema.Schema) restoreHooks {
	value := reflect.New(s.ModelType).Interface()
	_, before := value.(beforeRestore)
	_, after := value.(afterRestore)
	return restoreHooks{before: before, after: after}
}

// hookBatch is how many rows are loaded at a time for hooks.
const hookBatch = 500

// hasHooks tells whether hooks of rows under the root rows may run.
func (d *deletion) hasHooks() bool {
	return !d.stmt.SkipHooks && slices.ContainsFunc(d.graph.nodes, func(n *node) bool {
		return (n.policy != d.root || len(n.inner) > 0) && (n.policy.schema.BeforeDelete || n.policy.schema.AfterDelete)
	})
}

// beforeHooks runs the BeforeDelete hooks of the rows under the root rows. The root's own hook is GORM's.
func (d *deletion) beforeHooks(tx *gorm.DB) error {
	if d.stmt.SkipHooks || d.graph.alone() {
		return nil
	}
	tx = inWork(tx, tx.Statement.Context)
	w := d.reach()
	for _, n := range d.graph.nodes {
		s := n.policy.schema
		keeps := s.AfterDelete && d.anyLeaves()
		if n.policy == d.root && len(n.inner) == 0 || !s.BeforeDelete && !keeps {
			continue
		}
		kept := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(s.ModelType)), 0, 0)
		err := d.eachBatch(tx, w, n, func(rows reflect.Value) error {
			if keeps {
				kept = reflect.AppendSlice(kept, rows)
			}
			return callHooks(tx, s, rows, d.erasing, func(tx *gorm.DB, row any) error {
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
				d.loaded = map[*node]reflect.Value{}
			}
			d.loaded[n] = kept
		}
	}
	return nil
}

// afterHooks runs the AfterDelete hooks of the rows under the root rows. Rows that were marked are loaded again and show
// the mark.
func (d *deletion) afterHooks(tx *gorm.DB) error {
	if d.stmt.SkipHooks || d.graph.alone() {
		return nil
	}
	tx = inWork(tx, tx.Statement.Context)
	w := d.taken(nil)
	for _, n := range d.graph.nodes {
		s := n.policy.schema
		if n.policy == d.root && len(n.inner) == 0 || !s.AfterDelete {
			continue
		}
		call := func(rows reflect.Value) error {
			return callHooks(tx, s, rows, d.erasing, func(tx *gorm.DB, row any) error {
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
		case !d.leaves(n.policy):
			// What led to the row may be gone; the row itself shows the mark.
			var finish func()
			if finish, err = reload(tx, s, rows.Interface()); err == nil {
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
func (d *deletion) eachBatch(tx *gorm.DB, w *walk, n *node, each func(rows reflect.Value) error) error {
	start := func() *query { return newQuery(tx, d.engine.dialect) }
	return eachBatch(start, func(q *query) { w.with(q, d.graph.last()) }, n, n.policy.schema.Table, func(q *query) {
		w.inWalk(q, n, n.policy.schema.Table)
		d.exceptRoot(q, n)
	}, each)
}

// eachBatch loads rows of a node's model from a table in batches, in the order of their keys. with begins a statement, condition writes
// which rows.
func eachBatch(start func() *query, with func(q *query), n *node, table string, condition func(q *query), each func(rows reflect.Value) error) error {
	s := n.policy.schema
	if len(s.PrimaryFields) == 0 {
		return fmt.Errorf("%w: hooks of %s need a primary key to load its rows by", ErrUnsupported, s.Name)
	}
	var last []any
	for {
		q := start()
		with(q)
		q.text("SELECT ").name(table).text(".* FROM ").name(table).text(" WHERE ")
		condition(q)
		if last != nil {
			q.text(" AND ").key(table, s.PrimaryFields).text(" > ")
			q.tuple(last)
		}
		q.text(" ORDER BY ").columns(table, s.PrimaryFields).text(" LIMIT ", fmt.Sprint(hookBatch))
		rows := reflect.New(reflect.SliceOf(reflect.PointerTo(s.ModelType)))
		if err := q.find(rows.Interface()); err != nil {
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
			value, _ := field.ValueOf(q.stmt.Context, rows.Elem().Index(loaded-1).Elem())
			last = append(last, value)
		}
	}
}

// tuple writes bound values as one value to compare a key with.
func (q *query) tuple(values []any) *query {
	if len(values) == 1 {
		return q.bind(values[0])
	}
	q.text("(")
	return joined(q, values, ", ", func(value any) { q.bind(value) }).text(")")
}

// callHooks calls a hook on loaded rows. What it gets is what GORM gives to hooks (callbacks/callmethod.go, GORM 1.31): a
// session without conditions whose statement still tells of the model, the row, and whether the delete is Unscoped.
func callHooks(tx *gorm.DB, s *schema.Schema, rows reflect.Value, unscoped bool, call func(tx *gorm.DB, row any) error) error {
	if !rows.IsValid() || rows.Len() == 0 {
		return nil
	}
	shown := tx.Session(&gorm.Session{NewDB: true, Initialized: true})
	stmt := shown.Statement
	stmt.Schema, stmt.Table, stmt.Unscoped = s, s.Table, unscoped
	for i := range rows.Len() {
		row := rows.Index(i)
		stmt.Model, stmt.Dest, stmt.ReflectValue = row.Interface(), row.Interface(), row.Elem()
		if err := call(shown.Session(&gorm.Session{NewDB: true}), row.Interface()); err != nil {
			return err
		}
	}
	return nil
}
