package softdelete

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
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
	relations []string       // relations in which all rows show
	links     []reflect.Type // models of join tables all of whose rows show
	here      bool           // rows concerns the statement's own model, not what it preloads
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
	if c.policy.archives() && !c.writes {
		c.openArchive(stmt)
	}
	if _, done := stmt.Clauses[softDeleteEnabled]; done || stmt.Statement.Unscoped {
		return
	}
	if c.writes && stmt.SQL.Len() > 0 || stmt == stmt.Statement && derivedTable(stmt) {
		return
	}
	if stmt != stmt.Statement && stmt.Schema != nil {
		// Association mode puts the condition on a join table into the statement itself (association.go:616, GORM 1.31).
		groupAlternatives(stmt.Statement)
	}
	where := c.visible
	if value, ok := stmt.Statement.Settings.Load(viewKey{}); ok && !c.writes {
		where = c.viewed(stmt, value.(view))
	} else if stmt != stmt.Statement {
		where = c.of(joinedRows(stmt))
	}
	addFilter(stmt, where)
}

// viewed is the clause for a statement with a view.
func (c *scopeClause) viewed(stmt *gorm.Statement, v view) clause.Interface {
	if stmt == stmt.Statement {
		if slices.Contains(v.links, c.policy.schema.ModelType) {
			return nil
		}
		return c.of(v.rows)
	}
	if v.opensJoin(stmt) {
		return nil
	}
	return c.of(joinedRows(stmt))
}

// of is the clause that leaves the rows of the set.
func (c *scopeClause) of(rows rowSet) clause.Interface {
	switch {
	case rows == allRows:
		return nil
	case rows == visibleRows:
		return c.visible
	case c.policy.archives():
		return nil // the archive has no other rows
	case c.deleted == nil:
		return noRows
	}
	return c.deleted
}

// opensJoin tells whether the view shows all rows of the relation that the scratch statement joins.
func (v view) opensJoin(stmt *gorm.Statement) bool {
	return v.rows == allRows && !v.here || v.rows == deletedRows || v.opens(stmt)
}

// opens tells whether the view names the relation that the scratch statement joins.
func (v view) opens(stmt *gorm.Statement) bool {
	if len(v.relations) == 0 {
		return false
	}
	for _, join := range stmt.Statement.Joins {
		if join.Alias == stmt.Table {
			return slices.Contains(v.relations, join.Name)
		}
	}
	return slices.ContainsFunc(v.relations, func(path string) bool { return joinAlias(path) == stmt.Table })
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

// openPreloads adds the view of all rows to the preloads of the relations that the view opens, and gives the models of the
// join tables that these are read through.
func (v view) openPreloads(s *schema.Schema, preloads map[string][]any) (opened map[string][]any, links []reflect.Type) {
	opened = maps.Clone(preloads)
	for _, path := range v.relations {
		for name := range preloads {
			if name == path || strings.HasPrefix(name, path+".") || name == clause.Associations && !strings.Contains(path, ".") {
				// Before the caller's functions: one of them may make the statement a sub-query of another.
				opened[path] = slices.Insert(slices.Clone(preloads[path]), 0, any(func(tx *gorm.DB) *gorm.DB {
					return tx.Clauses(view{rows: allRows, here: true})
				}))
				if rel := relationAt(s, path); rel != nil && rel.JoinTable != nil {
					links = append(links, rel.JoinTable.ModelType)
				}
				break
			}
		}
	}
	return opened, links
}

// relationAt finds the relation at the end of a path; nil where there is none.
func relationAt(s *schema.Schema, path string) (rel *schema.Relationship) {
	for name := range strings.SplitSeq(path, ".") {
		if rel = s.Relationships.Relations[name]; rel == nil {
			return nil
		}
		s = rel.FieldSchema
	}
	return rel
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
var noRows = whereOf(predicate{"1 = 0"})

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

// withdrawFilter takes the filter out of a statement that has run. The next statement of the same *gorm.DB has its own, by
// its own view, around all of its conditions.
func withdrawFilter(stmt *gorm.Statement) {
	enabled, filtered := stmt.Clauses[softDeleteEnabled]
	if !filtered {
		return
	}
	delete(stmt.Clauses, softDeleteEnabled)
	c := stmt.Clauses["WHERE"]
	where, _ := c.Expression.(clause.Where)
	exprs := where.Exprs
	i := slices.IndexFunc(exprs, func(expr clause.Expression) bool { _, ok := expr.(*filter); return ok })
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
	if g, ok := exprs[0].(group); ok && g.alternatives() {
		exprs = append(slices.Clip([]clause.Expression(g)), exprs[1:]...)
	}
	c.Expression = clause.Where{Exprs: exprs}
	stmt.Clauses["WHERE"] = c
}

// lazyPredicate holds for rows that no deleted parent hides. A parent that is hidden itself hides its rows too, up to
// a model that the way meets again.
func (p *policy) lazyPredicate(quote func(string) string, way ...*policy) predicate {
	const cut = "\x00"
	var texts []string
	for _, r := range p.belongs {
		if !r.lazy || !r.parent.keepsDeleted() {
			continue
		}
		alias := quote(fmt.Sprintf("softdelete_parent_%d", len(way)+1))
		var keys []string
		for _, key := range r.keys {
			keys = append(keys, alias+"."+quote(key.parent.DBName)+" = "+cut+quote(key.child.DBName))
		}
		none := func(table, gone string) {
			texts = append(texts, "NOT EXISTS (SELECT 1 FROM "+quote(table)+" AS "+alias+" WHERE "+strings.Join(keys, " AND ")+" AND "+gone+")")
		}
		var hides string // the condition that the parent is hidden itself
		if !slices.Contains(append(way, p), r.parent) {
			if hidden := r.parent.lazyPredicate(quote, append(way, p)...); hidden != nil {
				hides = "NOT (" + hidden.of(alias) + ")"
			}
		}
		if r.parent.archives() {
			none(r.parent.deletedTable(), r.archivedParent(alias, quote))
			if hides != "" {
				none(r.parent.schema.Table, hides)
			}
			continue
		}
		gone := r.parent.predicates.deleted.of(alias)
		if hides != "" {
			gone = "(" + gone + " OR " + hides + ")"
		}
		none(r.parent.schema.Table, gone)
	}
	if texts == nil {
		return nil
	}
	return strings.Split(strings.Join(texts, " AND "), cut)
}
