package erasure

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm"
)

// ErasurePlan is what an erasure would do.
type ErasurePlan struct {
	Tables []certificate.ErasedTable
	Kept   []certificate.KeptColumn
	// Held are the rows under a legal hold, as table and key. One is enough to refuse the whole erasure.
	Held []string
}

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
// is under a legal hold, ErrUnsupported where something cannot be erased as asked.
func Erase(db *gorm.DB, subject any, r certificate.ErasureRequest) (*certificate.Certificate, error) {
	x, err := newErasure(db, subject, "Erase")
	if err != nil {
		return nil, err
	}
	if x.request, err = checkRequest(db, r); err != nil {
		return nil, err
	}
	return x.run(db)
}

// PreviewErasure tells what Erase would do with subject, and writes nothing.
func PreviewErasure(db *gorm.DB, subject any) (ErasurePlan, error) {
	x, err := newErasure(db, subject, "PreviewErasure")
	if err != nil {
		return ErasurePlan{}, err
	}
	x.preview = true
	tx := x.engine.Session(statement.OnWriter(db))
	if found, err := x.findSubject(tx); err != nil || !found {
		return ErasurePlan{}, x.notFound(err)
	}
	if err := x.reachAll(tx); err != nil {
		return ErasurePlan{}, err
	}
	held, _, err := x.held(tx)
	if err != nil {
		return ErasurePlan{}, err
	}
	fresh, err := x.leaveErased(tx)
	if err == nil {
		err = x.countEvents(tx, fresh)
	}
	return ErasurePlan{Tables: append(x.tables(fresh), x.coldTables()...), Kept: x.keptColumns(), Held: held}, err
}

// requestID is what a request's ID may look like.
var requestID = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,128}$`)

func checkRequest(db *gorm.DB, r certificate.ErasureRequest) (certificate.ErasureRequest, error) {
	if r.ID == "" {
		r.ID = rand.Text()
	}
	if !requestID.MatchString(r.ID) {
		return r, fmt.Errorf("%w: an erasure's request ID is a code of at most 128 letters, digits and - _ . : /; it stands in "+
			"certificates and must not name the person", gorm.ErrInvalidValue)
	}
	if r.ReceivedAt.After(db.NowFunc().Add(time.Minute)) {
		return r, fmt.Errorf("%w: the erasure request %s was received in the future", gorm.ErrInvalidValue, r.ID)
	}
	return r, nil
}
