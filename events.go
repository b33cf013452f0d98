package softdelete

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// Event is one change of one row of a model with the setting events, as the table <table>_events keeps it. Its columns
// deletion_id, the deletion that took or had taken the row, and content, what Data is, stand beside these.
type Event struct {
	// ID orders the events of all rows roughly, Version those of one row exactly: 1, 2, 3, … without gaps.
	ID int64 `gorm:"primaryKey"`
	// RowKey is the row's primary key as text, a composite one joined by ",".
	RowKey  string `gorm:"not null;uniqueIndex:,composite:version,priority:1"`
	Version int64  `gorm:"not null;uniqueIndex:,composite:version,priority:2"`
	// Type is created, updated, deleted, restored or erased.
	Type string `gorm:"not null"`
	// Data is an object with the names of columns. It holds the whole row for all types but updated, which holds the columns
	// that changed, with their new values. An updated row that had no event yet is there as a whole too.
	//
	// A value that JSON keeps exactly is JSON's own: null, true, false, strings, numbers. Integers beyond ±9007199254740991
	// and decimals are strings; so are times, in the database's own form, and bytes, as \x and hexadecimal digits.
	Data   json.RawMessage `gorm:"type:json;serializer:json;not null"`
	Actor  string          `gorm:"not null"`
	Reason string          `gorm:"not null"`
	// At is db.NowFunc() when the statement ran. Clocks of several writers may differ: the order is that of the versions.
	At time.Time `gorm:"not null"`
}

// eventRow is an event as its table keeps it.
type eventRow struct {
	Event      `gorm:"embedded"`
	DeletionID *string
	Content    string `gorm:"not null"`
}

// eventsSuffix makes a table's name that of its log.
const eventsSuffix = "_events"

// newLog describes the model's log for the database.
func (p *policy) newLog(quote func(string) string) *dialect.Log {
	s := p.schema
	l := dialect.NewLog(s.Table, s.Table+eventsSuffix, quote)
	for _, name := range s.DBNames {
		field := s.FieldsByDBName[name]
		if field.IgnoreMigration {
			continue
		}
		l.Columns = append(l.Columns, loggedColumn(field, quote))
	}
	for _, field := range s.PrimaryFields {
		l.Key = append(l.Key, loggedColumn(field, quote))
	}
	if _, marks := p.marker(); marks {
		l.Live = p.predicates.live.of
		if p.id != nil {
			l.DeletionID = quote(p.id.DBName)
		}
	}
	return l
}

func loggedColumn(field *schema.Field, quote func(string) string) dialect.LoggedColumn {
	values := map[schema.DataType]dialect.Value{
		schema.Bool: dialect.Boolean, schema.Int: dialect.Whole, schema.Uint: dialect.Whole, schema.Float: dialect.Real, schema.Bytes: dialect.Bytes,
	}
	c := dialect.LoggedColumn{Name: field.DBName, Quoted: quote(field.DBName), Value: values[field.GORMDataType], Type: string(field.DataType)}
	_, known := values[field.GORMDataType]
	known = known || field.GORMDataType == schema.String || field.GORMDataType == schema.Time
	c.Plain = known && field.DataType == field.GORMDataType && field.Serializer == nil
	return c
}

// settleEvents checks that the model's rows can be told apart in a log.
func (b *policyBuilder) settleEvents() {
	b.events = b.words.has("events")
	if !b.events {
		return
	}
	if _, none := b.strategy.(noStrategy); none && len(b.strategies) == 0 {
		b.strategy = hardStrategy{} // Delete removes the row, and the log keeps it
	}
	if len(b.schema.PrimaryFields) == 0 {
		b.refuse(b.wordsField, "events needs a primary key to tell the rows apart; tag a field with gorm:\"primaryKey\"")
	}
	for _, field := range b.schema.PrimaryFields {
		switch field.GORMDataType {
		case schema.Int, schema.Uint, schema.String, schema.Bytes:
		default:
			b.refuse(field.Name, "events needs a primary key of integers, texts or bytes, not %s", field.FieldType)
		}
	}
}

// logWrite is what a write says about itself to the log.
type logWrite struct {
	Actor    string `json:"actor,omitempty"`
	Reason   string `json:"reason,omitempty"`
	At       string `json:"at"`
	Deletion string `json:"deletion,omitempty"`
	Restores *bool  `json:"restores,omitempty"`
	Erases   string `json:"erases,omitempty"` // the table whose rows the write erases

	at time.Time
}

// openLog lets the triggers of the logs write events, on the connection of tx, until closeLog. It runs inside a transaction,
// directly before the statements of one write.
func (e *engine) openLog(tx *gorm.DB, logs []*dialect.Log, w logWrite) error {
	for _, l := range logs {
		if err := e.checkLog(tx, l); err != nil {
			return err
		}
	}
	w.At = e.dialect.LogInstant(w.at)
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	before, after := e.dialect.OpenLog(logs)
	rows, err := newQuery(tx, e.dialect).text(before).bind(string(text)).text(after).exec()
	if err == nil && rows == 0 {
		err = logMissing(logs[0])
	}
	return err
}

func (e *engine) closeLog(tx *gorm.DB) error {
	_, err := newQuery(tx, e.dialect).text(e.dialect.CloseLog()).exec()
	return err
}

