// Package erasure removes a person from the database: it finds their rows in tables, archives, event logs and cold storage, masks
// them, reads everything back, and has it certified.
package erasure

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm"
)

// This room is one call of Erase: the order in which rows are found, masked, checked, noted and certified.

// erasure is one call that erases a subject.
type erasure struct {
	eraser  *Eraser
	root    *policy.Policy
	key     []any
	text    string // the key, for people
	request certificate.Request

	row      erasedrow.ReachedRow
	gone     *goneRow                                   // the subject where it is in its event log only
	subject  map[erasedrow.Place][]erasedrow.ReachedRow // the subject's rows in its tables
	live     bool                                       // it is in the model's own table
	deletion mark.DeletionID                            // the one that this erasure made
	foreign  map[*policy.Policy][]string                // see strangers
	rows     []*reachedModel                            // the subject's model first, then in the order in which the walk came to them
	order    []spot
	// pending are the rows that later batches erase, progress and before what earlier ones have done.
	pending   map[erasedrow.Place]map[string]bool
	progress  *erasureProgress
	before    []certificate.ErasedTable
	announced bool
	byPlace   map[erasedrow.Place]*reachedModel
	edges     map[*policy.Policy][]*policy.Relation
	secrets   *secrets
	// loggedRows counts the events of which something is erased.
	loggedRows map[*policy.Policy]int64
	cold       *coldSearch // nil without a cold store that can rewrite
	hmacKey    []byte      // of this call alone, never stored
	replaying  bool        // the ledger knows already
	preview    bool
}

func (e *Eraser) begin(db *gorm.DB, subject any, function string) (*erasure, error) {
	if err := deletion.CheckCall(subject, function); err != nil {
		return nil, err
	}
	p, err := e.Of(db, subject)
	if err != nil {
		return nil, err
	}
	value := reflect.Indirect(reflect.ValueOf(subject))
	if value.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: softdelete.%s takes one subject at a time", gorm.ErrInvalidValue, function)
	}
	x := &erasure{eraser: e, root: p, loggedRows: map[*policy.Policy]int64{}}
	for _, field := range p.Schema.PrimaryFields {
		part, zero := field.ValueOf(db.Statement.Context, value)
		if zero {
			return nil, fmt.Errorf("%w: softdelete.%s needs the primary key of the %s", gorm.ErrMissingWhereClause, function, p.Schema.Name)
		}
		x.key = append(x.key, part)
	}
	if len(x.key) == 0 {
		return nil, fmt.Errorf("%w: %s has no primary key to erase a row by", fault.ErrUnsupported, p.Schema.Name)
	}
	x.text = x.exact(x.key)
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
	return fmt.Errorf("%w: %s with key %s, table %s", gorm.ErrRecordNotFound, x.root.Schema.Name, x.text, x.root.Table)
}

// run erases in a transaction, or in a savepoint of the caller's.
func (x *erasure) run(db *gorm.DB) (*certificate.Certificate, error) {
	tx := statement.InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	if db.DryRun {
		return nil, fmt.Errorf("%w: an erasure in a dry run; call PreviewErasure", fault.ErrUnsupported)
	}
	ledger := x.eraser.Ledger
	if ledger != nil {
		if err := x.checkLedger(db); err != nil {
			return nil, err
		}
	}
	statement.ToWriter(tx, x.root.Table)
	var c *certificate.Certificate
	var fresh bool
	for c == nil {
		var done bool
		err := statement.Work(tx, func(tx *gorm.DB) (err error) {
			c, fresh, err = x.erase(x.eraser.Session(tx))
			done = err == nil
			return err
		})
		if err != nil {
			if done { // a constraint may be checked at the commit
				err = x.quiet(x.eraser.Session(tx), err, "committing the erasure of a row in", x.root.Table)
			}
			return nil, x.unfinished(err)
		}
		if c == nil {
			x.forget()
		}
	}
	if ledger != nil && !x.replaying {
		if err := x.markDone(db, c, fresh); err != nil {
			return c, fmt.Errorf("softdelete: request %s is erased and committed, but the ledger could not be marked done; "+
				"call Erase with the same request again: %w", x.request.ID, err)
		}
	}
	return c, nil
}

