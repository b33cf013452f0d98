package softdelete

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the erasure of a person's data (GDPR Art. 17).

// ErasureRequest is a person's request to be forgotten, or another reason to erase.
type ErasureRequest struct {
	// ID makes a retry the same request; an empty one is generated. It stands in certificates, ledgers and what third parties
	// are told: a code of at most 128 letters, digits and - _ . : /, not a name or an address.
	ID string
	// Ground is the ground of Art. 17(1) GDPR, "17.1.a" to "17.1.f", or empty. The certificate has it.
	Ground string
	// ReceivedAt is when the request came; it must not lie in the future. The certificate has it, to the microsecond.
	ReceivedAt time.Time
}

// ErasurePlan is what an erasure would do.
type ErasurePlan struct {
	// Tables count the rows that would be masked or deleted.
	Tables []ErasedTable `json:"tables"`
	// Kept are the personal columns that would stay.
	Kept []KeptColumn `json:"kept"`
	// Held are the rows under a legal hold, as table and key. One is enough to refuse the whole erasure.
	Held []string `json:"held"`
}

// Masker computes what a personal value is replaced by, for `pii:"func:NAME"`. It gets the field's Go value. What it returns
// must not tell who the person is; an error stops the erasure, and its text is not passed on.
type Masker = func(ctx context.Context, value any) (any, error)

// Erase masks a person's data: in the row of subject, a pointer to a model with its primary key set, and in every row that
// is reached from it through has-one and has-many relations, the links of many2many ones, and columns tagged pii:"subject:…";
// in live, deleted and archived rows alike, and in what event logs say of them. Actor and reason of those rows are cleared, rows
// of models tagged pii:"delete" removed.
// Then it soft-deletes the subject by its own rules, which a block does not stop; a never or hard model, or one without a
// policy, is masked only.
//
// All of it is one transaction, a savepoint inside the caller's. A subject with more rows than Config.ErasureBatch is worked off
// in several, the subject's own row in the last; a call that ends between them is finished by one with the same request ID.
// Before a transaction commits, the rows are read again: a value that was to be erased and is still there, in its own column or
// in another text of the rows, is an error that names the table and the column, and the transaction has changed nothing.
//
// Rows in a Config.ColdStore that is a ColdRewriter are masked too, those of tables that keep deleted rows for a retention; the
// certificate lists them as the table with " (cold storage)" after its name. Of rows that are removed there, key and time of
// creation stay. Batches are rewritten after everything else, before the commit: where the commit fails or the caller rolls
// back they stay as they are by then, and the same request ID goes on. Rows in them do not count for Config.ErasureBatch, and a
// Masker may be called for one of them more than once. A subject may be in cold storage only. A cold row with the subject's key
// and another time of creation is taken for another subject's; the certificate counts such rows. With such a store one erasure
// runs at a time.
//
// The same request ID gives the same certificate again; for another subject it is an error. A subject that is erased already
// gives a certificate with nothing masked.
//
// Errors: gorm.ErrRecordNotFound for an unknown subject, gorm.ErrMissingWhereClause for one without a key, ErrHeld where a row
// is under a legal hold, ErrUnsupported where something cannot be erased as asked, or where row-level security may hide rows from the
// role, ErrRequest for a request that cannot be.
func Erase(db *gorm.DB, subject any, r ErasureRequest) (*Certificate, error) {
	d, err := databaseOf(db)
	if err == nil {
		err = notInADryRun(db, "Erase")
	}
	if err != nil {
		return nil, err
	}
	inner, err := d.eraser.Erase(db, subject, certificate.Request(r))
	if inner == nil {
		return nil, d.outward(db, err)
	}
	c := certificateOf(*inner)
	return &c, d.outward(db, err)
}

// PreviewErasure tells what Erase would do with subject, and writes nothing.
func PreviewErasure(db *gorm.DB, subject any) (ErasurePlan, error) {
	d, err := databaseOf(db)
	if err != nil {
		return ErasurePlan{}, err
	}
	plan, err := d.eraser.Preview(statement.Reading(db), subject)
	return erasurePlanOf(plan), d.outward(db, err)
}

func erasurePlanOf(p erasure.Plan) ErasurePlan {
	return ErasurePlan{Tables: each(p.Tables, erasedTableOf), Kept: each(p.Kept, keptColumnOf), Held: p.Held}
}
