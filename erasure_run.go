package softdelete

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is one call of Erase: the order in which rows are found, masked, checked, noted and certified.

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
