package softdelete

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/utils"
)

// Expressions that open a statement's view. They go into db.Clauses(…), into gorm.G[T](db, …) and into Preload functions.
var (
	// WithDeleted shows live and deleted rows alike, in joined and preloaded relations too.
	WithDeleted clause.Expression = view{rows: allRows}
	// OnlyDeleted shows the deleted rows of the statement's own model, with all of their relations' rows.
	OnlyDeleted clause.Expression = view{rows: deletedRows}
)

// WithDeletedIn shows deleted rows in the named relations only, as given to Joins and Preload. A path such as
// "Posts.Comments" opens Comments.
func WithDeletedIn(relations ...string) clause.Expression {
	return view{relations: slices.Clone(relations)}
}

// viewKey is where a statement's view stands in its settings.
type viewKey struct{}

type rowSet int

const (
	visibleRows rowSet = iota
	allRows
	deletedRows
)

// view is which rows a statement reads.
type view struct {
	rows      rowSet
	relations []string // relations in which all rows show
	here      bool     // rows concerns the statement's own model, not what it preloads
}

// Build writes nothing: a view only changes which predicate is added.
func (view) Build(clause.Builder) {}

// ModifyStatement implements gorm.StatementModifier.
func (v view) ModifyStatement(stmt *gorm.Statement) {
	if _, err := engineOf(stmt.DB); err != nil {
		_ = stmt.AddError(err)
		return
	}
	former := viewOf(stmt)
	if v.rows == visibleRows {
		v.rows = former.rows
	}
	v.relations = append(v.relations, former.relations...)
	stmt.Settings.Store(viewKey{}, v)
}

func viewOf(stmt *gorm.Statement) view {
	if value, ok := stmt.Settings.Load(viewKey{}); ok {
		return value.(view)
	}
	return view{}
}

// Live is the condition that a row is live, for hand-written joins and conditions, which the plugin does not rewrite:
//
//	db.Joins("JOIN companies c ON c.id = users.company_id AND ?", softdelete.Live("c", &Company{}))
//
// alias is the table's name in the statement, model a value of the model. The statement fails where the model's tags are
// wrong or the plugin is not in use.
func Live(alias string, model any) clause.Expression { return liveIn{alias: alias, model: model} }

type liveIn struct {
	alias string
	model any
}

// Build writes the predicate.
func (l liveIn) Build(builder clause.Builder) {
	stmt, ok := builder.(*gorm.Statement)
	if !ok {
		return
	}
	p, err := policyOf(stmt.DB, l.model)
	if err != nil {
		_ = stmt.AddError(err)
		return
	}
	live := p.predicates.live.and(p.predicates.lazy)
	if live == nil {
		stmt.SQL.WriteString("1 = 1")
		return
	}
	stmt.SQL.WriteByte('(')
	stmt.SQL.WriteString(live.of(quoteName(stmt.DB, l.alias)))
	stmt.SQL.WriteByte(')')
}

// scopeClause stands in a schema's QueryClauses and UpdateClauses and adds the model's filter to every statement on it.
// Everything that it needs is put together once.
type scopeClause struct {
	policy *policy
	// visible and deleted are the WHERE clauses that it adds; nil adds nothing.
	visible, deleted clause.Interface
	// writes tells that the clause belongs to UPDATE: only Unscoped opens it.
	writes bool
}

// Name implements clause.Interface. The clause has no place of its own in a statement.
func (*scopeClause) Name() string { return "" }

// Build implements clause.Interface.
func (*scopeClause) Build(clause.Builder) {}

// MergeClause implements clause.Interface.
func (*scopeClause) MergeClause(*clause.Clause) {}

// softDeleteEnabled is the clause by which GORM knows that one WHERE expression is a filter, for its guard against
// statements without conditions (callbacks/helper.go:113, GORM 1.31).
const softDeleteEnabled = "soft_delete_enabled"

