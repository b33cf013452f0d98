package deletion

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Action says what happened to the rows of an Effect.
type Action string

// The actions of a deletion and of a restore.
const (
	ActionDeleted  Action = "deleted"  // marked in place
	ActionArchived Action = "archived" // moved to the archive table
	ActionRemoved  Action = "removed"  // gone for good
	ActionKept     Action = "kept"     // live rows of a relation that the deletion does not touch
	ActionRestored Action = "restored" // live again
	ActionSkipped  Action = "skipped"  // stays deleted, because another deleted parent holds it
)

// Report says what a deletion or a restore did, or what Preview and PreviewRestore found that it would do.
type Report struct {
	// DeletionID identifies the deletion, for RestoreDeletion. For a restore it is the deletion that was undone; empty
	// where the rows came from several.
	DeletionID mark.DeletionID
	// At is the instant that all rows of the deletion carry.
	At time.Time
	// Effects tell the rows per relation: the root first, then by depth. Apart from the root, relations without a row
	// are left out.
	Effects []Effect
	// Blockers say why Delete would fail. Only Preview fills them.
	Blockers []fault.Blocker
}

// Effect is what one relation's rows went through.
type Effect struct {
	Table    string
	Relation string // the relation's field name; empty for the root
	Action   Action
	Rows     int64
}

// reportKey is where Into leaves the report in a statement's settings.
type reportKey struct{}

// Into is a clause that makes a deletion write its report to r:
//
//	var report softdelete.Report
//	db.Clauses(softdelete.Into(&report)).Delete(&user)
//
// r is written once the deletion is done, and stays as it is when the deletion fails. It is for one statement: a *gorm.DB
// that is used again writes it again.
func Into(r *Report) clause.Expression { return intoReport{r} }

type intoReport struct{ report *Report }

// Build writes nothing: the clause only leaves the report's address.
func (intoReport) Build(clause.Builder) {}

// ModifyStatement implements gorm.StatementModifier.
func (i intoReport) ModifyStatement(stmt *gorm.Statement) {
	if _, err := policy.EngineOf(stmt.DB); err != nil {
		_ = stmt.AddError(err)
		return
	}
	stmt.Settings.Store(reportKey{}, i.report)
}

// DepthEffect is an effect with what it is sorted by.
type DepthEffect struct {
	Effect
	Depth int
	Rank  int // among those of one depth: the order of the nodes, so that a removal, which goes up, reports as its preview
}

// keptRank sorts kept rows behind those that the deletion takes.
const keptRank = math.MaxInt

// addEffect notes what happened to a relation's rows. Relations without a row are left out, apart from the root.
func (d *deletion) addEffect(e Effect, depth, rank int) {
	if d.outer == nil && !d.reports() {
		return
	}
	if e.Rows > 0 || depth == 0 && e.Relation == "" {
		d.effects = append(d.effects, DepthEffect{e, depth, rank})
	}
}

// SortEffects lists the effects, the root first, then by depth.
func SortEffects(list []DepthEffect) []Effect {
	slices.SortStableFunc(list, func(a, b DepthEffect) int { return cmp.Or(cmp.Compare(a.Depth, b.Depth), cmp.Compare(a.Rank, b.Rank)) })
	effects := make([]Effect, len(list))
	for i, e := range list {
		effects[i] = e.Effect
	}
	return effects
}

// took notes rows that the deletion took through a relation.
func (d *deletion) took(n *policy.Node, relation string, rows int64) {
	d.rows += rows
	if d.marked != nil {
		d.marked[n] += rows
	}
	d.addEffect(Effect{Table: n.Policy.Table, Relation: relation, Action: d.action(n.Policy), Rows: rows}, n.Below(), n.Index)
}
