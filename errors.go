package softdelete

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room is for the errors that callers test for. The internals have values of their own for what a refusal holds; what
// leaves the package goes through outward, which gives callers the types of this room.

// The states that a call can end in. Test for them with errors.Is; the error's text names the model, the rows' keys and
// what to do next.
var (
	// ErrPolicy: a struct tag cannot work as written. Found by db.Use for Config.Models, else by the model's first
	// statement.
	ErrPolicy = fault.ErrPolicy
	// ErrBlocked: a block rule or a foreign key forbids the deletion. See BlockedError.
	ErrBlocked = fault.ErrBlocked
	// ErrNeverDelete: rows of a model with strategy never would be deleted.
	ErrNeverDelete = fault.ErrNeverDelete
	// ErrParentDeleted: a live row would stand under a deleted parent. See ParentDeletedError.
	ErrParentDeleted = fault.ErrParentDeleted
	// ErrRestoreConflict: a row cannot come back because a live row has its unique value, or live rows share one that AutoMigrate is
	// to make unique. See ConflictError.
	ErrRestoreConflict = fault.ErrRestoreConflict
	// ErrRowDeleted: a write would reach a deleted row.
	ErrRowDeleted = fault.ErrRowDeleted
	// ErrTooManyRows: the call would change more rows than Config.MaxRows.
	ErrTooManyRows = fault.ErrTooManyRows
	// ErrHeld: a legal hold covers a row that would be destroyed or erased, or taken away from the rows above it. See HeldError.
	ErrHeld = fault.ErrHeld
	// ErrErased: the row's personal data was erased and must stay so. See ErasedError.
	ErrErased = fault.ErrErased
	// ErrNotRegistered: the plugin is not in use on this *gorm.DB.
	ErrNotRegistered = fault.ErrNotRegistered
	// ErrUnsupported: this database, this strategy or the isolation level of the caller's transaction cannot do what was asked, or a table
	// lacks what it needs.
	ErrUnsupported = fault.ErrUnsupported
	// ErrNoHistory: what was asked for is older than the row's event log. Run AutoMigrate, which logs the rows that are there, and
	// ask for a time after it.
	ErrNoHistory = fault.ErrNoHistory
	// ErrRequest: an ErasureRequest cannot be as it is, or its ID is that of another subject's.
	ErrRequest = fault.ErrRequest
)

// BlockedError says which rows forbid a deletion. errors.Is(err, ErrBlocked) holds.
type BlockedError struct {
	// Blockers are the relations and foreign keys whose rows forbid it, with at most ten keys each.
	Blockers []Blocker
	// Cause is the database's error where a foreign key forbade it, else nil.
	Cause error
}

// Error names each relation, how many rows block, and a few of their keys.
func (e *BlockedError) Error() string {
	inner := fault.Blocked{Cause: e.Cause}
	for _, b := range e.Blockers {
		inner.Blockers = append(inner.Blockers, fault.Blocker(b))
	}
	return inner.Error()
}

// Is makes errors.Is(err, ErrBlocked) true.
func (e *BlockedError) Is(target error) bool { return target == ErrBlocked }

// Unwrap gives the database's error, if there is one.
func (e *BlockedError) Unwrap() error { return e.Cause }

// ConflictError says which unique index forbids a restore, or an index from being built.
// errors.Is(err, ErrRestoreConflict) holds.
type ConflictError struct {
	// Index is the unique index's name.
	Index string
	// Columns are its columns, and the expressions that it is on.
	Columns []string
	// LiveKeys are the primary keys of the rows that have the value, at most ten; a composite key is joined by ",".
	LiveKeys []string
	// Cause is the database's error where it found the conflict first, else nil.
	Cause error

	building bool // the index is to be built, nothing to be restored
}

// Error names the index, its columns and the live rows' keys, never a value.
func (e *ConflictError) Error() string {
	inner := fault.Conflict{Index: e.Index, Columns: e.Columns, LiveKeys: e.LiveKeys, Cause: e.Cause, Building: e.building}
	return inner.Error()
}

// Is makes errors.Is(err, ErrRestoreConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrRestoreConflict }

// Unwrap gives the database's error, if there is one.
func (e *ConflictError) Unwrap() error { return e.Cause }

// ParentDeletedError says under which deleted parent a live row would stand. errors.Is(err, ErrParentDeleted) holds.
type ParentDeletedError struct {
	// Table is the deleted parent's table.
	Table string
	// Relation is the field of the relation between the row and its parent, on either side.
	Relation string
	// Key is what the row refers to the parent by, as a rule its primary key; a composite one is joined by ",". Of several
	// parents it is the first one's.
	Key string

	text string
}

