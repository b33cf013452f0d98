// Package fault is how the plugin says no: sentinels that callers test for, and refusals as values, which the root turns into the
// errors of its own types.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The states that a call can end in; the root gives the same values to its callers, with a comment on each.
var (
	ErrPolicy          = errors.New("softdelete: invalid policy")
	ErrBlocked         = errors.New("softdelete: deletion is blocked")
	ErrNeverDelete     = errors.New("softdelete: rows of this model are never deleted")
	ErrParentDeleted   = errors.New("softdelete: the parent row is deleted")
	ErrRestoreConflict = errors.New("softdelete: restore conflicts with a live row")
	ErrRowDeleted      = errors.New("softdelete: the row is deleted")
	ErrTooManyRows     = errors.New("softdelete: too many rows")
	ErrHeld            = errors.New("softdelete: the row is under a legal hold")
	ErrErased          = errors.New("softdelete: the row is erased")
	ErrNotRegistered   = errors.New("softdelete: plugin is not registered, call db.Use(softdelete.New(…)) first")
	ErrUnsupported     = errors.New("softdelete: not supported")
	ErrNoHistory       = errors.New("softdelete: the event log does not reach back so far")
	ErrRequest         = errors.New("softdelete: invalid erasure request")
)

// Blocked says which rows forbid a deletion. The root hands it over as its BlockedError.
type Blocked struct {
	Blockers []Blocker
	Cause    error // the database's error where a foreign key forbade it, else nil
}

// Blocker is a relation whose rows forbid a deletion.
type Blocker struct {
	Table    string
	Relation string
	Rows     int64
	Keys     []string // primary keys, at most ten; a composite key is joined by ","
}

