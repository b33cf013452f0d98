// Package erasure removes a person from the database: it finds their rows in tables, archives, event logs and cold storage, masks
// them, reads everything back, and has it certified.
package erasure

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is one call of Erase: the order in which rows are found, masked, checked, noted and certified.

// erasure is one call that erases a subject. Its parts have what each of them needs to know; what all need is in the call.
type erasure struct {
	*call
	reach    *reach       // finds the rows
	logs     *logs        // erases in their event logs
	masker   *masker      // masks them, or deletes them
	verifier *verifier    // reads them back
	recorder *recorder    // notes them
	cold     *coldStorage // does all of that in cold storage; nil without a store that can rewrite

	before    []certificate.ErasedTable // what earlier batches have done
	left      []leftRow                 // what later ones will do, in the order of the walk
	announced bool
}

func (e *Eraser) begin(db *gorm.DB, subject any, function string) (*erasure, error) {
	if err := deletion.CheckCall(subject, function); err != nil {
		return nil, err
	}
	p, err := e.Of(db, subject)
	if err != nil {
		return nil, err
	}
	if err := e.OwnOnly(db, p, function); err != nil {
		return nil, err
	}
	value := reflect.Indirect(reflect.ValueOf(subject))
	if value.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%w: softdelete.%s takes one subject at a time", gorm.ErrInvalidValue, function)
	}
	x := &call{eraser: e, root: p}
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
	if x.session, err = scope.ConditionsOf(db, p, function); err != nil {
		return nil, err
	}
	if err := x.findEdges(db); err != nil {
		return nil, err
	}
	return x.parted(db), nil
}

// parted gives the call its parts.
func (c *call) parted(db *gorm.DB) *erasure {
	x := &erasure{call: c, reach: &reach{call: c}, logs: &logs{call: c}}
	x.logs.forget()
	x.masker = newMasker(c, x.reach, x.logs)
	x.verifier = &verifier{call: c, reach: x.reach, logs: x.logs}
	x.recorder = &recorder{call: c, reach: x.reach}
	if store := cold.RewriterOf(c.eraser.ColdStore); store != nil {
		x.cold = newColdStorage(x, store, db)
		x.reach.elsewhere = x.cold
	}
	return x
}

// run erases in a transaction, or in a savepoint of the caller's.
func (x *erasure) run(db *gorm.DB) (*certificate.Certificate, error) {
	tx := statement.InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
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
	version, err := x.eraser.Server.Version(tx.DB)
	if err != nil {
		return nil, false, err
	}
	if err := x.eraser.CheckServer(version, x.reachable()); err != nil {
		return nil, false, err
	}
	if err := x.seesAll(tx); err != nil {
		return nil, false, err
	}
	if err := x.readColumns(tx); err != nil {
		return nil, false, err
	}
	if x.cold != nil { // one erasure at a time, and no Thaw meanwhile: it would bring back what is being masked
		if _, err := certificate.LockHead(tx); err != nil {
			return nil, false, err
		}
		if err := x.cold.tidy(tx); err != nil {
			return nil, false, err
		}
	}
	found, err := x.reach.findSubject(tx)
	if err == nil && x.progress == nil { // what the first of several batches masks, the conditions may ask for
		err = x.session.Admit(tx, x.key)
	}
	if err != nil {
		return nil, false, err
	}
	// Looked for once the subject is locked: of two calls of one request the second finds what the first has done.
	if c, err = certificate.Of(tx, x.request.ID); c != nil || err != nil {
		return c, false, x.sameSubject(tx, c, err)
	}
	if !found {
		return nil, false, x.notFound(nil)
	}
	if err := x.readProgress(tx); err != nil {
		return nil, false, err
	}
	if x.later = len(x.left) > x.batch(); x.later {
		return nil, false, x.eraseLater(tx)
	}
	x.left = nil
	newly, more, err := x.maskAll(tx)
	if err != nil || more {
		return nil, false, err
	}
	clearTexts := func(tx statement.Session) error { return x.clearTexts(tx, x.reach.rows) }
	verify := func(tx statement.Session) error { return x.verifier.verify(tx, x.reach.rows) }
	for _, step := range [...]func(statement.Session) error{clearTexts, x.deleteSubject, x.recorder.record, x.cold.record, x.cold.check, verify, x.endBatches, x.tellOthers} {
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
	return c, true, x.cold.replace(tx)
}

// mostWalks bounds how often the walk is repeated for rows that others add meanwhile.
const mostWalks = 10

// maskSteps are what erases rows.
func (x *erasure) maskSteps() []func(statement.Session, []*reachedModel) error {
	return []func(statement.Session, []*reachedModel) error{
		x.recorder.readGone, x.verifier.readSecrets, x.masker.mask, x.masker.remove, x.logs.maskLogs,
	}
}

// maskAll finds the rows and masks them, until a walk finds nothing new. Where they are more than one transaction erases, it
// erases a batch of them, and tells that there are more.
func (x *erasure) maskAll(tx statement.Session) (newly []*reachedModel, more bool, err error) {
	for range mostWalks {
		if err := x.reach.all(tx); err != nil {
			return nil, false, err
		}
		if _, refusal, err := x.held(tx); err != nil || refusal != nil {
			return nil, false, errors.Join(refusal, err)
		}
		fresh, err := x.reach.leaveErased(tx)
		if err != nil {
			return nil, false, err
		}
		if len(fresh) == 0 {
			return newly, false, x.noPersonalData()
		}
		if newly == nil && work(fresh) > x.batch() {
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
	if !x.root.KeepsDeleted() || !x.reach.live || x.root.Personal != nil && x.root.Personal.Remove {
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
	x.recorder.deletion = report.DeletionID
	return nil
}
