package softdelete

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room keeps erased rows erased: it knows them by table, key and time of creation, and refuses whatever would fill
// their personal columns again or bring them back.

// erasedRow is a row of the table softdelete_erased_rows: a row whose personal data was erased.
type erasedRow struct {
	Table     string `gorm:"column:table_name;primaryKey;size:128"`
	Key       string `gorm:"column:row_key;primaryKey;size:512"`
	Created   int64  // when the row was made, so that another one with the same key is not taken for it; 0 for unknown
	RequestID string `gorm:"size:128;index"`
	ErasedAt  time.Time
	// Digest is the hash of what the erasure left in the columns that it masks. The record counts for a row that still has that.
	Digest string `gorm:"size:64;not null;default:''"`
	// Gone tells that the row was removed. Such a record counts for no row that is there: it keeps the old one from coming back.
	Gone bool `gorm:"not null;default:false"`
}

// TableName implements schema.Tabler.
func (erasedRow) TableName() string { return "softdelete_erased_rows" }

// readPersonal reads the pii tags of a model that is being compiled.
func (e *engine) readPersonal(p *policy) {
	data, problems := readPersonal(p, &e.plugin.config)
	p.personal = data
	p.err = joinErrors(p.err, problems)
}

// erasuresKnown tells whether the table of erased rows is there. Without it nothing has been erased.
func (e *engine) erasuresKnown(tx *gorm.DB) (bool, error) {
	if e.erasedKnown.Load() {
		return true, nil
	}
	session := inWork(tx, tx.Statement.Context)
	if !session.Migrator().HasTable(&erasedRow{}) {
		return false, session.Error
	}
	e.erasedKnown.Store(true)
	return true, nil
}

// erasedRows gives what is recorded of the rows, by their texts.
func (e *engine) erasedRows(tx *gorm.DB, table string, rows []reachedRow) (map[string]erasedRow, error) {
	found := map[string]erasedRow{}
	q := newQuery(tx, e.dialect).text("SELECT row_key, created, digest, gone FROM ").name(erasedRow{}.TableName()).text(" WHERE table_name = ").bind(table)
	q.text(" AND row_key IN (")
	joined(q, rows, ", ", func(row reachedRow) { q.bind(row.text) }).text(")")
	err := q.rows(func(scan func(...any) error) error {
		var row erasedRow
		if err := scan(&row.Key, &row.Created, &row.Digest, &row.Gone); err != nil {
			return err
		}
		row.Table = table
		found[row.Key] = row
		return nil
	})
	return found, err
}

// isErased writes the condition that a row of the model is an erased one, an archived one here or in the model's table before.
func (q *query) isErased(t place, table string) *query {
	s := t.policy.schema
	q.text("EXISTS (SELECT 1 FROM ").name(erasedRow{}.TableName()).text(" AS softdelete_erased WHERE (softdelete_erased.table_name = ")
	q.text(q.dialect.String(s.Table), " AND softdelete_erased.row_key = ").rowKey(s, table)
	if t.archived {
		q.text(" OR softdelete_erased.table_name = ", q.dialect.String(t.table()), " AND softdelete_erased.row_key = ").rowText(t, table)
	}
	q.text(")")
	return q.text(" AND NOT softdelete_erased.gone AND softdelete_erased.created = ").created(s, table).text(")")
}

// protected lists the columns of an erased row that stay as they are: the masked ones, and those that tell which row it is.
func (p *policy) protected() []*schema.Field {
	if p.personal == nil || len(p.personal.masked) == 0 {
		return nil
	}
	var fields []*schema.Field
	for _, c := range p.personal.masked {
		fields = append(fields, c.field)
	}
	if field := creation(p.schema); field != nil {
		fields = append(fields, field)
	}
	return append(fields, p.schema.PrimaryFields...)
}

func erasedError(p *policy, key string) error {
	return fmt.Errorf("%w: the row with key %s in table %s; its personal columns stay masked, leave them out with Omit or Select",
		ErrErased, key, p.schema.Table)
}

// writesProtected gives what an update writes to protected columns.
func writesProtected(stmt *gorm.Statement, p *policy) map[*schema.Field]any {
	written := map[*schema.Field]any{}
	given := assignmentsOf(stmt)
	for _, field := range p.protected() {
		value, ok := given.to(field)
		if !ok {
			continue
		}
		if value == nil {
			value = gorm.Expr("NULL")
		}
		written[field] = value
	}
	return written
}

