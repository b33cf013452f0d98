package deletion

import (
	"cmp"
	"math"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
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
	ActionUnlinked Action = "unlinked" // live, no more under its parent: a foreign key of the database has set its key to NULL
	ActionSkipped  Action = "skipped"  // stays deleted, because another deleted parent holds it
)

// Report says what a deletion or a restore did, or what a preview found that it would do.
type Report struct {
	DeletionID mark.DeletionID // of a restore, the deletion that was undone; empty where the rows came from several
	At         time.Time
	Effects    []Effect // the root first, then by depth
	Blockers   []fault.Blocker
}

// Effect is what one relation's rows went through.
type Effect struct {
	Table    string
	Relation string // empty for the root
	Parent   string // the table of the relation's owner; empty for the root
	Action   Action
	Rows     int64
	Keys     []string // of some of the rows, in previews
}

// reportKey is where Into leaves the report's sink in a statement's settings.
type reportKey struct{}

// Into is a clause that makes a deletion give its report to sink, once it is done; a deletion that fails gives none.
func Into(sink func(Report)) clause.Expression { return intoReport{sink} }

type intoReport struct{ sink func(Report) }

// Build writes nothing: the clause only leaves the sink.
func (intoReport) Build(clause.Builder) {}

// ModifyStatement implements gorm.StatementModifier.
func (i intoReport) ModifyStatement(stmt *gorm.Statement) {
	stmt.Settings.Store(reportKey{}, i.sink)
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

// finished is the report of a deletion that went through. Where it took no row, or only rehearsed, nothing carries its ID.
func (d *deletion) finished() Report {
	r := Report{DeletionID: d.ID(), At: d.at, Effects: SortEffects(d.effects), Blockers: d.blockers}
	if len(r.Effects) == 0 || r.Effects[0].Rows == 0 {
		r.DeletionID = ""
	}
	return r
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
func (d *deletion) took(e *policy.Edge, rows int64) {
	n := e.To
	d.rows += rows
	if d.marked != nil {
		d.marked[n] += rows
	}
	d.addEffect(Effect{Table: n.Policy.Table, Relation: e.Name, Parent: d.tableOf(e.From), Action: d.action(n.Policy), Rows: rows}, n.Below(), n.Index)
}

// tableOf is a node's table as reports name it: the root's is that of the statement.
func (d *deletion) tableOf(n *policy.Node) string {
	if n == d.graph.Nodes[0] {
		return d.target.Name
	}
	return n.Policy.Table
}
