package softdelete

import (
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for legal holds.

// HoldID identifies a hold.
type HoldID string

// HoldOptions say why a row is held.
type HoldOptions struct {
	// Matter is what the hold is for, a case number for example. It stands in errors: leave personal data out.
	Matter string
	// PlacedBy says who wants it.
	PlacedBy string
	// Until ends the hold by itself; the zero time leaves it in force until Release. A time that is not in the future is
	// gorm.ErrInvalidValue.
	Until time.Time
}

// HoldInfo is a hold that is in force.
type HoldInfo struct {
	// ID identifies the hold, for Release.
	ID HoldID `json:"id"`
	// Table is the held row's table.
	Table string `json:"table"`
	// Key is the held row's primary key, a composite one joined by ",".
	Key string `json:"key"`
	// Matter is what the hold is for.
	Matter string `json:"matter"`
	// PlacedBy says who wanted it.
	PlacedBy string `json:"placed_by"`
	// PlacedAt is when it was placed.
	PlacedAt time.Time `json:"placed_at"`
	// Until is when the hold ends by itself; the zero time for one that is in force until Release.
	Until time.Time `json:"until,omitzero"`
}

// Hold places a legal hold on the row of value, a pointer to a model with its primary key set; the row may be live or
// deleted. From then on nothing destroys the row or any row under its relations, whatever their rules, also one that comes
// there later: a hard delete through GORM gives ErrHeld, Purge leaves it and counts it. Deleting it softly and restoring it
// stay possible; a write that takes a row away from those above it, by a key that becomes NULL or another's, gives ErrHeld. Hold waits for what is being destroyed at the moment; a row that is gone by then gives
// gorm.ErrRecordNotFound. Without the table of holds it gives ErrUnsupported.
func Hold(db *gorm.DB, value any, o HoldOptions) (HoldID, error) {
	d, err := databaseOf(db)
	if err == nil {
		err = notInADryRun(db, "Hold")
	}
	if err != nil {
		return "", err
	}
	id, err := d.holds.Place(db, value, hold.Options(o))
	return HoldID(id), d.outward(db, err)
}

// Release ends a hold. It destroys nothing: what the hold kept is for the next Purge. A hold that has ended already stays as
// it is; an unknown one gives gorm.ErrRecordNotFound.
func Release(db *gorm.DB, id HoldID) error {
	d, err := databaseOfAll(db, "Release")
	if err == nil {
		err = notInADryRun(db, "Release")
	}
	if err != nil {
		return err
	}
	return d.outward(db, d.holds.Release(db, string(id)))
}

// Holds lists the holds that are in force, the oldest first.
func Holds(db *gorm.DB) ([]HoldInfo, error) {
	d, err := databaseOfAll(db, "Holds")
	if err != nil {
		return nil, err
	}
	list, err := d.holds.List(statement.Reading(db))
	return each(list, holdInfoOf), d.outward(db, err)
}

func holdInfoOf(h fault.Hold) HoldInfo {
	return HoldInfo{
		ID: HoldID(h.ID), Table: h.Table, Key: h.Key, Matter: h.Matter, PlacedBy: h.PlacedBy, PlacedAt: h.PlacedAt, Until: h.Until,
	}
}
