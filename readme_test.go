package softdelete_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The manual is README.md and the pages of docs. Its Go blocks are compiled, its programs run, its SQL is compared with what is
// sent, and its links are followed.

// page is a page of the manual.
type page struct {
	path, text string
	blocks     []block
}

// block is a block of code of a page.
type block struct{ language, text string }

// program tells whether a block is a whole program; the block after it is what it prints.
func (b block) program() bool { return b.language == "go" && strings.HasPrefix(b.text, "package ") }

// declarations tells whether a block declares types and functions; what else is Go are statements.
func (b block) declarations() bool {
	return b.language == "go" && regexp.MustCompile(`^(//.*\n)*(type|func) `).MatchString(b.text)
}

func (b block) statements() bool {
	return b.language == "go" && !b.program() && !b.declarations()
}

var fenced = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")

// manual reads the pages.
func manual(t *testing.T) (pages []page) {
	t.Helper()
	paths, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	for _, path := range append([]string{"README.md"}, paths...) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		p := page{path: path, text: string(text)}
		for _, match := range fenced.FindAllStringSubmatch(p.text, -1) {
			p.blocks = append(p.blocks, block{match[1], match[2]})
		}
		require.Zero(t, strings.Count(p.text, "\n```")%2, "%s has a block that does not end", path)
		pages = append(pages, p)
	}
	return pages
}

func TestTheReadmeStaysShort(t *testing.T) {
	require.LessOrEqual(t, strings.Count(manual(t)[0].text, "\n"), 200, "the rest belongs in docs")
}

// Links.

// prose is a page without its code.
func (p page) prose() string {
	return regexp.MustCompile("`[^`\n]+`").ReplaceAllString(fenced.ReplaceAllString(p.text, ""), "code")
}

// anchors are the names that the headings of a page have on GitHub.
func (p page) anchors() (names []string) {
	for _, match := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(fenced.ReplaceAllString(p.text, ""), -1) {
		name := strings.ToLower(regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(match[1], ""))
		name = strings.ReplaceAll(name, " ", "-")
		if n := strings.Count("\n"+strings.Join(names, "\n")+"\n", "\n"+name+"\n"); n > 0 {
			name = fmt.Sprintf("%s-%d", name, n)
		}
		names = append(names, name)
	}
	return names
}

