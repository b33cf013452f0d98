package settings

import (
	"context"
	"time"
)

// LedgerEntry is one line of the ledger of erasures, in the form that a file of them has.
type LedgerEntry struct {
	RequestID string    `json:"request_id"`
	Table     string    `json:"table"`
	Key       string    `json:"key"`
	Parts     string    `json:"parts"`
	Identity  string    `json:"identity"`
	Done      bool      `json:"done"`
	At        time.Time `json:"at"`
}

// ErasureLedger keeps entries in the order in which they came.
type ErasureLedger interface {
	Append(ctx context.Context, e LedgerEntry) error
	Entries(ctx context.Context) ([]LedgerEntry, error)
}

// Processor is a third party that has to erase the subject too.
type Processor interface {
	Name() string
	Erase(ctx context.Context, s ErasedSubject) error
}

// ErasedSubject is what a third party is told, in the form that a webhook posts.
type ErasedSubject struct {
	RequestID string `json:"request_id"`
	Table     string `json:"table"`
	Key       string `json:"key"`
}
