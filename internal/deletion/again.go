package deletion

import (
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room is for a deletion that has met tables with other columns than it knew, since another process has migrated an archived model, or
// that the database has undone in favour of another transaction.

// againKey is where the number of tries before stands in a statement's settings.
type againKey struct{}

// mostTries is how often a deletion is tried.
const mostTries = 4

// mayTryAgain tells whether a deletion that is undone may succeed when it is tried again, and nobody has seen it yet: no hook has run,
// nothing around it goes on.
func (d *deletion) mayTryAgain(err error) bool {
	archives := slices.ContainsFunc(d.graph.Nodes, func(n *policy.Node) bool { return d.action(n.Policy) == ActionArchived })
	hooks := !d.stmt.SkipHooks && (d.stmt.Schema.BeforeDelete || d.stmt.Schema.AfterDelete)
	tries := d.tries()
	return (tries == 0 && archives && d.deleter.Dialect.OtherColumns(err) || tries+1 < mostTries && d.deleter.Session(d.stmt.DB).Undone(err)) &&
		d.outer == nil && len(d.stmt.Selects) == 0 && !hooks && !d.hasHooks()
}

// tries is how many there were before.
func (d *deletion) tries() int {
	before, _ := d.stmt.Settings.Load(againKey{})
	tries, _ := before.(int)
	return tries
}

// again executes the statement anew, which looks at the tables anew.
func (d *deletion) again(db *gorm.DB) {
	next := db.Session(&gorm.Session{Initialized: true})
	next.Error, next.RowsAffected = nil, 0
	stmt := next.Statement
	stmt.SQL.Reset()
	stmt.Vars, stmt.BuildClauses = nil, nil
	stmt.Settings.Store(againKey{}, d.tries()+1)
	next = db.Callback().Delete().Execute(next)
	db.Error, db.RowsAffected = next.Error, next.RowsAffected
}
