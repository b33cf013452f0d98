// Package hold places legal holds on rows and says what they cover: the held rows and all that is under them. Whatever destroys
// rows asks here, in the transaction that destroys them.
package hold

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"
	"sync/atomic"
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

// This room is for legal holds. Whatever destroys rows asks here, through Walk, in the transaction that destroys them.

// Options say why a row is held.
type Options struct {
	Matter, PlacedBy string
	Until            time.Time // the zero time leaves it in force until it is released
}

// Row is a row of the table softdelete_holds. A hold that was released stays there.
type Row struct {
	ID         string     `gorm:"column:id;primaryKey;size:64"`
	Table      string     `gorm:"column:table"`
	Key        string     `gorm:"column:key"`
	Parts      string     `gorm:"column:parts"` // the key's parts as JSON or, where these do not say it, its exact text behind exactly
	Matter     string     `gorm:"column:matter"`
	PlacedBy   string     `gorm:"column:placed_by"`
	PlacedAt   time.Time  `gorm:"column:placed_at"`
	Until      *time.Time `gorm:"column:until"`
	ReleasedAt *time.Time `gorm:"column:released_at"`
}

// exactly begins a key's exact text among lists of parts: no JSON list begins like it.
const exactly = "="

// parts writes the key of a row that is held: as earlier versions do, wherever that says it exactly, for one of them may still run
// on the database and has to obey. One that cannot read a hold destroys nothing.
func parts(ctx context.Context, d *dialect.Dialect, s *schema.Schema, key []any) string {
	exact := rowkey.Of(d, s.PrimaryFields)
	if text, err := rowkey.EarlierParts(key); err == nil {
		if _, read, err := rowkey.ReadParts(ctx, s, text); err == nil && exact.Exact(read) == exact.Exact(key) {
			return text
		}
	}
	return exactly + exact.Exact(key)
}

// key reads the key of the row that is held.
func (r Row) key(ctx context.Context, d *dialect.Dialect, s *schema.Schema) (key []any, err error) {
	if text, ok := strings.CutPrefix(r.Parts, exactly); ok {
		_, key, err = rowkey.Of(d, s.PrimaryFields).Read(ctx, text)
	} else {
		_, key, err = rowkey.ReadParts(ctx, s, r.Parts)
	}
	if err != nil {
		err = fmt.Errorf("softdelete: hold %s: %w", r.ID, err)
	}
	return key, err
}

// TableName implements schema.Tabler.
func (Row) TableName() string { return "softdelete_holds" }

// table is that of the holds.
var table = statement.NewOwn[Row]()

// Holds are the legal holds of one database. They are obeyed wherever their table is there, whoever made it: another program may
// place them.
type Holds struct {
	*policy.Registry
	// Required makes a missing table an error.
	Required bool
	// there tells that the table has been found.
	there atomic.Bool
	// missed is when it was last looked for in vain.
	missed atomic.Pointer[time.Time]
}

// There tells whether the table of holds is there, without which nothing is held. Found once it is remembered; missing it is looked
// for again, for it may be made at any time.
func (h *Holds) There(tx statement.Session) (bool, error) {
	if h.there.Load() {
		return true, nil
	}
	now := time.Now()
	session := tx.InWork(tx.Statement.Context)
	session.Config.DryRun = false // a session that only rehearses asks too
	name, err := h.Dialect.SameName(statement.OnWriter(session.DB), table.Name())
	switch {
	case err != nil:
		return false, err
	case name != "":
		h.there.Store(true)
	case h.Required:
		return false, missing()
	default:
		h.missed.Store(&now)
	}
	return name != "", nil
}

// Found tells whether the table has been found.
func (h *Holds) Found() bool { return h.there.Load() }

// lookAgain is how long a write that destroys nothing takes a missing table for missing. A look at each would cost every update of
// a program that has no holds.
const lookAgain = 10 * time.Minute

// Look looks for the table when the database is taken into use, so that the first writes need not. Where the database cannot answer
// they do.
func (h *Holds) Look(db *gorm.DB) {
	if db.ConnPool == nil || db.DryRun || db.Statement == nil {
		return
	}
	_, _ = h.There(h.Session(db).Silent())
}

// Made tells that a migration has made the table.
func (h *Holds) Made() { h.there.Store(true) }

// MayBeThere tells whether a write that destroys nothing has to ask for holds.
func (h *Holds) MayBeThere() bool {
	missed := h.missed.Load()
	return h.Found() || h.Required || missed == nil || time.Since(*missed) >= lookAgain
}

// need refuses a call where the table is missing.
func (h *Holds) need(tx statement.Session) error {
	there, err := h.There(tx)
	if err == nil && !there {
		err = missing()
	}
	return err
}

func missing() error {
	return fmt.Errorf("%w: the table %s is not there; create it with db.AutoMigrate(softdelete.Tables()...)", fault.ErrUnsupported, table.Name())
}