// ModifyStatement implements gorm.StatementModifier. In a join, stmt is the scratch statement that GORM builds the ON
// condition with; the statement itself is stmt.Statement.
func (c *scopeClause) ModifyStatement(stmt *gorm.Statement) {
	if _, done := stmt.Clauses[softDeleteEnabled]; done || stmt.Statement.Unscoped {
		return
	}
	if c.writes && stmt.SQL.Len() > 0 || stmt == stmt.Statement && derivedTable(stmt) {
		return
	}
	where := c.visible
	if value, ok := stmt.Statement.Settings.Load(viewKey{}); ok && !c.writes {
		where = c.viewed(stmt, value.(view))
	} else if stmt != stmt.Statement && joinUnscoped(stmt) {
		return
	}
	addFilter(stmt, where)
}

// viewed is the clause for a statement with a view.
func (c *scopeClause) viewed(stmt *gorm.Statement, v view) clause.Interface {
	joined := stmt != stmt.Statement
	switch {
	case v.rows == allRows && !(joined && v.here), joined && v.rows == deletedRows, joined && v.opens(stmt.Table), joined && joinUnscoped(stmt):
		return nil
	case joined:
		return c.visible
	case v.rows == deletedRows && c.deleted == nil:
		return noRows
	case v.rows == deletedRows:
		return c.deleted
	}
	return c.visible
}

// opens tells whether the view opens the relation that GORM joins under the alias.
func (v view) opens(alias string) bool {
	return slices.ContainsFunc(v.relations, func(path string) bool {
		name := ""
		for _, step := range strings.Split(path, ".") {
			if name == "" {
				name = step
			} else {
				name = utils.NestedRelationName(name, step)
			}
		}
		return name == alias
	})
}

// forPreloads is the view that the statement's preloads inherit. The opened relations are not for them: the paths begin at
// the statement's own model, and openPreloads has told the preloads already.
func (v view) forPreloads() view {
	v.relations = nil
	switch {
	case v.here:
		v.rows, v.here = visibleRows, false
	case v.rows == deletedRows:
		v.rows = allRows
	}
	return v
}

// openPreloads adds the view of all rows to the preloads of the relations that the view opens.
func (v view) openPreloads(preloads map[string][]any) map[string][]any {
	opened := maps.Clone(preloads)
	for _, path := range v.relations {
		for name := range preloads {
			if name == path || strings.HasPrefix(name, path+".") || name == clause.Associations && !strings.Contains(path, ".") {
				opened[path] = append(slices.Clone(preloads[path]), func(tx *gorm.DB) *gorm.DB {
					return tx.Clauses(view{rows: allRows, here: true})
				})
				break
			}
		}
	}
	return opened
}

// joinUnscoped tells whether the join that the scratch statement belongs to was asked for with an unscoped *gorm.DB, as in
// Joins("Company", db.Unscoped()).
func joinUnscoped(stmt *gorm.Statement) bool {
	for _, join := range stmt.Statement.Joins {
		if len(join.Conds) != 1 || join.Name != stmt.Table && join.Alias != stmt.Table {
			continue
		}
		if on, ok := join.Conds[0].(*gorm.DB); ok && on.Statement.Unscoped {
			return true
		}
	}
	return false
}

// noRows is the filter that no row passes: the deleted rows of a model that has none.
var noRows clause.Interface = clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "1 = 0"}}}

// filter is a predicate as a clause.Expression.
type filter struct{ predicate predicate }

// Build implements clause.Expression.
func (f *filter) Build(builder clause.Builder) {
	if stmt, ok := builder.(*gorm.Statement); ok {
		f.predicate.write(stmt)
	}
}

func whereOf(p predicate) clause.Interface {
	if p == nil {
		return nil
	}
	return clause.Where{Exprs: []clause.Expression{&filter{p}}}
}

