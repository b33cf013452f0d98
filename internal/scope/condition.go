package scope

import (
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// GroupAlternatives puts the statement's conditions in parentheses where an OR among them would take the filter apart.
// GORM does so itself for a raw " OR " between spaces, and only for that (clause/where.go:60, GORM 1.31).
func GroupAlternatives(stmt *gorm.Statement) {
	c, ok := stmt.Clauses["WHERE"]
	if !ok {
		return
	}
	if where, ok := c.Expression.(clause.Where); ok {
		if exprs, changed := grouped(where.Exprs); changed {
			c.Expression = clause.Where{Exprs: exprs}
			stmt.Clauses["WHERE"] = c
		}
	}
}

// GroupJoins does the same for the conditions of joined relations.
func GroupJoins(stmt *gorm.Statement) {
	for i := range stmt.Joins {
		if on := stmt.Joins[i].On; on != nil {
			if exprs, changed := grouped(on.Exprs); changed {
				stmt.Joins[i].On = &clause.Where{Exprs: exprs}
			}
		}
	}
}

// Group is a list of conditions in parentheses, which a lone one that was added by Or does without.
type Group []clause.Expression

// Build implements clause.Expression.
func (g Group) Build(builder clause.Builder) {
	stmt, ok := builder.(*gorm.Statement)
	if !ok {
		return
	}
	if len(g) == 1 && isAlternative(g[0]) {
		g[0].Build(stmt) // nothing that it could be an alternative to; GORM writes no parentheses either
		return
	}
	stmt.SQL.WriteByte('(')
	start := stmt.SQL.Len()
	exprs := slices.Clone(g)
	if len(exprs) > 1 {
		exprs, _ = closed(exprs, false)
	}
	clause.Where{Exprs: exprs}.Build(stmt)
	if strings.Contains(stmt.SQL.String()[start:], "--") {
		// A raw condition may end in a comment, which must not swallow the parenthesis.
		stmt.SQL.WriteByte('\n')
	}
	stmt.SQL.WriteByte(')')
}

// alternatives tells whether the group stands for all conditions of a statement, some of them added by Or.
func (g Group) alternatives() bool { return slices.ContainsFunc(g, isAlternative) }

// isAlternative tells whether GORM joins a condition to those before it by OR.
func isAlternative(expr clause.Expression) bool {
	or, ok := expr.(clause.OrConditions)
	return ok && len(or.Exprs) == 1
}

// HasAlternatives tells whether one of the conditions was added by Or.
func HasAlternatives(exprs []clause.Expression) bool {
	return slices.ContainsFunc(exprs, isAlternative)
}

// grouped closes each of the conditions, and groups all of them where one was added by Or.
func grouped(exprs []clause.Expression) (_ []clause.Expression, changed bool) {
	exprs, changed = closed(exprs, false)
	if slices.ContainsFunc(exprs, isAlternative) {
		return []clause.Expression{Group(exprs)}, true
	}
	return exprs, changed
}

// closed puts in parentheses what raw SQL among the conditions leaves open. Inside other conditions, GORM's own parentheses
// are not to be relied on.
func closed(exprs []clause.Expression, inside bool) (_ []clause.Expression, changed bool) {
	for i, expr := range exprs {
		if c, ok := closedOne(expr, inside); ok {
			if !changed {
				exprs, changed = slices.Clone(exprs), true
			}
			exprs[i] = c
		}
	}
	return exprs, changed
}

func closedOne(expr clause.Expression, inside bool) (_ clause.Expression, changed bool) {
	switch e := expr.(type) {
	case *Filter, liveIn, Group:
		return expr, false
	case clause.AndConditions:
		e.Exprs, changed = closed(e.Exprs, true)
		return e, changed
	case clause.OrConditions:
		e.Exprs, changed = closed(e.Exprs, true)
		return e, changed
	case clause.NotConditions:
		e.Exprs, changed = closed(e.Exprs, true)
		return e, changed
	}
	if isOpen(expr, inside) {
		return Group{expr}, true
	}
	return expr, false
}

// isOpen tells whether a condition may write an OR, or the begin of a comment, outside parentheses. Of an expression that
// is not GORM's own nothing is known.
func isOpen(expr clause.Expression, inside bool) bool {
	switch e := expr.(type) {
	case clause.Expr:
		return hasAlternative(e.SQL, inside) || slices.ContainsFunc(e.Vars, isOpenValue)
	case clause.NamedExpr:
		return hasAlternative(e.SQL, inside) || slices.ContainsFunc(e.Vars, isOpenValue)
	case clause.Eq:
		return isOpenValue(e.Column) || isOpenValue(e.Value)
	case clause.Neq:
		return isOpenValue(e.Column) || isOpenValue(e.Value)
	case clause.Gt:
		return isOpenValue(e.Column) || isOpenValue(e.Value)
	case clause.Gte:
		return isOpenValue(e.Column) || isOpenValue(e.Value)
	case clause.Lt:
		return isOpenValue(e.Column) || isOpenValue(e.Value)
	case clause.Lte:
		return isOpenValue(e.Column) || isOpenValue(e.Value)
	case clause.Like:
		return isOpenValue(e.Column) || isOpenValue(e.Value)
	case clause.IN:
		return isOpenValue(e.Column) || slices.ContainsFunc(e.Values, isOpenValue)
	}
	return true
}

// isOpenValue tells the same of what a condition compares: a raw column, or an expression.
func isOpenValue(value any) bool {
	switch v := value.(type) {
	case clause.Column:
		return v.Raw && hasAlternative(v.Name, true)
	case clause.Expression:
		_, changed := closedOne(v, true)
		return changed || isAlternative(v)
	}
	return false
}

// hasAlternative tells whether raw SQL has an OR, or a comment that would swallow what follows. Outside other conditions,
// an OR between spaces does not count: GORM sees it.
func hasAlternative(sql string, inside bool) bool {
	for i := 0; i+1 < len(sql); i++ {
		if sql[i] == '-' && sql[i+1] == '-' || sql[i] == '/' && sql[i+1] == '*' {
			return true
		}
		if sql[i]|0x20 != 'o' || sql[i+1]|0x20 != 'r' || i > 0 && statement.IsWord(sql[i-1]) || i+2 < len(sql) && statement.IsWord(sql[i+2]) {
			continue
		}
		if inside || i == 0 || i+2 >= len(sql) || sql[i-1] != ' ' || sql[i+2] != ' ' {
			return true
		}
	}
	return false
}
