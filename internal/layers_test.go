package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// This room keeps the house as ARCHITECTURE.md draws it.

// floors are the packages from the ground up. A package imports only what stands on lower floors, or before it on its own.
var floors = [][]string{
	{"dialect", "coldfile", "fault", "rowkey", "tag", "mark", "statement"}, // ground: words, texts, SQL
	{"pii", "policy"}, // meaning: what tags say
	{"walk", "scope", "archive", "eventlog", "erasedrow", "hold"}, // mechanisms
	{"deletion", "restore", "write", "migrate"},                   // what GORM's statements do
	{"cold", "certificate", "erasure", "purge"},                   // the end of a row's life
}

// besides are the packages that only tests have, with what lies below them. They may import everything.
var besides = []string{"testdb", "conformance", "bench"}

const module = "github.com/gorm-softdelete/softdelete"

// sources parses the module's own files below a directory of the repository, tests and packages for tests apart, and gives them
// by their paths in it.
func sources(t *testing.T, below string, mode parser.Mode) map[string]*ast.File {
	files := map[string]*ast.File{}
	root := filepath.Join("..", below)
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		place, err := filepath.Rel("..", name)
		if err != nil {
			return err
		}
		place = filepath.ToSlash(place)
		if entry.IsDir() {
			_, err := os.Stat(filepath.Join(name, "go.mod"))
			otherModule := err == nil && place != "."
			if otherModule || entry.Name() == "testdata" || strings.HasPrefix(place, ".git") || slices.Contains(besides, strings.TrimPrefix(place, "internal/")) {
				return fs.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			files[place], err = parser.ParseFile(token.NewFileSet(), name, nil, mode)
		}
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func TestArrowsPointDownwards(t *testing.T) {
	order := slices.Concat(floors...)
	there := map[string]bool{}
	for name, file := range sources(t, "internal", parser.ImportsOnly) {
		pkg := strings.TrimPrefix(path.Dir(name), "internal/")
		i := slices.Index(order, pkg)
		require.GreaterOrEqual(t, i, 0, "%s: the package stands on no floor; give it a place in floors", name)
		there[pkg] = true
		for _, spec := range file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			require.NotEqual(t, module, imported, "%s imports the root", name)
			if below, ours := strings.CutPrefix(imported, module+"/internal/"); ours {
				j := slices.Index(order, below)
				require.GreaterOrEqual(t, j, 0, "%s imports %s, which stands on no floor", name, below)
				require.Less(t, j, i, "%s imports %s, which stands above it", name, below)
			}
		}
	}
	for _, pkg := range order {
		require.True(t, there[pkg], "floors has a package %s that is not there", pkg)
	}
}

// databaseNames are what GORM's dialectors are called.
var databaseNames = []string{`"postgres"`, `"sqlite"`, `"mysql"`, `"sqlserver"`, `"gaussdb"`, `"clickhouse"`}

// sessions are what variables and fields are called that hold a *gorm.DB or a gorm.Dialector.
var sessions = []string{"dialector", "Dialector", "db", "DB", "tx", "Tx", "session"}

func TestOnlyDialectKnowsWhichDatabaseItIs(t *testing.T) {
	for name, file := range sources(t, ".", 0) {
		if path.Dir(name) == "internal/dialect" || strings.HasPrefix(name, "example/") {
			continue
		}
		for _, spec := range file.Imports {
			require.False(t, strings.HasPrefix(spec.Path.Value, `"gorm.io/driver/`), "%s imports the driver %s", name, spec.Path.Value)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				require.NotContains(t, databaseNames, n.Value, "%s names a database; a feature or a fragment of dialect can tell what is needed", name)
			case *ast.SelectorExpr:
				if n.Sel.Name == "Name" {
					require.False(t, slices.Contains(append(sessions, "Dialect"), lastName(n.X)),
						"%s asks %s for the name of its database; a feature or a fragment of dialect can tell what is needed", name, lastName(n.X))
				}
			}
			return true
		})
	}
}

