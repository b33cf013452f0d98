// Package purge removes deleted rows for good once their retention is over: in stretches of a table where nothing refers to them, in
// families of rows that refer to each other otherwise. What is to be kept goes to cold storage first, and can be thawed.
package purge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// This room is what callers of Purge see, and the plan that a dry run and a run share. What removes rows is in
// batch.go, what finds the rows that must go together is in family.go.

// defaultBatch is the number of rows per transaction where Request names none.
const defaultBatch = 1000

// Request say what Purge may do, as the root's do.
type Request struct {
	Models   []any
	Batch    int
	Tenant   any
	DryRun   bool
	MaxRows  int64
	Pause    time.Duration
	Progress func(Progress)
}

// Progress is how far a purge has come with one model.
type Progress struct {
	Model, Table   string
	Done, Eligible int64
}

// Report says what a purge did, or would do.
type Report struct{ Models []ModelPurge }

// ModelPurge is what a purge did to one model's rows. A model whose tenants have different retentions has an entry per
// action.
type ModelPurge struct {
	Model, Table, Action             string
	Eligible, Done, Held, Referenced int64
	Erased, NoClock                  int64
	ReferencedBy                     map[string]int64 // per table, the rows that refer to those counted in Referenced
	ColdBatches                      []string
	Failed                           int64
	Reasons                          []string
}

// Purge removes for good the deleted rows whose retention is over. The report is given beside an error too, with what was
// done until then.
func (purger *Purger) Purge(db *gorm.DB, o Request) (Report, error) {
	p, err := purger.begin(db, o)
	if err != nil {
		return Report{}, err
	}
	err = errors.Join(p.run(), p.flush())
	return p.report(), err
}

// purge is one call of Purge.
type purge struct {
	purger  *Purger
	db      statement.Session
	reads   statement.Session // the same, for statements outside of transactions
	options Request
	now     time.Time
	// tables are those that lose rows, in the order in which they are worked off: parents before the rows that cascade
	// takes with them. A row goes with all that refer to it, so that those are purged on their own only where the parent is
	// not.
	tables []*purgeTable
	holds  *hold.Walk
	hiding []hiding
	// counted are the holds that the counts of held rows go by.
	counted []string
	done    int64
	// foreseen are the rows that a dry run with MaxRows has counted, so that they are counted once. There are at most MaxRows.
	foreseen map[string]bool
	// dependents are the rows that a dry run has counted with their parents, dependentsGone is how many went so, in a run too.
	dependents     map[string]bool
	dependentsGone int64
	// beside are the relations along which deletions took rows although no rule makes them.
	beside  map[*policy.Relation]bool
	settled map[string]bool       // whether rows stay that earlier batches have met, see remember
	told    map[*ModelPurge]int64 // what Progress has heard
	failed  failures
	attempt []*relative // the rows that the batch is about to remove
	// committed runs once the batch that set it is committed.
	committed func()
	// singly tells that the batch is one statement, outside of a transaction.
	singly bool
	// lazy tells that commits have not waited for the disk.
	lazy bool
}

// purgeTable is a table that loses rows.
type purgeTable struct {
	policy.Remains
	exact rowkey.Key // of the key
	// rank orders tables so that those that refer come before those that they refer to, cycles apart.
	rank int
	name string // as ReferencesTo gives it
	// byKey stands behind the name where rows are named by their keys: see Dialect.ByKey.
	byKey string
	// valid tells that the clocks of all deleted rows hold times, as count has found.
	valid bool
	lots  []*lot
	// dependents tells that no row of the table has a retention of its own: all go with their parents. Of other tables those of
	// the tenants unretained do, or all but those of the tenants retained where the model has no retention.
	dependents bool
	tenant     any  // that was asked for, as the table's column keeps it
	uncounted  bool // it failed when its rows were counted
	// waits tells that rows have stayed because of some that may go with another parent, goneBefore how many of these had gone when
	// that was seen first, again that the table is worked off anew for it.
	waits, again         bool
	goneBefore           int64
	retained, unretained []any
	// reports has an entry per lot.
	reports []*ModelPurge
	// referrers are what refers to the table, owners the cascade relations from tables of the purge into it.
	referrers, owners []*reference
}

