// Package scope decides which rows a read returns, and an update reaches: the filter in GORM's statements, the views that open it,
// and the archive that a view reads too.
package scope

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
	"gorm.io/gorm/utils"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Expressions that open a statement's view. They go into db.Clauses(…), into gorm.G[T](db, …) and into Preload functions.
var (
	// WithDeleted shows live and deleted rows alike, in joined and preloaded relations too.
	WithDeleted clause.Expression = View{rows: allRows}
	// OnlyDeleted shows the deleted rows of the statement's own model, with all of their relations' rows.
	OnlyDeleted clause.Expression = View{rows: deletedRows}
)

// WithDeletedIn shows deleted rows in the named relations only, as given to Joins and Preload. A path such as
// "Posts.Comments" opens Comments.
func WithDeletedIn(relations ...string) clause.Expression {
	return View{Relations: slices.Clone(relations)}
}

// ViewKey is where a statement's view stands in its settings.
type ViewKey struct{}

type rowSet int

const (
	visibleRows rowSet = iota
	allRows
	deletedRows
)

// View is which rows a statement reads.
type View struct {
	rows      rowSet
	Relations []string       // relations in which all rows show
	Links     []reflect.Type // models of join tables all of whose rows show
	here      bool           // rows concerns the statement's own model, not what it preloads
}

// Build writes nothing: a view only changes which predicate is added.
func (View) Build(clause.Builder) {}

// ModifyStatement implements gorm.StatementModifier.
func (v View) ModifyStatement(stmt *gorm.Statement) {
	former := viewOf(stmt)
	if v.rows == visibleRows {
		v.rows = former.rows
	}
	v.Relations = append(v.Relations, former.Relations...)
	stmt.Settings.Store(ViewKey{}, v)
}

func viewOf(stmt *gorm.Statement) View {
	if value, ok := stmt.Settings.Load(ViewKey{}); ok {
		return value.(View)
	}
	return View{}
}

// Live is the condition that a row is live, for hand-written joins and conditions, which the plugin does not rewrite:
//
//	db.Joins("JOIN companies c ON c.id = users.company_id AND ?", softdelete.Live("c", &Company{}))
//
// alias is the table's name in the statement, model a value of the model. The statement fails with the error of policyOf, which
// looks up the model's policy in the statement's database.
func Live(alias string, model any, policyOf func(db *gorm.DB, model any) (*policy.Policy, error)) clause.Expression {
	return liveIn{alias: alias, model: model, policyOf: policyOf}
}

type liveIn struct {
	alias    string
	model    any
	policyOf func(db *gorm.DB, model any) (*policy.Policy, error)
}

// Build writes the predicate.
func (l liveIn) Build(builder clause.Builder) {
	stmt, ok := builder.(*gorm.Statement)
	if !ok {
		return
	}
	p, err := l.policyOf(stmt.DB, l.model)
	if err != nil {
		_ = stmt.AddError(err)
		return
	}
	live := p.Predicates.Live.And(p.Predicates.Lazy)
	if live == nil {
		stmt.SQL.WriteString("1 = 1")
		return
	}
	stmt.SQL.WriteByte('(')
	stmt.SQL.WriteString(live.Of(statement.QuoteName(stmt.DB, l.alias)))
	stmt.SQL.WriteByte(')')
}

// Clause stands in a schema's QueryClauses and UpdateClauses and adds the model's filter to every statement on it.
// Everything that it needs is put together once.
type Clause struct {
	Policy *policy.Policy
	// Visible and deleted are the WHERE clauses that it adds; nil adds nothing.
	Visible, Deleted clause.Interface
	// Writes tells that the clause belongs to UPDATE: only Unscoped opens it.
	Writes bool
}

// Name implements clause.Interface. The clause has no place of its own in a statement.
func (*Clause) Name() string { return "" }

// Build implements clause.Interface.
func (*Clause) Build(clause.Builder) {}

// MergeClause implements clause.Interface.
func (*Clause) MergeClause(*clause.Clause) {}

