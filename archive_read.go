package softdelete

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// bothTables is a sub-query over a model's live and archived rows, for an alias to follow.
func bothTables(p *policy, quote func(string) string) string {
	return "(" + selectModel(p, p.schema.Table, quote) + " UNION ALL " + selectModel(p, p.deletedTable(), quote) + ")"
}

// selectModel is the SELECT of the model's columns from its table or its archive. An archive shows nothing for the columns
// that it does not keep: those that the database computes.
func selectModel(p *policy, table string, quote func(string) string) string {
	s, _ := p.archive()
	var columns []string
	for _, name := range p.schema.DBNames {
		field := p.schema.FieldsByDBName[name]
		if field.IgnoreMigration && !moves(field) {
			continue
		}
		column := quote(name)
		if table == s.table && !moves(field) {
			column = "NULL AS " + column
		}
		columns = append(columns, column)
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + quote(table)
}

// latest writes the condition that an archived row is the last one of its key.
func (q *query) latest(p *policy, table string) *query {
	return q.opaque(func() {
		// Not max: the database would look for it among all the rows of the deletion.
		q.text("NOT EXISTS (SELECT 1 FROM ").name(p.deletedTable()).text(" AS softdelete_later WHERE ").sameKey(p, "softdelete_later", table)
		q.text(" AND ").column("softdelete_later", p.id.DBName).text(" > ").column(table, p.id.DBName).text(")")
	})
}

// sameKey writes the condition that two rows of a model have the same primary key.
func (q *query) sameKey(p *policy, table, other string) *query {
	for i, field := range p.schema.PrimaryFields {
		if i > 0 {
			q.text(" AND ")
		}
		q.column(table, field.DBName).text(" = ").column(other, field.DBName)
	}
	return q
}

// andGone writes AND and the condition that a row of the table with the model's deleted rows is deleted now: an archived
// one whose key was used again is history.
func (q *query) andGone(p *policy, table string) {
	q.andDeleted(p, table)
	if p.archives() {
		q.text(" AND NOT EXISTS (SELECT 1 FROM ").name(p.schema.Table).text(" AS softdelete_live WHERE ")
		q.sameKey(p, "softdelete_live", table).text(") AND ").latest(p, table)
	}
}

// archivedParent is the condition that an archived row, as alias, is the deleted parent of rows that refer to it: neither its
// key nor what they refer to it by is that of a live row, and no later one of its key took its place.
func (r *relation) archivedParent(alias string, quote func(string) string) string {
	p := r.parent
	same := func(other string, fields []*schema.Field) string {
		parts := make([]string, len(fields))
		for i, field := range fields {
			parts[i] = other + "." + quote(field.DBName) + " = " + alias + "." + quote(field.DBName)
		}
		return strings.Join(parts, " AND ")
	}
	var referred []*schema.Field
	for _, key := range r.keys {
		referred = append(referred, key.parent)
	}
	live, later := quote("softdelete_live"), quote("softdelete_later")
	none := func(fields []*schema.Field) string {
		return "NOT EXISTS (SELECT 1 FROM " + quote(p.schema.Table) + " AS " + live + " WHERE " + same(live, fields) + ")"
	}
	gone := none(p.schema.PrimaryFields)
	if !slices.Equal(referred, p.schema.PrimaryFields) {
		id := quote(p.id.DBName)
		gone += " AND " + none(referred) + " AND NOT EXISTS (SELECT 1 FROM " + quote(p.deletedTable()) + " AS " + later + " WHERE " +
			same(later, p.schema.PrimaryFields) + " AND " + later + "." + id + " > " + alias + "." + id + ")"
	}
	return gone
}

// liveTable keeps a statement of the plugin's own, which is Unscoped, to the model's own table.
type liveTable struct{}

// Build writes nothing.
func (liveTable) Build(clause.Builder) {}

// ModifyStatement implements gorm.StatementModifier.
func (liveTable) ModifyStatement(stmt *gorm.Statement) { stmt.Settings.Store(liveTable{}, true) }

// openedKey is where the table that a statement had before its archive was opened stands in its settings.
type openedKey struct{}

// openArchive makes a statement read the archive where its view, or Unscoped, asks for deleted rows.
func (c *scopeClause) openArchive(stmt *gorm.Statement) {
	main := stmt.Statement
	rows := c.archivedRows(stmt)
	if stmt != main {
		if rows != visibleRows {
			openJoin(main, c.policy, stmt.Table, rows)
		}
		return
	}
	if value, ok := main.Settings.LoadAndDelete(openedKey{}); ok && value.(openedTables).opened == main.TableExpr {
		main.TableExpr = value.(openedTables).former // not that of a statement around this one, whose settings a preload has
	}
	if _, own := main.Settings.Load(liveTable{}); own || rows == visibleRows || main.SQL.Len() > 0 || derivedTable(main) {
		return
	}
	switch ownTable(main, c.policy) {
	case c.policy.schema.Table:
	case c.policy.deletedTable():
		return // the caller reads the archive itself
	default:
		_ = main.AddError(fmt.Errorf("%w: deleted rows of %s are in the archive %s of its own table %s; a statement that reads from "+
			"something else with them, by db.Table, needs a sub-query with a model: db.Table(\"(?) AS t\", db.Unscoped().Model(&%s{}))",
			ErrUnsupported, c.policy.schema.Name, c.policy.deletedTable(), c.policy.schema.Table, c.policy.schema.Name))
		return
	}
	quote := func(name string) string { return quoteName(main.DB, name) }
	opened := &clause.Expr{SQL: openedTable(c.policy, rows, quote) + " AS " + quote(tableAlias(main))}
	main.Settings.Store(openedKey{}, openedTables{former: main.TableExpr, opened: opened})
	main.TableExpr = opened
}

// openedTables is what a statement read from, and what it reads from now.
type openedTables struct{ former, opened *clause.Expr }

// ownTable is the one table that a statement reads from, where that is the model's own or its archive; empty for all else.
func ownTable(stmt *gorm.Statement, p *policy) string {
	if stmt.TableExpr == nil {
		return p.schema.Table
	}
	text := strings.NewReplacer("\"", "", "`", "").Replace(stmt.TableExpr.SQL)
	for _, table := range []string{p.schema.Table, p.deletedTable()} {
		rest, found := strings.CutPrefix(text, table)
		words := strings.Fields(rest)
		if len(words) > 0 && strings.EqualFold(words[0], "as") {
			words = words[1:]
		}
		if found && len(stmt.TableExpr.Vars) == 0 && (rest == "" || rest[0] == ' ' && len(words) == 1 && aliasPattern.MatchString(words[0])) {
			return table
		}
	}
	return ""
}

var aliasPattern = regexp.MustCompile(`^\w+$`)

// openedTable is what holds all rows of a model, or its deleted ones, for an alias to follow.
func openedTable(p *policy, rows rowSet, quote func(string) string) string {
	if rows == deletedRows {
		return quote(p.deletedTable())
	}
	return bothTables(p, quote)
}

// archivedRows are the rows that a statement, or its join, reads of a model with an archive.
func (c *scopeClause) archivedRows(stmt *gorm.Statement) rowSet {
	main := stmt.Statement
	v := viewOf(main)
	switch {
	case main.Unscoped:
		return allRows
	case stmt == main && slices.Contains(v.links, c.policy.schema.ModelType):
		return allRows
	case stmt == main:
		return v.rows
	case v.opensJoin(stmt):
		return allRows
	}
	return joinedRows(stmt)
}

// openJoin makes a join of GORM's read the archive too: the FROM clause, which GORM adds when all joins are known, replaces
// the joined table as it is written.
func openJoin(main *gorm.Statement, p *policy, alias string, rows rowSet) {
	from := main.Clauses["FROM"]
	inner := from.Builder
	from.Builder = func(c clause.Clause, builder clause.Builder) {
		c.Builder = inner
		if expression, ok := c.Expression.(clause.From); ok {
			joins := make([]clause.Join, len(expression.Joins))
			for i, join := range expression.Joins {
				name := join.Table.Alias
				if name == "" {
					name = join.Table.Name
				}
				if join.Expression == nil && join.Table.Name == p.schema.Table && name == alias {
					join.Expression = archivedJoin{join: join, policy: p, alias: alias, rows: rows}
				}
				joins[i] = join
			}
			expression.Joins = joins
			c.Expression = expression
		}
		c.Build(builder)
	}
	main.Clauses["FROM"] = from
}

// archivedJoin is a join that reads a model's archive, and its table too where all rows show.
type archivedJoin struct {
	join   clause.Join
	policy *policy
	alias  string
	rows   rowSet
}

// Build implements clause.Expression.
func (j archivedJoin) Build(builder clause.Builder) {
	stmt, ok := builder.(*gorm.Statement)
	if !ok {
		return
	}
	quote := func(name string) string { return quoteName(stmt.DB, name) }
	stmt.SQL.WriteString(string(j.join.Type) + " JOIN " + openedTable(j.policy, j.rows, quote) + " AS " + quote(j.alias) + " ON ")
	j.join.ON.Build(stmt)
}
