// Package fault: sentinels and errors with data, in the words that callers see.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// The states that a call can end in. Test for them with errors.Is; the error's text names the model, the rows' keys and
// what to do next.
var (
	// ErrPolicy: a struct tag cannot work as written. Found by db.Use for Config.Models, else by the model's first
	// statement.
	ErrPolicy = errors.New("softdelete: invalid policy")
	// ErrBlocked: a block rule or a foreign key forbids the deletion. See BlockedError.
	ErrBlocked = errors.New("softdelete: deletion is blocked")
	// ErrNeverDelete: rows of a model with strategy never would be deleted.
	ErrNeverDelete = errors.New("softdelete: rows of this model are never deleted")
	// ErrParentDeleted: a live row would stand under a deleted parent.
	ErrParentDeleted = errors.New("softdelete: the parent row is deleted")
	// ErrRestoreConflict: a row cannot come back because a live row has its unique value. See ConflictError.
	ErrRestoreConflict = errors.New("softdelete: restore conflicts with a live row")
	// ErrRowDeleted: a write would reach a deleted row.
	ErrRowDeleted = errors.New("softdelete: the row is deleted")
	// ErrTooManyRows: the call would change more rows than Config.MaxRows.
	ErrTooManyRows = errors.New("softdelete: too many rows")
	// ErrHeld: a legal hold covers a row that would be destroyed.
	ErrHeld = errors.New("softdelete: the row is under a legal hold")
	// ErrErased: the row's personal data was erased and must stay so.
	ErrErased = errors.New("softdelete: the row is erased")
	// ErrNotRegistered: the plugin is not in use on this *gorm.DB.
	ErrNotRegistered = errors.New("softdelete: plugin is not registered, call db.Use(softdelete.New(…)) first")
	// ErrUnsupported: this database or this strategy cannot do what was asked.
	ErrUnsupported = errors.New("softdelete: not supported")
)

// BlockedError says which rows forbid a deletion. errors.Is(err, ErrBlocked) holds.
type BlockedError struct {
	// Blockers are the relations whose rows forbid it, with at most ten keys each.
	Blockers []Blocker
	// Cause is the database's error where a foreign key forbade it, else nil.
	Cause error
}

// Error names each relation, how many rows block, and a few of their keys.
func (e *BlockedError) Error() string {
	var text strings.Builder
	text.WriteString(ErrBlocked.Error())
	for i, b := range e.Blockers {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		fmt.Fprintf(&text, "%s%d live %s in table %s by relation %s", separator, b.Rows, Plural(b.Rows, "row"), b.Table, b.Relation)
		if len(b.Keys) > 0 {
			fmt.Fprintf(&text, " (keys %s", strings.Join(b.Keys, ", "))
			if int64(len(b.Keys)) < b.Rows {
				text.WriteString(", …")
			}
			text.WriteString(")")
		}
	}
	if e.Cause != nil {
		text.WriteString(": a foreign key of a row that stays refers to a row that would go: ")
		text.WriteString(e.Cause.Error())
	}
	text.WriteString("; delete or re-point them first")
	return text.String()
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
	// Columns are its columns.
	Columns []string
	// LiveKeys are the primary keys of the rows that have the value, at most ten; a composite key is joined by ",".
	LiveKeys []string
	// Cause is the database's error where it found the conflict first, else nil.
	Cause error

	Building bool // the index is to be built, nothing to be restored
}

// Error names the index, its columns and the live rows' keys, never a value.
func (e *ConflictError) Error() string {
	what := ErrRestoreConflict.Error()
	if e.Building {
		what = "softdelete: live rows have the same values, so that the index cannot be built"
	}
	text := fmt.Sprintf("%s: unique index %s on (%s)", what, e.Index, strings.Join(e.Columns, ", "))
	if len(e.LiveKeys) > 0 {
		text += " is held by the rows with keys " + strings.Join(e.LiveKeys, ", ")
	}
	return text + "; change or delete one of them first"
}

// Is makes errors.Is(err, ErrRestoreConflict) true.
func (e *ConflictError) Is(target error) bool { return target == ErrRestoreConflict }

// Unwrap gives the database's error, if there is one.
func (e *ConflictError) Unwrap() error { return e.Cause }

func Plural(n int64, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// Blocker is a relation whose rows forbid a deletion.
type Blocker struct {
	Table    string
	Relation string
	Rows     int64
	Keys     []string // primary keys, at most ten; a composite key is joined by ","
}

func TooManyRows(rows, limit int64) error {
	return fmt.Errorf("%w: %d rows, Config.MaxRows is %d; narrow the condition or raise the bound", ErrTooManyRows, rows, limit)
}

// This room keeps personal values out of the errors of an erasure.

// QuietError is an error whose text leaves out that of its cause, which may quote a row's values. errors.Is and errors.As find
// the cause.
type QuietError struct {
	Text  string
	Cause error
}

func (e *QuietError) Error() string { return e.Text }

func (e *QuietError) Unwrap() error { return e.Cause }
