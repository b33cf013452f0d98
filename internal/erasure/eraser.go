package erasure

import (
	"sync"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Eraser erases persons from one database: it has what all erasures share.
type Eraser struct {
	*policy.Registry
	Logs    *eventlog.Logs
	Records *erasedrow.Records
	Holds   *hold.Holds
	Chain   *certificate.Chain
	Options

	generated sync.Map // the names of generated columns by placeKey, of tables whose columns take their masks
}

// Options say how a person is erased.
type Options struct {
	// Batch is how many rows one transaction masks; 0 means the usual number.
	Batch int
	// Ledger remembers erasures outside the database; nil for none.
	Ledger certificate.ErasureLedger
	// Deletions tells whether deletions have rows in a ledger of their own, which name persons too.
	Deletions bool
	// ColdStore keeps purged rows; nil for none.
	ColdStore cold.Store
	// TenantRetention tells whether tenants have retentions of their own, by which rows of any model may have got into cold storage.
	TenantRetention bool
}
