package statement_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type listed[T any] struct {
	ID    int
	Value T `gorm:"index"`
}

func (listed[T]) TableName() string { return "listed" }

// found lists the IDs of the rows whose value is among some.
func found(t *testing.T, db *gorm.DB, values []any) (ids []int) {
	t.Helper()
	d, err := dialect.Of(db.Dialector)
	require.NoError(t, err)
	q := statement.NewQuery(db, d).Text("SELECT id FROM listed WHERE ")
	require.NoError(t, q.Among("", "value", values).Text(" ORDER BY id").Rows(func(scan func(...any) error) error {
		ids = append(ids, 0)
		return scan(&ids[len(ids)-1])
	}))
	return ids
}

// exactly stores values in rows of their own, and finds each, some, and none of them.
func exactly[T any](t *testing.T, database *testdb.Database, one bool, values ...T) {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.Migrator().DropTable("listed"))
	require.NoError(t, db.AutoMigrate(&listed[T]{}))
	for i, value := range values {
		require.NoError(t, db.Create(&listed[T]{ID: i + 1, Value: value}).Error)
	}
	recorder := testdb.Record(db)
	for i, value := range values {
		require.Equal(t, []int{i + 1}, found(t, db, []any{value}), "%v", value)
	}
	require.Empty(t, found(t, db, []any{nil}))
	require.Equal(t, []int{1, len(values)}, found(t, db, []any{values[0], nil, values[len(values)-1], values[0]}))
	if one {
		for _, s := range recorder.All() {
			require.Len(t, s.Args, 1, s.SQL)
		}
	}
}

func TestAListOfValuesIsExact(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		exactly(t, database, true, int64(1), -1, 1<<53, 1<<53+1, 1<<63-1, -1<<63)
		exactly(t, database, true, uint32(0), 1, 1<<32-1)
		exactly(t, database, true, true, false)
		exactly(t, database, true, "", "NULL", "null", `"`, `\`, `a,b`, `{x}`, "'", "ä\u2028", "1", "01", " a", "a ", "\n")
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		exactly(t, database, database.Name == "postgres", at, at.Add(time.Microsecond), at.Add(1500*time.Millisecond), at.AddDate(-1000, 0, 0))
		exactly(t, database, false, []byte{0}, []byte{}, []byte(`\x00`), []byte("a"))
		exactly(t, database, false, 0.1, 0.5, 1e300, -2)
		require.Empty(t, found(t, database.Open(t), nil))
	})
}

func TestAListOfValuesIsFoundByTheIndex(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(&listed[int]{}))
		require.NoError(t, db.Exec("INSERT INTO listed (id, value) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i, i FROM n").Error)
		require.NoError(t, db.Exec("ANALYZE listed").Error)
		values := make([]any, 1000)
		for i := range values {
			values[i] = i * 97
		}
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		explain := map[string]string{"sqlite": "EXPLAIN QUERY PLAN ", "postgres": "EXPLAIN "}[database.Name]
		lines, err := statement.NewQuery(db, d).Text(explain, "SELECT * FROM listed WHERE ").Among("listed", "id", values).Records()
		require.NoError(t, err)
		plan := fmt.Sprint(lines)
		require.True(t, strings.Contains(plan, "Index Scan") || strings.Contains(plan, "USING INTEGER PRIMARY KEY"), plan)
	})
}
