package erasure

import (
	"crypto/rand"
	"fmt"
	"regexp"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Plan is what an erasure would do.
type Plan struct {
	Tables []certificate.ErasedTable
	Kept   []certificate.KeptColumn
	// Held are the rows under a legal hold, as table and key. One is enough to refuse the whole erasure.
	Held []string
}

// Erase masks a person's data in every row that is reached from subject and gives the certificate.
func (e *Eraser) Erase(db *gorm.DB, subject any, r certificate.Request) (*certificate.Certificate, error) {
	x, err := e.begin(db, subject, "Erase")
	if err != nil {
		return nil, err
	}
	if x.request, err = checkRequest(db, r); err != nil {
		return nil, err
	}
	return x.run(db)
}

// Preview tells what Erase would do with subject, and writes nothing.
func (e *Eraser) Preview(db *gorm.DB, subject any) (Plan, error) {
	x, err := e.begin(db, subject, "PreviewErasure")
	if err != nil {
		return Plan{}, err
	}
	x.preview = true
	tx := x.eraser.Session(statement.OnWriter(db))
	if err := x.seesAll(tx); err != nil {
		return Plan{}, err
	}
	if found, err := x.reach.findSubject(tx); err != nil || !found {
		return Plan{}, x.notFound(err)
	}
	if err := x.session.Admit(tx, x.key); err != nil {
		return Plan{}, err
	}
	if err := x.readColumns(tx); err != nil {
		return Plan{}, err
	}
	if err := x.reach.all(tx); err != nil {
		return Plan{}, err
	}
	held, _, err := x.held(tx)
	if err != nil {
		return Plan{}, err
	}
	fresh, err := x.reach.leaveErased(tx)
	if err == nil {
		err = x.logs.countEvents(tx, fresh)
	}
	return Plan{Tables: append(x.tables(fresh), x.cold.tables()...), Kept: x.keptColumns(), Held: held}, err
}

// requestID is what a request's ID may look like.
var requestID = regexp.MustCompile(`^[A-Za-z0-9_.:/-]{1,128}$`)

// ground is a ground of Art. 17(1) GDPR.
var ground = regexp.MustCompile(`^17\.1\.[a-f]$`)

func checkRequest(db *gorm.DB, r certificate.Request) (certificate.Request, error) {
	if r.ID == "" {
		r.ID = rand.Text()
	}
	if !requestID.MatchString(r.ID) {
		return r, fmt.Errorf("%w: its ID is a code of at most 128 letters, digits and - _ . : /; it stands in certificates and must not "+
			"name the person", fault.ErrRequest)
	}
	if r.Ground != "" && !ground.MatchString(r.Ground) {
		return r, fmt.Errorf("%w: the Ground of %s is none of Art. 17(1) GDPR; write 17.1.a to 17.1.f, or leave it empty", fault.ErrRequest, r.ID)
	}
	if r.ReceivedAt.After(db.NowFunc().Add(time.Minute)) {
		return r, fmt.Errorf("%w: %s was received in the future", fault.ErrRequest, r.ID)
	}
	if !r.ReceivedAt.IsZero() {
		r.ReceivedAt = r.ReceivedAt.UTC().Truncate(time.Microsecond)
	}
	return r, nil
}
