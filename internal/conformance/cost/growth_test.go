package cost_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What keeps costs growing with the rows that a call is about and no faster: how the databases carry out its statements. Their
// times are those of the benchmark BenchmarkGrowth.

// growPerson has two unique values, and one that is unique under a condition of its own.
type growPerson struct {
	ID         uint
	Email      string `gorm:"uniqueIndex"`
	Site       int    `gorm:"uniqueIndex:seat"`
	Desk       *int   `gorm:"uniqueIndex:seat"`
	Team       int
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
}

// plans is how the database carries out statements, a line a step; those that only lock the writer read nothing. Of MySQL it is the
// statements alone: the temporary tables of some are gone by then.
func plans(t *testing.T, database *testdb.Database, db *gorm.DB, statements []testdb.Statement) (text string) {
	t.Helper()
	explain := map[string]string{"sqlite": "EXPLAIN QUERY PLAN ", "postgres": "EXPLAIN "}[database.Name]
	for _, s := range statements {
		if explain == "" {
			text += s.SQL + "\n"
			continue
		}
		if !regexp.MustCompile("^(SELECT|WITH|INSERT|UPDATE|DELETE)").MatchString(s.SQL) || strings.HasSuffix(s.SQL, " WHERE 1 = 0") {
			continue
		}
		rows, err := db.Statement.ConnPool.QueryContext(t.Context(), explain+s.SQL, s.Args...)
		require.NoError(t, err, s.SQL)
		columns, err := rows.Columns()
		require.NoError(t, err)
		text += s.SQL + "\n"
		for rows.Next() {
			values, targets := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				targets[i] = &values[i]
			}
			require.NoError(t, rows.Scan(targets...))
			text += fmt.Sprintf("\t%v\n", values[len(values)-1])
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return text
}

// sparing runs a call that looks up its rows in tables of thousands, and gives its statements with their plans: of none of these tables
// all rows are read.
func sparing(t *testing.T, database *testdb.Database, db *gorm.DB, tables []string, call func()) (text string) {
	t.Helper()
	recorder := testdb.Record(db)
	require.Less(t, database.Reads(t, db, call), int64(3_000))
	text = plans(t, database, db, recorder.All())
	for _, table := range tables {
		require.Contains(t, text, table)
		require.NotRegexp(t, readsAll(table), text)
	}
	return text
}

// readsAll matches a step that reads the whole of a table.
func readsAll(table string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^\t *(->  )?(Seq Scan on|Parallel Seq Scan on|SCAN) "?` + table + `\b|SCAN other\b|SCAN t\b|Seq Scan on ` + table + ` `)
}

func TestARestoreLooksUpTheUniqueValuesOfItsRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, fixture.Models(t, database, []any{&growPerson{}}))
		fixture.Exec(t, db, fixture.Series("grow_people (id, email, site, desk, team)", 5_000, "i, "+fixture.Concat(t, db, "'p'", "i")+", i, i, 2"))
		fixture.Analyze(t, db, "grow_people")
		require.NoError(t, db.Delete(&growPerson{}, []int{7, 8, 9}).Error)
		tables := []string{"grow_people"}
		restored := sparing(t, database, db, tables, func() {
			_, err := softdelete.Restore(db, &[]growPerson{{ID: 7}, {ID: 8}})
			require.NoError(t, err)
		})
		require.Contains(t, restored, "EXISTS")

		require.NoError(t, db.Create(&growPerson{ID: 6_000, Email: "p9", Site: 9}).Error)
		sparing(t, database, db, tables, func() { // one that is refused
			_, err := softdelete.Restore(db, &growPerson{ID: 9})
			require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		})
	})
}

func TestARestoreNamesAllItsConflictsAtOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&growPerson{}})
		desk := 1
		first := growPerson{ID: 1, Email: "a", Site: 1, Desk: &desk, Team: 1}
		require.NoError(t, db.Create(&first).Error)
		require.NoError(t, db.Delete(&first).Error)
		second := growPerson{ID: 2, Email: "a", Site: 2, Team: 1}
		require.NoError(t, db.Create(&second).Error)
		require.NoError(t, db.Delete(&second).Error)
		require.NoError(t, db.Create(&growPerson{ID: 3, Email: "c", Site: 1, Desk: &desk}).Error)
		for name, restore := range map[string]func(*gorm.DB, any) (softdelete.Report, error){"Restore": softdelete.Restore, "PreviewRestore": softdelete.PreviewRestore} {
			_, err := restore(db.Where("team = ?", 1), &growPerson{})
			require.ErrorIs(t, err, softdelete.ErrRestoreConflict, name)
			found := map[string][]string{}
			for _, conflict := range conflictsIn(err) {
				found[strings.Join(conflict.Columns, ",")] = conflict.LiveKeys
			}
			require.Equal(t, map[string][]string{"email": {"1", "2"}, "site,desk": {"3"}}, found, name)
		}
		require.Equal(t, 2, fixture.Rows(t, db, "grow_people", "deleted_at IS NOT NULL"))
	})
}

// conflictsIn lists the conflicts that are joined in an error.
func conflictsIn(err error) (list []*softdelete.ConflictError) {
	switch e := err.(type) {
	case *softdelete.ConflictError:
		return []*softdelete.ConflictError{e}
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			list = append(list, conflictsIn(one)...)
		}
	case interface{ Unwrap() error }:
		return conflictsIn(e.Unwrap())
	}
	return list
}

func TestAChainIsWalkedByItsIndexWhateverThePlannerExpects(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, fixture.Models(t, database, []any{&setFolder{}}))
		step := regexp.MustCompile(`(Seq Scan on set_folders c\b|SCAN c\b)`)
		recorder := testdb.Record(db)
		walks := func(rows int, call func()) string {
			recorder.Reset()
			require.Less(t, database.Reads(t, db, call), int64(100*rows))
			return plans(t, database, db, slices.DeleteFunc(recorder.All(), func(s testdb.Statement) bool { return !strings.Contains(s.SQL, "RECURSIVE") }))
		}
		for _, rows := range []int{3_000, 6_000} { // without statistics, and with those of a smaller table
			database.Empty(t, db, "set_folders")
			fixture.Exec(t, db, fixture.Series("set_folders (id, parent_id)", rows, "i, nullif(i - 1, 0)"))
			deletion := walks(rows, func() { require.NoError(t, db.Where("id <= 10").Delete(&setFolder{}).Error) })
			require.NotRegexp(t, step, deletion)
			restore := walks(rows, func() {
				_, err := softdelete.Restore(db.Where("id <= 10"), &setFolder{})
				require.NoError(t, err)
			})
			require.NotRegexp(t, step, restore)
			require.Zero(t, fixture.Rows(t, db, "set_folders", "deleted_at IS NOT NULL"))
			fixture.Analyze(t, db, "set_folders")
		}
	})
}
