package softdelete

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// History lists the events of a row of a model with the setting events, oldest first. value is a model, or a pointer to one,
// with its primary key; gorm.ErrMissingWhereClause where that is empty. A row without events has an empty history. A key that
// was used again has the events of all rows that had it.
func History(db *gorm.DB, value any) ([]Event, error) {
	e, p, err := loggedPolicy(db, value, "History")
	if err != nil {
		return nil, err
	}
	rows, err := e.history(db, p, value)
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = row.Event
	}
	return events, err
}

// AsOf fills value, a pointer to a model with its primary key, with the row as it was at a time. An event counts at its own
// instant; where clocks of several writers differ, everything before an event in the row's order counts with it. A row that
// did not exist then, or was deleted, gives gorm.ErrRecordNotFound; value is then unchanged.
func AsOf(db *gorm.DB, value any, t time.Time) error {
	e, p, err := loggedPolicy(db, value, "AsOf")
	if err != nil {
		return err
	}
	target := reflect.ValueOf(value)
	if target.Kind() != reflect.Pointer || target.Elem().Type() != p.schema.ModelType {
		return fmt.Errorf("%w: softdelete.AsOf needs a pointer to one %s, to fill it", gorm.ErrInvalidValue, p.schema.Name)
	}
	rows, err := e.history(db, p, value)
	if err != nil {
		return err
	}
	last := -1
	for i, row := range rows {
		if !row.At.After(t) {
			last = i
		}
	}
	state, err := replay(rows[:last+1])
	if err != nil {
		return err
	}
	if state == nil || state.removed {
		return gorm.ErrRecordNotFound
	}
	found := reflect.New(reflect.SliceOf(p.schema.ModelType))
	q := newQuery(inWork(db, db.Statement.Context), e.dialect)
	if err := q.states(p.logOf(logTable(db, p)), p.loggedFields(), []*rowState{state}); err != nil {
		return err
	}
	if err := q.find(found.Interface()); err != nil {
		return err
	}
	row := found.Elem().Index(0)
	if p.showsDeleted(db.Statement.Context, row) {
		return gorm.ErrRecordNotFound
	}
	copyColumns(db.Statement.Context, p.schema, target.Elem(), row)
	return nil
}

// logTable is a statement on the table that the caller means: the model's own, or one given by db.Table.
func logTable(db *gorm.DB, p *policy) *gorm.Statement {
	stmt := &gorm.Statement{DB: db, Schema: p.schema, Table: p.schema.Table}
	if db.Statement.Table != "" && db.Statement.TableExpr != nil {
		stmt.Table, stmt.TableExpr = db.Statement.Table, db.Statement.TableExpr
	}
	return stmt
}

// loggedFields are the fields of the log's columns.
func (p *policy) loggedFields() []*schema.Field {
	fields := make([]*schema.Field, len(p.log.Columns))
	for i, c := range p.log.Columns {
		fields[i] = p.schema.FieldsByDBName[c.Name]
	}
	return fields
}

// history loads the events of a value's row.
func (e *engine) history(db *gorm.DB, p *policy, value any) ([]eventRow, error) {
	model := reflect.Indirect(reflect.ValueOf(value))
	if model.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: a history is of one %s, not of a %s", gorm.ErrInvalidValue, p.schema.Name, model.Kind())
	}
	l := p.logOf(logTable(db, p))
	q := newQuery(inWork(db, db.Statement.Context), e.dialect).text("SELECT * FROM ").name(l.Events).text(" WHERE row_key = ")
	given := false
	key := make([]any, len(p.schema.PrimaryFields))
	for i, field := range p.schema.PrimaryFields {
		part, zero := field.ValueOf(db.Statement.Context, model)
		given, key[i] = given || !zero, part
	}
	q.boundRowKey(l, key)
	if !given {
		return nil, fmt.Errorf("%w: a history needs a %s with its primary key", gorm.ErrMissingWhereClause, p.schema.Name)
	}
	var rows []eventRow
	err := q.text(" ORDER BY version").find(&rows)
	return rows, err
}

// boundRowKey writes a key as the log has it.
func (q *query) boundRowKey(l *dialect.Log, key []any) *query {
	for i, part := range key {
		if i > 0 {
			q.text(" || ',' || ")
		}
		plain, _ := plainValue(part)
		if l.Key[i].Value != dialect.Bytes {
			plain = textOf(plain)
		}
		const placeholder = "\x00"
		before, after, _ := strings.Cut(q.dialect.BoundKeyPart(l.Key[i], placeholder, len(l.Key) > 1), placeholder)
		q.text(before).bind(plain).text(after)
	}
	return q
}

// rowState is a row as its events give it.
type rowState struct {
	columns map[string]json.RawMessage
	removed bool // the row is in the table no more
}

// replay gives what a row's events make of it, nil for none. Events before the last that holds the whole row do not matter.
func replay(events []eventRow) (*rowState, error) {
	var state *rowState
	for i, event := range events {
		whole := dialect.Content(event.Content) != dialect.Change
		if whole || state == nil {
			state = &rowState{columns: map[string]json.RawMessage{}}
		}
		state.removed = dialect.Content(event.Content) == dialect.Removed
		if err := json.Unmarshal(event.Data, &state.columns); err != nil {
			return nil, fmt.Errorf("softdelete: event %d, version %d of its row, cannot be read: %w", event.ID, events[i].Version, err)
		}
	}
	return state, nil
}

// states writes a SELECT that gives rows as the log's table has them, from their events.
func (q *query) states(l *dialect.Log, fields []*schema.Field, states []*rowState) error {
	if q.dialect.Has(dialect.JSONRows) {
		rows := make([]map[string]json.RawMessage, len(states))
		for i, state := range states {
			rows[i] = state.columns
		}
		text, err := json.Marshal(rows)
		if err != nil {
			return err
		}
		before, after := q.dialect.RowsFromJSON(quoteName(q.tx, l.Table))
		q.text("SELECT ").columns("", fields).text(" FROM ", before).bind(string(text)).text(after)
		return nil
	}
	// The first SELECT gives no row, but the columns' types, by which the driver reads the values.
	q.text("SELECT ").columns("", fields).text(" FROM ").name(l.Table).text(" WHERE 1 = 0")
	for _, state := range states {
		q.text(" UNION ALL SELECT ")
		for i, c := range l.Columns {
			if i > 0 {
				q.text(", ")
			}
			data, ok := state.columns[c.Name]
			if !ok {
				q.text("NULL")
				continue
			}
			value, err := c.Decode(data)
			if err != nil {
				return fmt.Errorf("softdelete: column %s of an event of %s: %w", c.Name, l.Table, err)
			}
			q.bind(value)
		}
	}
	return nil
}
