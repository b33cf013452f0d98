package softdelete_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docFiles parses the package's own files: all but the tests.
func docFiles(t *testing.T) (*token.FileSet, []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, entry := range entries {
		if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, entry.Name(), nil, parser.ParseComments)
		require.NoError(t, err)
		files = append(files, file)
	}
	return fset, files
}

func TestEveryExportedNameHasAComment(t *testing.T) {
	fset, files := docFiles(t)
	pkg, err := doc.NewFromFiles(fset, files, "github.com/gorm-softdelete/softdelete")
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
		funcs(typ.Funcs)
		funcs(typ.Methods)
		values(typ.Consts)
		values(typ.Vars)
	}
}

func TestOnlyOneFileHasThePackageComment(t *testing.T) {
	fset, files := docFiles(t)
	var commented []string
	for _, file := range files {
		if file.Doc != nil {
			commented = append(commented, fset.Position(file.Package).Filename)
		}
	}
	require.Equal(t, []string{"doc.go"}, commented, "go doc would join their texts")
}