// SoftDeleteEnabled is the clause by which GORM knows that one WHERE expression is a filter, for its guard against
// statements without conditions (callbacks/helper.go:113, GORM 1.31).
const SoftDeleteEnabled = "soft_delete_enabled"

// ModifyStatement implements gorm.StatementModifier. In a join, stmt is the scratch statement that GORM builds the ON
// condition with; the statement itself is stmt.Statement.
func (c *Clause) ModifyStatement(stmt *gorm.Statement) {
	if !c.Writes {
		c.openArchive(stmt)
	}
	if _, done := stmt.Clauses[SoftDeleteEnabled]; done || c.Writes && stmt.SQL.Len() > 0 {
		return
	}
	if stmt.Statement.Unscoped {
		_ = stmt.AddError(c.deletedRowsHere(stmt))
		return
	}
	if stmt != stmt.Statement && stmt.Schema != nil {
		// Association mode puts the condition on a join table into the statement itself (association.go:616, GORM 1.31).
		GroupAlternatives(stmt.Statement)
	}
	where := c.Visible
	if value, ok := stmt.Statement.Settings.Load(ViewKey{}); ok && !c.Writes {
		where = c.viewed(stmt, value.(View))
	} else if stmt != stmt.Statement {
		where = c.of(joinedRows(stmt))
	} else if !c.Writes {
		where = c.visibleIn(stmt)
	}
	AddFilter(stmt, where)
}

// viewed is the clause for a statement with a view.
func (c *Clause) viewed(stmt *gorm.Statement, v View) clause.Interface {
	if stmt == stmt.Statement {
		if slices.Contains(v.Links, c.Policy.Schema.ModelType) {
			return nil
		}
		if v.rows == visibleRows {
			return c.visibleIn(stmt)
		}
		return c.of(v.rows)
	}
	if v.opensJoin(stmt) {
		return nil
	}
	return c.of(joinedRows(stmt))
}

// of is the clause that leaves the rows of the set.
func (c *Clause) of(rows rowSet) clause.Interface {
	switch {
	case rows == allRows:
		return nil
	case rows == visibleRows:
		return c.Visible
	case !c.Policy.KeepsDeleted():
		return noRows
	}
	return c.Deleted // nil for an archive, which has no other rows
}

// opensJoin tells whether the view shows all rows of the relation that the scratch statement joins.
func (v View) opensJoin(stmt *gorm.Statement) bool {
	return v.rows == allRows && !v.here || v.rows == deletedRows || v.opens(stmt)
}

// opens tells whether the view names the relation that the scratch statement joins.
func (v View) opens(stmt *gorm.Statement) bool {
	if len(v.Relations) == 0 {
		return false
	}
	for _, join := range stmt.Statement.Joins {
		if join.Alias == stmt.Table {
			return slices.Contains(v.Relations, join.Name)
		}
	}
	return slices.ContainsFunc(v.Relations, func(path string) bool { return joinAlias(path) == stmt.Table })
}

// joinAlias is the name that GORM joins a relation under.
func joinAlias(path string) string {
	alias, rest, nested := strings.Cut(path, ".")
	for nested {
		var step string
		step, rest, nested = strings.Cut(rest, ".")
		alias = utils.NestedRelationName(alias, step)
	}
	return alias
}

// ForPreloads is the view that the statement's preloads inherit. The opened relations are not for them: the paths begin at
// the statement's own model, and OpenPreloads has told the preloads already.
func (v View) ForPreloads() View {
	v.Relations = nil
	switch {
	case v.here:
		v.rows, v.here = visibleRows, false
	case v.rows == deletedRows:
		v.rows = allRows
	}
	return v
}

