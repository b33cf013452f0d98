package scope

import (
	"regexp"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// visibleIn is the clause that leaves the visible rows of the table that a statement names. Where rows hide by others of the same
// table, those are looked for there.
func (c *Clause) visibleIn(stmt *gorm.Statement) clause.Interface {
	p := c.Policy
	if p.Predicates.Lazy != nil && derivedTable(stmt) {
		// Which tables its rows come from, and so which parents hide them, the sub-query alone knows.
		own := p.Predicates
		own.Lazy = nil
		return WhereOf(own.Reads())
	}
	if stmt.TableExpr == nil || stmt.TableExpr.SQL == p.SQLTable || !p.HidesItself() {
		return c.Visible
	}
	t, ok := statement.TableOf(stmt, p.Dialect())
	if !ok || p.Dialect().EqualNames(t.Name, p.Table) {
		return c.Visible
	}
	return WhereOf(p.On(t.Name).Predicates.Reads())
}

// derivedTable tells whether a statement reads from one sub-query and nothing else, whose own model filters its rows.
func derivedTable(stmt *gorm.Statement) bool {
	if stmt.TableExpr == nil || len(stmt.TableExpr.Vars) != 1 || !subQueryPattern.MatchString(stmt.TableExpr.SQL) {
		return false
	}
	inner, ok := stmt.TableExpr.Vars[0].(*gorm.DB)
	return ok && (inner.Statement.Model != nil || inner.Statement.Schema != nil)
}

var subQueryPattern = regexp.MustCompile(`(?i)^\s*\(\s*\?\s*\)\s*(?:as\s+)?` + statement.Identifier + `\s*$`)
