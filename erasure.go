package softdelete

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
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

// ErasurePlan is what an erasure would do.
type ErasurePlan struct {
	Tables []ErasedTable
	Kept   []KeptColumn
	// Held are the rows under a legal hold, as table and key. One is enough to refuse the whole erasure.
	Held []string
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
func Erase(db *gorm.DB, subject any, r ErasureRequest) (*Certificate, error) {
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
	tx := onWriter(db)
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

func checkRequest(db *gorm.DB, r ErasureRequest) (ErasureRequest, error) {
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

// erasure is one call that erases a subject.
type erasure struct {
	engine  *engine
	root    *policy
	key     []any
	text    string // the key, for people
	parts   string // the key exactly, see keyParts
	request ErasureRequest

	row      reachedRow
	gone     *goneRow               // the subject where it is in its event log only
	subject  map[place][]reachedRow // the subject's rows in its tables
	live     bool                   // it is in the model's own table
	deletion DeletionID             // the one that this erasure made
	foreign  map[*policy][]string   // see strangers
	rows     []*reachedModel        // the subject's model first, then in the order in which the walk came to them
	order    []spot
	// pending are the rows that later batches erase, progress and before what earlier ones have done.
	pending   map[place]map[string]bool
	progress  *erasureProgress
	before    []ErasedTable
	announced bool
	byPlace   map[place]*reachedModel
	edges     map[*policy][]*relation
	secrets   *secrets
	// loggedRows counts the events of which something is erased.
	loggedRows map[*policy]int64
	cold       *coldSearch // nil without a cold store that can rewrite
	hmacKey    []byte      // of this call alone, never stored
	replaying  bool        // the ledger knows already
	preview    bool
}

func newErasure(db *gorm.DB, subject any, function string) (*erasure, error) {
	if err := checkCall(db, subject, function); err != nil {
		return nil, err
	}
	e, err := engineOf(db)
	if err != nil {
		return nil, err
	}
	p, err := policyOf(db, subject)
	if err != nil {
		return nil, err
	}
	value := reflect.Indirect(reflect.ValueOf(subject))
	if value.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: softdelete.%s takes one subject at a time", gorm.ErrInvalidValue, function)
	}
	x := &erasure{engine: e, root: p, loggedRows: map[*policy]int64{}}
	for _, field := range p.schema.PrimaryFields {
		part, zero := field.ValueOf(db.Statement.Context, value)
		if zero {
			return nil, fmt.Errorf("%w: softdelete.%s needs the primary key of the %s", gorm.ErrMissingWhereClause, function, p.schema.Name)
		}
		x.key = append(x.key, part)
	}
	if len(x.key) == 0 {
		return nil, fmt.Errorf("%w: %s has no primary key to erase a row by", ErrUnsupported, p.schema.Name)
	}
	x.text = joinKey(x.key)
	if x.parts, err = keyParts(x.key); err != nil {
		return nil, err
	}
	x.hmacKey = make([]byte, 32)
	_, _ = rand.Read(x.hmacKey) // never fails, see crypto/rand.Read
	if err := x.findEdges(db); err != nil {
		return nil, err
	}
	x.findColdModels(db)
	return x, nil
}

func (x *erasure) notFound(err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %s with key %s, table %s", gorm.ErrRecordNotFound, x.root.schema.Name, x.text, x.root.schema.Table)
}

// run erases in a transaction, or in a savepoint of the caller's.
func (x *erasure) run(db *gorm.DB) (*Certificate, error) {
	tx := inWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	if db.DryRun {
		return nil, fmt.Errorf("%w: an erasure in a dry run; call PreviewErasure", ErrUnsupported)
	}
	ledger := x.engine.plugin.config.ErasureLedger
	if ledger != nil {
		if err := x.checkLedger(db); err != nil {
			return nil, err
		}
	}
	toWriter(tx, x.root.schema.Table)
	var certificate *Certificate
	var fresh bool
	for certificate == nil {
		work, err := beginWork(tx)
		if err != nil {
			return nil, x.unfinished(err)
		}
		certificate, fresh, err = x.erase(tx)
		done := err == nil
		if err = work.end(tx, err); err != nil {
			if done { // a constraint may be checked at the commit
				err = x.quiet(tx, err, "committing the erasure of a row in", x.root.schema.Table)
			}
			return nil, x.unfinished(err)
		}
		if certificate == nil {
			x.forget()
		}
	}
	if ledger != nil && !x.replaying {
		if err := x.markDone(db, certificate, fresh); err != nil {
			return certificate, fmt.Errorf("softdelete: request %s is erased and committed, but the ledger could not be marked done; "+
				"call Erase with the same request again: %w", x.request.ID, err)
		}
	}
	return certificate, nil
}

// erase is the erasure inside its transaction. fresh tells that it was not done before. Without a certificate a batch is done,
// and there are more.
func (x *erasure) erase(tx *gorm.DB) (certificate *Certificate, fresh bool, err error) {
	// Before anything is read: see lockWriter.
	if err := x.engine.lockWriter(tx, x.root); err != nil {
		return nil, false, err
	}
	if err := x.engine.needErasureTables(tx); err != nil {
		return nil, false, err
	}
	if x.cold != nil { // one erasure at a time, and no Thaw meanwhile: it would bring back what is being masked
		if _, err := x.engine.lockHead(tx); err != nil {
			return nil, false, err
		}
		if err := x.tidyCold(tx); err != nil {
			return nil, false, err
		}
	}
	found, err := x.findSubject(tx)
	if err != nil {
		return nil, false, err
	}
	// Looked for once the subject is locked: of two calls of one request the second finds what the first has done.
	if certificate, err = x.engine.certificateOf(tx, x.request.ID); certificate != nil || err != nil {
		return certificate, false, x.sameSubject(certificate, err)
	}
	if !found {
		return nil, false, x.notFound(nil)
	}
	if err := x.readProgress(tx); err != nil {
		return nil, false, err
	}
	newly, more, err := x.maskAll(tx)
	if err != nil || more {
		return nil, false, err
	}
	for _, step := range [...]func(*gorm.DB) error{x.clearDeletions, x.deleteSubject, x.record, x.recordCold, x.checkCold, x.verify, x.endBatches, x.tellOthers} {
		if err := step(tx); err != nil {
			return nil, false, err
		}
	}
	if certificate, err = x.certify(tx, newly); err != nil {
		return nil, false, err
	}
	if err := x.announce(tx); err != nil {
		return nil, false, err
	}
	return certificate, true, x.replaceCold(tx)
}

func (x *erasure) sameSubject(c *Certificate, err error) error {
	if err == nil && (c.SubjectTable != x.root.schema.Table || c.SubjectKey != x.text) {
		return fmt.Errorf("%w: the erasure request %s was for another subject, table %s key %s; give this one an ID of its own",
			gorm.ErrInvalidValue, x.request.ID, c.SubjectTable, c.SubjectKey)
	}
	return err
}

// mostWalks bounds how often the walk is repeated for rows that others add meanwhile.
const mostWalks = 10

// maskSteps are what erases rows.
func (x *erasure) maskSteps() []func(*gorm.DB, []*reachedModel) error {
	return []func(*gorm.DB, []*reachedModel) error{x.readSecrets, x.mask, x.remove, x.maskLogs}
}

// maskAll finds the rows and masks them, until a walk finds nothing new. Where they are more than one transaction erases, it
// erases a batch of them, and tells that there are more.
func (x *erasure) maskAll(tx *gorm.DB) (newly []*reachedModel, more bool, err error) {
	for range mostWalks {
		if err := x.reachAll(tx); err != nil {
			return nil, false, err
		}
		if _, refusal, err := x.held(tx); err != nil || refusal != nil {
			return nil, false, errors.Join(refusal, err)
		}
		fresh, err := x.leaveErased(tx)
		if err != nil {
			return nil, false, err
		}
		if len(fresh) == 0 {
			return newly, false, x.noPersonalData()
		}
		if newly == nil && size(fresh) > x.batch() {
			if err := x.noPersonalData(); err != nil {
				return nil, false, err
			}
			return nil, true, x.eraseBatch(tx, fresh)
		}
		for _, step := range x.maskSteps() {
			if err := step(tx, fresh); err != nil {
				return nil, false, err
			}
		}
		newly = merge(newly, fresh)
	}
	return nil, false, fmt.Errorf("softdelete: rows of %s key %s are added faster than they are erased; stop what writes them and try again",
		x.root.schema.Table, x.text)
}

// noPersonalData refuses an erasure of models without a single pii tag: nothing would be erased.
func (x *erasure) noPersonalData() error {
	seen := map[*policy]bool{x.root: true}
	for queue := []*policy{x.root}; len(queue) > 0; queue = queue[1:] {
		if queue[0].erases() {
			return nil
		}
		for _, r := range x.edges[queue[0]] {
			if !seen[r.child] {
				seen[r.child] = true
				queue = append(queue, r.child)
			}
		}
	}
	return fmt.Errorf("%w: no field of %s or of what it leads to has a pii tag that erases; tag the personal ones", ErrUnsupported, x.root.schema.Name)
}

// erasingKey marks, in the context, the deletion that an erasure makes: no block stops it.
type erasingKey struct{}

// deleteSubject soft-deletes the subject's row by its own rules. Its actor and reason stay empty.
func (x *erasure) deleteSubject(tx *gorm.DB) error {
	if !x.root.keepsDeleted() || !x.live || x.root.personal != nil && x.root.personal.remove {
		return nil
	}
	ctx := WithReason(WithActor(tx.Statement.Context, ""), "")
	row := reflect.New(x.root.schema.ModelType)
	for i, field := range x.root.schema.PrimaryFields {
		if err := field.Set(ctx, row.Elem(), x.key[i]); err != nil {
			return err
		}
	}
	session := inWork(tx, context.WithValue(ctx, erasingKey{}, true))
	var report Report
	if err := session.Clauses(Into(&report)).Delete(row.Interface()).Error; err != nil {
		return x.quiet(tx, err, "deleting the subject in", x.root.schema.Table)
	}
	x.deletion = report.DeletionID
	return nil
}

// creation is the field that says when a row was made; with the key it tells the row from a later one that has the same key.
func creation(s *schema.Schema) *schema.Field {
	for _, field := range s.Fields {
		if field.DBName != "" && field.AutoCreateTime > 0 {
			return field
		}
	}
	return nil
}

// created writes a row's time of creation as an integer, 0 where the model has none.
func (q *query) created(s *schema.Schema, table string) *query {
	field := creation(s)
	if field == nil {
		return q.text("0")
	}
	kind := dialect.Native
	if field.GORMDataType == schema.Int || field.GORMDataType == schema.Uint {
		kind = dialect.Integer
	}
	return q.text("COALESCE(", q.dialect.Nanoseconds(q.quoted(table, field.DBName), kind, time.Nanosecond), ", 0)")
}
