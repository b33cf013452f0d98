package softdelete

import (
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room is what deletions and restores, and the previews of both, tell their callers.

// Action says what happened to the rows of an Effect.
type Action string

// The actions of a deletion and of a restore.
const (
	ActionDeleted  Action = "deleted"  // marked in place
	ActionArchived Action = "archived" // moved to the archive table
	ActionRemoved  Action = "removed"  // gone for good
	ActionKept     Action = "kept"     // live rows of a relation that the deletion does not touch
	ActionRestored Action = "restored" // live again
	ActionSkipped  Action = "skipped"  // stays deleted, because another deletion holds it, or because it is erased
	ActionUnlinked Action = "unlinked" // live, and no more under its parent: a foreign key of the database set its key to NULL or its default
)

// Report says what a deletion or a restore did, or what Preview and PreviewRestore found that it would do.
type Report struct {
	// DeletionID identifies the deletion, for RestoreDeletion. For a restore it is the deletion that was undone; empty
	// where the rows came from several. It is empty where there was no row to delete or to restore.
	DeletionID DeletionID `json:"deletion_id"`
	// At is the instant that all rows of the deletion carry.
	At time.Time `json:"at"`
	// Effects tell the rows per relation: the root first, then by depth. Apart from the root, relations without a row
	// are left out.
	Effects []Effect `json:"effects"`
	// Blockers say why Delete would fail. Only Preview fills them.
	Blockers []Blocker `json:"blockers,omitempty"`
}

// Rows is the number of the root's rows that were deleted or restored, or would be.
func (r Report) Rows() int64 {
	if len(r.Effects) == 0 || slices.Contains([]Action{ActionKept, ActionSkipped}, r.Effects[0].Action) {
		return 0
	}
	return r.Effects[0].Rows
}

// Effect is what one relation's rows went through.
type Effect struct {
	// Table is the rows' table.
	Table string `json:"table"`
	// Relation is the relation's field name, or a foreign key of the database by its name or its columns; empty for the root.
	Relation string `json:"relation"`
	// Parent is the table from whose rows the deletion or restore came to these; empty for the root.
	Parent string `json:"parent"`
	// Action says what happened to the rows.
	Action Action `json:"action"`
	// Rows is their number.
	Rows int64 `json:"rows"`
	// Keys are primary keys of them, at most ten, in previews; a composite key is joined by ",".
	Keys []string `json:"keys,omitempty"`
}

// Blocker is a relation, or a foreign key of the database, whose rows forbid a deletion.
type Blocker struct {
	// Table is the rows' table.
	Table string `json:"table"`
	// Relation is the relation's field name, or the foreign key's name or columns.
	Relation string `json:"relation"`
	// Rows is how many rows block.
	Rows int64 `json:"rows"`
	// Keys are primary keys of them, at most ten; a composite key is joined by ",".
	Keys []string `json:"keys,omitempty"`
}

// Into is a clause that makes a deletion write its report to r:
//
//	var report softdelete.Report
//	db.Clauses(softdelete.Into(&report)).Delete(&user)
//
// r is written once the deletion is done, and stays as it is when the deletion fails. It is for one statement: a *gorm.DB
// that is used again writes it again.
func Into(r *Report) clause.Expression {
	return modifier{deletion.Into(func(inner deletion.Report) { *r = reportOf(inner) })}
}

func reportOf(r deletion.Report) Report {
	return Report{
		DeletionID: DeletionID(r.DeletionID), At: r.At, Effects: effectsOf(r.Effects), Blockers: blockersOf(r.Blockers),
	}
}

func effectsOf(list []deletion.Effect) []Effect {
	return each(list, func(e deletion.Effect) Effect {
		return Effect{Table: e.Table, Relation: e.Relation, Parent: e.Parent, Action: Action(e.Action), Rows: e.Rows, Keys: e.Keys}
	})
}

func blockersOf(list []fault.Blocker) []Blocker {
	return each(list, func(b fault.Blocker) Blocker { return Blocker(b) })
}

// each turns the elements of a list round; nil stays nil.
func each[From, To any](list []From, of func(From) To) []To {
	if list == nil {
		return nil
	}
	turned := make([]To, len(list))
	for i, value := range list {
		turned[i] = of(value)
	}
	return turned
}
