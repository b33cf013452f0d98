package certificate

import (
	"crypto/ed25519"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Chain is the chain of certificates of one database, with the outbox of those who are told of erasures.
type Chain struct {
	*policy.Registry
	Records *erasedrow.Records
	Options
}

// Options say how certificates are made and who is told.
type Options struct {
	// Key signs certificates, and is asked for when they are verified; empty for certificates without signatures.
	Key ed25519.PrivateKey
	// Processors are told of every erasure.
	Processors []Processor
}
