package softdelete

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm"
)

// This room is for legal holds. Whatever destroys rows asks here, through holdWalk, in the transaction that destroys them.

// HoldID identifies a hold.
type HoldID string

// HoldOptions say why a row is held.
type HoldOptions struct {
	// Matter is what the hold is for, a case number for example. It stands in errors: leave personal data out.
	Matter string
	// PlacedBy says who wants it.
	PlacedBy string
	// Until ends the hold by itself; the zero time leaves it in force until Release.
	Until time.Time
}

// HoldInfo is a hold that is in force.
type HoldInfo struct {
	ID       HoldID
	Table    string
	Key      string // the row's primary key, a composite one joined by ","
	Matter   string
	PlacedBy string
	PlacedAt time.Time
}

// holdRow is a row of the table softdelete_holds. A hold that was released stays there.
type holdRow struct {
	ID         string     `gorm:"column:id;primaryKey;size:64"`
	Table      string     `gorm:"column:table"`
	Key        string     `gorm:"column:key"`
	Parts      string     `gorm:"column:parts"` // the key's parts, see keyParts
	Matter     string     `gorm:"column:matter"`
	PlacedBy   string     `gorm:"column:placed_by"`
	PlacedAt   time.Time  `gorm:"column:placed_at"`
	Until      *time.Time `gorm:"column:until"`
	ReleasedAt *time.Time `gorm:"column:released_at"`
}

// TableName implements schema.Tabler.
func (holdRow) TableName() string { return "softdelete_holds" }

// Hold places a legal hold on the row of value, a pointer to a model with its primary key set; the row may be live or
// deleted. From then on nothing destroys the row or any row under its relations, whatever their rules, also one that comes
// there later: a hard delete through GORM gives ErrHeld, Purge leaves it and counts it. Deleting it softly and restoring it
// stay possible. Hold waits for what is being destroyed at the moment; a row that is gone by then gives
// gorm.ErrRecordNotFound. It needs Config.Holds.
func Hold(db *gorm.DB, value any, o HoldOptions) (HoldID, error) {
	e, err := engineWithHolds(db)
	if err != nil {
		return "", err
	}
	p, err := policyOf(db, value)
	if err != nil {
		return "", err
	}
	key, err := keyOfValue(db, p, value)
	if err != nil {
		return "", err
	}
	parts, err := keyParts(key)
	if err != nil {
		return "", err
	}
	var random [12]byte
	rand.Read(random[:]) //nolint:errcheck // never fails, see crypto/rand.Read
	hold := holdRow{
		ID: "hold-" + hex.EncodeToString(random[:]), Table: p.schema.Table, Key: keyText(key), Parts: parts, Matter: o.Matter, PlacedBy: o.PlacedBy,
		PlacedAt: db.NowFunc().UTC(),
	}
	if !o.Until.IsZero() {
		until := o.Until.UTC()
		hold.Until = &until
	}
	err = inWork(db, db.Statement.Context).Transaction(func(tx *gorm.DB) error {
		if err := e.lockWriter(tx, p); err != nil {
			return err
		}
		if err := e.lockHolds(tx, true); err != nil {
			return err
		}
		if err := e.mustExist(tx, p, key); err != nil {
			return err
		}
		return holdError(tx.Session(&gorm.Session{NewDB: true, SkipHooks: true}).Create(&hold).Error)
	})
	if err != nil {
		return "", err
	}
	return HoldID(hold.ID), nil
}

// Release ends a hold. It destroys nothing: what the hold kept is for the next Purge. A hold that has ended already stays as
// it is; an unknown one gives gorm.ErrRecordNotFound.
func Release(db *gorm.DB, id HoldID) error {
	if _, err := engineWithHolds(db); err != nil {
		return err
	}
	return inWork(db, db.Statement.Context).Transaction(func(tx *gorm.DB) error {
		released := tx.Model(&holdRow{}).Where(map[string]any{"id": string(id), "released_at": nil}).
			UpdateColumn("released_at", db.NowFunc().UTC())
		if released.Error != nil || released.RowsAffected > 0 {
			return holdError(released.Error)
		}
		var known int64
		if err := tx.Model(&holdRow{}).Where(map[string]any{"id": string(id)}).Count(&known).Error; err != nil {
			return holdError(err)
		}
		if known == 0 {
			return fmt.Errorf("%w: hold %s", gorm.ErrRecordNotFound, id)
		}
		return nil
	})
}

// Holds lists the holds that are in force, the oldest first.
func Holds(db *gorm.DB) ([]HoldInfo, error) {
	e, err := engineWithHolds(db)
	if err != nil {
		return nil, err
	}
	rows, err := e.holdsInForce(inWork(db, db.Statement.Context))
	var list []HoldInfo
	for _, r := range rows {
		list = append(list, HoldInfo{
			ID: HoldID(r.ID), Table: r.Table, Key: r.Key, Matter: r.Matter, PlacedBy: r.PlacedBy, PlacedAt: r.PlacedAt.UTC(),
		})
	}
	return list, err
}

func engineWithHolds(db *gorm.DB) (*engine, error) {
	e, err := engineOf(db)
	if err == nil && !e.plugin.config.Holds {
		err = fmt.Errorf("%w: holds are switched off; set Config.Holds", ErrUnsupported)
	}
	return e, err
}

func holdError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("softdelete: the table of holds cannot be used; create it with db.AutoMigrate(softdelete.Tables()...): %w", err)
}

// keyOfValue reads the primary key of a model's value.
func keyOfValue(db *gorm.DB, p *policy, value any) ([]any, error) {
	v := reflect.Indirect(reflect.ValueOf(value))
	if v.Kind() != reflect.Struct || len(p.schema.PrimaryFields) == 0 {
		return nil, fmt.Errorf("%w: Hold needs a pointer to a %s with its primary key", gorm.ErrInvalidValue, p.schema.Name)
	}
	var key []any
	empty := true
	for _, field := range p.schema.PrimaryFields {
		part, zero := field.ValueOf(db.Statement.Context, v)
		empty = empty && zero
		key = append(key, part)
	}
	if empty {
		return nil, fmt.Errorf("%w: Hold needs the primary key of the %s", gorm.ErrMissingWhereClause, p.schema.Name)
	}
	return key, nil
}

// mustExist gives gorm.ErrRecordNotFound where no row has the key.
func (e *engine) mustExist(tx *gorm.DB, p *policy, key []any) error {
	tables := []string{p.schema.Table}
	if r, ok := p.remains(); ok && r.table != p.schema.Table {
		tables = append(tables, r.table)
	}
	found := false
	for _, table := range tables {
		q := newQuery(tx, e.dialect).text("SELECT 1 FROM ").name(table).text(" WHERE ")
		keyOf(q, "", p.schema.PrimaryFieldDBNames).text(" = ")
		row(q, key)
		if err := q.rows(func(func(...any) error) error { found = true; return nil }); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("%w: no row of %s has the key %s", gorm.ErrRecordNotFound, p.schema.Name, keyText(key))
	}
	return nil
}
