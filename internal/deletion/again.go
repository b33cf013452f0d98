package deletion

import (
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room is for a deletion that has met tables with other columns than it knew: another process has migrated an archived model.

// againKey marks, in a statement's settings, the second try.
type againKey struct{}

// mayTryAgain tells whether a deletion that is undone may have failed for what it knew of an archive, and nobody has seen it yet:
// no hook has run, nothing around it goes on.
func (d *deletion) mayTryAgain(err error) bool {
	_, tried := d.stmt.Settings.Load(againKey{})
	archives := slices.ContainsFunc(d.graph.Nodes, func(n *policy.Node) bool { return d.action(n.Policy) == ActionArchived })
	hooks := !d.stmt.SkipHooks && (d.stmt.Schema.BeforeDelete || d.stmt.Schema.AfterDelete)
	return archives && !tried && d.outer == nil && len(d.stmt.Selects) == 0 && !hooks && !d.hasHooks() && d.deleter.Dialect.OtherColumns(err)
}

// again executes the statement anew, which looks at the tables anew.
func (d *deletion) again(db *gorm.DB) {
	next := db.Session(&gorm.Session{Initialized: true})
	next.Error, next.RowsAffected = nil, 0
	stmt := next.Statement
	stmt.SQL.Reset()
	stmt.Vars, stmt.BuildClauses = nil, nil
	stmt.Settings.Store(againKey{}, true)
	next = db.Callback().Delete().Execute(next)
	db.Error, db.RowsAffected = next.Error, next.RowsAffected
}