// dialectsOwn are the words that databases write in ways of their own, with where they come from instead.
var dialectsOwn = map[string]string{
	"FOR UPDATE": "Query.Lock", "FOR NO KEY UPDATE": "Query.Lock", "FOR SHARE": "Query.Lock", "SKIP LOCKED": "Query.Lock",
	"DO NOTHING": "KeepPresent of dialect", "DO UPDATE": "ReplacePresent of dialect", "advisory": "SoleLock and its like of dialect",
	" || ": "Concat of dialect", " RETURNING": "WrittenRows of dialect", "CAST(": "Query.BindAs, or Text of dialect", "::": "Text of dialect",
	"constraint failed": "Violation of dialect", "SQLSTATE": "Violation and WithoutRows of dialect",
}

func TestOnlyDialectWritesWhatDatabasesWriteDifferently(t *testing.T) {
	for name, file := range sources(t, "internal", 0) {
		if path.Dir(name) == "internal/dialect" {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				for words, instead := range dialectsOwn {
					require.NotContains(t, text.Value, words, "%s writes what not every database reads so; take %s", name, instead)
				}
			}
			return true
		})
	}
}

// Not every database takes a LIMIT in a sub-query of IN; all take it in a table of FROM.
func TestNoSubQueryOfINHasALimit(t *testing.T) {
	for name, file := range sources(t, "internal", 0) {
		if path.Dir(name) == "internal/dialect" {
			continue
		}
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			text := sqlOf(function)
			require.False(t, limitsIn(text), "%s: %s writes a LIMIT into a sub-query of IN; join a sub-query in FROM instead", name, function.Name.Name)
		}
	}
}

// Not every database takes WITH before UPDATE and DELETE, which walk.Tables.Write knows.
func TestNoWITHStandsBeforeAWrite(t *testing.T) {
	for name, file := range sources(t, "internal", 0) {
		for _, declaration := range file.Decls {
			with := false
			ast.Inspect(declaration, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					with = with || n.Sel.Name == "With"
				case *ast.BasicLit:
					text := strings.Trim(n.Value, `"`)
					require.False(t, with && (strings.HasPrefix(text, "UPDATE ") || strings.HasPrefix(text, "DELETE FROM ")),
						"%s writes WITH before %s; take Write of walk.Tables", name, n.Value)
					with = with && !strings.HasPrefix(text, "SELECT ")
				}
				return true
			})
		}
	}
}

// sqlOf is what a function's literals are in the order in which they stand there.
func sqlOf(function *ast.FuncDecl) string {
	var text strings.Builder
	ast.Inspect(function, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			value, _ := strconv.Unquote(literal.Value)
			text.WriteString(value)
		}
		return true
	})
	return text.String()
}

// limitsIn tells whether a LIMIT stands directly in the parentheses of an IN.
func limitsIn(text string) bool {
	for {
		_, rest, found := strings.Cut(text, " IN (SELECT ")
		if !found {
			return false
		}
		for i, depth := 0, 0; i < len(rest) && depth >= 0; i++ {
			switch {
			case rest[i] == '(':
				depth++
			case rest[i] == ')':
				depth--
			case depth == 0 && strings.HasPrefix(rest[i:], " LIMIT "):
				return true
			}
		}
		text = rest
	}
}

// lastName is the name at the end of an expression such as m.db.Dialector.
func lastName(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// schemaTable are the places that read a table's name from GORM's schema and write no SQL of it: they make names of indexes,
// texts, or a code. Everything else asks a policy, which knows the table that a statement names.
var schemaTable = map[string]bool{
	"unique_index.go": true, "internal/erasure/data_map.go": true, "internal/pii/mask_hmac.go": true, "internal/pii/constraint.go": true,
	"internal/write/target.go":    true, // names constraints as GORM does
	"internal/statement/table.go": true, // finds the model's table among those of a statement
}

func TestATablesNameIsThePolicys(t *testing.T) {
	for name, file := range sources(t, ".", 0) {
		if slices.Contains([]string{"internal/policy", "internal/dialect", "internal/migrate"}, path.Dir(name)) || schemaTable[name] || strings.HasPrefix(name, "example/") {
			continue
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if table, ok := n.(*ast.SelectorExpr); ok && table.Sel.Name == "Table" {
				require.False(t, strings.HasSuffix(strings.ToLower(lastName(table.X)), "schema"),
					"%s reads the table's name from a schema; Policy.Table is that of the statement", name)
			}
			return true
		})
	}
}
