package rules_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// rulOpen opens a database with the models' tables and the plugin.
func rulOpen(t *testing.T, database *testdb.Database, models ...any) *gorm.DB {
	t.Helper()
	return fixture.Open(t, database, softdelete.Config{Models: models})
}

// rulKey is a row's primary key as text, a composite one joined by ",".
func rulKey(t *testing.T, db *gorm.DB, row any) string {
	t.Helper()
	stmt := &gorm.Statement{DB: db}
	require.NoError(t, stmt.Parse(row))
	var parts []string
	for _, field := range stmt.Schema.PrimaryFields {
		value, _ := field.ValueOf(t.Context(), reflect.Indirect(reflect.ValueOf(row)))
		parts = append(parts, fmt.Sprint(reflect.Indirect(reflect.ValueOf(value))))
	}
	return strings.Join(parts, ",")
}

// rulKeys lists the keys of the rows that a query returns, sorted.
func rulKeys[T any](t *testing.T, db *gorm.DB) []string {
	t.Helper()
	var rows []T
	require.NoError(t, db.Find(&rows).Error)
	keys := []string{}
	for i := range rows {
		keys = append(keys, rulKey(t, db, &rows[i]))
	}
	slices.Sort(keys)
	return keys
}

// rulShape is a relation between a parent P and a child C with the rule cascade, and one to B with the rule block.
type rulShape[P, C, B any] struct {
	parents  [2]P // as created
	children [4]C // the first three under the first parent, the last under the other
	blocker  B    // under the first parent
	relation string
	blocking string
	further  []any // models
	config   gorm.Config
	before   func(t *testing.T, db *gorm.DB)
}

// rulUnder is the shape of models whose rows have the columns ID and ParentID.
func rulUnder[P, C, B any]() rulShape[P, C, B] {
	s := rulShape[P, C, B]{relation: "Children", blocking: "Blockers"}
	set := func(row any, field string, value uint64) {
		reflect.ValueOf(row).Elem().FieldByName(field).SetUint(value)
	}
	for i := range s.parents {
		set(&s.parents[i], "ID", uint64(i)+1)
	}
	for i, parent := range [len(s.children)]uint64{1, 1, 1, 2} {
		set(&s.children[i], "ID", uint64(i)+1)
		set(&s.children[i], "ParentID", parent)
	}
	set(&s.blocker, "ID", 5)
	set(&s.blocker, "ParentID", 1)
	return s
}

// open opens a database with the shape's rows; the third child is deleted.
func (s rulShape[P, C, B]) open(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := database.Open(t, &s.config)
	if s.before != nil {
		s.before(t, db)
	}
	models := append([]any{new(P), new(C), new(B)}, s.further...)
	fixture.Register(t, db, models...)
	for i := range s.parents {
		require.NoError(t, db.Omit(s.relation, s.blocking).Create(rulCopy(s.parents[i])).Error)
	}
	for i := range s.children {
		require.NoError(t, db.Create(rulCopy(s.children[i])).Error)
	}
	tx := db.Delete(rulCopy(s.children[2]))
	require.NoError(t, tx.Error)
	require.EqualValues(t, 1, tx.RowsAffected)
	return db
}

func rulCopy[T any](row T) *T { return &row }

// rulObeys checks what cascade and block promise about a relation of any shape.
func rulObeys[P, C, B any](t *testing.T, shape rulShape[P, C, B]) {
	testdb.Each(t, shape.obeysOn)
}