// groupAlternatives puts the statement's conditions in parentheses where an OR among them would take the filter apart.
// GORM does so itself for a raw " OR " between spaces, and only for that.
func groupAlternatives(stmt *gorm.Statement) {
	c, ok := stmt.Clauses["WHERE"]
	if !ok {
		return
	}
	if where, ok := c.Expression.(clause.Where); ok && needsGroup(where.Exprs) {
		c.Expression = clause.Where{Exprs: []clause.Expression{group(where.Exprs)}}
		stmt.Clauses["WHERE"] = c
	}
}

// groupJoins does the same for the conditions of joined relations.
func groupJoins(stmt *gorm.Statement) {
	for i := range stmt.Joins {
		if on := stmt.Joins[i].On; on != nil && needsGroup(on.Exprs) {
			stmt.Joins[i].On = &clause.Where{Exprs: []clause.Expression{group(on.Exprs)}}
		}
	}
}

// group is a list of conditions in parentheses.
type group []clause.Expression

// Build implements clause.Expression.
func (g group) Build(builder clause.Builder) {
	stmt, ok := builder.(*gorm.Statement)
	if !ok {
		return
	}
	stmt.SQL.WriteByte('(')
	start := stmt.SQL.Len()
	clause.Where{Exprs: slices.Clone(g)}.Build(stmt)
	if strings.Contains(stmt.SQL.String()[start:], "--") {
		// A raw condition may end in a comment, which must not swallow the parenthesis.
		stmt.SQL.WriteByte('\n')
	}
	stmt.SQL.WriteByte(')')
}

func needsGroup(exprs []clause.Expression) bool {
	for _, expr := range exprs {
		switch e := expr.(type) {
		case clause.OrConditions:
			if len(e.Exprs) == 1 || needsGroup(e.Exprs) {
				return true
			}
		case clause.AndConditions:
			if needsGroup(e.Exprs) {
				return true
			}
		case clause.Expr:
			if hidesAlternative(e.SQL) {
				return true
			}
		case clause.NamedExpr:
			if hidesAlternative(e.SQL) {
				return true
			}
		}
	}
	return false
}

// hidesAlternative tells whether raw SQL has an OR that GORM does not see, or a comment that would swallow what follows.
func hidesAlternative(sql string) bool {
	for i := 0; i+1 < len(sql); i++ {
		if sql[i] == '-' && sql[i+1] == '-' {
			return true
		}
		if sql[i]|0x20 != 'o' || sql[i+1]|0x20 != 'r' || i > 0 && isWord(sql[i-1]) || i+2 < len(sql) && isWord(sql[i+2]) {
			continue
		}
		if i == 0 || i+2 >= len(sql) || sql[i-1] != ' ' || sql[i+2] != ' ' {
			return true
		}
	}
	return false
}

func isWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}

// lazyPredicate holds for rows that no deleted parent hides. A parent that is hidden itself hides its rows too, up to
// a model that the way meets again.
func (p *policy) lazyPredicate(quote func(string) string, way ...*policy) predicate {
	const cut = "\x00"
	var texts []string
	for _, r := range p.belongs {
		if !r.lazy || r.parent.predicates.deleted == nil {
			continue
		}
		alias := quote(fmt.Sprintf("softdelete_parent_%d", len(way)+1))
		gone := r.parent.predicates.deleted.of(alias)
		if !slices.Contains(append(way, p), r.parent) {
			if hidden := r.parent.lazyPredicate(quote, append(way, p)...); hidden != nil {
				gone = "(" + gone + " OR NOT (" + hidden.of(alias) + "))"
			}
		}
		var keys []string
		for _, key := range r.keys {
			keys = append(keys, alias+"."+quote(key.parent.DBName)+" = "+cut+quote(key.child.DBName))
		}
		texts = append(texts, "NOT EXISTS (SELECT 1 FROM "+quote(r.parent.schema.Table)+" AS "+alias+" WHERE "+
			strings.Join(keys, " AND ")+" AND "+gone+")")
	}
	if texts == nil {
		return nil
	}
	return strings.Split(strings.Join(texts, " AND "), cut)
}
