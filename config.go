package softdelete

import (
	"context"
	"crypto/ed25519"
)

// Config sets up the plugin. The zero value is fine: models are then compiled at their first use.
type Config struct {
	// Models are compiled and checked by db.Use, which returns what is wrong with all of them at once; others are compiled
	// at first use. Name here every model that takes part in a relation with a rule: a restore looks for deleted parents
	// among these models and those used before.
	Models []any
	// MaxRows bounds a deletion or a restore: one that would change more rows gives ErrTooManyRows and changes nothing.
	// 0 means no bound.
	MaxRows int64
	// Ledger keeps a row per deletion in the table softdelete_deletions. Create it with
	// db.AutoMigrate(softdelete.Tables()...).
	Ledger bool
	// KeepUnique leaves unique indexes over all rows as they are, but for those of fields tagged live: for an application whose
	// indexes others count on, raw ON CONFLICT clauses or another service. A value that a deleted row has cannot be used again
	// then: Create gives ErrRowDeleted. An index that was narrowed before stays so.
	KeepUnique bool
	// TenantRetention gives a tenant's own retention for a model with tenant:Field, in place of that of the tags; ok is
	// false where the tenant has none. model is the model's name, tenant the value of the field. It is asked once per tenant
	// at the start of a Purge; an error in what it gives ends the Purge before anything is removed.
	TenantRetention func(ctx context.Context, model string, tenant any) (r Retention, ok bool)
	// Holds makes it an error that the table of legal holds is missing: see Hold. Holds are obeyed wherever their table is there.
	// Create it with db.AutoMigrate(softdelete.Tables()...).
	Holds bool
	// ColdStore keeps the rows of models with then:cold once they are purged. See DirColdStore.
	ColdStore ColdStore

	// Maskers are the functions that `pii:"func:NAME"` names.
	Maskers map[string]Masker
	// Processors are the third parties that an erasure is told to, by DispatchErasures.
	Processors []Processor
	// ErasureLedger, outside the database, remembers erasures for ReplayErasures after an older copy of the database has come
	// back. A FileLedger is one.
	ErasureLedger ErasureLedger
	// ErasureBatch is how many rows of one person an erasure masks in one transaction; 0 means 10,000. A person with more is
	// worked off in several.
	ErasureBatch int
	// CertificateKey, where it is set, signs the certificates of erasures, and VerifyCertificates asks for its signatures.
	CertificateKey ed25519.PrivateKey
}
