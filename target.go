package softdelete

import (
	"regexp"
	"slices"
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
	if stmt.Table != stmt.Schema.Table && strings.HasSuffix(stmt.Schema.Table, "."+stmt.Table) {
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

// table is the name of the table that the rows of a model stand in: its own where the caller's cannot be told by a name alone.
func (t target) table(p *policy) string {
	if t.aliased() {
		return p.schema.Table
	}
	return t.name
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

// derivedTable tells whether a statement reads from one sub-query and nothing else, whose own model filters its rows.
func derivedTable(stmt *gorm.Statement) bool {
	if stmt.TableExpr == nil || len(stmt.TableExpr.Vars) != 1 || !subQueryPattern.MatchString(stmt.TableExpr.SQL) {
		return false
	}
	inner, ok := stmt.TableExpr.Vars[0].(*gorm.DB)
	return ok && (inner.Statement.Model != nil || inner.Statement.Schema != nil)
}

// tableAlias is the name that qualifies the columns of a statement's own table. GORM takes the first alias behind AS,
// whichever table it belongs to, and finds none that is quoted (chainable_api.go:58, GORM 1.31).
func tableAlias(stmt *gorm.Statement) string {
	if stmt.TableExpr == nil || stmt.Schema == nil || !strings.Contains(stmt.TableExpr.SQL, " ") {
		return stmt.Table
	}
	tables := namedTables(stmt.TableExpr.SQL)
	own := slices.IndexFunc(tables, func(t namedTable) bool { return t.name == lastName(stmt.Schema.Table) })
	switch {
	case own >= 0:
		return tables[own].alias
	case len(tables) == 1:
		return tables[0].alias
	case len(tables) > 1 && stmt.Table != tables[0].alias:
		return stmt.Schema.Table // which of them is meant cannot be told: the database refuses it
	}
	return stmt.Table
}

func lastName(table string) string { return table[strings.LastIndexByte(table, '.')+1:] }

// namedTable is a table in a FROM clause; the alias is its name where it has no other.
type namedTable struct{ name, alias string }

// namedTables lists the tables that the text of a FROM clause names outside parentheses. Sub-queries are not among them.
func namedTables(from string) (tables []namedTable) {
	words := fromPattern.FindAllString(from, -1)
	starts, depth := true, 0
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "(":
			starts = false
			depth++
		case word == ")":
			depth--
		case depth > 0:
		case word == "," || strings.EqualFold(word, "join"):
			starts = true
		case starts && isName(word):
			starts = false
			for i+2 < len(words) && words[i+1] == "." {
				i += 2
			}
			t := namedTable{name: unquoted(words[i]), alias: unquoted(words[i])}
			if i+2 < len(words) && strings.EqualFold(words[i+1], "as") {
				t.alias = unquoted(words[i+2])
			} else if i+1 < len(words) && isName(words[i+1]) && !tableKeyword.MatchString(words[i+1]) {
				t.alias = unquoted(words[i+1])
			}
			tables = append(tables, t)
		}
	}
	return tables
}

func isName(word string) bool { return strings.ContainsAny(word[:1], "\"`") || isWord(word[0]) }

func unquoted(name string) string { return strings.Trim(name, "\"`") }

const identifier = "(?:\"[^\"]+\"|`[^`]+`|\\w+)"

var (
	subQueryPattern = regexp.MustCompile(`(?i)^\s*\(\s*\?\s*\)\s*(?:as\s+)?` + identifier + `\s*$`)
	fromPattern     = regexp.MustCompile(identifier + `|\S`)
	// tableKeyword are the words that may follow a table without being its alias.
	tableKeyword = regexp.MustCompile(`(?i)^(?:join|inner|left|right|full|cross|natural|where|on|using|tablesample|indexed|not|use|force|ignore)$`)
)