// OpenPreloads adds the view of all rows to the preloads of the relations that the view opens, and gives the models of the
// join tables that these are read through.
func (v View) OpenPreloads(s *schema.Schema, preloads map[string][]any) (opened map[string][]any, links []reflect.Type) {
	opened = maps.Clone(preloads)
	for _, path := range v.Relations {
		rel, far, _ := policy.RelationAt(s, path)
		for name := range preloads {
			if name == path || strings.HasPrefix(name, path+".") || name == clause.Associations && !far {
				// Before the caller's functions: one of them may make the statement a sub-query of another.
				opened[path] = slices.Insert(slices.Clone(preloads[path]), 0, any(func(tx *gorm.DB) *gorm.DB {
					return tx.Clauses(View{rows: allRows, here: true})
				}))
				if rel != nil && rel.JoinTable != nil {
					links = append(links, rel.JoinTable.ModelType)
				}
				break
			}
		}
	}
	return opened, links
}

// joinedRows tells which rows the join that the scratch statement belongs to was asked for with, as in
// Joins("Company", db.Unscoped()).
func joinedRows(stmt *gorm.Statement) rowSet {
	for _, join := range stmt.Statement.Joins {
		if len(join.Conds) != 1 || join.Alias != stmt.Table && joinAlias(join.Name) != stmt.Table {
			continue
		}
		if on, ok := join.Conds[0].(*gorm.DB); ok && on.Statement.Unscoped {
			return allRows
		} else if ok {
			return viewOf(on.Statement).rows
		}
	}
	return visibleRows
}

// noRows is the filter that no row passes: the deleted rows of a model that has none.
var noRows = WhereOf(statement.Predicate{"1 = 0"})

// Filter is a predicate as a clause.Expression.
type Filter struct{ Predicate statement.Predicate }

// Build implements clause.Expression.
func (f *Filter) Build(builder clause.Builder) {
	if stmt, ok := builder.(*gorm.Statement); ok {
		f.Predicate.Write(stmt)
	}
}

func WhereOf(p statement.Predicate) clause.Interface {
	if p == nil {
		return nil
	}
	return clause.Where{Exprs: []clause.Expression{&Filter{p}}}
}

// WithdrawFilter takes the filter out of a statement that has run. The next statement of the same *gorm.DB has its own, by
// its own view, around all of its conditions.
func WithdrawFilter(stmt *gorm.Statement) {
	enabled, filtered := stmt.Clauses[SoftDeleteEnabled]
	if !filtered {
		return
	}
	delete(stmt.Clauses, SoftDeleteEnabled)
	c := stmt.Clauses["WHERE"]
	where, _ := c.Expression.(clause.Where)
	exprs := where.Exprs
	i := slices.IndexFunc(exprs, func(expr clause.Expression) bool { _, ok := expr.(*Filter); return ok })
	before, _ := enabled.Expression.(clause.Where)
	switch {
	case i < 0:
		return
	case len(before.Exprs) > 0 && i == len(before.Exprs) && i == len(exprs)-1: // nothing else was added
		c.Expression = enabled.Expression
		stmt.Clauses["WHERE"] = c
		return
	case len(exprs) == 1:
		delete(stmt.Clauses, "WHERE")
		return
	case i < len(exprs)-1:
		copy(exprs[i:], exprs[i+1:]) // GORM made the slice when it added what follows
	}
	exprs = exprs[: len(exprs)-1 : len(exprs)-1]
	if g, ok := exprs[0].(Group); ok && g.alternatives() {
		exprs = append(slices.Clip([]clause.Expression(g)), exprs[1:]...)
	}
	c.Expression = clause.Where{Exprs: exprs}
	stmt.Clauses["WHERE"] = c
}

// AddFilter adds the model's filter to a statement that is about to be built.
func AddFilter(stmt *gorm.Statement, where clause.Interface) {
	if _, done := stmt.Clauses[SoftDeleteEnabled]; done || where == nil {
		return
	}
	conditions := stmt.Clauses["WHERE"].Expression
	GroupAlternatives(stmt)
	stmt.AddClause(where)
	stmt.Clauses[SoftDeleteEnabled] = clause.Clause{Expression: conditions} // as WithdrawFilter finds them
}
