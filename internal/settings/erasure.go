package settings

import (
	"context"
	"time"
)

// This room remembers erasures outside the database, so that they can be done again after an older copy of it has come back.

// LedgerEntry is one line of the ledger. An erasure has two: one before its commit, and one with Done after it.
type LedgerEntry struct {
	RequestID string    `json:"request_id"`
	Table     string    `json:"table"`
	Key       string    `json:"key"`      // for people; a composite one is joined by ",", a "," in a part is "\,"
	Parts     string    `json:"parts"`    // the key's parts exactly, for ReplayErasures
	Identity  string    `json:"identity"` // the hash of key and time of creation: another row with the same key has another
	Done      bool      `json:"done"`
	At        time.Time `json:"at"`
}

// ErasureLedger keeps entries in the order in which they came. It must lie where no restored backup of the database takes
// it along.
type ErasureLedger interface {
	// Append adds an entry, durable when it returns nil.
	Append(ctx context.Context, e LedgerEntry) error
	// Entries lists all of them.
	Entries(ctx context.Context) ([]LedgerEntry, error)
}

// This room tells third parties. Their rows are written in the erasure's own transaction; DispatchErasures delivers them.

// Processor is a third party that has to erase the subject too.
type Processor interface {
	// Name identifies the processor in the outbox and in certificates. It must not change while deliveries are pending.
	Name() string
	// Erase tells the third party. It returns nil once that has acknowledged; anything else is tried again. The same request
	// may come more than once: RequestID is the key by which to tell. The text of an error is written nowhere.
	Erase(ctx context.Context, s ErasedSubject) error
}

// ErasedSubject is what a third party is told.
type ErasedSubject struct {
	RequestID string `json:"request_id"`
	Table     string `json:"table"`
	Key       string `json:"key"`
}
