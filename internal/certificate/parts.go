package certificate

import (
	"time"
)

// This room is what an erasure tells its certificate: what was asked for, and what was done to which columns.

// Request is a person's request to be forgotten, or another reason to erase.
type Request struct {
	// ID makes a retry the same request; an empty one is generated. It stands in certificates, ledgers and what third parties
	// are told: a code of at most 128 letters, digits and - _ . : /, not a name or an address.
	ID string
	// Ground is the ground of Art. 17(1) GDPR, "17.1.a" to "17.1.f", or empty.
	Ground string
	// ReceivedAt is when the request came; it must not lie in the future.
	ReceivedAt time.Time
}

// ErasedTable counts the rows of a table that an erasure masks or deletes.
type ErasedTable struct {
	Table   string         `json:"table"`
	Columns []ErasedColumn `json:"columns"`
	Masked  int64          `json:"masked"`
	Deleted int64          `json:"deleted"`
}

// ErasedColumn is a masked column with the strategy that its pii tag names.
type ErasedColumn struct {
	Column   string `json:"column"`
	Strategy string `json:"strategy"`
}

// KeptColumn is a personal column that an erasure keeps, with its legal basis and the rows of the person that have it.
type KeptColumn struct {
	Table  string `json:"table"`
	Column string `json:"column"`
	Basis  string `json:"basis"`
	Rows   int64  `json:"rows"`
}
