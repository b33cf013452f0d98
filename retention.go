package softdelete

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/purge"
)

// This room is for the end of a retention: what callers of Purge say and are told.

// Retention says how long deleted rows are kept and what comes then, in the words of the tags.
type Retention struct {
	// Keep is a period as in `retain:90d`. An empty one, or "0", keeps the rows for ever.
	Keep string
	// Then is "purge", "erase", "cold" or "keep"; an empty one is "purge".
	Then string
}

// PurgeOptions say what Purge may do. The zero value purges all models of Config.Models that have a retention.
type PurgeOptions struct {
	// Models are those to purge; by default those of Config.Models with a retention.
	Models []any
	// Batch is how many rows a transaction removes, 1000 by default. A row goes together with all rows that refer to it, so
	// that a restore never finds half a tree: a tree with more rows is one transaction.
	Batch int
	// Tenant restricts the purge to one tenant's rows. All models must then have the setting tenant:Field. A tenant that has no row is
	// no error, since its last one may have been purged: the report says so, see ModelPurge.Reasons.
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
	// Model and Table are the model's name and its table.
	Model, Table string
	// Done counts the rows removed so far, Eligible those whose retention was over when the purge began.
	Done, Eligible int64
}

// PurgeReport says what a purge did, or would do.
type PurgeReport struct {
	// Models has an entry per model and action.
	Models []ModelPurge `json:"models"`
}

// ModelPurge is what a purge did to one model's rows. A model whose tenants have different retentions has an entry per
// action.
type ModelPurge struct {
	// Model is the model's name.
	Model string `json:"model"`
	// Table is the table that its deleted rows stand in.
	Table string `json:"table"`
	// Action is "purge", "erase", "cold" or "keep", as in the setting then.
	Action string `json:"action"`
	// Eligible counts the rows whose retention was over when the purge began. Rows that another transaction was busy with are
	// in Eligible only; the next purge takes them.
	Eligible int64 `json:"eligible"`
	// Done counts the rows that the purge removed.
	Done int64 `json:"done"`
	// Held counts the rows that a legal hold keeps.
	Held int64 `json:"held"`
	// Referenced counts the rows that stay because a row that stays refers to them.
	Referenced int64 `json:"referenced"`
	// Erased counts the rows of the action "erase" that this purge erased. Those that nothing refers to are removed too, and
	// counted in Done.
	Erased int64 `json:"erased"`
	// NoClock counts the deleted rows whose clock holds no time. They are never eligible.
	NoClock int64 `json:"no_clock"`
	// ReferencedBy says, per table, how many rows refer to those counted in Referenced.
	ReferencedBy map[string]int64 `json:"referenced_by"`
	// ColdBatches are the IDs of what was written to the cold store, for Thaw.
	ColdBatches []string `json:"cold_batches,omitempty"`
	// Failed counts the rows of trees that could not go: a tree goes as a whole, or stays. The error of Purge says more.
	Failed int64 `json:"failed"`
	// Reasons says why rows failed, as codes and names without values: "foreign key fk_orders_customer", "SQLSTATE 42501", "cold store";
	// and why nothing was due for PurgeOptions.Tenant: "tenant unknown" where the table has no row of it, "no retention" where its deleted
	// rows have none.
	Reasons []string `json:"reasons,omitempty"`
}

// Purge removes for good the deleted rows whose retention is over, model by model, in short transactions of Batch rows. The
// context of db stops it between and within batches; what is removed by then stays removed, and the next Purge goes on.
// Several may run at once, in several processes: where the database can skip locked rows they share the work.
//
// A row goes only if no row refers to it that stays: by a foreign key of the database, of any table, or by a relation of the
// models. A foreign key with ON DELETE CASCADE or SET NULL therefore never takes or changes a row that Purge has not
// counted. A tree that fails is left and counted in Failed, the others go on, and the errors are joined at the end. The report is given
// beside an error too.
func Purge(db *gorm.DB, o PurgeOptions) (PurgeReport, error) {
	d, err := databaseOfAll(db, "Purge")
	if err != nil {
		return PurgeReport{}, err
	}
	report, err := d.purger.Purge(db, o.inner())
	return purgeReportOf(report), d.outward(db, err)
}

func purgeReportOf(r purge.Report) PurgeReport {
	return PurgeReport{Models: each(r.Models, func(m purge.ModelPurge) ModelPurge { return ModelPurge(m) })}
}

// String is the report as a table, with a line per model.
func (r PurgeReport) String() string {
	var text strings.Builder
	line := func(cells ...any) {
		text.WriteString(strings.TrimRight(fmt.Sprintf("%-28s %-8s %10v %10v %8v %8v %10v %8v %8v  %-24s %s", cells...), " ") + "\n")
	}
	line("TABLE", "THEN", "ELIGIBLE", "DONE", "ERASED", "HELD", "REFERENCED", "FAILED", "NO CLOCK", "REFERENCED BY", "REASONS")
	for _, m := range r.Models {
		var by []string
		for table, rows := range m.ReferencedBy {
			by = append(by, fmt.Sprintf("%s: %d", table, rows))
		}
		slices.Sort(by)
		line(m.Table, m.Action, m.Eligible, m.Done, m.Erased, m.Held, m.Referenced, m.Failed, m.NoClock, strings.Join(by, ", "), strings.Join(m.Reasons, "; "))
	}
	return text.String()
}

// inner are the options as the internals have them.
func (o PurgeOptions) inner() purge.Request {
	inner := purge.Request{
		Models: o.Models, Batch: o.Batch, Tenant: o.Tenant, DryRun: o.DryRun, MaxRows: o.MaxRows, Pause: o.Pause,
	}
	if o.Progress != nil {
		inner.Progress = func(p purge.Progress) { o.Progress(PurgeProgress(p)) }
	}
	return inner
}
