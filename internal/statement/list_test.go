package statement_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type listed[T any] struct {
	ID    int
	Value T `gorm:"index"`
}

func (listed[T]) TableName() string { return "listed" }

// fieldsOf are a model's fields of some names.
func fieldsOf(t *testing.T, db *gorm.DB, model any, names ...string) (fields []*schema.Field) {
	t.Helper()
	stmt := &gorm.Statement{DB: db}
	require.NoError(t, stmt.Parse(model))
	for _, name := range names {
		fields = append(fields, stmt.Schema.LookUpField(name))
	}
	return fields
}

// found lists the IDs of the model's rows whose value is among some.
func found(t *testing.T, db *gorm.DB, model any, values []any) (ids []int) {
	t.Helper()
	d, err := dialect.Of(db.Dialector)
	require.NoError(t, err)
	q := statement.NewQuery(db, d).Text("SELECT id FROM listed WHERE ")
	require.NoError(t, q.FieldAmong("", fieldsOf(t, db, model, "Value")[0], values).Text(" ORDER BY id").Rows(func(scan func(...any) error) error {
		ids = append(ids, 0)
		return scan(&ids[len(ids)-1])
	}))
	return ids
}

// exactly stores values in rows of their own, and finds each, some, and none of them, with so many bound values at the most.
func exactly[T any](t *testing.T, database *testdb.Database, most int, values ...T) {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.Migrator().DropTable("listed"))
	model := &listed[T]{}
	require.NoError(t, db.AutoMigrate(model))
	database.Lettered(t, db, "listed")
	for i, value := range values {
		require.NoError(t, db.Create(&listed[T]{ID: i + 1, Value: value}).Error)
	}
	recorder := testdb.Record(db)
	for i, value := range values {
		require.Equal(t, []int{i + 1}, found(t, db, model, []any{value}), "%v", value)
	}
	require.Empty(t, found(t, db, model, []any{nil}))
	require.Equal(t, []int{1, len(values)}, found(t, db, model, []any{values[0], nil, values[len(values)-1], values[0]}))
	for _, s := range recorder.All() {
		require.LessOrEqual(t, len(s.Args), most, s.SQL)
	}
}

// step is the finest that GORM's columns of times keep.
func step(database *testdb.Database) time.Duration {
	if database.Name == "mysql" {
		return time.Millisecond
	}
	return time.Microsecond
}

func TestAListOfValuesIsExact(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		// SQLite has bytes beside their list, and fractions far from 1 one by one. Where a time's text is the driver's, times are too.
		beside, far, times := 1, 1, 1
		switch database.Name {
		case "sqlite":
			beside, far, times = 2, 4, 4
		case "mysql":
			times = 4
		}
		exactly(t, database, 1, int64(1), -1, 1<<53, 1<<53+1, 1<<63-1, -1<<63)
		exactly(t, database, 1, uint32(0), 1, 1<<32-1)
		exactly(t, database, 1, true, false)
		exactly(t, database, 1, "", "NULL", "null", `"`, `\`, `a,b`, `{x}`, "'", "ä\u2028", "1", "01", " a", "a ", "\n")
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		exactly(t, database, times, at, at.Add(step(database)), at.Add(1500*time.Millisecond), at.AddDate(-1000, 0, 0))
		exactly(t, database, beside, []byte{0}, []byte{}, []byte(`\x00`), []byte("a"), []byte{255, 254, 0, 1}, []byte(`{"}`))
		exactly(t, database, 1, 0.1, 0.5, -2, 1.0/3, 0, 1.0/512, 1<<61+1<<9, -1e-2, 123456.789)
		exactly(t, database, far, 0.1, 1e300, 5e-324, -1e-300)
		require.Empty(t, found(t, database.Open(t), &listed[string]{}, nil))
	})
}

// explained is the plan of a statement that was written and not run.
func explained(t *testing.T, db *gorm.DB, q *statement.Query) string {
	t.Helper()
	return fixture.Explain(t, db, q.Stmt.SQL.String(), q.Stmt.Vars...)
}

func TestAListOfValuesIsFoundByTheIndex(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(&listed[int]{}))
		fixture.Exec(t, db, fixture.Series("listed (id, value)", 100000, "i, i"))
		fixture.Analyze(t, db, "listed")
		values := make([]any, 1000)
		for i := range values {
			values[i] = i * 97
		}
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		plan := explained(t, db, statement.NewQuery(db, d).Text("SELECT * FROM listed WHERE ").Among("listed", "id", values))
		require.Regexp(t, `Index Scan|USING INTEGER PRIMARY KEY|"table_name": "listed",\s+"access_type": "eq_ref"`, plan)
	})
}