// Error names each relation, how many rows block, and a few of their keys.
func (e *Blocked) Error() string {
	var text strings.Builder
	text.WriteString(ErrBlocked.Error())
	for i, b := range e.Blockers {
		separator := "; "
		if i == 0 {
			separator = ": "
		}
		what, by := "live "+Plural(b.Rows, "row"), "relation "+b.Relation
		if e.Cause != nil {
			what, by = Plural(b.Rows, "row"), b.Relation
		}
		fmt.Fprintf(&text, "%s%d %s in table %s by %s", separator, b.Rows, what, b.Table, by)
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
func (e *Blocked) Is(target error) bool { return target == ErrBlocked }

// Unwrap gives the database's error, if there is one.
func (e *Blocked) Unwrap() error { return e.Cause }

// Conflict says which unique index forbids a restore, or an index from being built. The root hands it over as its
// ConflictError.
type Conflict struct {
	Index    string
	Columns  []string
	LiveKeys []string // primary keys of the rows that have the value, at most ten; a composite key is joined by ","
	Cause    error    // the database's error where it found the conflict first, else nil
	Building bool     // the index is to be built, nothing to be restored
}

// Error names the index, its columns and the live rows' keys, never a value.
func (e *Conflict) Error() string {
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
func (e *Conflict) Is(target error) bool { return target == ErrRestoreConflict }

// Unwrap gives the database's error, if there is one.
func (e *Conflict) Unwrap() error { return e.Cause }

// refusal is what the errors below have in common: a state, and a text about it.
type refusal struct {
	state error
	text  string
}

func refuse(state error, format string, args []any) refusal {
	return refusal{state, state.Error() + ": " + fmt.Sprintf(format, args...)}
}

func (r refusal) Error() string { return r.text }

// Is makes errors.Is find the state.
func (r refusal) Is(target error) bool { return target == r.state }

// ParentDeleted says under which deleted parent a live row would stand.
type ParentDeleted struct {
	refusal
	Table    string // the parent's
	Relation string // between the two
	Key      string // the parent's
}

// UnderDeleted makes a ParentDeleted; the format is for what follows the state.
func UnderDeleted(table, relation, key, format string, args ...any) error {
	return &ParentDeleted{refuse(ErrParentDeleted, format, args), table, relation, key}
}

// Held says which holds cover a row that would be destroyed.
type Held struct {
	refusal
	Holds []Hold
}

// UnderHold makes a Held; the format is for what follows the state.
func UnderHold(holds []Hold, format string, args ...any) error {
	return &Held{refuse(ErrHeld, format, args), holds}
}

// Erased says which row was erased and must stay so.
type Erased struct {
	refusal
	Table, Key string
}

// StaysErased makes an Erased; the format is for what follows the state.
func StaysErased(table, key, format string, args ...any) error {
	return &Erased{refuse(ErrErased, format, args), table, key}
}

// taken is a refusal that the database found first.
type taken struct {
	refusal
	cause error
}

// RowTaken says that a deleted row has what a new one was to have; the format is for what follows the state. The database's error
// stays to be found in it, for gorm.ErrDuplicatedKey, but its text does not: it may quote values.
func RowTaken(cause error, format string, args ...any) error {
	return &taken{refuse(ErrRowDeleted, format, args), cause}
}

// Unwrap gives the database's error.
func (e *taken) Unwrap() error { return e.cause }

// Lacks says what a statement does not find in the database as the models have it; the format is for what follows the state. What the
// database said stands behind it.
func Lacks(cause error, format string, args ...any) error {
	r := refuse(ErrUnsupported, format, args)
	r.text += ": " + cause.Error()
	return &Lacking{r, cause}
}

// Lacking is a refusal for what the database lacks.
type Lacking struct {
	refusal
	cause error
}

// Unwrap gives the error that told of it.
func (e *Lacking) Unwrap() error { return e.cause }

// Hold is a legal hold that is in force.
type Hold struct {
	ID, Table, Key, Matter, PlacedBy string
	PlacedAt, Until                  time.Time // Until is the zero time for one that is in force until it is released
}

func Plural(n int64, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// UnseenRows says that a foreign key's action has reached rows of a table that the database hides from the session's role.
func UnseenRows(table, key string, rows int64) error {
	return fmt.Errorf("%w: row-level security hides rows of the table %s from this role, and by ON DELETE of the foreign key %s the database "+
		"removed or changed %d of them unseen; do it as the table's owner or a role with BYPASSRLS, let a policy show the rows, or let the key "+
		"have no action", ErrUnsupported, table, key, rows)
}

// Kept says that rows are in a table still which a statement was to take from it: a trigger or a rule of the application keeps them there,
// and raises no error.
type Kept struct {
	refusal
	Table string
}

// KeptRows is such an error, with the next step.
func KeptRows(state error, table string, rows int64, model, then string) error {
	return &Kept{refuse(state, "a trigger or a rule of table %s keeps %d %s of %s in it, and raises no error; %s",
		[]any{table, rows, Plural(rows, "row"), model, then}), table}
}

// KeptOrMoved is such an error where others may have moved the rows meanwhile.
func KeptOrMoved(state error, table string, rows int64, model string) error {
	return &Kept{refuse(state, "%d %s of %s came or went while the deletion ran, or a trigger or a rule of table %s keeps them in it; let them go, and try again",
		[]any{rows, Plural(rows, "row"), model, table}), table}
}

// HiddenTables says that rows of tables may be hidden from the session's role, of something that has to be about all of them. tables
// names them with their models.
func HiddenTables(what, tables, how, outcome string) error {
	return fmt.Errorf("%w: row-level security may hide rows of %s from this role, and %s; %s as their owner, whom no FORCE ROW LEVEL SECURITY "+
		"binds, or as a role with BYPASSRLS; %s", ErrUnsupported, tables, what, how, outcome)
}

// UncountedRows says that nobody can tell what the database does to hidden rows of a table.
func UncountedRows(table, key string) error {
	return fmt.Errorf("%w: row-level security hides rows of the table %s from this role, and the server does not count what ON DELETE of the "+
		"foreign key %s does to them; set track_counts = on, do it as the table's owner or a role with BYPASSRLS, or let the key have no action",
		ErrUnsupported, table, key)
}

func TooManyRows(table string, rows, limit int64) error {
	return fmt.Errorf("%w: %d rows, from table %s on, Config.MaxRows is %d; narrow the condition or raise the bound", ErrTooManyRows, rows, table, limit)
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
