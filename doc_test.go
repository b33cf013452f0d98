package softdelete_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