func (purger *Purger) begin(db *gorm.DB, o Request) (*purge, error) {
	if o.Batch < 0 || o.MaxRows < 0 || o.Pause < 0 {
		return nil, fmt.Errorf("%w: PurgeOptions: Batch, MaxRows and Pause cannot be negative", gorm.ErrInvalidValue)
	}
	if err := statement.RefuseSharding(db); err != nil {
		return nil, err
	}
	if o.Batch == 0 {
		o.Batch = defaultBatch
	}
	o.DryRun = o.DryRun || db.DryRun
	session := statement.InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	session.Config.DryRun = false
	statement.ToWriter(session, "")
	p := &purge{purger: purger, db: purger.Session(session), reads: purger.Session(session), options: o, now: db.NowFunc().UTC(), told: map[*ModelPurge]int64{}, foreseen: map[string]bool{}, dependents: map[string]bool{}, beside: map[*policy.Relation]bool{}, settled: map[string]bool{}, failed: failures{rows: map[string]bool{}}}
	if !inTransaction(session) {
		// What is read outside of transactions must not come from a replica that lags behind.
		p.reads = purger.Session(session.Session(&gorm.Session{NewDB: true, Initialized: true}))
		p.reads.Statement.ConnPool = statement.Pinned{ConnPool: session.Statement.ConnPool}
	}
	if err := p.addTables(); err != nil {
		return nil, err
	}
	if err := p.addDependents(); err != nil {
		return nil, err
	}
	if err := p.checkAsked(); err != nil {
		return nil, err
	}
	for _, t := range p.tables {
		for _, l := range t.lots {
			t.reports = append(t.reports, &ModelPurge{Model: t.Policy.Schema.Name, Table: t.Table(), Action: l.action, ReferencedBy: map[string]int64{}})
		}
	}
	if err := p.findReferences(); err != nil {
		return nil, err
	}
	p.order()
	return p, p.foundHolds()
}

// query starts a statement outside of the batches' transactions.
func (p *purge) query() *statement.Query { return p.reads.Query() }

