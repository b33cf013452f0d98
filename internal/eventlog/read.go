package eventlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// History lists the events of a row, oldest first.
func (logs *Logs) History(db *gorm.DB, value any) ([]Event, error) {
	p, err := logs.logged(db, value, "History")
	if err != nil {
		return nil, err
	}
	rows, err := logs.history(db, p, value, "History")
	events := make([]Event, len(rows))
	for i, row := range rows {
		events[i] = row.Event
	}
	return events, err
}

// AsOf fills value with the row as it was at a time; a row that was not there then gives gorm.ErrRecordNotFound.
func (logs *Logs) AsOf(db *gorm.DB, value any, t time.Time) error {
	p, err := logs.logged(db, value, "AsOf")
	if err != nil {
		return err
	}
	target := reflect.ValueOf(value)
	if target.Kind() != reflect.Pointer || target.Elem().Type() != p.Schema.ModelType {
		return fmt.Errorf("%w: softdelete.AsOf needs a pointer to one %s, to fill it", gorm.ErrInvalidValue, p.Schema.Name)
	}
	rows, err := logs.history(db, p, value, "AsOf")
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return logs.noEvents(db, p, value)
	}
	if begins(rows, t) {
		return fmt.Errorf("%w: the log of %s (table %s) knows this row since version 1 of type %s; run AutoMigrate before rows are changed, and ask for a later time",
			fault.ErrNoHistory, p.Schema.Name, p.Log.Events, rows[0].Type)
	}
	last := -1
	for i, row := range rows {
		if !row.At.After(t) {
			last = i
		}
	}
	state, err := Replay(rows[:last+1])
	if err != nil {
		return err
	}
	if state == nil || state.removed {
		return gorm.ErrRecordNotFound
	}
	row, err := logs.rowOf(db, p, state)
	if err != nil {
		return err
	}
	deleted, err := p.ShowsDeletedIn(logs.Session(db).InWork(db.Statement.Context), &logs.Folding, row)
	switch {
	case err != nil:
		return err
	case deleted:
		return gorm.ErrRecordNotFound
	}
	statement.CopyColumns(db.Statement.Context, p.Schema, target.Elem(), row)
	return nil
}

// rowOf gives a row that its events tell of, as a value of the model. The statement is prepared by the driver alone, which prepares it
// anew when a column has got another type: GORM would keep it (prepare_stmt.go:160, GORM 1.31).
func (logs *Logs) rowOf(db *gorm.DB, p *policy.Policy, state *RowState) (row reflect.Value, err error) {
	session := logs.Session(db).InWork(db.Statement.Context)
	read := func(tx statement.Session) error {
		found := reflect.New(reflect.SliceOf(p.Schema.ModelType))
		q := tx.Query()
		q.Stmt.ConnPool = statement.Unprepared(q.Stmt.ConnPool)
		if err := States(q, p.Log, p.LoggedFields(), []*RowState{state}); err != nil {
			return err
		}
		if err := q.Find(found.Interface()); err != nil {
			return unreadable(q.Dialect, p.Log, "", err)
		}
		row = found.Elem().Index(0)
		return nil
	}
	return row, session.Again(func() error { return read(session) }, session.Repeatable)
}

// noEvents is the error for a row without events: it is older than its log, or there is none.
func (logs *Logs) noEvents(db *gorm.DB, p *policy.Policy, value any) error {
	q := logs.Session(db).InWork(db.Statement.Context).Query()
	key := rowkey.Of(q.Dialect, p.Schema.PrimaryFields).Values(db.Statement.Context, reflect.Indirect(reflect.ValueOf(value)))
	q.Text("SELECT 1 FROM ").Name(p.Table).Text(" WHERE ").KeyAmong(statement.Table{Name: p.Table}, p.Schema.PrimaryFields, [][]any{key})
	found := false
	if err := q.Rows(func(func(...any) error) error { found = true; return nil }); err != nil {
		return err
	}
	if !found {
		return gorm.ErrRecordNotFound
	}
	return fmt.Errorf("%w: the log of %s (table %s) has no event of this row; run AutoMigrate, which logs rows as they are", fault.ErrNoHistory,
		p.Schema.Name, p.Log.Events)
}

// begins tells whether a row was there before its log, and at a time that this does not reach back to.
func begins(rows []EventRow, t time.Time) bool {
	return len(rows) > 0 && rows[0].Type != "created" && rows[0].Type != "restored" && t.Before(rows[0].At)
}