// checkLog makes sure, once, that the table's triggers are there and know the model's columns.
func (e *engine) checkLog(tx *gorm.DB, l *dialect.Log) error {
	if _, checked := e.logs.Load(l.Table); checked {
		return nil
	}
	found, err := e.dialect.FindLogObjects(inWork(tx, tx.Statement.Context), l)
	if err != nil {
		return err
	}
	for _, object := range e.dialect.LogObjects(l) {
		text, ok := found[object.Name]
		if !ok {
			return logMissing(l)
		}
		for _, c := range l.Columns {
			if !strings.Contains(text, c.Quoted) {
				return fmt.Errorf("%w: the event log of %s does not know its column %s yet; run AutoMigrate, or the statements of softdelete.DDL",
					ErrUnsupported, l.Table, c.Name)
			}
		}
	}
	e.logs.Store(l.Table, true)
	return nil
}

func logMissing(l *dialect.Log) error {
	return fmt.Errorf("%w: the event log of %s is not there; run AutoMigrate, or the statements of softdelete.DDL", ErrUnsupported, l.Table)
}

// logOf gives the log of the table that a statement writes to, nil where its model has none.
func (p *policy) logOf(stmt *gorm.Statement) *dialect.Log {
	if p.log == nil {
		return nil
	}
	if t := targetOf(stmt); !t.aliased() && t.name != p.log.Table {
		return p.log.On(t.name, t.name+eventsSuffix)
	}
	return p.log
}

// openLogKey is where an open log stands in its statement's settings.
type openLogKey struct{}

// beginLog opens the log for a create or update statement, as the last thing before it.
func (e *engine) beginLog(db *gorm.DB) {
	p := e.policyFor(db)
	if p == nil || p.log == nil || db.DryRun || db.Statement.SQL.Len() > 0 {
		return
	}
	ctx := db.Statement.Context
	err := e.openLog(inWork(db, ctx), []*dialect.Log{p.logOf(db.Statement)}, logWrite{
		Actor: actorFrom(ctx), Reason: reasonFrom(ctx), at: db.NowFunc(),
	})
	if err != nil {
		_ = db.AddError(err)
		return
	}
	db.Statement.Settings.Store(openLogKey{}, db.Statement)
}

// endLog closes it. Where the statement failed, the database may have ended the transaction, and the log with it: then this
// fails too, which is nobody's concern.
func (e *engine) endLog(db *gorm.DB) {
	opened, ok := db.Statement.Settings.Load(openLogKey{})
	if !ok || opened != db.Statement {
		return
	}
	db.Statement.Settings.Delete(openLogKey{})
	tx := inWork(db, context.WithoutCancel(db.Statement.Context))
	if db.Error != nil {
		tx.Logger = logger.Discard
	}
	if err := e.closeLog(tx); db.Error == nil {
		_ = db.AddError(err)
	}
}

// logsBelow tells whether a relation leads to a model with an event log, whose rows a foreign key may change when a row of
// this model goes.
func (p *policy) logsBelow() bool {
	return slices.ContainsFunc(p.has, func(r *relation) bool { return r.child.log != nil })
}

// logs lists the logs that the deletion may write to: those of the rows that it takes, and of rows whose foreign keys the
// database changes with them.
func (d *deletion) logs() []*dialect.Log {
	var logs []*dialect.Log
	add := func(l *dialect.Log) {
		if l != nil && !slices.Contains(logs, l) {
			logs = append(logs, l)
		}
	}
	add(d.root.logOf(d.stmt))
	for _, n := range d.graph.nodes {
		if n.policy != d.root {
			add(n.policy.log)
		}
		for _, r := range n.policy.has {
			if d.action(n.policy) == ActionRemoved && r.child != d.root {
				add(r.child.log)
			}
		}
	}
	return logs
}

// openLog opens the logs for what the deletion writes.
func (d *deletion) openLog(db *gorm.DB) error {
	logs := d.logs()
	if len(logs) == 0 || db.DryRun {
		return nil
	}
	d.logging = true
	return d.engine.openLog(inWork(db, db.Statement.Context), logs, logWrite{
		Actor: d.actor, Reason: d.reason, Deletion: string(d.ID()), at: d.at,
	})
}

// closeLog closes them.
func (d *deletion) closeLog(db *gorm.DB) error {
	if !d.logging {
		return nil
	}
	d.logging = false
	return d.engine.closeLog(inWork(db, db.Statement.Context))
}

// logged runs the writes of a restore with the logs of its models open.
func (r *restoration) logged(tx *gorm.DB, write func(*gorm.DB) error) error {
	var logs []*dialect.Log
	for _, n := range r.graph.nodes {
		if n.policy.log != nil {
			logs = append(logs, n.policy.log)
		}
	}
	if len(logs) == 0 {
		return write(tx)
	}
	ctx, restores := tx.Statement.Context, true
	err := r.engine.openLog(tx, logs, logWrite{Actor: actorFrom(ctx), Reason: reasonFrom(ctx), Restores: &restores, at: tx.NowFunc()})
	if err != nil {
		return err
	}
	if err := write(tx); err != nil {
		return err // undone with all of the restore
	}
	return r.engine.closeLog(tx)
}

// loggedPolicy gives the policy of a model that has an event log.
func loggedPolicy(db *gorm.DB, model any, function string) (*engine, *policy, error) {
	if v := reflect.ValueOf(model); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, nil, fmt.Errorf("%w: softdelete.%s needs a model, not nil", gorm.ErrInvalidValue, function)
	}
	e, err := engineOf(db)
	if err != nil {
		return nil, nil, err
	}
	p, err := policyOf(db, model)
	if err != nil {
		return nil, nil, err
	}
	if p.log == nil {
		return nil, nil, fmt.Errorf("%w: softdelete.%s: %s has no event log; add `softdelete:\"events\"` to a field _ struct{}",
			ErrUnsupported, function, p.schema.Name)
	}
	return e, p, nil
}
