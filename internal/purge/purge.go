package purge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/tag"
	"gorm.io/gorm"
)

// This room is what callers of Purge see, and the plan that a dry run and a run share. What removes rows is in
// purge_batch.go, what finds the rows that must go together is in purge_family.go.

// defaultBatch is the number of rows per transaction where PurgeOptions names none.
const defaultBatch = 1000

// PurgeOptions say what Purge may do. The zero value purges all models of Config.Models that have a retention.
type PurgeOptions struct {
	// Models are those to purge; by default those of Config.Models with a retention.
	Models []any
	// Batch is how many rows a transaction removes, 1000 by default. A row goes together with all rows that refer to it, so
	// that a restore never finds half a tree: a tree with more rows is one transaction.
	Batch int
	// Tenant restricts the purge to one tenant's rows. All models must then have the setting tenant:Field.
	Tenant any
	// DryRun makes the same plan with the same numbers and writes nothing.
	DryRun bool
	// MaxRows stops the purge after so many rows, over all models; 0 means no bound. A tree with more rows than are left is
	// not begun.
	MaxRows int64
	// Pause is how long to wait between batches.
	Pause time.Duration
	// Progress is called after each batch of a run.
	Progress func(PurgeProgress)
}

// PurgeProgress is how far a purge has come with one model.
type PurgeProgress struct {
	Model, Table   string
	Done, Eligible int64
}

// PurgeReport says what a purge did, or would do.
type PurgeReport struct{ Models []ModelPurge }

// ModelPurge is what a purge did to one model's rows. A model whose tenants have different retentions has an entry per
// action.
type ModelPurge struct {
	Model, Table string
	// Action is "purge", "erase", "cold" or "keep", as in the setting then.
	Action string
	// Eligible counts the rows whose retention was over when the purge began, Done those that it removed, Held those that a
	// legal hold keeps, Referenced those that stay because a row that stays refers to them. Rows that another transaction
	// was busy with are in Eligible only; the next purge takes them.
	Eligible, Done, Held, Referenced int64
	// Erased counts the rows of the action "erase" that this purge erased. Those that nothing refers to are removed too, and
	// counted in Done.
	Erased int64
	// NoClock counts the deleted rows whose clock holds no time. They are never eligible.
	NoClock int64
	// ReferencedBy says, per table, how many rows refer to those counted in Referenced.
	ReferencedBy map[string]int64
	// ColdBatches are the IDs of what was written to the cold store, for Thaw.
	ColdBatches []string
}

// Purge removes for good the deleted rows whose retention is over, model by model, in short transactions of Batch rows. The
// context of db stops it between and within batches; what is removed by then stays removed, and the next Purge goes on.
// Several may run at once, in several processes: where the database can skip locked rows they share the work.
//
// A row goes only if no row refers to it that stays: by a foreign key of the database, of any table, or by a relation of the
// models. A foreign key with ON DELETE CASCADE or SET NULL therefore never takes or changes a row that Purge has not
// counted. The report is given beside an error too, with what was done until then.
func Purge(db *gorm.DB, o PurgeOptions) (PurgeReport, error) {
	p, err := newPurge(db, o)
	if err != nil {
		return PurgeReport{}, err
	}
	err = errors.Join(p.run(), p.flush())
	return p.report(), err
}

// String is the report as a table, with a line per model.
func (r PurgeReport) String() string {
	var text strings.Builder
	const line = "%-28s %-8s %10v %10v %8v %10v %8v  %s\n"
	fmt.Fprintf(&text, line, "TABLE", "THEN", "ELIGIBLE", "DONE", "HELD", "REFERENCED", "NO CLOCK", "REFERENCED BY")
	for _, m := range r.Models {
		var by []string
		for table, rows := range m.ReferencedBy {
			by = append(by, fmt.Sprintf("%s: %d", table, rows))
		}
		slices.Sort(by)
		fmt.Fprintf(&text, line, m.Table, m.Action, m.Eligible, m.Done, m.Held, m.Referenced, m.NoClock, strings.Join(by, ", "))
	}
	return text.String()
}

// purge is one call of Purge.
type purge struct {
	engine  *policy.Engine
	db      statement.Session
	reads   statement.Session // the same, for statements outside of transactions
	options PurgeOptions
	now     time.Time
	// tables are those that lose rows, in the order in which they are worked off: parents before the rows that cascade
	// takes with them. A row goes with all that refer to it, so that those are purged on their own only where the parent is
	// not.
	tables []*purgeTable
	holds  *hold.HoldWalk // nil where holds are switched off
	done   int64
	// foreseen are the rows that a dry run with MaxRows has counted, so that they are counted once. There are at most MaxRows.
	foreseen map[string]bool
	told     map[*ModelPurge]int64 // what Progress has heard
	// committed runs once the batch that set it is committed.
	committed func()
	// lazy tells that commits have not waited for the disk.
	lazy bool
}

