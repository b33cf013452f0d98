package scope

import (
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// LiveTable keeps a statement of the plugin's own, which is Unscoped, to the model's own table.
type LiveTable struct{}

// Build writes nothing.
func (LiveTable) Build(clause.Builder) {}

// ModifyStatement implements gorm.StatementModifier.
func (LiveTable) ModifyStatement(stmt *gorm.Statement) { stmt.Settings.Store(LiveTable{}, true) }

// openedKey is where the table that a statement had before its archive was opened stands in its settings.
type openedKey struct{}

// openArchive makes a statement read the archive where its view, or Unscoped, asks for deleted rows.
func (c *Clause) openArchive(stmt *gorm.Statement) {
	if !c.Policy.Archives() {
		return
	}
	main := stmt.Statement
	rows := c.archivedRows(stmt)
	if stmt != main {
		if rows != visibleRows {
			openJoin(main, c.Policy, stmt.Table, rows)
		}
		return
	}
	if value, ok := main.Settings.LoadAndDelete(openedKey{}); ok && value.(openedTables).opened == main.TableExpr {
		main.TableExpr = value.(openedTables).former // not that of a statement around this one, whose settings a preload has
	}
	if _, own := main.Settings.Load(LiveTable{}); own || rows == visibleRows || main.SQL.Len() > 0 {
		return
	}
	if derivedTable(main) {
		if rows == deletedRows {
			_ = main.AddError(fmt.Errorf("%w: nothing tells deleted rows of %s, which are in the archive %s, from live ones in a sub-query; put "+
				"OnlyDeleted into the sub-query", fault.ErrUnsupported, c.Policy.Schema.Name, c.Policy.DeletedTable()))
		}
		return
	}
	switch ownTable(main, c.Policy) {
	case c.Policy.Table:
	case c.Policy.DeletedTable():
		return // the caller reads the archive itself
	default:
		_ = main.AddError(fmt.Errorf("%w: deleted rows of %s are in the archive %s of its own table %s; a statement that reads from "+
			"something else with them, by db.Table, needs a sub-query with a model: db.Table(\"(?) AS t\", db.Unscoped().Model(&%s{}))",
			fault.ErrUnsupported, c.Policy.Schema.Name, c.Policy.DeletedTable(), c.Policy.Table, c.Policy.Schema.Name))
		return
	}
	quote := func(name string) string { return statement.QuoteName(main.DB, name) }
	opened := &clause.Expr{SQL: openedTable(c.Policy, rows, quote) + " AS " + quote(statement.TableAlias(main))}
	main.Settings.Store(openedKey{}, openedTables{former: main.TableExpr, opened: opened})
	main.TableExpr = opened
}

// openedTables is what a statement read from, and what it reads from now.
type openedTables struct{ former, opened *clause.Expr }

// ownTable is the one table that a statement reads from, where that is the model's own or its archive; empty for all else.
func ownTable(stmt *gorm.Statement, p *policy.Policy) string {
	if stmt.TableExpr == nil || stmt.TableExpr.SQL == p.SQLTable {
		return p.Table
	}
	t, ok := statement.TableOf(stmt, p.Dialect())
	if !ok {
		return ""
	}
	for _, table := range []string{p.Table, p.DeletedTable()} {
		if p.Dialect().EqualNames(t.Name, table) {
			return table
		}
	}
	return ""
}

// openedTable is what holds all rows of a model, or its deleted ones, for an alias to follow.
func openedTable(p *policy.Policy, rows rowSet, quote func(string) string) string {
	if rows == deletedRows {
		return quote(p.DeletedTable())
	}
	return walk.Rows(p.Places(), quote)
}

// archivedRows are the rows that a statement, or its join, reads of a model with an archive.
func (c *Clause) archivedRows(stmt *gorm.Statement) rowSet {
	main := stmt.Statement
	v := viewOf(main)
	switch {
	case stmt == main && v.rows == deletedRows:
		return deletedRows
	case main.Unscoped:
		return allRows
	case stmt == main && slices.Contains(v.Links, c.Policy.Schema.ModelType):
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
func openJoin(main *gorm.Statement, p *policy.Policy, alias string, rows rowSet) {
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
				if join.Expression == nil && join.Table.Name == p.Table && name == alias {
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
	policy *policy.Policy
	alias  string
	rows   rowSet
}

// Build implements clause.Expression.
func (j archivedJoin) Build(builder clause.Builder) {
	stmt, ok := builder.(*gorm.Statement)
	if !ok {
		return
	}
	quote := func(name string) string { return statement.QuoteName(stmt.DB, name) }
	stmt.SQL.WriteString(string(j.join.Type) + " JOIN " + openedTable(j.policy, j.rows, quote) + " AS " + quote(j.alias) + " ON ")
	j.join.ON.Build(stmt)
}
