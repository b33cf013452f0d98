package softdelete_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var updateAPI = flag.Bool("update", false, "write testdata/api.txt anew")

// TestTheExportedAPIIsAsWritten compares what the public packages of the module export with testdata/api.txt: whoever adds,
// changes or removes a name says so in that file.
func TestTheExportedAPIIsAsWritten(t *testing.T) {
	var text strings.Builder
	for _, dir := range publicPackages(t) {
		fmt.Fprintf(&text, "package %s\n", filepath.ToSlash(dir))
		for _, line := range exported(t, dir) {
			fmt.Fprintf(&text, "\t%s\n", line)
		}
	}
	const golden = "testdata/api.txt"
	if *updateAPI {
		require.NoError(t, os.WriteFile(golden, []byte(text.String()), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, strings.Split(string(want), "\n"), strings.Split(text.String(), "\n"),
		"the exported API has changed; if that is meant, run go test -run TestTheExportedAPIIsAsWritten . -update")
}

// publicPackages lists the folders of the module with packages that others can import.
func publicPackages(t *testing.T) (dirs []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		_, noModule := os.Stat(filepath.Join(path, "go.mod"))
		if path != "." && (noModule == nil || entry.Name() == "internal" || entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".")) {
			return filepath.SkipDir
		}
		if files := sources(t, token.NewFileSet(), path, parser.PackageClauseOnly); len(files) > 0 && files[0].Name.Name != "main" {
			dirs = append(dirs, path)
		}
		return nil
	}))
	return dirs
}

// sources parses the files of a package, apart from its tests.
func sources(t *testing.T, fset *token.FileSet, dir string, mode parser.Mode) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	for _, name := range names {
		if !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(fset, name, nil, mode)
			require.NoError(t, err)
			files = append(files, file)
		}
	}
	return files
}

// exported lists what a package exports, a line per name.
func exported(t *testing.T, dir string) []string {
	t.Helper()
	l := &apiLister{fset: token.NewFileSet()}
	for _, file := range sources(t, l.fset, dir, parser.SkipObjectResolution) {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				l.function(decl)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						l.values(decl.Tok, spec)
					case *ast.TypeSpec:
						l.typ(spec)
					}
				}
			}
		}
	}
	slices.SortFunc(l.lines, func(a, b string) int {
		_, nameA, _ := strings.Cut(a, " ")
		_, nameB, _ := strings.Cut(b, " ")
		return cmp.Or(strings.Compare(nameA, nameB), strings.Compare(a, b))
	})
	return l.lines
}

// apiLister gathers the lines of a package.
type apiLister struct {
	fset  *token.FileSet
	lines []string
}

func (l *apiLister) add(kind, name string, rest ...string) {
	l.lines = append(l.lines, strings.TrimSpace(kind+" "+name+strings.Join(rest, "")))
}

// function lists a function, or a method of an exported type.
func (l *apiLister) function(f *ast.FuncDecl) {
	if !f.Name.IsExported() {
		return
	}
	if f.Recv == nil {
		l.add("func", f.Name.Name, l.signature(f.Type))
		return
	}
	receiver := l.text(f.Recv.List[0].Type)
	if name := strings.TrimPrefix(receiver, "*"); ast.IsExported(name) {
		pointer := ""
		if name != receiver {
			pointer = " // on the pointer"
		}
		l.add("method", name+"."+f.Name.Name, l.signature(f.Type), pointer)
	}
}

func (l *apiLister) values(kind token.Token, spec *ast.ValueSpec) {
	for i, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		var rest []string
		if spec.Type != nil {
			rest = append(rest, " ", l.text(spec.Type))
		}
		if kind == token.CONST && i < len(spec.Values) {
			rest = append(rest, " = ", l.text(spec.Values[i]))
		}
		l.add(kind.String(), name.Name, rest...)
	}
}

func (l *apiLister) typ(spec *ast.TypeSpec) {
	name := spec.Name.Name
	if !spec.Name.IsExported() {
		return
	}
	alias := ""
	if spec.Assign.IsValid() {
		alias = " ="
	}
	switch inner := spec.Type.(type) {
	case *ast.StructType:
		l.add("type", name, alias, " struct")
		for _, field := range inner.Fields.List {
			tag := ""
			if field.Tag != nil {
				tag = " " + field.Tag.Value
			}
			for _, fieldName := range field.Names {
				if fieldName.IsExported() {
					l.add("field", name+"."+fieldName.Name, " ", l.text(field.Type), tag)
				}
			}
			if len(field.Names) == 0 {
				l.add("embedded", name+"."+l.text(field.Type), tag)
			}
		}
	case *ast.InterfaceType:
		l.add("type", name, alias, " interface")
		for _, method := range inner.Methods.List {
			if signature, ok := method.Type.(*ast.FuncType); ok {
				l.add("method", name+"."+method.Names[0].Name, l.signature(signature))
			} else {
				l.add("embedded", name+"."+l.text(method.Type))
			}
		}
	default:
		l.add("type", name, alias, " ", l.text(spec.Type))
	}
}

// signature is a function's type without the names of its parameters.
func (l *apiLister) signature(f *ast.FuncType) string {
	list := func(fields *ast.FieldList) (types []string) {
		if fields == nil {
			return nil
		}
		for _, field := range fields.List {
			for range max(1, len(field.Names)) {
				types = append(types, l.text(field.Type))
			}
		}
		return types
	}
	results := list(f.Results)
	text := "(" + strings.Join(list(f.Params), ", ") + ")"
	switch len(results) {
	case 0:
		return text
	case 1:
		return text + " " + results[0]
	}
	return text + " (" + strings.Join(results, ", ") + ")"
}

// text is a piece of source on one line.
func (l *apiLister) text(node ast.Node) string {
	if f, ok := node.(*ast.FuncType); ok {
		return "func" + l.signature(f)
	}
	var source bytes.Buffer
	if err := printer.Fprint(&source, l.fset, node); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(source.String()), " ")
}
