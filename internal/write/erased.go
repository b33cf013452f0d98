package write

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// writesProtected gives what an update writes to protected columns.
func writesProtected(stmt *gorm.Statement, p *policy.Policy) map[*schema.Field]any {
	written := map[*schema.Field]any{}
	given := assignmentsOf(stmt)
	for _, field := range erasedrow.Protected(p) {
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

// amongErased is a session of the statement's transaction, which writes from here on, and tells whether rows were ever erased:
// where none were, there is nothing to refuse.
func (g *Guards) amongErased(db *gorm.DB, p *policy.Policy) (tx statement.Session, known bool, err error) {
	tx = g.Session(db).InWork(db.Statement.Context)
	if err := tx.LockWriter(p.Table, p.Schema.PrimaryFields); err != nil {
		return tx, false, err
	}
	known, err = g.Records.There(tx)
	return tx, known, err
}

// GuardErasedUpdate refuses an update that would change a personal column of an erased row. What leaves the columns as they
// are, such as a Save of a row that was read after its erasure, goes through.
func (g *Guards) GuardErasedUpdate(db *gorm.DB, p *policy.Policy) error {
	written := writesProtected(db.Statement, p)
	if len(written) == 0 || !updateHasConditions(g.Dialect, db.Statement) {
		return nil
	}
	tx, known, err := g.amongErased(db, p)
	if err != nil || !known {
		return err
	}
	stmt := db.Statement
	named := g.TableOf(stmt, p)
	// A row that the caller names is meant though it is deleted; a condition reaches what an update reaches.
	condition := func(q *statement.Query) {
		updateCondition(q, stmt)
		if !stmt.Unscoped && updatedKeys(g.Dialect, stmt) == nil {
			statement.WriteAnd(q, p.Predicates.Live, named.Qualifier())
		}
	}
	q := tx.Query()
	err = q.LockRows(dialect.MarkLock, func() { condition(q.Text("SELECT 1 FROM ").Table(named).Text(" WHERE ")) })
	if err != nil {
		return err
	}
	q = tx.Query().Text("SELECT ").Columns(named.Qualifier(), p.Schema.PrimaryFields).Text(" FROM ").Table(named).Text(" WHERE ")
	condition(q)
	erasedrow.IsErased(q.Text(" AND "), p.Home(), named.Qualifier())
	keys, err := q.KeyValues(len(p.Schema.PrimaryFields))
	if err != nil {
		return err
	}
	return eachErased(tx, p, keys, func(row reflect.Value) error {
		for field, value := range written {
			if computed(value) || !g.sameValue(stmt.Context, field, row, value) {
				return erasedrow.ErasedError(p, rowText(stmt.Context, p.Schema, row))
			}
		}
		return nil
	})
}

// eachErased loads rows by their keys, without a word to loggers.
func eachErased(tx statement.Session, p *policy.Policy, keys [][]any, each func(row reflect.Value) error) error {
	for chunk := range slices.Chunk(keys, statement.ChunkSize) {
		rows := reflect.New(reflect.SliceOf(p.Schema.ModelType))
		q := tx.Silent().Query().Text("SELECT * FROM ").Name(p.Table).Text(" WHERE ")
		q.KeyAmong(statement.Table{Name: p.Table}, p.Schema.PrimaryFields, chunk)
		if err := q.Find(rows.Interface()); err != nil {
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
	return rowkey.KeyText(key)
}

// sameValue tells whether writing a value to a field of the row would change nothing.
func (g *Guards) sameValue(ctx context.Context, field *schema.Field, row reflect.Value, value any) bool {
	fresh := reflect.New(field.Schema.ModelType)
	if err := field.Set(ctx, fresh.Elem(), value); err != nil {
		return false
	}
	written, _ := field.ValueOf(ctx, fresh.Elem())
	now, _ := field.ValueOf(ctx, row)
	a, aSet := rowkey.PlainValue(written)
	b, bSet := rowkey.PlainValue(now)
	if aSet != bSet {
		return false
	}
	if at, ok := a.(time.Time); ok {
		other, ok := b.(time.Time)
		return ok && at.Sub(other).Abs() <= policy.TimeStep(field, g.Dialect)
	}
	if text, ok := a.([]byte); ok {
		other, ok := b.([]byte)
		return ok && bytes.Equal(text, other)
	}
	return reflect.DeepEqual(a, b)
}

// GuardErasedCreate refuses an upsert that would write to a personal column of an erased row, and the link that would come back as one.
func (g *Guards) GuardErasedCreate(db *gorm.DB, p *policy.Policy) error {
	stmt := db.Statement
	c, ok := onConflict(stmt)
	if !ok || p.Personal == nil || len(p.Personal.Masked) == 0 {
		return nil
	}
	if c.DoNothing {
		return g.guardErasedLinks(db, p, c)
	}
	assigned := map[string]clause.Assignment{}
	for _, a := range c.DoUpdates {
		assigned[a.Column.Name] = a
	}
	var fields []*schema.Field
	for _, field := range erasedrow.Protected(p) {
		_, updates := assigned[field.DBName]
		if updates || c.UpdateAll && !field.PrimaryKey && field.AutoCreateTime == 0 {
			fields = append(fields, field)
		}
	}
	if len(fields) == 0 {
		return nil
	}
	tx, known, err := g.amongErased(db, p)
	if err != nil || !known {
		return err
	}
	for _, target := range meetings(stmt, p, c) {
		keys, err := erasedTargets(tx, p, target, nil)
		if err != nil {
			return err
		}
		var rows []reflect.Value
		err = eachErased(tx, p, keys, func(row reflect.Value) error {
			rows = append(rows, row)
			return nil
		})
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			continue
		}
		met, err := g.metBy(tx, p, target, rows)
		if err != nil {
			return err
		}
		for i, row := range rows {
			if g.upsertChanges(stmt, fields, assigned, row, func(created created) bool { return met(created, i) }) {
				return erasedrow.ErasedError(p, rowText(stmt.Context, p.Schema, row))
			}
		}
	}
	return nil
}

// guardErasedLinks refuses links that would bring back erased ones, with whatever values.
func (g *Guards) guardErasedLinks(db *gorm.DB, p *policy.Policy, c clause.OnConflict) error {
	if !revives(db.Statement, p, c) {
		return nil
	}
	tx, known, err := g.amongErased(db, p)
	if err != nil || !known {
		return err
	}
	link := byKey(p, nil)
	link.keys = keysOf(db.Statement, link.UniqueIndex)
	keys, err := erasedTargets(tx, p, link, p.Predicates.Deleted)
	if err != nil || len(keys) == 0 {
		return err
	}
	key := rowkey.KeyText(keys[0])
	return fault.StaysErased(p.Table, key, "the link with key %s in table %s was deleted and erased, and does not come back; for a new one, remove it for good "+
		"through Unscoped, and create the link by itself", key, p.Table)
}

// erasedTargets finds and locks the erased rows that an upsert would meet, and that fulfil a predicate.
func erasedTargets(tx statement.Session, p *policy.Policy, m meeting, also statement.Predicate) (keys [][]any, err error) {
	if len(m.Fields) == 0 {
		return nil, nil
	}
	err = m.chunks(func(chunk [][]any) error {
		// The values may be personal, as an upsert on an address has them.
		base := func() *statement.Query { return tx.Silent().Query() }
		q := base()
		err := q.LockRows(dialect.MarkLock, func() {
			m.among(q.Text("SELECT 1 FROM ").Name(p.Table).Text(" WHERE "), p, p.Table, chunk)
		})
		if err != nil {
			return err
		}
		q = base().Text("SELECT ").Columns(p.Table, p.Schema.PrimaryFields).Text(" FROM ").Name(p.Table).Text(" WHERE ")
		erasedrow.IsErased(m.among(q, p, p.Table, chunk).Text(" AND "), p.Home(), p.Table)
		statement.WriteAnd(q, also, p.Table)
		found, err := q.KeyValues(len(p.Schema.PrimaryFields))
		keys = append(keys, found...)
		return err
	})
	return keys, err
}

// metBy tells which rows that are there a row of an upsert meets by the target. Of one with expressions only the database knows: there it
// is any.
func (g *Guards) metBy(tx statement.Session, p *policy.Policy, target meeting, rows []reflect.Value) (func(created, int) bool, error) {
	if len(target.Parts) > 0 {
		return func(created, int) bool { return true }, nil
	}
	ctx, exact := tx.Statement.Context, rowkey.Of(tx.Dialect, target.Fields)
	keys := slices.Clone(target.keys)
	for _, row := range rows {
		keys = append(keys, exact.Values(ctx, row))
	}
	texts, err := g.Folding.Texts(tx, p.Table, target.Fields, keys)
	if err != nil {
		return nil, err
	}
	same := map[string]string{}
	for i, key := range keys {
		same[exact.Exact(key)] = texts[i]
	}
	return func(created created, row int) bool {
		var key []any
		equal := true
		for i, field := range target.Fields {
			value, ok := created.value(field)
			if !ok {
				return false
			}
			key = append(key, value)
			equal = equal && g.sameValue(ctx, target.Fields[i], rows[row], value)
		}
		return equal || same[exact.Exact(key)] == texts[len(target.keys)+row]
	}, nil
}

// upsertChanges tells whether an upsert would change a protected column of a row that some of its own meet.
func (g *Guards) upsertChanges(stmt *gorm.Statement, fields []*schema.Field, assigned map[string]clause.Assignment, row reflect.Value, meets func(created) bool,
) (changes bool) {
	eachCreated(stmt, func(created created) {
		if !meets(created) {
			return
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
			changes = changes || !g.sameValue(stmt.Context, field, row, value)
		}
	})
	return changes
}

// GuardsErased tells whether writes to the model ask for erased rows.
func GuardsErased(p *policy.Policy) bool {
	return p.Personal != nil && (p.Personal.Remove || len(p.Personal.Masked) > 0)
}