func TestTheLinksOfTheManualLeadSomewhere(t *testing.T) {
	pages := manual(t)
	for _, p := range pages {
		links := regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(p.prose(), -1)
		for _, match := range links {
			if strings.Contains(match[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(match[1], "#")
			target := p.path
			if file != "" {
				target = filepath.Join(filepath.Dir(p.path), file)
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s links to %s", p.path, match[1])
			if anchor == "" {
				continue
			}
			i := slices.IndexFunc(pages, func(other page) bool { return other.path == filepath.ToSlash(target) })
			require.GreaterOrEqual(t, i, 0, "%s links into %s, which is no page of the manual", p.path, target)
			require.Contains(t, pages[i].anchors(), anchor, "%s links to a heading of %s", p.path, target)
		}
	}
}

func TestEveryPageOfTheManualIsInItsIndex(t *testing.T) {
	pages := manual(t)
	i := slices.IndexFunc(pages, func(p page) bool { return p.path == "docs/README.md" })
	require.GreaterOrEqual(t, i, 0)
	for _, p := range pages[1:] {
		if name := filepath.Base(p.path); name != "README.md" {
			require.Contains(t, pages[i].text, "("+name+")", "docs/README.md lists every page")
		}
	}
}

// Code. It is compiled inside the module, by an overlay of files that are not there: a package for each page.

const manualPackages = "internal/manual/" // where the overlay puts them

// overlay are files that the go command takes to be in the module.
type overlay struct {
	t     *testing.T
	dir   string
	files map[string]string // paths in the module, and where they really are
}

func newOverlay(t *testing.T) *overlay {
	return &overlay{t: t, dir: t.TempDir(), files: map[string]string{}}
}

func (o *overlay) add(path, text string) {
	o.t.Helper()
	root, err := os.Getwd()
	require.NoError(o.t, err)
	file := filepath.Join(o.dir, fmt.Sprintf("%d.go", len(o.files)))
	require.NoError(o.t, os.WriteFile(file, []byte(text), 0o600))
	o.files[filepath.Join(root, filepath.FromSlash(manualPackages+path))] = file
}

// run runs the go command; what it complains about is in the error.
func (o *overlay) run(subcommand string, args ...string) error {
	o.t.Helper()
	list, err := json.Marshal(map[string]any{"Replace": o.files})
	require.NoError(o.t, err)
	file := filepath.Join(o.dir, "overlay.json")
	require.NoError(o.t, os.WriteFile(file, list, 0o600))
	out, err := exec.CommandContext(o.t.Context(), "go", append([]string{subcommand, "-overlay=" + file}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// imports are the packages that blocks may use without saying so.
var imports = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "io": "io", "json": "encoding/json", "log": "log",
	"slog": "log/slog", "http": "net/http", "os": "os", "filepath": "path/filepath", "slices": "slices", "strconv": "strconv",
	"strings": "strings", "sync": "sync", "testing": "testing", "time": "time", "ed25519": "crypto/ed25519", "rand": "crypto/rand",
	"sha256": "crypto/sha256", "hex": "encoding/hex", "sql": "database/sql", "signal": "os/signal",
	"gorm": "gorm.io/gorm", "clause": "gorm.io/gorm/clause", "schema": "gorm.io/gorm/schema", "logger": "gorm.io/gorm/logger",
	"sqlite": "gorm.io/driver/sqlite", "postgres": "gorm.io/driver/postgres", "require": "github.com/stretchr/testify/require",
	"softdelete": "github.com/gorm-softdelete/softdelete", "testdb": "github.com/gorm-softdelete/softdelete/internal/testdb",
}

// source makes a file of declarations, with what it imports.
func source(t *testing.T, where, name, text string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", "package "+name+"\n"+text, 0)
	require.NoError(t, err, "%s:\n%s", where, text)
	wanted := map[string]bool{}
	for _, unresolved := range file.Unresolved {
		if path, ok := imports[unresolved.Name]; ok {
			wanted[fmt.Sprintf("import %s %q\n", unresolved.Name, path)] = true
		}
	}
	head := "package " + name + "\n"
	for line := range wanted {
		head += line
	}
	return head + text
}

// blockHead is what the text around a block of statements takes for granted.
const blockHead = `(
	ctx context.Context, db *gorm.DB, user User, users []User, posts []Post, titles []string, address string, id softdelete.DeletionID,
) error {
	{
`

// function makes a function of a block of statements. What the block declares for its reader counts as used.
func function(t *testing.T, where, name, text string) string {
	t.Helper()
	whole := "func " + name + blockHead + text
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+whole+"}\nreturn nil\n}\n", parser.SkipObjectResolution)
	require.NoError(t, err, "%s:\n%s", where, text)
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List[0].(*ast.BlockStmt).List {
		for _, declared := range declaredBy(statement) {
			whole += "_ = " + declared + "\n"
		}
	}
	return whole + "}\nreturn nil\n}\n"
}

// declaredBy lists the variables that a statement declares.
func declaredBy(statement ast.Stmt) (names []string) {
	add := func(name *ast.Ident) {
		if name.Name != "_" {
			names = append(names, name.Name)
		}
	}
	switch statement := statement.(type) {
	case *ast.AssignStmt:
		for _, left := range statement.Lhs {
			if name, ok := left.(*ast.Ident); ok && statement.Tok == token.DEFINE {
				add(name)
			}
		}
	case *ast.DeclStmt:
		for _, spec := range statement.Decl.(*ast.GenDecl).Specs {
			if values, ok := spec.(*ast.ValueSpec); ok {
				for _, name := range values.Names {
					add(name)
				}
			}
		}
	}
	return names
}

// compile adds a page's package to the overlay. A page has the models of README.md that it does not declare itself.
func (o *overlay) compile(p, readme page, name string) {
	own := map[string]bool{}
	var declarations, shared string
	var functions []string
	for i, b := range p.blocks {
		switch {
		case b.declarations():
			declarations += b.text
		case b.statements():
			functions = append(functions, function(o.t, p.path, fmt.Sprintf("Block%d", i), b.text))
		}
	}
	file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+declarations, parser.SkipObjectResolution)
	require.NoError(o.t, err, "%s:\n%s", p.path, declarations)
	for _, spec := range typesOf(file) {
		own[spec.Name.Name] = true
	}
	if p.path != readme.path {
		shared = o.typesBut(readme, own)
	}
	o.add(name+"/models.go", source(o.t, p.path, name, shared+declarations))
	for i, text := range functions {
		o.add(fmt.Sprintf("%s/block%d.go", name, i), source(o.t, p.path, name, text))
	}
}

// typesBut are the types that a page declares, but for some.
func (o *overlay) typesBut(p page, some map[string]bool) (text string) {
	for _, b := range p.blocks {
		if !b.declarations() {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "", "package p\n"+b.text, parser.SkipObjectResolution)
		require.NoError(o.t, err, p.path)
		for _, spec := range typesOf(file) {
			if !some[spec.Name.Name] {
				var declared bytes.Buffer
				require.NoError(o.t, format.Node(&declared, fset, spec))
				text += "type " + declared.String() + "\n"
			}
		}
	}
	return text
}

// typesOf lists the types of a file.
func typesOf(file *ast.File) (specs []*ast.TypeSpec) {
	for _, decl := range file.Decls {
		if decl, ok := decl.(*ast.GenDecl); ok && decl.Tok == token.TYPE {
			for _, spec := range decl.Specs {
				specs = append(specs, spec.(*ast.TypeSpec))
			}
		}
	}
	return specs
}

func TestTheGoCodeInTheManualCompiles(t *testing.T) {
	o := newOverlay(t)
	args := []string{"-gcflags=-e"} // all errors, not the first ten
	pages := manual(t)
	for i, p := range pages {
		name := fmt.Sprintf("page%d", i)
		o.compile(p, pages[0], name)
		args = append(args, "./"+manualPackages+name)
		t.Logf("%s is %s", name, p.path)
	}
	require.NoError(t, o.run("build", args...))
}

// Programs. All of them are one, which runs the one that it is told to: a single program is linked.

func TestTheProgramsInTheManualPrintWhatTheySay(t *testing.T) {
	type program struct{ name, page, prints string }
	var programs []program
	o := newOverlay(t)
	driver := "package main\n\nimport (\n\t\"os\"\n"
	for _, p := range manual(t) {
		for i, b := range p.blocks {
			if !b.program() {
				continue
			}
			require.Less(t, i+1, len(p.blocks), p.path)
			require.Equal(t, "text", p.blocks[i+1].language, "%s: the output follows the program", p.path)
			name := fmt.Sprintf("program%d", len(programs))
			programs = append(programs, program{name, p.path, p.blocks[i+1].text})
			text := strings.Replace(b.text, "package main\n", "package "+name+"\n", 1)
			o.add(name+"/main.go", strings.Replace(text, "\nfunc main() {", "\nfunc Main() {", 1))
			driver += fmt.Sprintf("\t%q\n", "github.com/gorm-softdelete/softdelete/"+manualPackages+name)
		}
	}
	require.NotEmpty(t, programs)
	driver += ")\n\nfunc main() {\n\tmap[string]func(){\n"
	for _, p := range programs {
		driver += fmt.Sprintf("\t\t%q: %s.Main,\n", p.name, p.name)
	}
	o.add("driver/main.go", driver+"\t}[os.Args[1]]()\n}\n")
	binary := filepath.Join(t.TempDir(), "driver")
	require.NoError(t, o.run("build", "-o", binary, "./"+manualPackages+"driver"))
	for _, p := range programs {
		command := exec.CommandContext(t.Context(), binary, p.name)
		command.Dir = t.TempDir()
		var stdout, stderr strings.Builder
		command.Stdout, command.Stderr = &stdout, &stderr
		require.NoError(t, command.Run(), "%s: %s", p.page, &stderr)
		require.Equal(t, p.prints, stdout.String(), "a program of %s prints", p.page)
	}
}

// SQL. Blocks of SQL after a block of statements are what these send, on each database: `-- SQLite` or another name on the first
// line makes a block one of that database. A page with such blocks has a function fill, which makes the rows.

const sqlTest = `
func TestSQL(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t, &gorm.Config{NowFunc: func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }})
		models := MODELS
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(models...))
		require.NoError(t, fill(db))
		recorder := testdb.Record(db)
		check := func(block func(context.Context, *gorm.DB, User, []User, []Post, []string, string, softdelete.DeletionID) error, wanted map[string]string) {
			t.Helper()
			recorder.Reset()
			var user User
			require.NoError(t, db.First(&user).Error)
			recorder.Reset()
			require.NoError(t, block(t.Context(), db, user, nil, nil, nil, "ann@example.com", ""))
			want, own := wanted[database.Name]
			if !own {
				want = wanted[""]
			}
			require.Equal(t, want, readable(recorder.Statements()), "on %s", database.Name)
		}
CHECKS	})
}

// readable are statements without quotes around names, and with placeholders that have no numbers.
func readable(statements []string) (text string) {
	for _, s := range statements {
		s = strings.NewReplacer("` + "`" + `", "", "\"", "").Replace(s)
		for n := 30; n > 0; n-- {
			s = strings.ReplaceAll(s, fmt.Sprintf("$%d", n), "?")
		}
		text += strings.Join(strings.Fields(s), " ") + "; "
	}
	return strings.TrimSpace(text)
}
`

func TestTheSQLInTheManualIsWhatIsSent(t *testing.T) {
	pages := manual(t)
	checked := 0
	for _, p := range pages {
		var checks string
		for i, b := range p.blocks {
			if b.statements() {
				if wanted := p.sqlAfter(i); len(wanted) > 0 {
					checks += fmt.Sprintf("\t\tcheck(Block%d, %#v)\n", i, wanted)
					checked++
				}
			}
		}
		if checks == "" {
			continue
		}
		o := newOverlay(t)
		o.compile(p, pages[0], "page")
		test := strings.NewReplacer("MODELS", o.models(p), "CHECKS", checks).Replace(sqlTest)
		o.add("page/page_test.go", source(t, p.path, "page", test))
		binary := filepath.Join(o.dir, "page.test")
		require.NoError(t, o.run("test", "-c", "-vet=off", "-o", binary, "./"+manualPackages+"page"))
		out, err := exec.CommandContext(t.Context(), binary).CombinedOutput()
		require.NoError(t, err, "%s: %s", p.path, out)
	}
	t.Logf("%d calls", checked)
}

// sqlAfter are the blocks of SQL right after a block, by the names of the databases in testdb; "" is any other.
func (p page) sqlAfter(i int) map[string]string {
	wanted := map[string]string{}
	for _, b := range p.blocks[i+1:] {
		if b.language != "sql" {
			break
		}
		first, rest, _ := strings.Cut(b.text, "\n")
		database, named := strings.CutPrefix(first, "-- ")
		if named {
			database = map[string]string{"SQLite": "sqlite", "PostgreSQL": "postgres"}[database]
		} else {
			database, rest = "", b.text
		}
		wanted[database] = strings.Join(strings.Fields(rest), " ")
	}
	return wanted
}

// models lists the models that a page declares.
func (o *overlay) models(p page) string {
	list := "[]any{"
	for _, b := range p.blocks {
		if b.declarations() {
			file, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+b.text, parser.SkipObjectResolution)
			require.NoError(o.t, err)
			for _, spec := range typesOf(file) {
				if _, ok := spec.Type.(*ast.StructType); ok {
					list += "&" + spec.Name.Name + "{}, "
				}
			}
		}
	}
	return list + "}"
}
