package statement

import (
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// Table is a table as a statement has it: this room alone knows how that is written.
type Table struct {
	// Name is what GORM calls the table: its name, after that of its schema and a dot if it has one.
	Name string
	// Alias is the name that the statement gives it; empty where its columns stand under its own.
	Alias string
}

// Qualifier is what its columns are qualified with.
func (t Table) Qualifier() string {
	if t.Alias != "" {
		return t.Alias
	}
	return t.Name
}

// Called is what GORM qualifies its columns with: it leaves the schema out.
func (t Table) Called() string {
	if t.Alias != "" {
		return t.Alias
	}
	return dialect.LastName(t.Name)
}

// Table writes a table as it stands in FROM, in UPDATE and in DELETE.
func (q *Query) Table(t Table) *Query {
	q.Name(t.Name)
	if t.Alias != "" {
		q.Text(" AS ").Name(t.Alias)
	}
	return q
}

// KeysIn is the condition, for a statement of the session's database, that a row's primary key is one of the keys. A handful
// stands there as GORM writes it.
func (t Table) KeysIn(d *dialect.Dialect, s *schema.Schema, keys [][]any) clause.Expression {
	if len(keys) > Handful {
		return among{d, t, s.PrimaryFields, keys}
	}
	column, values := schema.ToQueryValues(t.Qualifier(), s.PrimaryFieldDBNames, keys)
	return clause.IN{Column: column, Values: values}
}

// Handful is how many keys may stand in a statement as bound values.
const Handful = 20

// among is KeyAmong as a condition of a statement of GORM's.
type among struct {
	dialect *dialect.Dialect
	table   Table
	fields  []*schema.Field
	keys    [][]any
}

// Build implements clause.Expression.
func (a among) Build(builder clause.Builder) {
	stmt := builder.(*gorm.Statement)
	q := &Query{Tx: stmt.DB, Stmt: stmt, Dialect: a.dialect}
	q.KeyAmong(a.table, a.fields, a.keys)
}

// On makes a session's statements read and write another table than the model's own.
func On(db *gorm.DB, table string) *gorm.DB {
	session := db.Session(&gorm.Session{Initialized: true})
	session.Statement.Table = dialect.LastName(table)
	session.Statement.TableExpr = &clause.Expr{SQL: QuoteName(db, table)}
	return session.Session(&gorm.Session{})
}

// TableOf reads the table of a statement: that of its model, which is parsed, or one given by db.Table. ok is false where
// that is a sub-query, several tables, or anything else than a name with an alias perhaps.
func TableOf(stmt *gorm.Statement, d *dialect.Dialect) (t Table, ok bool) {
	if stmt.TableExpr == nil {
		return Table{Name: stmt.Table}, true
	}
	tables, rest := namedTables(fromText(stmt))
	if rest || len(tables) != 1 || onlyPattern.MatchString(tables[0].path[0]) {
		return t, false
	}
	for _, part := range tables[0].path {
		if !quoted(part) {
			part = d.Unquoted(part)
		} else if part = unquoted(part); strings.ContainsAny(part, ".\"`") {
			return t, false // GORM would take it for something else
		}
		t.Name += "." + part
	}
	t.Name = t.Name[1:]
	if t.Alias = tables[0].as; t.Alias != "" && !quoted(t.Alias) {
		t.Alias = d.Unquoted(t.Alias)
	}
	t.Alias = unquoted(t.Alias)
	return t, true
}

// fromText is the text of a statement's FROM clause. What it binds stays a question mark, but for names.
func fromText(stmt *gorm.Statement) string {
	text := stmt.TableExpr.SQL
	for _, value := range stmt.TableExpr.Vars {
		switch value.(type) {
		case clause.Table, clause.Column:
			text = strings.Replace(text, "?", stmt.Quote(value), 1)
		default:
			return text
		}
	}
	return text
}

// TableAlias is the name that qualifies the columns of a statement's own table. GORM takes the first alias behind AS,
// whichever table it belongs to, and finds none that is quoted (chainable_api.go:58, GORM 1.31).
func TableAlias(stmt *gorm.Statement) string {
	if stmt.TableExpr == nil || stmt.Schema == nil || !strings.Contains(stmt.TableExpr.SQL, " ") {
		return stmt.Table
	}
	tables, _ := namedTables(stmt.TableExpr.SQL)
	if len(tables) == 0 && stmt.Table == stmt.Schema.Table {
		return subQueryAlias(stmt)
	}
	own := slices.IndexFunc(tables, func(t namedTable) bool { return t.name() == dialect.LastName(stmt.Schema.Table) })
	switch {
	case own >= 0:
		return tables[own].alias()
	case len(tables) == 1:
		return tables[0].alias()
	case len(tables) > 1 && stmt.Table != tables[0].alias():
		return stmt.Schema.Table // which of them is meant cannot be told: the database refuses it
	}
	return stmt.Table
}

// subQueryAlias is the name of the first sub-query that a statement reads from, where GORM has not found it for its quotes.
func subQueryAlias(stmt *gorm.Statement) string {
	words, depth := fromPattern.FindAllString(stmt.TableExpr.SQL, -1), 0
	for i, word := range words {
		switch word {
		case "(":
			depth++
		case ")":
			if depth--; depth > 0 {
				continue
			}
			if rest := words[i+1:]; len(rest) > 1 && strings.EqualFold(rest[0], "as") && isName(rest[1]) {
				return unquoted(rest[1])
			} else if len(rest) > 0 && isName(rest[0]) && !tableKeyword.MatchString(rest[0]) {
				return unquoted(rest[0])
			}
			return stmt.Table
		}
	}
	return stmt.Table
}

// namedTable is a table in a FROM clause as it stands there.
type namedTable struct {
	path []string // the schema, if it has one, and the name
	as   string   // the alias, empty without one
}

func (t namedTable) name() string { return unquoted(t.path[len(t.path)-1]) }

func (t namedTable) alias() string {
	if t.as != "" {
		return unquoted(t.as)
	}
	return t.name()
}

// namedTables lists the tables that the text of a FROM clause names outside parentheses. Sub-queries are not among them. rest
// tells that there is more in it than they.
func namedTables(from string) (tables []namedTable, rest bool) {
	words := fromPattern.FindAllString(from, -1)
	starts, depth := true, 0
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "(":
			starts, rest = false, true
			depth++
		case word == ")":
			depth--
		case depth > 0:
		case word == "," || strings.EqualFold(word, "join"):
			starts, rest = true, true
		case starts && isName(word):
			starts = false
			t := namedTable{path: []string{word}}
			for i+2 < len(words) && words[i+1] == "." {
				i += 2
				t.path = append(t.path, words[i])
			}
			if i+2 < len(words) && strings.EqualFold(words[i+1], "as") {
				i += 2
				t.as = words[i]
			} else if i+1 < len(words) && isName(words[i+1]) && !tableKeyword.MatchString(words[i+1]) {
				i++
				t.as = words[i]
			}
			tables = append(tables, t)
		default:
			rest = true
		}
	}
	return tables, rest
}

func isName(word string) bool { return quoted(word) || IsWord(word[0]) }

func quoted(name string) bool { return name[0] == '"' || name[0] == '`' }

func unquoted(name string) string { return strings.Trim(name, "\"`") }

const Identifier = "(?:\"[^\"]+\"|`[^`]+`|\\w+)"

var fromPattern = regexp.MustCompile(Identifier + `|\S`)

// tableKeyword are the words that may follow a table without being its alias.
var tableKeyword = regexp.MustCompile(`(?i)^(?:join|inner|left|right|full|cross|natural|where|on|using|tablesample|indexed|not|use|force|ignore)$`)

// onlyPattern are the words that may stand before a table.
var onlyPattern = regexp.MustCompile(`(?i)^(?:only|lateral)$`)

func IsWord(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80
}
