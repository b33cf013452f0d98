package scope

import (
	"regexp"

	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm"
)

// derivedTable tells whether a statement reads from one sub-query and nothing else, whose own model filters its rows.
func derivedTable(stmt *gorm.Statement) bool {
	if stmt.TableExpr == nil || len(stmt.TableExpr.Vars) != 1 || !subQueryPattern.MatchString(stmt.TableExpr.SQL) {
		return false
	}
	inner, ok := stmt.TableExpr.Vars[0].(*gorm.DB)
	return ok && (inner.Statement.Model != nil || inner.Statement.Schema != nil)
}

var subQueryPattern = regexp.MustCompile(`(?i)^\s*\(\s*\?\s*\)\s*(?:as\s+)?` + statement.Identifier + `\s*$`)
