package certificate

import (
	"time"
)

// This room is for GDPR erasure (Art. 17): masking a person's data in every table that their row leads to, proving it, and
// keeping it erased. pii.go reads the tags, erasure_walk.go finds the rows, erasure_mask.go masks them, erasure_verify.go
// reads back, erasure_guard.go keeps them erased, certificate.go is the proof.
//
// erasure_cold.go reaches the rows in cold storage. Copies of the database are out of reach.

// ErasureRequest is a person's request to be forgotten, or another reason to erase.
type ErasureRequest struct {
	// ID makes a retry the same request; an empty one is generated. It stands in certificates, ledgers and what third parties
	// are told: a code of at most 128 letters, digits and - _ . : /, not a name or an address.
	ID string
	// RequestedBy and Ground are the caller's own record of the request. They are free texts, which may name a person, and are
	// therefore written nowhere.
	RequestedBy, Ground string
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