// purgeTable is a table that loses rows.
type purgeTable struct {
	policy.Remains
	policy *policy.Policy
	// rank orders tables so that those that refer come before those that they refer to, cycles apart.
	rank      int
	name      string // as ReferencesTo gives it
	stretched bool   // rows go by stretches of the table
	// valid tells that the clocks of all deleted rows hold times, as count has found.
	valid bool
	lots  []*lot
	// reports has an entry per lot.
	reports []*ModelPurge
	// referrers are what refers to the table, owners the cascade relations from tables of the purge into it.
	referrers, owners []*reference
}

func newPurge(db *gorm.DB, o PurgeOptions) (*purge, error) {
	e, err := policy.EngineOf(db)
	if err != nil {
		return nil, err
	}
	if o.Batch < 0 || o.MaxRows < 0 || o.Pause < 0 {
		return nil, fmt.Errorf("%w: PurgeOptions: Batch, MaxRows and Pause cannot be negative", gorm.ErrInvalidValue)
	}
	if o.Batch == 0 {
		o.Batch = defaultBatch
	}
	o.DryRun = o.DryRun || db.DryRun
	session := statement.InWork(db, db.Statement.Context).Session(&gorm.Session{NewDB: true, Initialized: true})
	session.Config.DryRun = false
	statement.ToWriter(session, "")
	p := &purge{engine: e, db: e.Session(session), reads: e.Session(session), options: o, now: db.NowFunc().UTC(), told: map[*ModelPurge]int64{}, foreseen: map[string]bool{}}
	if !inTransaction(session) {
		// What is read outside of transactions must not come from a replica that lags behind.
		p.reads = e.Session(session.Session(&gorm.Session{NewDB: true, Initialized: true}))
		p.reads.Statement.ConnPool = statement.Pinned{ConnPool: session.Statement.ConnPool}
	}
	if err := p.addTables(); err != nil {
		return nil, err
	}
	if err := p.findReferences(); err != nil {
		return nil, err
	}
	p.order()
	if e.Config.Holds {
		p.holds, err = hold.NewHoldWalk(e, p.reads)
	}
	return p, err
}

// query starts a statement outside of the batches' transactions.
func (p *purge) query() *statement.Query { return p.reads.Query() }

// addTables finds the tables of the models to purge, and what happens to their rows.
func (p *purge) addTables() error {
	chosen := len(p.options.Models) > 0
	models := p.options.Models
	if !chosen {
		models = p.engine.Config.Models
	}
	for _, model := range models {
		owner, err := policy.PolicyOf(p.db.DB, model)
		if err != nil {
			return err
		}
		if !chosen && owner.Retain == (tag.Period{}) && (owner.TenantField == nil || p.engine.Config.TenantRetention == nil) {
			continue
		}
		if slices.ContainsFunc(p.tables, func(t *purgeTable) bool { return t.policy == owner }) {
			continue
		}
		if err := p.addTable(owner, chosen); err != nil {
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
	case len(r.Key) == 0:
		return refuse("it has no primary key; tag a field with gorm:\"primaryKey\"")
	case p.options.Tenant != nil && r.Tenant == "":
		return fmt.Errorf("%w: PurgeOptions.Tenant is set, but %s has no tenant:Field", fault.ErrPolicy, owner.Schema.Name)
	}
	t := &purgeTable{Remains: r, policy: owner}
	var err error
	if t.name, err = p.engine.Dialect.SameName(p.reads.DB, r.Table); err != nil {
		return err
	}
	if t.name == "" {
		return fmt.Errorf("softdelete: the table %s of %s is not there; migrate it first", r.Table, owner.Schema.Name)
	}
	if err := p.findLots(p.db.Statement.Context, t); err != nil {
		return err
	}
	if t.erases() {
		if err := erasedrow.NeedErasureTables(p.engine, p.db); err != nil {
			return err
		}
	}
	for _, l := range t.lots {
		t.reports = append(t.reports, &ModelPurge{Model: owner.Schema.Name, Table: r.Table, Action: l.action, ReferencedBy: map[string]int64{}})
	}
	p.tables = append(p.tables, t)
	return nil
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
			return err
		}
	}
	var failures []error
	for _, t := range p.tables {
		if err := p.eraseDue(t); err != nil {
			if p.db.Statement.Context.Err() != nil {
				return p.stopped(t, err)
			}
			failures = append(failures, fmt.Errorf("softdelete: purge of %s: %w", t.policy.Schema.Name, err))
		}
	}
	for _, t := range p.tables {
		if err := p.workOff(t); err != nil {
			return errors.Join(append(failures, p.stopped(t, err))...)
		}
	}
	return errors.Join(failures...)
}

// stopped says where the purge stopped.
func (p *purge) stopped(t *purgeTable, err error) error {
	if errors.Is(err, errEnough) {
		return nil
	}
	return fmt.Errorf("softdelete: purge of %s stopped after %d %s in all: %w", t.policy.Schema.Name, p.done, fault.Plural(p.done, "row"), err)
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

func (p *purge) report() PurgeReport {
	var report PurgeReport
	for _, t := range p.tables {
		for _, r := range t.reports {
			report.Models = append(report.Models, *r)
		}
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
