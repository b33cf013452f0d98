package softdelete

import (
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/scope"
)

// Expressions that open a statement's view. They go into db.Clauses(…), into gorm.G[T](db, …) and into Preload functions.
var (
	// WithDeleted shows live and deleted rows alike, in joined and preloaded relations too.
	WithDeleted clause.Expression = modifier{scope.WithDeleted}
	// OnlyDeleted shows the deleted rows of the statement's own model, with all of their relations' rows.
	OnlyDeleted clause.Expression = modifier{scope.OnlyDeleted}
)

// WithDeletedIn shows deleted rows in the named relations only, as given to Joins and Preload. A path such as
// "Posts.Comments" opens Comments.
func WithDeletedIn(relations ...string) clause.Expression {
	return modifier{scope.WithDeletedIn(relations...)}
}

// Live is the condition that a row is live, for hand-written joins and conditions, which the plugin does not rewrite:
//
//	db.Joins("JOIN companies c ON c.id = users.company_id AND ?", softdelete.Live("c", &Company{}))
//
// alias is the table's name in the statement, model a value of the model. The statement fails where the model's tags are
// wrong or the plugin is not in use.
func Live(alias string, model any) clause.Expression { return scope.Live(alias, model, policyOf) }
