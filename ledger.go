package softdelete

import (
	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"gorm.io/gorm"
)

// This room is for what remembers erasures outside the database.

// ReplayReport counts what became of the erasures in a ledger.
type ReplayReport struct {
	// Replayed counts the subjects that were erased again.
	Replayed int
	// AlreadyErased counts those that are still erased.
	AlreadyErased int
	// NotFound counts those whose row is not there, or whose key another one has.
	NotFound int
}

// ReplayErasures does those erasures of a ledger again that the database does not know: run it after an older copy of the
// database has come back, before anyone uses it. Only erasures that had been done are repeated, under their request IDs, so
// that third parties are told again under the same ones. A row that was made later and has got the key of an erased one
// is left alone. Running it twice is harmless. An error for one subject does not keep it from the others.
func ReplayErasures(db *gorm.DB, l ErasureLedger) (ReplayReport, error) {
	report, err := erasure.ReplayErasures(db, l)
	return ReplayReport(report), outward(err)
}
