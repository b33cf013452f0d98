package scope

import (
	"regexp"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// Target is the table that a caller's statement means: the model's own, in a schema perhaps, or one given by db.Table.
type Target struct {
	Qualifier string       // what its columns are qualified with
	Expr      *clause.Expr // how it stands in FROM; nil where the qualifier does
	Name      string       // how reports and marks name it
}

// TargetOf reads the table of a statement whose model is parsed.
func TargetOf(stmt *gorm.Statement) Target {
	t := Target{Qualifier: stmt.Table, Expr: stmt.TableExpr, Name: stmt.Table}
	if stmt.Table != stmt.Schema.Table && strings.HasSuffix(stmt.Schema.Table, "."+stmt.Table) {
		t.Name = stmt.Schema.Table
	}
	return t
}

// From writes the table as it stands in FROM.
func (t Target) From(q *statement.Query) {
	if t.Expr != nil {
		q.Expression(*t.Expr)
		return
	}
	q.Name(t.Qualifier)
}

// Table is the name of the table that the rows of a model stand in: its own where the caller's cannot be told by a name alone.
func (t Target) Table(p *policy.Policy) string {
	if t.Aliased() {
		return p.Table
	}
	return t.Name
}

// KeysIn is the condition that a row's primary key is one of the keys.
func (t Target) KeysIn(s *schema.Schema, keys [][]any) clause.Expression {
	column, values := schema.ToQueryValues(t.Qualifier, s.PrimaryFieldDBNames, keys)
	return clause.IN{Column: column, Values: values}
}

// Aliased tells whether the caller gave the table an alias.
func (t Target) Aliased() bool {
	return t.Expr != nil && strings.Contains(strings.TrimSpace(t.Expr.SQL), " ")
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
