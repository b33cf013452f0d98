package softdelete

import (
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// guardChunk is how many parents one statement looks at.
const guardChunk = 500

// guardCreate refuses rows that would be created live under a deleted parent. The parents are locked until the transaction
// ends, so that none of them is deleted meanwhile.
func (e *engine) guardCreate(db *gorm.DB, p *policy) error {
	for _, r := range p.guards {
		var keys [][]any
		seen := map[string]bool{}
		add := func(key []any, ok bool) {
			if text := fmt.Sprintf("%#v", key); ok && !seen[text] {
				seen[text] = true
				keys = append(keys, key)
			}
		}
		eachCreated(db.Statement, func(row created) {
			if !row.deleted(p) {
				add(row.key(r))
			}
		})
		add(conflictKey(db.Statement, r))
		if deleted, err := e.deletedParents(db, r, keys); err != nil {
			return err
		} else if len(deleted) > 0 {
			return parentError(r, keyText(deleted[0]))
		}
	}
	return nil
}

// conflictKey is the key that an upsert assigns to the rows it meets, by values of its own; what it takes from the rows it
// inserts is theirs. It counts whether a row is met or not, since that shows only in the insert itself.
func conflictKey(stmt *gorm.Statement, r *relation) (key []any, ok bool) {
	c, ok := onConflict(stmt)
	if !ok || c.DoNothing {
		return nil, false
	}
	for _, pair := range r.keys {
		i := slices.IndexFunc(c.DoUpdates, func(a clause.Assignment) bool { return a.Column.Name == pair.child.DBName })
		if i < 0 || computed(c.DoUpdates[i].Value) {
			return nil, false
		}
		if _, column := c.DoUpdates[i].Value.(clause.Column); column {
			return nil, false
		}
		value, ok := plainValue(c.DoUpdates[i].Value)
		if !ok {
			return nil, false
		}
		key = append(key, value)
	}
	return key, true
}

func parentError(r *relation, key string) error {
	return fmt.Errorf("%w: %s.%s: the row with key %s in table %s is deleted; restore it first, or point the row to a live one",
		ErrParentDeleted, r.child.schema.Name, r.name, key, r.parent.schema.Table)
}

// deletedParents lists the keys that belong to deleted parents, and locks the live ones.
func (e *engine) deletedParents(db *gorm.DB, r *relation, keys [][]any) (deleted [][]any, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	tx := inWork(db, db.Statement.Context)
	if err := e.lockWriter(tx, r.parent); err != nil {
		return nil, err
	}
	table := r.parent.schema.Table
	fields := make([]*schema.Field, len(r.keys))
	for i, key := range r.keys {
		fields[i] = key.parent
	}
	for start := 0; start < len(keys); start += guardChunk {
		gone := "1 = 0" // no row that is in the table of a model with an archive
		if deleted := r.parent.predicates.deleted; deleted != nil {
			gone = deleted.of(quoteName(tx, table))
		}
		q := newQuery(tx, e.dialect).text("SELECT CASE WHEN ", gone, " THEN 1 ELSE 0 END, ")
		q.columns(table, fields).text(" FROM ").name(table).text(" WHERE ").key(table, fields).text(" IN (")
		joined(q, keys[start:min(start+guardChunk, len(keys))], ", ", func(key []any) { q.tuple(key) })
		q.text(") ORDER BY ").columns(table, r.parent.schema.PrimaryFields)
		q.lock("FOR SHARE")
		err := q.rows(func(scan func(...any) error) error {
			var gone int
			targets, values := scanTargets(len(fields))
			if err := scan(append([]any{&gone}, targets...)...); err != nil {
				return err
			}
			if gone == 1 {
				deleted = append(deleted, values())
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if r.parent.archives() {
			archived, err := e.archivedParents(tx, r, fields, keys[start:min(start+guardChunk, len(keys))])
			if err != nil {
				return nil, err
			}
			deleted = append(deleted, archived...)
		}
	}
	return deleted, nil
}

// archivedParents lists the keys that belong to archived parents. The live ones are locked already.
func (e *engine) archivedParents(tx *gorm.DB, r *relation, fields []*schema.Field, keys [][]any) ([][]any, error) {
	q := newQuery(tx, e.dialect).text("SELECT ").columns("softdelete_guard", fields).text(" FROM ").name(r.parent.deletedTable())
	q.text(" AS softdelete_guard WHERE ").key("softdelete_guard", fields).text(" IN (")
	joined(q, keys, ", ", func(key []any) { q.tuple(key) })
	q.text(") AND ", r.archivedParent(quoteName(tx, "softdelete_guard"), func(name string) string { return quoteName(tx, name) }))
	return q.keyValues(fields)
}

// lock writes a row lock where the database has them.
func (q *query) lock(strength string) *query {
	if q.dialect.Has(dialect.RowLocks) {
		q.text(" ", strength)
	}
	return q
}

// guardUpdate refuses an update that points live rows to a deleted parent. Rows that stay where they are may be updated,
// even under a deleted parent.
func (e *engine) guardUpdate(db *gorm.DB, p *policy) error {
	for _, r := range p.guards {
		assigned, values := assignedKey(db.Statement, r)
		if !assigned {
			continue
		}
		known := !slices.ContainsFunc(values, computed)
		if known {
			// Locked whether a row fulfils the conditions or not: one may begin to, before the update looks.
			if deleted, err := e.deletedParents(db, r, [][]any{values}); err != nil {
				return err
			} else if len(deleted) == 0 {
				continue
			}
		}
		moving, err := e.movesUnderDeleted(db, p, r, values)
		if err != nil {
			return err
		}
		if moving != "" {
			return parentError(r, moving)
		}
		if known {
			stayUnder(db, r, values)
		}
	}
	return nil
}

// computed tells whether what an update writes to a column is not known before: an expression, or nil for the column's own
// value.
func computed(value any) bool {
	switch value.(type) {
	case nil, clause.Expression, gorm.Valuer, *gorm.DB:
		return true
	}
	return false
}

// stayUnder narrows an update to the rows that stand under the parent with the key already. The parent is deleted and no
// other live row fulfilled the conditions; a row that is restored meanwhile, or begins to fulfil them, must not move there.
func stayUnder(db *gorm.DB, r *relation, values []any) {
	stmt := db.Statement
	if !updateHasConditions(stmt) {
		return // GORM refuses it, and must not take this one for the caller's
	}
	exprs := make([]clause.Expression, len(r.keys))
	for i, key := range r.keys {
		exprs[i] = clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: key.child.DBName}, Value: values[i]}
	}
	groupAlternatives(stmt)
	stmt.AddClause(clause.Where{Exprs: exprs})
}

// assignedKey gives what an update writes to the key of a relation, a nil for each column that it leaves. assigned is false
// where it leaves all of them or writes NULL.
func assignedKey(stmt *gorm.Statement, r *relation) (assigned bool, values []any) {
	written := assignmentsOf(stmt)
	values = make([]any, len(r.keys))
	for i, pair := range r.keys {
		value, ok := written.to(pair.child)
		if !ok {
			continue
		}
		if !computed(value) {
			if value, ok = plainValue(value); !ok {
				return false, nil
			}
		} else if value == nil {
			return false, nil
		}
		values[i] = value
		assigned = true
	}
	return assigned, values
}

// movesUnderDeleted gives the key of a deleted parent that the update would point a live row to, which does not stand under
// it yet; empty where there is none.
func (e *engine) movesUnderDeleted(db *gorm.DB, p *policy, r *relation, values []any) (string, error) {
	tx := inWork(db, db.Statement.Context)
	if err := e.lockWriter(tx, p); err != nil {
		return "", err
	}
	parents := make([]*schema.Field, len(r.keys))
	for i, key := range r.keys {
		parents[i] = key.parent
	}
	target := db.Statement.Table
	from := func(q *query, table string, further func()) {
		q.text(" FROM ").name(table).text(" AS softdelete_guard WHERE EXISTS (SELECT 1 FROM ").name(target).text(" WHERE ")
		e.updateCondition(q, db.Statement)
		writeAnd(q, p.predicates.live, target)
		for i, key := range r.keys {
			q.text(" AND ").column("softdelete_guard", key.parent.DBName).text(" = ")
			if values[i] == nil {
				q.column(target, key.child.DBName)
			} else {
				q.text("(").bind(values[i]).text(")")
			}
		}
		further()
		q.text(")")
	}
	if e.dialect.Has(dialect.RowLocks) {
		q := newQuery(tx, e.dialect).text("SELECT count(*) FROM (SELECT 1")
		from(q, r.parent.schema.Table, func() {})
		q.text(" FOR SHARE) AS locked")
		if err := q.rows(func(func(...any) error) error { return nil }); err != nil {
			return "", err
		}
	}
	q := newQuery(tx, e.dialect).text("SELECT ").columns("softdelete_guard", parents)
	from(q, r.parent.deletedTable(), func() {
		q.text(" AND CASE WHEN ")
		joined(q, r.keys, " AND ", func(key keyPair) {
			q.column(target, key.child.DBName).text(" = ").column("softdelete_guard", key.parent.DBName)
		})
		q.text(" THEN 0 ELSE 1 END = 1")
	})
	if r.parent.archives() {
		q.text(" AND ", r.archivedParent(quoteName(tx, "softdelete_guard"), func(name string) string { return quoteName(tx, name) }))
	}
	writeAnd(q, r.parent.predicates.deleted, "softdelete_guard")
	q.text(" LIMIT 1")
	keys, err := q.keys(parents)
	if len(keys) == 0 {
		return "", err
	}
	return keys[0], err
}

// updateCondition writes the conditions of an update statement, with the keys of its value, as GORM will
// (callbacks/update.go:165, GORM 1.31).
func (e *engine) updateCondition(q *query, stmt *gorm.Statement) {
	q.stmt.Table, q.stmt.Schema = stmt.Table, stmt.Schema
	q.text("1 = 1")
	if where, ok := stmt.Clauses["WHERE"].Expression.(clause.Where); ok && len(where.Exprs) > 0 {
		q.text(" AND ").expression(group(where.Exprs))
	}
	if keys := updatedKeys(stmt); keys != nil {
		q.text(" AND ").expression(keys)
	}
}

// updatedKeys is the condition on the keys of an update's value; nil where it has none.
func updatedKeys(stmt *gorm.Statement) clause.Expression {
	for _, value := range []reflect.Value{reflect.Indirect(reflect.ValueOf(stmt.Model)), reflect.Indirect(reflect.ValueOf(stmt.Dest))} {
		if !value.IsValid() || value.Kind() == reflect.Struct && value.Type() != stmt.Schema.ModelType || value.Kind() == reflect.Map {
			continue
		}
		_, keys := schema.GetIdentityFieldValuesMap(stmt.Context, value, stmt.Schema.PrimaryFields)
		if column, in := schema.ToQueryValues(stmt.Table, stmt.Schema.PrimaryFieldDBNames, keys); len(in) > 0 {
			return clause.IN{Column: column, Values: in}
		}
	}
	return nil
}

// updateHasConditions tells whether an update has what GORM asks of it: conditions, or leave to change all rows.
func updateHasConditions(stmt *gorm.Statement) bool {
	where, _ := stmt.Clauses["WHERE"].Expression.(clause.Where)
	return len(where.Exprs) > 0 || stmt.DB.AllowGlobalUpdate || updatedKeys(stmt) != nil
}
