package settings

import (
	"context"
	"crypto/ed25519"
)

// Config is the root's Config with the values of the internals.
type Config struct {
	Models          []any
	MaxRows         int64
	Ledger          bool
	TenantRetention func(ctx context.Context, model string, tenant any) (r Retention, ok bool)
	Holds           bool
	ColdStore       ColdStore
	Maskers         map[string]Masker
	Processors      []Processor
	ErasureLedger   ErasureLedger
	ErasureBatch    int
	CertificateKey  ed25519.PrivateKey
}

// Masker computes what a personal value is replaced by.
type Masker = func(ctx context.Context, value any) (any, error)

// Retention says how long deleted rows are kept and what comes then, in the words of the tags.
type Retention struct {
	Keep string
	Then string
}