// erase is the erasure inside its transaction. fresh tells that it was not done before. Without a certificate a batch is done,
// and there are more.
func (x *erasure) erase(tx statement.Session) (c *certificate.Certificate, fresh bool, err error) {
	// Before anything is read: see LockWriter.
	if err := tx.LockWriter(x.root.Table, x.root.Schema.PrimaryFields); err != nil {
		return nil, false, err
	}
	if err := x.eraser.Records.Need(tx); err != nil {
		return nil, false, err
	}
	if x.cold != nil { // one erasure at a time, and no Thaw meanwhile: it would bring back what is being masked
		if _, err := certificate.LockHead(tx); err != nil {
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
	if c, err = certificate.Of(tx, x.request.ID); c != nil || err != nil {
		return c, false, x.sameSubject(c, err)
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
	for _, step := range [...]func(statement.Session) error{x.clearDeletions, x.deleteSubject, x.record, x.recordCold, x.checkCold, x.verify, x.endBatches, x.tellOthers} {
		if err := step(tx); err != nil {
			return nil, false, err
		}
	}
	if c, err = x.certify(tx, newly); err != nil {
		return nil, false, err
	}
	if err := x.announce(tx); err != nil {
		return nil, false, err
	}
	return c, true, x.replaceCold(tx)
}

// exact is the exact text of a key of the subject's model.
func (x *erasure) exact(key []any) string {
	return rowkey.Of(x.eraser.Dialect, x.root.Schema.PrimaryFields).Exact(key)
}

// hasKey tells whether a text is the subject's key, as it is written now or was by earlier versions.
func (x *erasure) hasKey(text string) bool {
	return text == x.text || text == rowkey.EarlierText(x.key)
}

func (x *erasure) sameSubject(c *certificate.Certificate, err error) error {
	if err == nil && (c.SubjectTable != x.root.Table || !x.hasKey(c.SubjectKey)) {
		return fmt.Errorf("%w: %s was for another subject, table %s key %s; give this one an ID of its own",
			fault.ErrRequest, x.request.ID, c.SubjectTable, c.SubjectKey)
	}
	return err
}

// mostWalks bounds how often the walk is repeated for rows that others add meanwhile.
const mostWalks = 10

// maskSteps are what erases rows.
func (x *erasure) maskSteps() []func(statement.Session, []*reachedModel) error {
	return []func(statement.Session, []*reachedModel) error{x.readSecrets, x.mask, x.remove, x.maskLogs}
}

// maskAll finds the rows and masks them, until a walk finds nothing new. Where they are more than one transaction erases, it
// erases a batch of them, and tells that there are more.
func (x *erasure) maskAll(tx statement.Session) (newly []*reachedModel, more bool, err error) {
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
		x.root.Table, x.text)
}

// noPersonalData refuses an erasure of models without a single pii tag: nothing would be erased.
func (x *erasure) noPersonalData() error {
	seen := map[*policy.Policy]bool{x.root: true}
	for queue := []*policy.Policy{x.root}; len(queue) > 0; queue = queue[1:] {
		if queue[0].Personal.Erases() {
			return nil
		}
		for _, r := range x.edges[queue[0]] {
			if !seen[r.Child] {
				seen[r.Child] = true
				queue = append(queue, r.Child)
			}
		}
	}
	return fmt.Errorf("%w: no field of %s or of what it leads to has a pii tag that erases; tag the personal ones", fault.ErrUnsupported, x.root.Schema.Name)
}

// deleteSubject soft-deletes the subject's row by its own rules. Its actor and reason stay empty.
func (x *erasure) deleteSubject(tx statement.Session) error {
	if !x.root.KeepsDeleted() || !x.live || x.root.Personal != nil && x.root.Personal.Remove {
		return nil
	}
	ctx := mark.WithReason(mark.WithActor(tx.Statement.Context, ""), "")
	row := reflect.New(x.root.Schema.ModelType)
	for i, field := range x.root.Schema.PrimaryFields {
		if err := field.Set(ctx, row.Elem(), x.key[i]); err != nil {
			return err
		}
	}
	session := tx.InWork(context.WithValue(ctx, deletion.ErasingKey{}, true))
	var report deletion.Report
	if err := session.Clauses(deletion.Into(func(r deletion.Report) { report = r })).Delete(row.Interface()).Error; err != nil {
		return x.quiet(tx, err, "deleting the subject in", x.root.Table)
	}
	x.deletion = report.DeletionID
	return nil
}