// Place places a legal hold on the row of value and gives its ID.
func (h *Holds) Place(db *gorm.DB, value any, o Options) (string, error) {
	if err := h.need(h.Session(db)); err != nil {
		return "", err
	}
	if !o.Until.IsZero() && !o.Until.After(db.NowFunc()) {
		return "", fmt.Errorf("%w: HoldOptions.Until is not in the future; the hold would protect nothing", gorm.ErrInvalidValue)
	}
	p, err := h.Of(db, value)
	if err != nil {
		return "", err
	}
	if err := h.OwnOnly(db, p, "Hold"); err != nil {
		return "", err
	}
	key, err := keyOfValue(db, p, value)
	if err != nil {
		return "", err
	}
	conditions, err := scope.ConditionsOf(db, p, "Hold")
	if err != nil {
		return "", err
	}
	var random [12]byte
	rand.Read(random[:]) //nolint:errcheck // never fails, see crypto/rand.Read
	placed := Row{
		ID: "hold-" + hex.EncodeToString(random[:]), Table: p.Table, Matter: o.Matter, PlacedBy: o.PlacedBy, PlacedAt: db.NowFunc().UTC(),
	}
	if !o.Until.IsZero() {
		until := o.Until.UTC()
		placed.Until = &until
	}
	err = h.Session(db).Work(func(tx statement.Session) error {
		if err := tx.LockWriter(p.Table, p.Schema.PrimaryFields); err != nil {
			return err
		}
		if err := lockHolds(tx, true); err != nil {
			return err
		}
		own, err := ownKey(tx, p, key)
		if err != nil {
			return err
		}
		placed.Key, placed.Parts = rowkey.KeyText(own), parts(db.Statement.Context, h.Dialect, p.Schema, own)
		if err := conditions.Admit(tx, key); err != nil {
			return err
		}
		return holdError(table.Insert(tx, placed))
	})
	if err != nil {
		return "", err
	}
	return placed.ID, nil
}

// Release ends a hold. It destroys nothing: what the hold kept is for the next Purge. A hold that has ended already stays as
// it is; an unknown one gives gorm.ErrRecordNotFound.
func (h *Holds) Release(db *gorm.DB, id string) error {
	if err := h.need(h.Session(db)); err != nil {
		return err
	}
	return h.Session(db).Work(func(tx statement.Session) error {
		q := table.Update(tx).Name("released_at").Text(" = ").Bind(tx.NowFunc().UTC())
		released, err := q.Text(" WHERE ").Name("id").Text(" = ").Bind(id).Text(" AND ").Name("released_at").Text(" IS NULL").Exec()
		if err != nil || released > 0 {
			return holdError(err)
		}
		known, err := table.Find(tx, func(q *statement.Query) { q.Text(" WHERE ").Name("id").Text(" = ").Bind(id) })
		if err == nil && len(known) == 0 {
			return fmt.Errorf("%w: hold %s", gorm.ErrRecordNotFound, id)
		}
		return holdError(err)
	})
}

// List lists the holds that are in force, the oldest first.
func (h *Holds) List(db *gorm.DB) ([]fault.Hold, error) {
	if err := h.need(h.Session(db)); err != nil {
		return nil, err
	}
	rows, err := holdsInForce(h.Session(db).InWork(db.Statement.Context))
	var list []fault.Hold
	for _, r := range rows {
		list = append(list, r.info())
	}
	return list, err
}

// info is the hold as others see it.
func (r Row) info() fault.Hold {
	h := fault.Hold{ID: r.ID, Table: r.Table, Key: r.Key, Matter: r.Matter, PlacedBy: r.PlacedBy, PlacedAt: r.PlacedAt.UTC()}
	if r.Until != nil {
		h.Until = r.Until.UTC()
	}
	return h
}

func holdError(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("softdelete: the table of holds cannot be used; create it with db.AutoMigrate(softdelete.Tables()...): %w", err)
}

// keyOfValue reads the primary key of a model's value.
func keyOfValue(db *gorm.DB, p *policy.Policy, value any) ([]any, error) {
	v := reflect.Indirect(reflect.ValueOf(value))
	if v.Kind() != reflect.Struct || len(p.Schema.PrimaryFields) == 0 {
		return nil, fmt.Errorf("%w: Hold needs a pointer to a %s with its primary key", gorm.ErrInvalidValue, p.Schema.Name)
	}
	var key []any
	empty := true
	for _, field := range p.Schema.PrimaryFields {
		part, zero := field.ValueOf(db.Statement.Context, v)
		empty = empty && zero
		key = append(key, part)
	}
	if empty {
		return nil, fmt.Errorf("%w: Hold needs the primary key of the %s", gorm.ErrMissingWhereClause, p.Schema.Name)
	}
	return key, nil
}

// ownKey is the key as a row has it: the database may take the caller's for the same, in other letters. Where no row has it it gives gorm.ErrRecordNotFound.
func ownKey(tx statement.Session, p *policy.Policy, key []any) ([]any, error) {
	fields, exact := p.Schema.PrimaryFields, rowkey.Of(tx.Dialect, p.Schema.PrimaryFields)
	q := tx.Query()
	statement.Joined(q, p.Places(), " UNION ALL ", func(t policy.Place) { // in one look: the row may be on its way from one to another
		q.Text("SELECT ").Columns("", fields).Text(" FROM ").Name(t.Table()).Text(" WHERE ").KeyNamed("", p.Schema.PrimaryFieldDBNames).Text(" = ").Tuple(key)
	})
	found, err := q.KeyValues(len(fields))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%w: no row of %s (table %s) has the key %s, live, deleted or archived; a hold is placed on a row that is there",
			gorm.ErrRecordNotFound, p.Schema.Name, p.Table, rowkey.KeyText(key))
	}
	if text := exact.Exact(found[0]); text != exact.Exact(key) {
		_, key, err = exact.Read(tx.Statement.Context, text)
	}
	return key, err
}