func (s rulShape[P, C, B]) obeysOn(t *testing.T, database *testdb.Database) {
	db := s.open(t, database)
	var parents, children [4]string
	for i := range s.parents {
		parents[i] = rulKey(t, db, &s.parents[i])
	}
	for i := range s.children {
		children[i] = rulKey(t, db, &s.children[i])
	}
	parentTable, childTable := fixture.Table(t, db, new(P)), fixture.Table(t, db, new(C))
	live := func(keys ...string) {
		t.Helper()
		require.ElementsMatch(t, keys, rulKeys[C](t, db))
	}
	var earlier, still C
	require.NoError(t, db.Unscoped().First(&earlier, rulCopy(s.children[2])).Error)
	live(children[0], children[1], children[3])

	// block
	require.NoError(t, db.Create(rulCopy(s.blocker)).Error)
	preview, err := softdelete.Preview(db, rulCopy(s.parents[0]))
	require.NoError(t, err)
	blocker := softdelete.Blocker{
		Table: fixture.Table(t, db, new(B)), Relation: s.blocking, Rows: 1, Keys: []string{rulKey(t, db, &s.blocker)},
	}
	require.Equal(t, []softdelete.Blocker{blocker}, preview.Blockers)
	var blocked *softdelete.BlockedError
	err = db.Delete(rulCopy(s.parents[0])).Error
	require.ErrorIs(t, err, softdelete.ErrBlocked)
	require.ErrorAs(t, err, &blocked)
	require.Equal(t, []softdelete.Blocker{blocker}, blocked.Blockers)
	live(children[0], children[1], children[3])
	require.NoError(t, db.Delete(rulCopy(s.blocker)).Error)

	// cascade
	preview, err = softdelete.Preview(db, rulCopy(s.parents[0]))
	require.NoError(t, err)
	live(children[0], children[1], children[3])
	report, err := softdelete.Delete(db, rulCopy(s.parents[0]))
	require.NoError(t, err)
	effects := func(root, below int64, action softdelete.Action) []softdelete.Effect {
		return []softdelete.Effect{
			{Table: parentTable, Action: action, Rows: root}, {Table: childTable, Relation: s.relation, Parent: parentTable, Action: action, Rows: below},
		}
	}
	require.Equal(t, effects(1, 2, softdelete.ActionDeleted), report.Effects)
	fixture.Foresaw(t, preview.Effects, report.Effects)
	live(children[3])
	require.NotContains(t, rulKeys[P](t, db), parents[0])
	require.Contains(t, rulKeys[P](t, db), parents[1])
	require.Len(t, rulKeys[C](t, db.Unscoped()), 4, "the rows stay in the table")
	require.NoError(t, db.Unscoped().First(&still, rulCopy(s.children[2])).Error)
	require.Equal(t, earlier, still, "a row deleted earlier keeps its mark")
	tx := db.Delete(rulCopy(s.parents[0]))
	require.NoError(t, tx.Error)
	require.Zero(t, tx.RowsAffected)

	// restore
	preview, err = softdelete.PreviewRestore(db, rulCopy(s.parents[0]))
	require.NoError(t, err)
	report, err = softdelete.Restore(db, rulCopy(s.parents[0]))
	require.NoError(t, err)
	require.Equal(t, effects(1, 2, softdelete.ActionRestored), report.Effects)
	fixture.Foresaw(t, preview.Effects, report.Effects)
	live(children[0], children[1], children[3])

	// Several roots, and back by the deletion's ID.
	both := s.parents[:]
	report, err = softdelete.Delete(db, rulCopy(slices.Clone(both)))
	require.NoError(t, err)
	require.Equal(t, effects(2, 3, softdelete.ActionDeleted), report.Effects)
	live()
	_, err = softdelete.RestoreDeletion(db, report.DeletionID)
	require.NoError(t, err)
	live(children[0], children[1], children[3])

	// Unscoped; a foreign key of the blocker, which stays, would forbid it.
	require.NoError(t, db.Unscoped().Delete(rulCopy(s.blocker)).Error)
	tx = db.Unscoped().Delete(rulCopy(s.parents[0]))
	require.NoError(t, tx.Error)
	require.EqualValues(t, 1, tx.RowsAffected)
	require.Equal(t, []string{children[3]}, rulKeys[C](t, db.Unscoped()), "live and deleted rows are gone")
	require.NotContains(t, rulKeys[P](t, db.Unscoped()), parents[0])
	require.Contains(t, rulKeys[P](t, db.Unscoped()), parents[1])
}
