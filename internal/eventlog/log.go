// Package eventlog keeps and reads the log of what happened to the rows of a model: triggers write the events while a log is open,
// and from them a row's history, its state at a time and a damaged table can be made again.
package eventlog

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Event is one change of one row, as the root's Event is.
type Event struct {
	ID      int64           `gorm:"column:id;primaryKey"`
	RowKey  string          `gorm:"column:row_key;not null;uniqueIndex:,composite:version,priority:1"`
	Version int64           `gorm:"column:version;not null;uniqueIndex:,composite:version,priority:2"`
	Type    string          `gorm:"column:type;not null"`
	Data    json.RawMessage `gorm:"column:data;type:json;serializer:json;not null"`
	Actor   string          `gorm:"column:actor;not null"`
	Reason  string          `gorm:"column:reason;not null"`
	At      time.Time       `gorm:"column:at;not null"`
}

// EventRow is an event as its table keeps it.
type EventRow struct {
	Event      `gorm:"embedded"`
	DeletionID *string `gorm:"column:deletion_id"`
	Content    string  `gorm:"column:content;not null"`
}

// LogWrite is what a write says about itself to the log.
type LogWrite struct {
	Actor    string `json:"actor,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Instant  string `json:"moment"`
	At       string `json:"at"` // what earlier versions read
	Deletion string `json:"deletion,omitempty"`
	Restores *bool  `json:"restores,omitempty"`
	Erases   string `json:"erases,omitempty"` // the table whose rows the write erases

	Moment time.Time
}

// replaced stands in place of the instant that triggers of an earlier version read. They fail on it: after they were looked at, and
// before the write, they have replaced triggers that log more.
const replaced = "softdelete: an earlier version has replaced the triggers of the event log meanwhile; nothing was written: try again, or run AutoMigrate"

// Logs are the event logs of one database.
type Logs struct {
	*policy.Registry
	complete sync.Map // the completeLog of tables whose log was found to be that
	// Protect finds the rows of a model that Rebuild must not remove.
	Protect func(tx statement.Session, p *policy.Policy) (Protection, error)
}

// Protection keeps rows from being removed, or taken away from those that protect them.
type Protection interface {
	// Note looks at the rows before the first write, Refuse afterwards: it refuses where one is protected no more.
	Note(tx statement.Session) error
	Refuse(tx statement.Session) error
	// Write executes an UPDATE or DELETE that asks for them, With begins a SELECT that does, Spare writes AND and the condition that a row is none of them.
	Write(tx statement.Session, write func(q *statement.Query)) (rows int64, err error)
	With(q *statement.Query)
	Spare(q *statement.Query, alias string)
}

// Open lets the triggers of the logs write events, on the connection of tx, until Close. It runs inside a transaction,
// directly before the statements of one write.
func (logs *Logs) Open(tx statement.Session, written []*dialect.Log, w LogWrite) error {
	for again := false; ; again = true {
		opened, err := logs.open(tx, written, w)
		if err != nil || opened {
			return err
		}
		if again {
			return logMissing(tx.Dialect, written[0])
		}
		for _, l := range written { // somebody has migrated
			logs.complete.Delete(l.Table)
		}
	}
}

// open opens the logs where what writes them is what was found to be complete.
func (logs *Logs) open(tx statement.Session, written []*dialect.Log, w LogWrite) (opened bool, err error) {
	marks, latest := make([]string, len(written)), true
	for i, l := range written {
		found, err := logs.check(tx, l)
		if err != nil {
			return false, err
		}
		marks[i], latest = found.mark, latest && found.latest
	}
	w.Instant = tx.Dialect.LogInstant(w.Moment)
	if w.At = w.Instant; latest && tx.Dialect.Has(dialect.RowLocks) { // a single writer has kept others out since
		w.At = replaced
	}
	text, err := json.Marshal(w)
	if err != nil {
		return false, err
	}
	before, after := tx.Dialect.OpenLog(written, marks)
	rows, err := tx.Query().Text(before).Bind(string(text)).Text(after).Exec()
	return rows > 0, err
}

// Close ends what Open began.
func Close(tx statement.Session) error {
	_, err := tx.Query().Text(tx.Dialect.CloseLog()).Exec()
	return err
}

// completeLog is what was found to write a log, and to know the model's columns.
type completeLog struct {
	mark   string
	latest bool
}

// check makes sure that the table's triggers are there and know the model's columns. It looks again only when they have changed.
func (logs *Logs) check(tx statement.Session, l *dialect.Log) (completeLog, error) {
	if known, checked := logs.complete.Load(l.Table); checked {
		return known.(completeLog), nil
	}
	notLocked := tx.LockWriterBy(l.Table, l.Columns[0].Name) // before it is read; a table that is not there has no log either
	found, err := tx.Dialect.FindLog(tx.InWork(tx.Statement.Context).DB, l)
	if err != nil {
		return completeLog{}, err
	}
	for _, object := range tx.Dialect.LogObjects(l) {
		text, ok := found.Texts[object.Name]
		if object.Helps { // a version before has none
			continue
		}
		if !ok {
			return completeLog{}, logMissing(tx.Dialect, l)
		}
		if gained := l.Gained(text); len(gained) > 0 {
			return completeLog{}, fmt.Errorf("%w: the event log of %s does not know its column %s yet; run AutoMigrate, or the statements of softdelete.DDL",
				fault.ErrUnsupported, l.Table, gained[0].Name)
		}
	}
	if err := RefuseBypassed(tx.Dialect, tx.InWork(tx.Statement.Context).DB, l); err != nil {
		return completeLog{}, err
	}
	for _, late := range found.Late {
		if late.Writes(l.Table) {
			return completeLog{}, fmt.Errorf("%w: the trigger %s of table %s writes to it, and was made after those of the event log: it would fire before them; run AutoMigrate, "+
				"which makes them again", fault.ErrUnsupported, late.Name, l.Table)
		}
	}
	known := completeLog{mark: found.Mark, latest: found.Latest()}
	if notLocked == nil {
		logs.complete.Store(l.Table, known)
	}
	return known, notLocked
}

// RefuseBypassed refuses a log of rows that a foreign key would change past the triggers, when the key of a row changes that they refer to.
// What it does where such a row is removed is refused by the deletion, which knows whether there are any.
func RefuseBypassed(d *dialect.Dialect, db *gorm.DB, l *dialect.Log) error {
	if d.Has(dialect.KeysFireTriggers) {
		return nil
	}
	keys, err := d.ReferencesFrom(db, l.Table)
	for _, key := range keys {
		if key.Follows {
			return fmt.Errorf("%w: the foreign key %s of table %s has ON UPDATE CASCADE or SET NULL, which would change rows of %s without an event in their log, since "+
				"this database fires no triggers for it; drop it, and make it with ON UPDATE RESTRICT: constraint:OnUpdate:RESTRICT in the gorm tag of the relation",
				fault.ErrUnsupported, key.Name, l.Table, l.Model)
		}
	}
	return err
}

func logMissing(d *dialect.Dialect, l *dialect.Log) error {
	return fmt.Errorf("%w: the event log of %s is not there; run AutoMigrate, or the statements of softdelete.DDL%s", fault.ErrUnsupported, l.Table, d.LogHidden())
}

// openLogKey is where an open log stands in its statement's settings.
type openLogKey struct{}

// Begin opens the log for a create or update statement, as the last thing before it.
func (logs *Logs) Begin(db *gorm.DB) {
	p := logs.PolicyHere(db)
	if p == nil || p.Log == nil || db.DryRun || db.Statement.SQL.Len() > 0 {
		return
	}
	ctx := db.Statement.Context
	err := logs.Open(logs.Session(db).InWork(ctx), []*dialect.Log{p.Log}, LogWrite{
		Actor: mark.ActorFrom(ctx), Reason: mark.ReasonFrom(ctx), Moment: db.NowFunc(),
	})
	if err != nil {
		_ = db.AddError(err)
		return
	}
	db.Statement.Settings.Store(openLogKey{}, db.Statement)
}

// End closes it. Where the statement failed, the database may have ended the transaction, and the log with it: then this
// fails too, which is nobody's concern.
func (logs *Logs) End(db *gorm.DB) {
	opened, ok := db.Statement.Settings.Load(openLogKey{})
	if !ok || opened != db.Statement {
		return
	}
	db.Statement.Settings.Delete(openLogKey{})
	tx := logs.Session(db).InWork(context.WithoutCancel(db.Statement.Context))
	if db.Error != nil {
		tx.Logger = logger.Discard
	}
	if err := Close(tx); db.Error == nil {
		_ = db.AddError(err)
	}
}

// LogsBelow tells whether a relation leads to a model with an event log, whose rows a foreign key may change when a row of
// this model goes.
func LogsBelow(p *policy.Policy) bool {
	return slices.ContainsFunc(p.Has, func(r *policy.Relation) bool { return r.Child.Log != nil })
}

// logged gives the policy of a model that has an event log.
func (logs *Logs) logged(db *gorm.DB, model any, function string) (*policy.Policy, error) {
	if v := reflect.ValueOf(model); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, fmt.Errorf("%w: softdelete.%s needs a model, not nil", gorm.ErrInvalidValue, function)
	}
	p, err := logs.Of(db, model)
	if err != nil {
		return nil, err
	}
	if p.Log == nil {
		return nil, fmt.Errorf("%w: softdelete.%s: %s has no event log; add `softdelete:\"events\"` to a field _ struct{}",
			fault.ErrUnsupported, function, p.Schema.Name)
	}
	p, _, err = logs.HereOrRefuse(policy.Called(db).Statement, p)
	return p, err
}