// addTables finds the tables of the models to purge, and what happens to their rows.
func (p *purge) addTables() error {
	chosen := len(p.options.Models) > 0
	models := p.options.Models
	if !chosen {
		models = p.purger.Named()
	}
	for _, model := range models {
		owner, err := p.purger.Of(p.db.DB, model)
		if err != nil {
			return err
		}
		if !chosen && owner.Retain == (tag.Period{}) && (owner.TenantField == nil || p.purger.TenantRetention == nil) {
			continue
		}
		if slices.ContainsFunc(p.tables, func(t *purgeTable) bool { return t.Policy == owner }) {
			continue
		}
		err = p.addTable(owner, chosen)
		if errors.As(err, new(noTableError)) {
			p.failed.broken = append(p.failed.broken, &ModelPurge{
				Model: owner.Schema.Name, Table: owner.DeletedTable(), Action: owner.Then, ReferencedBy: map[string]int64{}, Reasons: []string{"no table"},
			})
			p.failed.add(err)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *purge) addTable(owner *policy.Policy, chosen bool) error {
	refuse := func(remedy string) error {
		return fmt.Errorf("%w: %s cannot be purged: %s", fault.ErrUnsupported, owner.Schema.Name, remedy)
	}
	r, ok := owner.Remains()
	switch {
	case !ok && !chosen && owner.Retain == (tag.Period{}):
		return nil
	case !ok:
		return refuse("it keeps no deleted rows with a time; give it a strategy that marks rows, and retain:…")
	case len(r.KeyColumns) == 0:
		return refuse("it has no primary key; tag a field with gorm:\"primaryKey\"")
	case p.options.Tenant != nil && r.Tenant == "":
		return fmt.Errorf("%w: PurgeOptions.Tenant is set, but %s has no tenant:Field", fault.ErrPolicy, owner.Schema.Name)
	}
	t := &purgeTable{Remains: r}
	if err := p.openTable(t); err != nil {
		return err
	}
	if err := p.findLots(p.db.Statement.Context, t); err != nil {
		return err
	}
	if t.erases() {
		if err := p.purger.Records.Need(p.db); err != nil {
			return err
		}
	}
	p.tables = append(p.tables, t)
	return nil
}

// openTable finds the table in the database.
func (p *purge) openTable(t *purgeTable) (err error) {
	t.exact = rowkey.Of(p.reads.Dialect, t.Key())
	t.name, err = p.purger.Dialect.SameName(p.reads.DB, t.Table())
	if err == nil {
		err = p.setTenant(t)
	}
	if err == nil {
		err = p.findByKey(t)
	}
	if err == nil && t.name == "" {
		err = noTableError{t.Table(), t.Policy.Schema.Name}
	}
	if err == nil {
		_, err = p.purger.Columns.Of(p.reads, t.Policy) // which tells what orders an archive
	}
	return err
}

// findByKey finds out whether the database can be told to find rows by their keys.
func (p *purge) findByKey(t *purgeTable) error {
	way := p.purger.Dialect.ByKey()
	if way == "" || t.name == "" {
		return nil
	}
	primary, err := p.purger.Dialect.PrimaryKey(p.reads.DB, t.name)
	if slices.Equal(primary, t.KeyColumns) {
		t.byKey = way
	}
	return err
}

// table gives the table of a name, nil where the purge takes nothing from it.
func (p *purge) table(name string) *purgeTable {
	for _, t := range p.tables {
		if strings.EqualFold(t.name, name) {
			return t
		}
	}
	return nil
}

// run works the tables off.
func (p *purge) run() error {
	for _, t := range p.tables {
		if err := p.count(t); err != nil {
			if p.endsAll(err) {
				return p.stopped(t, err)
			}
			p.leaveTable(t, err)
			t.uncounted = true
		}
	}
	if err := p.explainNone(); err != nil {
		return err
	}
	if err := p.countDependents(); err != nil {
		if p.endsAll(err) {
			return err
		}
		p.failed.add(fmt.Errorf("softdelete: purge: counting the rows without a retention of their own: %w", err))
	}
	if ended, err := p.work(); ended {
		return errors.Join(append(p.failed.errs, err)...)
	}
	return errors.Join(append(p.failed.errs, p.countHeldAnew())...)
}

// work erases and removes what is due in all tables, and then what has stayed because of rows that have gone since. ended tells that
// the purge came to its end before, with an error or without one.
func (p *purge) work() (ended bool, err error) {
	each := func(tables []*purgeTable, step func(t *purgeTable) error) bool {
		for _, t := range tables {
			if t.uncounted {
				continue
			}
			stepErr := step(t)
			if stepErr != nil && p.endsAll(stepErr) {
				err = p.stopped(t, stepErr)
				return true
			}
			if stepErr != nil {
				p.leaveTable(t, stepErr)
			}
		}
		return false
	}
	if each(p.tables, p.eraseDue) || each(p.tables, p.workOff) {
		return true, err
	}
	for kept := p.keptByGone(); len(kept) > 0; kept = p.keptByGone() {
		if each(kept, p.workOffAgain) {
			return true, err
		}
	}
	return false, nil
}

// stopped says where the purge stopped.
func (p *purge) stopped(t *purgeTable, err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return fmt.Errorf("softdelete: purge of %s stopped after %d %s in all: %w", t.Policy.Schema.Name, p.done, fault.Plural(p.done, "row"), err)
}

// noTableError is the error for a model whose table is missing.
type noTableError struct{ table, model string }

func (e noTableError) Error() string {
	return fmt.Sprintf("softdelete: the table %s of %s is not there; migrate it first", e.table, e.model)
}

// errEnough ends a purge that has removed MaxRows rows.
var errEnough = errors.New("softdelete: enough rows are purged")

// left is how many rows the next batch may remove.
func (p *purge) left() int64 {
	left := int64(p.options.Batch)
	if p.options.MaxRows > 0 {
		left = min(left, p.options.MaxRows-p.done)
	}
	return left
}

func (p *purge) report() Report {
	var report Report
	for _, r := range append(p.reports(), p.failed.broken...) {
		report.Models = append(report.Models, *r)
	}
	return report
}

// enough ends the purge once it has reached MaxRows.
func (p *purge) enough() error {
	if p.options.MaxRows > 0 && p.done >= p.options.MaxRows {
		return errEnough
	}
	return nil
}

// pause waits between two batches, and tells whether the purge has to stop.
func (p *purge) pause(ctx context.Context) error {
	if err := p.enough(); err != nil {
		return err
	}
	if p.options.Pause == 0 || p.options.DryRun {
		return ctx.Err()
	}
	timer := time.NewTimer(p.options.Pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