// guardErasedUpdate refuses an update that would change a personal column of an erased row. What leaves the columns as they
// are, such as a Save of a row that was read after its erasure, goes through.
func (e *engine) guardErasedUpdate(db *gorm.DB, p *policy) error {
	written := writesProtected(db.Statement, p)
	if len(written) == 0 || !updateHasConditions(db.Statement) {
		return nil
	}
	tx := inWork(db, db.Statement.Context)
	if err := e.lockWriter(tx, p); err != nil {
		return err
	}
	known, err := e.erasuresKnown(tx)
	if err != nil || !known {
		return err
	}
	stmt := db.Statement
	// A row that the caller names is meant though it is deleted; a condition reaches what an update reaches.
	condition := func(q *query) {
		e.updateCondition(q, stmt)
		if !stmt.Unscoped && updatedKeys(stmt) == nil {
			writeAnd(q, p.predicates.live, stmt.Table)
		}
	}
	if e.dialect.Has(dialect.RowLocks) {
		q := newQuery(tx, e.dialect).text("SELECT count(*) FROM (SELECT 1 FROM ").name(stmt.Table).text(" WHERE ")
		condition(q)
		q.text(" FOR NO KEY UPDATE) AS locked")
		if err := q.rows(func(func(...any) error) error { return nil }); err != nil {
			return err
		}
	}
	q := newQuery(tx, e.dialect).text("SELECT ").columns(stmt.Table, p.schema.PrimaryFields).text(" FROM ").name(stmt.Table).text(" WHERE ")
	condition(q)
	q.text(" AND ").isErased(place{p, false}, stmt.Table)
	keys, err := q.keyValues(p.schema.PrimaryFields)
	if err != nil {
		return err
	}
	return e.eachErased(tx, p, keys, func(row reflect.Value) error {
		for field, value := range written {
			if computed(value) || !e.sameValue(stmt.Context, field, row, value) {
				return erasedError(p, rowText(stmt.Context, p.schema, row))
			}
		}
		return nil
	})
}

