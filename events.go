package softdelete

import (
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Event is one change of one row of a model with the setting events, as the table <table>_events keeps it. The table has two
// columns more: deletion_id, the deletion that took or had taken the row, and content, what Data is.
type Event struct {
	// ID orders the events of all rows roughly, Version those of one row exactly.
	ID int64 `gorm:"column:id;primaryKey" json:"id"`
	// RowKey is the row's primary key as text: a composite one is joined by ",", a "," in a part is "\,".
	RowKey string `gorm:"column:row_key;not null;uniqueIndex:,composite:version,priority:1" json:"row_key"`
	// Version numbers the events of one row: 1, 2, 3, … without gaps.
	Version int64 `gorm:"column:version;not null;uniqueIndex:,composite:version,priority:2" json:"version"`
	// Type is created, updated, deleted, restored, erased, or baseline: the row as it was when its log began.
	Type string `gorm:"column:type;not null" json:"type"`
	// Data is an object with the names of columns. It holds the whole row for all types but updated, which holds the columns
	// that changed, with their new values. An updated row that had no event yet is there as a whole too.
	//
	// A value that JSON keeps exactly is JSON's own: null, true, false, strings, numbers. Integers beyond ±9007199254740991
	// and decimals are strings; so are times, in the database's own form, and bytes, as \x and hexadecimal digits.
	Data json.RawMessage `gorm:"column:data;type:json;serializer:json;not null" json:"data"`
	// Actor is who made the change, from WithActor.
	Actor string `gorm:"column:actor;not null" json:"actor"`
	// Reason is why, from WithReason.
	Reason string `gorm:"column:reason;not null" json:"reason"`
	// At is db.NowFunc() when the statement ran, and never earlier than the row's event before: clocks of several writers may
	// differ, and the order is that of the versions.
	At time.Time `gorm:"column:at;not null" json:"at"`
}

// History lists the events of a row of a model with the setting events, oldest first. value is a model, or a pointer to one,
// with its primary key; gorm.ErrMissingWhereClause where that is empty. A row without events has an empty history, and one that
// conditions of db leave out gives gorm.ErrRecordNotFound. A key that was used again has the events of all rows that had it.
func History(db *gorm.DB, value any) ([]Event, error) {
	d, err := databaseOf(db)
	if err != nil {
		return nil, err
	}
	list, err := d.logs.History(statement.Reading(db), value)
	return each(list, func(e eventlog.Event) Event { return Event(e) }), d.outward(db, err)
}

// AsOf fills value, a pointer to a model with its primary key, with the row as it was at a time. An event counts at its own
// instant; where clocks of several writers differ, everything before an event in the row's order counts with it. A row that
// did not exist then, or was deleted, gives gorm.ErrRecordNotFound, and a time before the row's log began ErrNoHistory; value is
// then unchanged.
func AsOf(db *gorm.DB, value any, t time.Time) error {
	d, err := databaseOf(db)
	if err != nil {
		return err
	}
	return d.outward(db, d.logs.AsOf(statement.Reading(db), value, t))
}

// Rebuild makes the table of a model with the setting events what its events say, after statements that did not go through
// GORM have damaged it. It returns how many rows differed: those that it inserted again, corrected, and removed again. Rows
// that were deleted in place are in the table, as deleted ones; a row without events is left alone, and so are columns that no
// event has. A row under a legal hold is not removed. It writes no events and
// runs no hooks. Nobody else writes to the table meanwhile. When it fails, nothing has changed.
func Rebuild(db *gorm.DB, model any) (int64, error) {
	d, err := databaseOf(db)
	if err == nil {
		err = notInADryRun(db, "Rebuild")
	}
	if err != nil {
		return 0, err
	}
	rows, err := d.logs.Rebuild(db, model)
	return rows, d.outward(db, err)
}
