package softdelete_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
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
type block struct {
	language, text string
	start, end     int // in the page's text, with its fences
}

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
		p := page{path: path, text: string(text), blocks: blocksOf(string(text))}
		require.Zero(t, strings.Count(p.text, "\n```")%2, "%s has a block that does not end", path)
		pages = append(pages, p)
	}
	return pages
}

func blocksOf(text string) (blocks []block) {
	for _, at := range fenced.FindAllStringSubmatchIndex(text, -1) {
		blocks = append(blocks, block{text[at[2]:at[3]], text[at[4]:at[5]], at[0], at[1]})
	}
	return blocks
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
			require.True(t, strings.Contains(pages[i].text, "("+name+")"), "docs/README.md lists every page, but not %s", name)
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
	out, err := exec.CommandContext(o.t.Context(), "go", append([]string{subcommand, "-overlay=" + file, "-buildvcs=false"}, args...)...).CombinedOutput()
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
	"sqlite": "gorm.io/driver/sqlite", "postgres": "gorm.io/driver/postgres", "mysql": "gorm.io/driver/mysql", "require": "github.com/stretchr/testify/require",
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

func TestTheGoCodeInTheManualIsFormatted(t *testing.T) {
	for _, p := range manual(t) {
		for _, b := range p.blocks {
			if b.language == "go" {
				formatted, err := format.Source([]byte(b.text))
				require.NoError(t, err, "%s:\n%s", p.path, b.text)
				require.Equal(t, string(formatted), b.text, "gofmt writes this block of %s otherwise", p.path)
			}
		}
	}
}

// Programs. All of them are one, which runs the one that it is told to: a single program is linked.

func TestTheProgramsInTheManualPrintWhatTheySay(t *testing.T) {
	pages := manual(t)
	o := newOverlay(t)
	var imported, table string
	each := func(do func(p *page, i int, name string)) {
		for n := range pages {
			for i := len(pages[n].blocks) - 1; i >= 0; i-- { // from the end, as the text may be written anew
				if pages[n].blocks[i].program() {
					do(&pages[n], i, fmt.Sprintf("program%d_%d", n, i))
				}
			}
		}
	}
	each(func(p *page, i int, name string) {
		require.Less(t, i+1, len(p.blocks), p.path)
		require.Equal(t, "text", p.blocks[i+1].language, "%s: the output follows the program", p.path)
		text := strings.Replace(p.blocks[i].text, "package main\n", "package "+name+"\n", 1)
		o.add(name+"/main.go", strings.Replace(text, "\nfunc main() {", "\nfunc Main() {", 1))
		imported += fmt.Sprintf("\t%q\n", "github.com/gorm-softdelete/softdelete/"+manualPackages+name)
		table += fmt.Sprintf("\t\t%q: %s.Main,\n", name, name)
	})
	require.NotEmpty(t, table)
	o.add("driver/main.go", "package main\n\nimport (\n\t\"os\"\n"+imported+
		")\n\nfunc main() {\n\tmap[string]func(){\n"+table+"\t}[os.Args[1]]()\n}\n")
	binary := filepath.Join(t.TempDir(), "driver")
	require.NoError(t, o.run("build", "-o", binary, "./"+manualPackages+"driver"))
	each(func(p *page, i int, name string) {
		command := exec.CommandContext(t.Context(), binary, name)
		command.Dir = t.TempDir()
		var stdout, stderr strings.Builder
		command.Stdout, command.Stderr = &stdout, &stderr
		require.NoError(t, command.Run(), "%s: %s%s", p.path, &stdout, &stderr)
		if *updateAPI {
			p.rewrite(t, i+1, i+2, "```text\n"+stdout.String()+"```")
		}
		require.Equal(t, p.blocks[i+1].text, stdout.String(), "a program of %s prints; -update writes it anew", p.path)
	})
}

// rewrite puts a text in the place of blocks, from one up to another.
func (p *page) rewrite(t *testing.T, from, to int, text string) {
	t.Helper()
	p.text = p.text[:p.blocks[from].start] + text + p.text[p.blocks[to-1].end:]
	require.NoError(t, os.WriteFile(p.path, []byte(p.text), 0o600))
	p.blocks = blocksOf(p.text)
}

// SQL. Blocks of SQL after a block of statements are what these send, on each database: `-- SQLite` or another name on the first
// line makes a block one of that database. A page with such blocks has a function fill, which makes the rows. Quotes around names
// and the numbers of placeholders are left out, for the reader.

const sqlTest = `
func TestSQL(t *testing.T) {
	sent := map[string]map[string]string{}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t, &gorm.Config{NowFunc: func() time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC) }})
		models := MODELS
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(models...))
		require.NoError(t, fill(db))
		var user User
		require.NoError(t, db.First(&user).Error)
		recorder := testdb.Record(db)
		sent[database.Name] = map[string]string{}
		for name, block := range map[string]func(context.Context, *gorm.DB, User, []User, []Post, []string, string, softdelete.DeletionID) error{
BLOCKS		} {
			recorder.Reset()
			require.NoError(t, block(t.Context(), db, user, nil, nil, nil, "ann@example.com", ""), "the block %s", name)
			sent[database.Name][name] = strings.Join(recorder.Statements(), ";\n")
		}
	})
	text, err := json.Marshal(sent)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile("sent.json", text, 0o600))
}
`

func TestTheSQLInTheManualIsWhatIsSent(t *testing.T) {
	pages := manual(t)
	checked := 0
	for n := range pages {
		p := &pages[n]
		var list string
		for i := range p.blocks {
			if p.sqlAfter(i) > i+1 {
				list += fmt.Sprintf("\t\t\t\"%d\": Block%d,\n", i, i)
			}
		}
		if list == "" {
			continue
		}
		sent := sentBy(t, *p, pages[0], list)
		for i := len(p.blocks) - 1; i >= 0; i-- {
			if end := p.sqlAfter(i); end > i+1 {
				checked++
				p.compareSQL(t, i, end, sent)
			}
		}
	}
	require.NotZero(t, checked, "docs/reading.md has some")
}

// sentBy runs blocks of a page and gives what they send: by databases, and by the blocks' numbers.
func sentBy(t *testing.T, p, readme page, blocks string) (sent map[string]map[string]string) {
	t.Helper()
	o := newOverlay(t)
	o.compile(p, readme, "page")
	test := strings.NewReplacer("MODELS", o.models(p), "BLOCKS", blocks).Replace(sqlTest)
	o.add("page/page_test.go", source(t, p.path, "page", test))
	binary := filepath.Join(o.dir, "page.test")
	require.NoError(t, o.run("test", "-c", "-vet=off", "-o", binary, "./"+manualPackages+"page"))
	command := exec.CommandContext(t.Context(), binary)
	command.Dir = o.dir
	out, err := command.CombinedOutput()
	require.NoError(t, err, "%s: %s", p.path, out)
	text, err := os.ReadFile(filepath.Join(o.dir, "sent.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &sent))
	return sent
}

// databaseNames are those of testdb, as readers know them.
var databaseNames = map[string]string{"sqlite": "SQLite", "postgres": "PostgreSQL", "mysql": "MySQL"}

// sqlAfter is where the blocks of SQL end that follow a block of statements.
func (p page) sqlAfter(i int) int {
	if !p.blocks[i].statements() {
		return i
	}
	for i++; i < len(p.blocks) && p.blocks[i].language == "sql"; {
		i++
	}
	return i
}

// compareSQL compares the blocks of SQL after a block with what it sends.
func (p *page) compareSQL(t *testing.T, i, end int, sent map[string]map[string]string) {
	t.Helper()
	number := fmt.Sprint(i)
	if *updateAPI && len(sent) == len(databaseNames) {
		var texts []string
		same := true
		for _, database := range slices.Sorted(maps.Keys(sent)) {
			text := readableSQL(sent[database][number])
			same = same && text == readableSQL(sent["sqlite"][number])
			texts = append([]string{"```sql\n-- " + databaseNames[database] + "\n" + text + "\n```"}, texts...)
		}
		if same {
			texts = []string{"```sql\n" + readableSQL(sent["sqlite"][number]) + "\n```"}
		}
		p.rewrite(t, i+1, end, strings.Join(texts, "\n\n"))
		end = p.sqlAfter(i)
	}
	for database := range sent {
		want := ""
		for _, b := range p.blocks[i+1 : end] {
			first, rest, _ := strings.Cut(b.text, "\n")
			switch {
			case first == "-- "+databaseNames[database]:
				want = rest
			case !strings.HasPrefix(first, "-- "):
				want = b.text
			}
		}
		require.Equal(t, oneLine(want), oneLine(readableSQL(sent[database][number])),
			"%s, on %s; -update writes it anew:\n%s", p.path, database, p.blocks[i].text)
	}
}

func oneLine(text string) string {
	return strings.NewReplacer("( ", "(", " )", ")").Replace(strings.Join(strings.Fields(text), " "))
}

// readableSQL leaves out quotes around names and the numbers of placeholders, and breaks long lines.
func readableSQL(text string) string {
	text = strings.NewReplacer("`", "", `"`, "").Replace(text)
	text = regexp.MustCompile(`\$\d+`).ReplaceAllString(text, "?")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if len(line) > 100 {
			lines[i] = broken(line)
		}
	}
	return strings.Join(lines, "\n")
}

// broken breaks a statement before its clauses, but not those of its sub-queries.
func broken(line string) (text string) {
	clauses := regexp.MustCompile(` (FROM|WHERE|LEFT JOIN|ORDER BY|SET|VALUES|RETURNING) `)
	rest := line
	for _, at := range clauses.FindAllStringIndex(line, -1) {
		if before := line[:at[0]]; strings.Count(before, "(") == strings.Count(before, ")") {
			text += strings.TrimSuffix(rest, line[at[0]:]) + "\n "
			rest = line[at[0]:]
		}
	}
	return text + rest
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