// eachErased loads rows by their keys, without a word to loggers.
func (e *engine) eachErased(tx *gorm.DB, p *policy, keys [][]any, each func(row reflect.Value) error) error {
	for chunk := range slices.Chunk(keys, erasureChunk) {
		rows := reflect.New(reflect.SliceOf(p.schema.ModelType))
		q := newQuery(silent(tx), e.dialect).text("SELECT * FROM ").name(p.schema.Table).text(" WHERE ").key("", p.schema.PrimaryFields).text(" IN (")
		joined(q, chunk, ", ", func(key []any) { q.tuple(key) }).text(")")
		if err := q.find(rows.Interface()); err != nil {
			return err
		}
		for i := range rows.Elem().Len() {
			if err := each(rows.Elem().Index(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func rowText(ctx context.Context, s *schema.Schema, row reflect.Value) string {
	var key []any
	for _, field := range s.PrimaryFields {
		part, _ := field.ValueOf(ctx, row)
		key = append(key, part)
	}
	return keyText(key)
}

// sameValue tells whether writing a value to a field of the row would change nothing.
func (e *engine) sameValue(ctx context.Context, field *schema.Field, row reflect.Value, value any) bool {
	fresh := reflect.New(field.Schema.ModelType)
	if err := field.Set(ctx, fresh.Elem(), value); err != nil {
		return false
	}
	written, _ := field.ValueOf(ctx, fresh.Elem())
	now, _ := field.ValueOf(ctx, row)
	a, aSet := plainValue(written)
	b, bSet := plainValue(now)
	if aSet != bSet {
		return false
	}
	if at, ok := a.(time.Time); ok {
		other, ok := b.(time.Time)
		return ok && at.Sub(other).Abs() < e.dialect.Precision+1
	}
	if text, ok := a.([]byte); ok {
		other, ok := b.([]byte)
		return ok && bytes.Equal(text, other)
	}
	return reflect.DeepEqual(a, b)
}

// guardErasedCreate refuses an upsert that would write to a personal column of an erased row.
func (e *engine) guardErasedCreate(db *gorm.DB, p *policy) error {
	stmt := db.Statement
	c, ok := onConflict(stmt)
	if !ok || c.DoNothing || p.personal == nil || len(p.personal.masked) == 0 {
		return nil
	}
	assigned := map[string]clause.Assignment{}
	for _, a := range c.DoUpdates {
		assigned[a.Column.Name] = a
	}
	var fields []*schema.Field
	for _, field := range p.protected() {
		_, updates := assigned[field.DBName]
		if updates || c.UpdateAll && !field.PrimaryKey && field.AutoCreateTime == 0 {
			fields = append(fields, field)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	tx := inWork(db, stmt.Context)
	if err := e.lockWriter(tx, p); err != nil {
		return err
	}
	known, err := e.erasuresKnown(tx)
	if err != nil || !known {
		return err
	}
	for _, target := range p.conflictTargets(c) {
		keys, err := e.erasedTargets(tx, p, stmt, target)
		if err != nil {
			return err
		}
		err = e.eachErased(tx, p, keys, func(row reflect.Value) error {
			if e.upsertChanges(stmt, p, target, fields, assigned, row) {
				return erasedError(p, rowText(stmt.Context, p.schema, row))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// conflictTargets are the columns by which an upsert may meet a row: those that it names, or all that are unique.
func (p *policy) conflictTargets(c clause.OnConflict) [][]*schema.Field {
	if c.OnConstraint == "" && len(c.Columns) > 0 {
		return [][]*schema.Field{p.conflictFields(c.Columns)}
	}
	targets := [][]*schema.Field{p.schema.PrimaryFields}
	if c.OnConstraint == "" {
		return targets
	}
	for _, field := range p.schema.Fields {
		if field.Unique && field.DBName != "" {
			targets = append(targets, []*schema.Field{field})
		}
	}
	for _, index := range p.unique {
		targets = append(targets, index.fields)
	}
	return targets
}

// erasedTargets finds and locks the erased rows that an upsert would meet by a target.
func (e *engine) erasedTargets(tx *gorm.DB, p *policy, stmt *gorm.Statement, target []*schema.Field) (keys [][]any, err error) {
	values := newUpsert(stmt, target).keys
	for chunk := range slices.Chunk(values, erasureChunk) {
		// The values may be personal, as an upsert on an address has them.
		base := func() *query { return newQuery(silent(tx), e.dialect) }
		if e.dialect.Has(dialect.RowLocks) {
			q := base().text("SELECT count(*) FROM (SELECT 1 FROM ").name(stmt.Table).text(" WHERE ").key("", target).text(" IN (")
			joined(q, chunk, ", ", func(key []any) { q.tuple(key) }).text(") FOR NO KEY UPDATE) AS locked")
			if err := q.rows(func(func(...any) error) error { return nil }); err != nil {
				return nil, err
			}
		}
		q := base().text("SELECT ").columns(stmt.Table, p.schema.PrimaryFields).text(" FROM ").name(stmt.Table).text(" WHERE ").key(stmt.Table, target)
		q.text(" IN (")
		joined(q, chunk, ", ", func(key []any) { q.tuple(key) }).text(") AND ").isErased(place{p, false}, stmt.Table)
		found, err := q.keyValues(p.schema.PrimaryFields)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	return keys, nil
}

// upsertChanges tells whether an upsert would change a protected column of the row that it meets by the target.
func (e *engine) upsertChanges(
	stmt *gorm.Statement, p *policy, target, fields []*schema.Field, assigned map[string]clause.Assignment, row reflect.Value,
) (changes bool) {
	eachCreated(stmt, func(created created) {
		for _, field := range target {
			if value, ok := created.value(field); !ok || !e.sameValue(stmt.Context, field, row, value) {
				return
			}
		}
		for _, field := range fields {
			value, _ := created.value(field)
			if a, ok := assigned[field.DBName]; ok {
				if _, column := a.Value.(clause.Column); !column {
					if computed(a.Value) {
						changes = true
						return
					}
					value = a.Value
				}
			}
			changes = changes || !e.sameValue(stmt.Context, field, row, value)
		}
	})
	return changes
}

// guardsErased tells whether writes to the model ask for erased rows.
func (p *policy) guardsErased() bool {
	return p.personal != nil && (p.personal.remove || len(p.personal.masked) > 0)
}

// refuseErased refuses a restore of rows that are erased.
func (r *restoration) refuseErased(tx *gorm.DB) error {
	if !r.engine.personal.Load() || r.rows == 0 {
		return nil
	}
	known, err := r.engine.erasuresKnown(tx)
	if err != nil || !known {
		return err
	}
	for _, n := range r.graph.nodes {
		if r.back[n] == 0 {
			continue
		}
		s := n.policy.schema
		q := newQuery(tx, r.engine.dialect)
		r.withUpTo(q, n)
		t := place{n.policy, n.policy.archives()}
		q.text("SELECT ").columns("t", s.PrimaryFields).text(" FROM ").name(t.table()).text(" AS t WHERE ")
		r.comingBack(q, n, "t")
		q.text(" AND ").isErased(t, "t").text(" LIMIT 1")
		keys, err := q.keys(s.PrimaryFields)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return fmt.Errorf("%w: the row with key %s in table %s cannot be restored", ErrErased, keys[0], t.table())
		}
	}
	return nil
}