// Error names the row's model, the parent and what to do.
func (e *ParentDeletedError) Error() string {
	return cmp.Or(e.text, ErrParentDeleted.Error()+": the row with key "+e.Key+" in table "+e.Table)
}

// Is makes errors.Is(err, ErrParentDeleted) true.
func (e *ParentDeletedError) Is(target error) bool { return target == ErrParentDeleted }

// HeldError says which legal holds cover a row that the call would destroy, erase or take away. errors.Is(err, ErrHeld) holds.
type HeldError struct {
	// Holds are those that the call met first, with what Holds tells of them.
	Holds []HoldInfo

	text string
}

// Error names the rows, the holds' IDs and their matters, not who placed them.
func (e *HeldError) Error() string {
	if e.text != "" {
		return e.text
	}
	text := ErrHeld.Error()
	for i, h := range e.Holds {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		text += fmt.Sprintf("%shold %s, matter %q", separator, h.ID, h.Matter)
	}
	return text
}

// Is makes errors.Is(err, ErrHeld) true.
func (e *HeldError) Is(target error) bool { return target == ErrHeld }

// ErasedError says which row was erased and must stay so. errors.Is(err, ErrErased) holds.
type ErasedError struct {
	// Table is the row's table.
	Table string
	// Key is the row's primary key; a composite one is joined by ",".
	Key string

	text string
}

// Error names the row and what to do.
func (e *ErasedError) Error() string {
	return cmp.Or(e.text, ErrErased.Error()+": the row with key "+e.Key+" in table "+e.Table)
}

// Is makes errors.Is(err, ErrErased) true.
func (e *ErasedError) Is(target error) bool { return target == ErrErased }

// outward gives an error of the internals as callers know it: its text stays, and so does all that errors.Is finds in it;
// errors.As finds the types of this room in the place of the internals' values, in wrapped and joined errors too. An error
// that holds none of them is given back as it is.
func outward(err error) error {
	if turned, ok := turn(err); ok {
		return turned
	}
	return err
}

// outward is the same for a call that has ended, and says what the database lacks where that ended it.
func (d *database) outward(db *gorm.DB, err error) error {
	if err == nil {
		return nil
	}
	return outward(d.registry.Lacking(db, err))
}

// outwards is outward for a result with an error.
func outwards[T any](value T, err error) (T, error) { return value, outward(err) }

// turn is outward; ok is false where there is nothing to turn. Errors of others may not be compared, so that this tells.
func turn(err error) (turned error, ok bool) {
	switch e := err.(type) {
	case *fault.Blocked:
		return &BlockedError{Blockers: blockersOf(e.Blockers), Cause: outward(e.Cause)}, true
	case *fault.Conflict:
		return &ConflictError{
			Index: e.Index, Columns: e.Columns, LiveKeys: e.LiveKeys, Cause: outward(e.Cause), building: e.Building,
		}, true
	case *fault.ParentDeleted:
		return &ParentDeletedError{Table: e.Table, Relation: e.Relation, Key: e.Key, text: e.Error()}, true
	case *fault.Held:
		return &HeldError{Holds: each(e.Holds, holdInfoOf), text: e.Error()}, true
	case *fault.Erased:
		return &ErasedError{Table: e.Table, Key: e.Key, text: e.Error()}, true
	case interface{ Unwrap() error }:
		if turned, ok := turn(e.Unwrap()); ok {
			return &wrapping{around{err}, turned}, true
		}
	case interface{ Unwrap() []error }:
		list := slices.Clone(e.Unwrap())
		for i, wrapped := range list {
			if turned, changed := turn(wrapped); changed {
				list[i], ok = turned, true
			}
		}
		if ok {
			return &joining{around{err}, list}, true
		}
	}
	return nil, false
}

// wrapping is an error around one that was turned, joining one around several.
type (
	wrapping struct {
		around
		inner error
	}
	joining struct {
		around
		inner []error
	}
)

// Unwrap gives the turned error.
func (e *wrapping) Unwrap() error { return e.inner }

// Unwrap gives the errors that were joined, in their order.
func (e *joining) Unwrap() []error { return e.inner }

// around speaks for an error whose inner ones were turned.
type around struct{ outer error }

func (e around) Error() string { return e.outer.Error() }

// Is answers for the outer error itself.
func (e around) Is(target error) bool {
	if reflect.TypeOf(target).Comparable() && e.outer == target {
		return true
	}
	is, ok := e.outer.(interface{ Is(error) bool })
	return ok && is.Is(target)
}

// As answers for the outer error itself.
func (e around) As(target any) bool {
	if wanted := reflect.ValueOf(target).Elem(); reflect.TypeOf(e.outer).AssignableTo(wanted.Type()) {
		wanted.Set(reflect.ValueOf(e.outer))
		return true
	}
	as, ok := e.outer.(interface{ As(any) bool })
	return ok && as.As(target)
}
