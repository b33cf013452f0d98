package softdelete

import (
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// target is the table that a caller's statement means: the model's own, in a schema perhaps, or one given by db.Table.
type target struct {
	qualifier string       // what its columns are qualified with
	expr      *clause.Expr // how it stands in FROM; nil where the qualifier does
	name      string       // how reports and marks name it
}

// targetOf reads the table of a statement whose model is parsed.
func targetOf(stmt *gorm.Statement) target {
	t := target{qualifier: stmt.Table, expr: stmt.TableExpr, name: stmt.Table}
	if strings.HasSuffix(stmt.Schema.Table, "."+stmt.Table) {
		t.name = stmt.Schema.Table
	}
	return t
}

// from writes the table as it stands in FROM.
func (t target) from(q *query) {
	if t.expr != nil {
		q.expression(*t.expr)
		return
	}
	q.name(t.qualifier)
}

// keysIn is the condition that a row's primary key is one of the keys.
func (t target) keysIn(s *schema.Schema, keys [][]any) clause.Expression {
	column, values := schema.ToQueryValues(t.qualifier, s.PrimaryFieldDBNames, keys)
	return clause.IN{Column: column, Values: values}
}

// aliased tells whether the caller gave the table an alias.
func (t target) aliased() bool {
	return t.expr != nil && strings.Contains(strings.TrimSpace(t.expr.SQL), " ")
}

// derivedTable tells whether a statement reads from a sub-query, whose own model filters its rows.
func derivedTable(stmt *gorm.Statement) bool {
	if stmt.TableExpr == nil {
		return false
	}
	for _, value := range stmt.TableExpr.Vars {
		if inner, ok := value.(*gorm.DB); ok && (inner.Statement.Model != nil || inner.Statement.Schema != nil) {
			return true
		}
	}
	return false
}

// tableAlias is the name that qualifies the columns of a statement's own table. GORM finds an alias only where neither
// table nor alias is quoted (chainable_api.go:58, GORM 1.31).
func tableAlias(stmt *gorm.Statement) string {
	if stmt.TableExpr == nil || len(stmt.TableExpr.Vars) > 0 || !strings.ContainsAny(stmt.TableExpr.SQL, "\"`") {
		return stmt.Table
	}
	words := strings.Fields(stmt.TableExpr.SQL)
	if len(words) < 2 {
		return stmt.Table
	}
	return strings.Trim(words[len(words)-1], "\"`")
}
