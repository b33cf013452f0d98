package statement

import (
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// TableAlias is the name that qualifies the columns of a statement's own table. GORM takes the first alias behind AS,
// whichever table it belongs to, and finds none that is quoted (chainable_api.go:58, GORM 1.31).
func TableAlias(stmt *gorm.Statement) string {
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

func isName(word string) bool { return strings.ContainsAny(word[:1], "\"`") || IsWord(word[0]) }

func unquoted(name string) string { return strings.Trim(name, "\"`") }

const Identifier = "(?:\"[^\"]+\"|`[^`]+`|\\w+)"

var fromPattern = regexp.MustCompile(Identifier + `|\S`)

// tableKeyword are the words that may follow a table without being its alias.
var tableKeyword = regexp.MustCompile(`(?i)^(?:join|inner|left|right|full|cross|natural|where|on|using|tablesample|indexed|not|use|force|ignore)$`)

func IsWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}
