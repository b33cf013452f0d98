package statement_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// A table of WITH that nothing reads ends a server of MariaDB, where it is in a statement that writes and is prepared, and reads a
// recursive one.
func TestATableOfWITHThatNothingReadsIsNotWritten(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		session := statement.Session{DB: db, Dialect: serverOf(t, db)}
		table := func(name, from string, value string) statement.WithTable {
			return statement.WithTable{Name: name, Columns: []string{"n"}, Write: func(q *statement.Query) {
				q.Text("SELECT ").BindAs(value, false).Text(" AS n")
				if from != "" {
					q.Text(" FROM ").Name(from)
				}
			}}
		}
		a, b, c, d := table("a", "", "1"), table("b", "a", "2"), table("c", "", "3"), table("d", "b", "4")
		for _, w := range []struct {
			tables  []statement.WithTable
			from    []string
			further bool
			read    string
		}{
			{[]statement.WithTable{a}, []string{"a"}, false, "a"},
			{[]statement.WithTable{a, b}, []string{"b"}, false, "a b"},
			{[]statement.WithTable{a, b}, []string{"a"}, false, "a"},
			{[]statement.WithTable{a, b, c}, []string{"c"}, false, "c"},
			{[]statement.WithTable{a, b, c, d}, []string{"d"}, false, "a b d"},
			{[]statement.WithTable{c, a, b, d}, []string{"a", "c"}, false, "c a"},
			{[]statement.WithTable{a, b}, []string{"e"}, true, ""},
			{[]statement.WithTable{a, b, c}, []string{"c", "e"}, true, "c"},
			{[]statement.WithTable{a, b}, nil, false, ""},
		} {
			q := session.Query().With(w.tables)
			if w.further {
				q.Text(", e AS (SELECT ").BindAs("7", false).Text(" AS n) ")
			}
			q.Text("SELECT ").BindAs("9", false)
			for i, from := range w.from {
				q.Text([]string{" FROM ", ", "}[min(i, 1)]).Name(from)
			}
			text, values := q.Written()
			var read []string
			want := []any{}
			for _, t := range w.tables {
				if strings.Contains(text, q.Quoted("", t.Name)+" (n) AS (") {
					read = append(read, t.Name)
					want = append(want, map[string]string{"a": "1", "b": "2", "c": "3", "d": "4"}[t.Name])
				}
			}
			if w.further {
				want = append(want, "7")
			}
			require.Equal(t, append(want, "9"), values, text)
			if session.Dialect.Has(dialect.ReadTablesOnly) {
				require.Equal(t, w.read, strings.Join(read, " "), text)
			}
			rows := 0
			require.NoError(t, q.Rows(func(func(...any) error) error { rows++; return nil }), text)
			require.Equal(t, 1, rows, text)
		}
	})
}

func TestAWriteWithATableThatNothingReadsDoesNotEndTheServer(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Exec("CREATE TABLE written (n integer)").Error)
		session := statement.Session{DB: db, Dialect: serverOf(t, db)}
		for range 3 {
			q := session.Query().Text("INSERT INTO written ")
			q.With([]statement.WithTable{
				{Name: "up", Columns: []string{"n"}, Recursive: true, Write: func(q *statement.Query) {
					q.Text("SELECT n FROM written WHERE n = ").Bind(1).Text(" UNION SELECT w.n FROM written AS w, up AS p WHERE w.n = p.n + 1")
				}},
				{Name: "other", Columns: []string{"n"}, Write: func(q *statement.Query) { q.Text("SELECT n FROM up WHERE n = ").Bind(1) }},
			})
			_, err := q.Text("SELECT 5 FROM up").Exec()
			require.NoError(t, err)
		}
	})
}