// history loads the events of a value's row.
func (logs *Logs) history(db *gorm.DB, p *policy.Policy, value any, function string) ([]EventRow, error) {
	model := reflect.Indirect(reflect.ValueOf(value))
	if model.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: a history is of one %s, not of a %s", gorm.ErrInvalidValue, p.Schema.Name, model.Kind())
	}
	l := p.Log
	q := logs.Session(db).InWork(db.Statement.Context).Query().Text("SELECT * FROM ").Name(l.Events).Text(" WHERE row_key = ")
	key := rowkey.Of(q.Dialect, p.Schema.PrimaryFields)
	given := key.Given(db.Statement.Context, model)
	if !given {
		return nil, fmt.Errorf("%w: a history needs a %s with its primary key", gorm.ErrMissingWhereClause, p.Schema.Name)
	}
	conditions, err := scope.ConditionsOf(db, p, function)
	if err != nil {
		return nil, err
	}
	var rows []EventRow
	if err := q.Bind(key.Of(db.Statement.Context, model)).Text(" ORDER BY version").Find(&rows); err != nil {
		return nil, err
	}
	return rows, logs.admit(db, p, conditions, key.Values(db.Statement.Context, model), rows)
}

// admit finds a row under the conditions of a session: in the model's tables or, where it is in the log only, as it last was.
func (logs *Logs) admit(db *gorm.DB, p *policy.Policy, conditions scope.Conditions, key []any, events []EventRow) error {
	tx := logs.Session(db).InWork(db.Statement.Context)
	err := conditions.Admit(tx, key)
	if err == nil || !errors.Is(err, gorm.ErrRecordNotFound) || len(events) == 0 {
		return err
	}
	state, replayErr := Replay(events)
	if replayErr != nil || state == nil || !state.removed {
		return errors.Join(replayErr, err)
	}
	return conditions.AdmitState(tx, key, func(q *statement.Query) error { return States(q, p.Log, p.LoggedFields(), []*RowState{state}) })
}

// RowState is a row as its events give it.
type RowState struct {
	columns map[string]json.RawMessage
	removed bool // the row is in the table no more
	version int64
}

// Replay gives what a row's events make of it, nil for none. Events before the last that holds the whole row do not matter.
func Replay(events []EventRow) (*RowState, error) {
	var state *RowState
	for i, event := range events {
		whole := dialect.Content(event.Content) != dialect.Change
		if whole || state == nil {
			state = &RowState{columns: map[string]json.RawMessage{}}
		}
		state.removed, state.version = dialect.Content(event.Content) == dialect.Removed, event.Version
		if err := json.Unmarshal(event.Data, &state.columns); err != nil {
			return nil, fmt.Errorf("softdelete: event %d, version %d of its row, cannot be read: its data is no JSON object; bring it back from a backup, the log is never changed by hand",
				event.ID, events[i].Version)
		}
	}
	return state, nil
}

// States writes a SELECT that gives rows as the log's table has them, from their events; further columns of the log come behind those
// of the fields.
func States(q *statement.Query, l *dialect.Log, fields []*schema.Field, states []*RowState) error {
	if q.Dialect.Has(dialect.JSONRows) {
		rows := make([]map[string]json.RawMessage, len(states))
		for i, state := range states {
			rows[i] = state.columns
		}
		text, err := q.Dialect.RowsDocument(l, rows)
		if err != nil {
			return err
		}
		before, after := q.Dialect.RowsFromJSON(l)
		q.Text("SELECT ").Columns("", fields)
		for _, c := range l.Columns[len(fields):] {
			q.Text(", ", c.Quoted)
		}
		q.Text(" FROM ", before).Bind(text).Text(after)
		return nil
	}
	// The first SELECT gives no row, but the columns' types, by which the driver reads the values.
	q.Text("SELECT ").Columns("", fields).Text(" FROM ").Name(l.Table).Text(" WHERE 1 = 0")
	for _, state := range states {
		q.Text(" UNION ALL SELECT ")
		for i, c := range l.Columns {
			if i > 0 {
				q.Text(", ")
			}
			data, ok := state.columns[c.Name]
			if !ok {
				q.Text("NULL")
				continue
			}
			value, err := c.Decode(data)
			if err != nil {
				return unreadable(q.Dialect, l, c.Name, err)
			}
			q.Bind(value)
		}
	}
	return nil
}
