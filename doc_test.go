package softdelete_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

func TestEveryExportedNameHasAComment(t *testing.T) {
	fset := token.NewFileSet()
	pkg, err := doc.NewFromFiles(fset, sources(t, fset, ".", parser.ParseComments), "github.com/gorm-softdelete/softdelete")
	require.NoError(t, err)
	require.NotEmpty(t, pkg.Types, "the walk found nothing to look at")

	check := func(name, comment string) {
		if strings.TrimSpace(comment) == "" {
			t.Errorf("%s has no comment; a blank line between comment and declaration cuts it off", name)
		}
	}
	funcs := func(list []*doc.Func) {
		for _, f := range list {
			name := f.Name
			if f.Recv != "" {
				name = f.Recv + "." + name
			}
			check(name, f.Doc)
		}
	}
	values := func(list []*doc.Value) {
		for _, v := range list {
			for _, spec := range v.Decl.Specs {
				spec := spec.(*ast.ValueSpec)
				comment := spec.Doc.Text() + spec.Comment.Text()
				if len(v.Decl.Specs) == 1 {
					comment += v.Doc
				}
				for _, name := range spec.Names {
					if name.IsExported() {
						check(name.Name, comment)
					}
				}
			}
		}
	}
	check("package "+pkg.Name, pkg.Doc)
	funcs(pkg.Funcs)
	values(pkg.Consts)
	values(pkg.Vars)
	for _, typ := range pkg.Types {
		check(typ.Name, typ.Doc)
		for _, spec := range typ.Decl.Specs {
			members(spec.(*ast.TypeSpec), check)
		}
		funcs(typ.Funcs)
		funcs(typ.Methods)
		values(typ.Consts)
		values(typ.Vars)
	}
}

// members checks the exported fields of a struct, and the methods of an interface.
func members(typ *ast.TypeSpec, check func(name, comment string)) {
	var list *ast.FieldList
	switch inner := typ.Type.(type) {
	case *ast.StructType:
		list = inner.Fields
	case *ast.InterfaceType:
		list = inner.Methods
	default:
		return
	}
	for _, member := range list.List {
		for _, name := range member.Names { // none where a type is embedded: its own comment tells
			if name.IsExported() {
				check(typ.Name.Name+"."+name.Name, member.Doc.Text()+member.Comment.Text())
			}
		}
	}
}

func TestOnlyOneFileHasThePackageComment(t *testing.T) {
	fset := token.NewFileSet()
	var commented []string
	for _, file := range sources(t, fset, ".", parser.ParseComments) {
		if file.Doc != nil {
			commented = append(commented, fset.Position(file.Package).Filename)
		}
	}
	require.Equal(t, []string{"doc.go"}, commented, "go doc would join their texts")
}

// apiOfTheRoot gives the lines of testdata/api.txt about the root package, by kind: "func", "field" and others.
func apiOfTheRoot(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/api.txt")
	require.NoError(t, err)
	lines := map[string][]string{}
	_, ours, _ := strings.Cut(string(text), "package .\n")
	ours, _, _ = strings.Cut(ours, "\npackage ")
	for _, line := range strings.Split(ours, "\n") {
		if kind, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			lines[kind] = append(lines[kind], rest)
		}
	}
	require.NotEmpty(t, lines["func"])
	return lines
}

// nameIn is the name at the beginning of a line of the API.
func nameIn(line string) string { return regexp.MustCompile(`^[\w.]+`).FindString(line) }

// calledByOthers are methods that are there for an interface: callers of the plugin do not call them.
var calledByOthers = []string{
	"Error", "Is", "Unwrap", // errors
	"Scan", "Value", "GormDataType", "TableName", // database/sql and GORM
	"Initialize", "Name", // db.Use
}

func TestEveryFunctionThatUsersCallHasAnExampleWithItsOutput(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var parsed []*ast.File
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		require.NoError(t, err)
		parsed = append(parsed, file)
	}
	shown := map[string]bool{}
	for _, example := range doc.Examples(parsed...) {
		if example.Output != "" {
			shown[regexp.MustCompile(`_[a-z]\w*$`).ReplaceAllString(example.Name, "")] = true
		}
	}
	api := apiOfTheRoot(t)
	var interfaces, missing []string
	for _, line := range api["type"] {
		if name, isInterface := strings.CutSuffix(line, " interface"); isInterface {
			interfaces = append(interfaces, name)
		}
	}
	for _, line := range slices.Concat(api["func"], api["method"]) {
		name := nameIn(line)
		typ, method, _ := strings.Cut(name, ".")
		if slices.Contains(interfaces, typ) || slices.Contains(calledByOthers, method) {
			continue
		}
		if !shown[strings.ReplaceAll(name, ".", "_")] {
			missing = append(missing, name)
		}
	}
	require.Empty(t, missing, "each wants an Example with an Output, in a file example_…_test.go")
}

// codeOf is what stands in code in the manual: blocks, and words between backticks.
func codeOf(t *testing.T) (text string) {
	t.Helper()
	for _, p := range manual(t) {
		for _, b := range p.blocks {
			text += b.text + "\n"
		}
		for _, match := range regexp.MustCompile("`[^`\n]+`").FindAllString(fenced.ReplaceAllString(p.text, ""), -1) {
			text += match + "\n"
		}
	}
	return text
}

// named collects the words of a text.
func named(text string) map[string]bool {
	words := map[string]bool{}
	for _, word := range regexp.MustCompile(`\w+`).FindAllString(text, -1) {
		words[word] = true
	}
	return words
}

func TestEveryExportedNameOccursInTheManual(t *testing.T) {
	words := named(codeOf(t))
	var missing []string
	for _, lines := range apiOfTheRoot(t) {
		for _, line := range lines {
			name := nameIn(line)
			_, member, isMember := strings.Cut(name, ".")
			switch {
			case isMember && slices.Contains(calledByOthers, member):
			case isMember && !words[member], !isMember && !words[name]:
				missing = append(missing, name)
			}
		}
	}
	require.Empty(t, slices.Sorted(slices.Values(missing)), "a page of docs says what each is for")
}

func TestEveryTagWordHasItsRowInTheReference(t *testing.T) {
	reference, err := os.ReadFile("docs/tags.md")
	require.NoError(t, err)
	all, personal, ok := strings.Cut(string(reference), "\n## pii\n")
	require.True(t, ok)
	_, all, ok = strings.Cut(all, "\n## softdelete\n")
	require.True(t, ok)
	for _, word := range slices.Sorted(maps.Keys(tag.Words)) {
		require.True(t, strings.Contains(all, "\n| `"+word+"` |"), "docs/tags.md has no row for softdelete:%q", word)
	}
	for _, word := range personalWords(t) {
		require.True(t, strings.Contains(personal, "\n| `"+word+"` |"), "docs/tags.md has no row for pii:%q", word)
	}
}

// personalWords are the words of the tag pii, as the refusal of an unknown one lists them.
func personalWords(t *testing.T) []string {
	t.Helper()
	type Person struct {
		ID   uint
		Name string `pii:"unknown word"`
	}
	db, err := gorm.Open(sqlite.Open(":memory:"), &gorm.Config{})
	require.NoError(t, err)
	err = db.Use(softdelete.New(softdelete.Config{Models: []any{&Person{}}}))
	require.ErrorIs(t, err, softdelete.ErrPolicy)
	_, list, ok := strings.Cut(err.Error(), "known are ")
	require.True(t, ok, err)
	return strings.Split(list, ", ")
}
