// Package eventlog keeps and reads the log of what happened to the rows of a model: triggers write the events while a log is open,
// and from them a row's history, its state at a time and a damaged table can be made again.
package eventlog

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
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
	At       string `json:"at"`
	Deletion string `json:"deletion,omitempty"`
	Restores *bool  `json:"restores,omitempty"`
	Erases   string `json:"erases,omitempty"` // the table whose rows the write erases

	Moment time.Time
}

// Logs are the event logs of one database.
type Logs struct {
	*policy.Registry
	complete sync.Map // the tables whose log was found to be complete
	// Protect finds the rows of a model that Rebuild must not remove.
	Protect func(tx statement.Session, p *policy.Policy) (Protection, error)
}

// Protection keeps rows from being removed, or taken away from those that protect them.
type Protection interface {
	// Note looks at the rows before the first write, Refuse afterwards: it refuses where one is protected no more.
	Note(tx statement.Session) error
	Refuse(tx statement.Session) error
	// Write executes an UPDATE or DELETE that asks for them, Spare writes AND and the condition that a row is none of them.
	Write(tx statement.Session, write func(q *statement.Query)) (rows int64, err error)
	Spare(q *statement.Query, alias string)
}

// Open lets the triggers of the logs write events, on the connection of tx, until Close. It runs inside a transaction,
// directly before the statements of one write.
func (logs *Logs) Open(tx statement.Session, written []*dialect.Log, w LogWrite) error {
	for _, l := range written {
		if err := logs.check(tx, l); err != nil {
			return err
		}
	}
	w.At = tx.Dialect.LogInstant(w.Moment)
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	before, after := tx.Dialect.OpenLog(written)
	rows, err := tx.Query().Text(before).Bind(string(text)).Text(after).Exec()
	if err == nil && rows == 0 {
		err = logMissing(written[0])
	}
	return err
}

// Close ends what Open began.
func Close(tx statement.Session) error {
	_, err := tx.Query().Text(tx.Dialect.CloseLog()).Exec()
	return err
}

// check makes sure, once, that the table's triggers are there and know the model's columns.
func (logs *Logs) check(tx statement.Session, l *dialect.Log) error {
	if _, checked := logs.complete.Load(l.Table); checked {
		return nil
	}
	notLocked := tx.LockWriterBy(l.Table, l.Columns[0].Name) // before it is read; a table that is not there has no log either
	found, err := tx.Dialect.FindLogObjects(tx.InWork(tx.Statement.Context).DB, l)
	if err != nil {
		return err
	}
	for _, object := range tx.Dialect.LogObjects(l) {
		text, ok := found[object.Name]
		if !ok {
			return logMissing(l)
		}
		for _, c := range l.Columns {
			if !strings.Contains(text, c.Quoted) {
				return fmt.Errorf("%w: the event log of %s does not know its column %s yet; run AutoMigrate, or the statements of softdelete.DDL",
					fault.ErrUnsupported, l.Table, c.Name)
			}
		}
	}
	if notLocked != nil {
		return notLocked
	}
	logs.complete.Store(l.Table, true)
	return nil
}

func logMissing(l *dialect.Log) error {
	return fmt.Errorf("%w: the event log of %s is not there; run AutoMigrate, or the statements of softdelete.DDL", fault.ErrUnsupported, l.Table)
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