type paired[A, B any] struct {
	A  A `gorm:"primaryKey;autoIncrement:false;size:191"`
	B  B `gorm:"primaryKey;autoIncrement:false;size:191"`
	ID int
}

func (paired[A, B]) TableName() string { return "paired" }

// pairs stores rows with keys of two columns, and finds each, some, and none of them.
func pairs[A, B any](t *testing.T, database *testdb.Database, most int, first []A, second []B) {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.Migrator().DropTable("paired"))
	require.NoError(t, db.AutoMigrate(&paired[A, B]{}))
	database.Lettered(t, db, "paired")
	var keys [][]any
	for _, a := range first {
		for _, b := range second {
			require.NoError(t, db.Create(&paired[A, B]{ID: len(keys), A: a, B: b}).Error)
			keys = append(keys, []any{a, b})
		}
	}
	d, err := dialect.Of(db.Dialector)
	require.NoError(t, err)
	recorder := testdb.Record(db)
	found := func(keys ...[]any) (ids []int) {
		q := statement.NewQuery(db, d).Text("SELECT id FROM paired AS p WHERE ")
		require.NoError(t, q.KeyAmong(statement.Table{Name: "paired", Alias: "p"}, fieldsOf(t, db, &paired[A, B]{}, "A", "B"), keys).Text(" ORDER BY id").
			Rows(func(scan func(...any) error) error {
				ids = append(ids, 0)
				return scan(&ids[len(ids)-1])
			}))
		return ids
	}
	for i, key := range keys {
		require.Equal(t, []int{i}, found(key), "%v", key)
	}
	last := len(keys) - 1
	require.Equal(t, []int{0, last}, found(keys[last], keys[0], keys[last]))
	require.Empty(t, found([]any{nil, second[0]}))
	require.Len(t, found(keys...), len(keys))
	for _, s := range recorder.All() {
		require.LessOrEqual(t, len(s.Args), max(most, 2), s.SQL)
	}
}

func TestAListOfKeysIsExact(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		texts := []string{"", "NULL", `"`, `\`, `a,b`, `{x}`, "'", "ä\u2028", "1", "01", " a", "a ", "\n"}
		numbers := []int64{1, -1, 1 << 53, 1<<53 + 1, 1<<63 - 1, -1 << 63}
		pairs(t, database, 2, numbers, texts)
		pairs(t, database, 2, texts, []bool{true, false})
		pairs(t, database, 2, []uint16{0, 1, 1<<16 - 1}, numbers)
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		most := map[string]int{"sqlite": 100, "postgres": 2, "mysql": 100}[database.Name]
		pairs(t, database, most, numbers, []time.Time{at, at.Add(step(database)), at.AddDate(-1000, 0, 0)})
		pairs(t, database, most, numbers, []float64{0.1, 0.5, 1e300, -2, 1.0 / 3})
		// SQLite has bytes beside their list, and the second column's values twice.
		most = map[string]int{"sqlite": 4, "postgres": 2, "mysql": 2}[database.Name]
		pairs(t, database, 2, numbers, []float64{0.1, 0.5, -2, 1.0 / 3})
		pairs(t, database, most, texts, [][]byte{{0}, []byte("a"), []byte(`\x00`)})
		pairs(t, database, most, [][]byte{{}, {0}, []byte("a"), {255, 0}}, numbers)
	})
}

func TestAListOfKeysIsFoundByTheIndex(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		require.NoError(t, db.AutoMigrate(&paired[int, string]{}))
		fixture.Exec(t, db, fixture.Series("paired (a, b, id)", 100000, "i % 10, "+d.Concat("'b'", d.Text("i"))+", i"))
		fixture.Analyze(t, db, "paired")
		keys := make([][]any, 1000)
		for i := range keys {
			keys[i] = []any{i % 10, fmt.Sprint("b", i)}
		}
		q := statement.NewQuery(db, d)
		q.DeleteFrom("paired").KeyAmong(statement.Table{Name: "paired"}, fieldsOf(t, db, &paired[int, string]{}, "A", "B"), keys)
		require.Regexp(t, `Index Scan|sqlite_autoindex_paired_1 \(a=\? AND b=\?\)|"table_name": "paired",\s+"access_type": "eq_ref"`, explained(t, db, q))
	})
}
