package softdelete

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room is for what remembers erasures outside the database, so that they can be done again after an older copy of it has
// come back.

// LedgerEntry is one line of the ledger. An erasure has two: one before its commit, and one with Done after it.
type LedgerEntry struct {
	// RequestID is the ID of the erasure's request.
	RequestID string `json:"request_id"`
	// Table is the table of the erased person's row.
	Table string `json:"table"`
	// Key is that row's primary key, exactly: a composite one is joined by ",", a "," in a part is "\,".
	Key string `json:"key"`
	// Parts is the key as earlier versions read it, whose Key was for people; empty where they cannot.
	Parts string `json:"parts"`
	// Identity is the hash of key and time of creation: another row with the same key has another.
	Identity string `json:"identity"`
	// Done is true for the entry that follows the commit.
	Done bool `json:"done"`
	// At is when the entry was made.
	At time.Time `json:"at"`
}

// ErasureLedger keeps entries in the order in which they came. It must lie where no restored backup of the database takes
// it along.
type ErasureLedger interface {
	// Append adds an entry, durable when it returns nil.
	Append(ctx context.Context, e LedgerEntry) error
	// Entries lists all of them.
	Entries(ctx context.Context) ([]LedgerEntry, error)
}

// FileLedger keeps the ledger in a file of JSON lines, which it creates. Lines are only ever added, each is on disk before
// Append returns, and a last line that a crash has torn or left as zero bytes is left out by Entries and closed by the next Append. Several
// processes may append to the file where the system writes short lines whole, as local file systems do.
func FileLedger(path string) (ErasureLedger, error) {
	inner, err := certificate.OpenLedger(path)
	if err != nil {
		return nil, err
	}
	return fileLedger{inner}, nil
}

// ReplayReport counts what became of the erasures in a ledger.
type ReplayReport struct {
	// Replayed counts the subjects that were erased again.
	Replayed int
	// AlreadyErased counts those that are still erased.
	AlreadyErased int
	// NotFound counts those whose row is not there, or whose key another one has.
	NotFound int
	// Unfinished counts those that were begun and never marked as done, and of which the database has no certificate. They are not
	// repeated, for they may never have been committed: call Erase with the same request for each that was.
	Unfinished int
}

// ReplayErasures does those erasures of a ledger again that the database does not know: run it after an older copy of the
// database has come back, before anyone uses it. Only erasures that had been done are repeated, under their request IDs, so
// that third parties are told again under the same ones. A row that was made later and has got the key of an erased one
// is left alone. Running it twice is harmless. An error for one subject does not keep it from the others.
func ReplayErasures(db *gorm.DB, l ErasureLedger) (ReplayReport, error) {
	d, err := databaseOfAll(db, "ReplayErasures")
	if err == nil {
		err = notInADryRun(db, "ReplayErasures")
	}
	if err != nil {
		return ReplayReport{}, err
	}
	report, err := d.eraser.Replay(db, innerLedger{l})
	return ReplayReport(report), d.outward(db, err)
}

// fileLedger is the internals' ledger in a file for callers.
type fileLedger struct{ file *certificate.FileLedger }

func (l fileLedger) Append(ctx context.Context, e LedgerEntry) error {
	return l.file.Append(ctx, certificate.LedgerEntry(e))
}

func (l fileLedger) Entries(ctx context.Context) ([]LedgerEntry, error) {
	list, err := l.file.Entries(ctx)
	return each(list, func(e certificate.LedgerEntry) LedgerEntry { return LedgerEntry(e) }), err
}

// innerLedger is a caller's ledger for the internals.
type innerLedger struct{ ledger ErasureLedger }

func (l innerLedger) Append(ctx context.Context, e certificate.LedgerEntry) error {
	return fault.Foreign("the erasure ledger", l.ledger, func() error { return l.ledger.Append(ctx, LedgerEntry(e)) })
}

func (l innerLedger) Entries(ctx context.Context) ([]certificate.LedgerEntry, error) {
	list, err := foreign("the erasure ledger", l.ledger, func() ([]LedgerEntry, error) { return l.ledger.Entries(ctx) })
	return each(list, func(e LedgerEntry) certificate.LedgerEntry { return certificate.LedgerEntry(e) }), err
}
