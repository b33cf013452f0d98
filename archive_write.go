package softdelete

import (
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// refuseArchivedKeys keeps an upsert from creating a row anew whose key was archived: it means the row that is gone. A plain
// Create may use the key again.
func (e *engine) refuseArchivedKeys(db *gorm.DB, p *policy) error {
	c, upserts := onConflict(db.Statement)
	if !upserts || !p.archives() || db.Statement.Unscoped || db.DryRun {
		return nil
	}
	byKey := c.DoNothing || slices.EqualFunc(p.conflictFields(c.Columns), p.schema.PrimaryFields,
		func(a, b *schema.Field) bool { return a == b })
	if !byKey {
		return nil
	}
	var keys [][]any
	eachCreated(db.Statement, func(row created) {
		key := make([]any, 0, len(p.schema.PrimaryFields))
		for _, field := range p.schema.PrimaryFields {
			value, ok := row.value(field)
			if !ok {
				return
			}
			key = append(key, value)
		}
		keys = append(keys, key)
	})
	deleted, err := e.deletedAmong(db, p, p.schema.PrimaryFields, keys)
	if err != nil || len(deleted) == 0 {
		return err
	}
	return rowDeletedError(p, deleted[0])
}

// bringBack copies a node's rows that come back from the archive into the model's table.
func (r *restoration) bringBack(tx *gorm.DB, n *node) error {
	s, _ := n.policy.archive()
	q := newQuery(tx, r.engine.dialect).text("INSERT INTO ").name(n.policy.schema.Table).text(" (").columns("", s.columns).text(") ")
	r.withUpTo(q, n)
	q.text("SELECT ").columns("t", s.columns).text(" FROM ").name(s.table).text(" AS t WHERE ")
	r.comingBack(q, n, "t")
	_, err := q.exec()
	return err
}
