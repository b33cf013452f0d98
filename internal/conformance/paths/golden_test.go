package paths_test

import (
	"database/sql/driver"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

var updatePaths = flag.Bool("update", false, "write testdata anew")

// pathGolden is a file with the SQL of every path: a heading with the path's name, and a statement a paragraph.
type pathGolden struct {
	file string
	want map[string]string // by heading
	got  strings.Builder
}

const pathHeading = "-- "

func openPathGolden(t *testing.T, database string) *pathGolden {
	t.Helper()
	g := &pathGolden{file: filepath.Join("testdata", database+".sql"), want: map[string]string{}}
	content, err := os.ReadFile(g.file)
	if !*updatePaths {
		require.NoError(t, err)
	}
	for _, section := range strings.Split("\n"+string(content), "\n"+pathHeading)[1:] {
		heading, body, _ := strings.Cut(section, "\n")
		g.want[heading] = strings.TrimSpace(body)
	}
	return g
}

// check compares what a path sent with what the file says.
func (g *pathGolden) check(t *testing.T, heading string, statements []testdb.Statement) {
	t.Helper()
	var body strings.Builder
	for _, statement := range statements {
		if text := pathSQL(statement); text != "" {
			fmt.Fprintln(&body, text)
		}
	}
	text := body.String()
	if !pathLook.MatchString(g.want[heading] + "\n") {
		text = pathLook.ReplaceAllString(text, "")
	}
	fmt.Fprintf(&g.got, "%s%s\n%s\n", pathHeading, heading, text)
	if !*updatePaths {
		require.Equal(t, g.want[heading], strings.TrimSpace(text), "run this test with -update if the change is meant")
	}
	delete(g.want, heading)
}

// pathLook is the look whether another deletion has a time, which one whose program was stopped for a millisecond takes in between.
var pathLook = regexp.MustCompile(`(?m)^(UPDATE .* WHERE 1 = 0;\n|SELECT pg_try_advisory_xact_lock.*\n)?SELECT 1 WHERE 1 = 0( OR EXISTS .*|;)\n`)

// finish writes the file where that was asked for, and tells of paths that are no more.
func (g *pathGolden) finish(t *testing.T) {
	t.Helper()
	switch {
	case t.Failed() || strings.Contains(flag.Lookup("test.run").Value.String(), "/"): // some paths only
	case *updatePaths:
		require.NoError(t, os.WriteFile(g.file, []byte(strings.TrimSuffix(g.got.String(), "\n")), 0o644))
	default:
		require.Empty(t, g.want, "paths that are in the file only; run this test with -update")
	}
}

// pathSQL is a statement with its values, those of a query sorted; times are not shown, nor are the begin and the end of
// transactions.
func pathSQL(statement testdb.Statement) string {
	if statement.SQL == "BEGIN" || statement.SQL == "COMMIT" {
		return ""
	}
	if len(statement.Args) == 0 {
		return statement.SQL + ";"
	}
	values := make([]string, len(statement.Args))
	for i, arg := range statement.Args {
		if valuer, ok := arg.(driver.Valuer); ok {
			arg, _ = valuer.Value()
		}
		if pointer := reflect.ValueOf(arg); pointer.Kind() == reflect.Pointer && pointer.IsNil() {
			arg = nil
		} else if pointer.Kind() == reflect.Pointer {
			arg = pointer.Elem().Interface()
		}
		switch arg := arg.(type) {
		case time.Time:
			values[i] = "time"
		case int, int64:
			if values[i] = fmt.Sprint(arg); strings.Contains(statement.SQL, "softdelete_locks") {
				values[i] = "number of a time"
			}
		case string:
			values[i] = "'" + arg + "'"
		case nil:
			values[i] = "NULL"
		default:
			values[i] = fmt.Sprint(arg)
		}
	}
	if strings.HasPrefix(statement.SQL, "SELECT") {
		slices.Sort(values) // the keys of a preload come in whatever order their rows did
	}
	return statement.SQL + ";  -- " + strings.Join(values, ", ")
}
