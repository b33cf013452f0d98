package softdelete

import (
	"fmt"
	"reflect"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// write restores the rows, children before parents, after passing on those that others hold.
func (r *restoration) write(tx *gorm.DB) error {
	start := func() *query { return newQuery(tx, r.engine.dialect) }
	// Archived rows come back parents before children, as foreign keys ask; their marks stay until all rows are found.
	for _, n := range r.graph.nodes {
		if n.policy.archives() && r.back[n] > 0 {
			if err := r.bringBack(tx, n); err != nil {
				return err
			}
		}
	}
	for i := len(r.graph.components) - 1; i >= 0; i-- {
		c := r.graph.components[i]
		if !r.touches(c) {
			continue
		}
		drop, err := r.lost.store(start, c)
		if err != nil {
			return err
		}
		for _, n := range c.nodes {
			if err := r.writeNode(tx, n); err != nil {
				return err
			}
		}
		if err := drop(); err != nil {
			return err
		}
	}
	return nil
}

func (r *restoration) touches(c *component) bool {
	for _, n := range c.nodes {
		if r.back[n]+r.kept[n] > 0 {
			return true
		}
	}
	return false
}

func (r *restoration) writeNode(tx *gorm.DB, n *node) error {
	table := n.policy.deletedTable()
	if r.kept[n] > 0 {
		q := newQuery(tx, r.engine.dialect)
		r.withUpTo(q, n)
		q.text("UPDATE ").name(table).text(" SET ")
		r.handOver(q, n)
		q.text(" WHERE ")
		r.held.inWalk(q, n, "")
		if _, err := q.exec(); err != nil {
			return err
		}
	}
	if r.back[n] > 0 && n.policy.archives() {
		q := newQuery(tx, r.engine.dialect)
		r.withUpTo(q, n)
		q.text("DELETE FROM ").name(table).text(" WHERE ")
		r.comingBack(q, n, "")
		_, err := q.exec()
		return err
	}
	if r.back[n] > 0 {
		q := newQuery(tx, r.engine.dialect)
		r.withUpTo(q, n)
		q.text("UPDATE ").name(table).text(" SET ").assign(n.policy.restoreAssignments())
		q.text(" WHERE ", n.policy.predicates.deleted.of(""), " AND ")
		r.comingBack(q, n, "")
		if _, err := q.exec(); err != nil {
			return err
		}
	}
	return nil
}

// handOver writes the SET list that gives held rows the mark of the parent that holds them.
func (r *restoration) handOver(q *query, n *node) {
	p := n.policy
	mark := func() string {
		part := newQuery(q.tx, q.dialect)
		part.text("(SELECT min(", markColumn, ") FROM ").name(r.held.table(n.component)).text(" WHERE ")
		joined(part, r.held.identity(p), " AND ", func(field *schema.Field) {
			part.text(n.carry(field.DBName), " = ").column(p.deletedTable(), field.DBName)
		})
		if len(n.component.nodes) > 1 {
			part.text(" AND ", nodeColumn, " = ", fmt.Sprint(n.index))
		}
		return part.text(")").stmt.SQL.String()
	}()
	if p.id != nil {
		q.name(p.id.DBName).text(" = ", mark)
	}
	if p.at != nil {
		if p.id != nil {
			q.text(", ")
		}
		column := quoteName(q.tx, p.at.DBName)
		q.text(column, " = ", q.dialect.Instant(column, q.dialect.LeadingNanoseconds(mark), p.atClock.kind, p.atClock.unit))
	}
}

// beforeHooks loads the rows of models with restore hooks and runs BeforeRestore on them. They are kept for AfterRestore:
// once restored, nothing in the database tells them from other rows.
func (r *restoration) beforeHooks(tx *gorm.DB) error {
	for _, n := range r.graph.nodes {
		hooks := n.policy.restoreHooks
		if !hooks.before && !hooks.after || r.back[n] == 0 {
			continue
		}
		start := func() *query { return newQuery(tx, r.engine.dialect) }
		kept := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(n.policy.schema.ModelType)), 0, int(r.back[n]))
		err := eachBatch(start, r.with, n, n.policy.deletedTable(), func(q *query) { r.comingBack(q, n, n.policy.deletedTable()) }, func(rows reflect.Value) error {
			if hooks.after {
				kept = reflect.AppendSlice(kept, rows)
			}
			return callHooks(tx, n.policy.schema, rows, false, func(tx *gorm.DB, row any) error {
				if hook, ok := row.(beforeRestore); ok {
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
func (r *restoration) afterHooks(tx *gorm.DB) error {
	for _, loaded := range r.loaded {
		if loaded.rows.Len() == 0 {
			continue
		}
		s := loaded.node.policy.schema
		finish, err := reload(tx, s, loaded.rows.Interface())
		if err != nil {
			return err
		}
		finish()
		err = callHooks(tx, s, loaded.rows, false, func(tx *gorm.DB, row any) error { return row.(afterRestore).AfterRestore(tx) })
		if err != nil {
			return err
		}
	}
	return nil
}
