package cost_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	setFolder struct {
		ID         uint
		ParentID   *uint `gorm:"index"`
		Payload    string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
		Children   []setFolder           `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}

	// setBox has a child with hooks, which must be loaded, beside one without.
	setBox struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Loud       []setLoud  `gorm:"foreignKey:BoxID" softdelete:"cascade"`
		Quiet      []setQuiet `gorm:"foreignKey:BoxID" softdelete:"cascade"`
	}
	setLoud struct {
		ID         uint
		BoxID      uint
		Payload    string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	setQuiet struct {
		ID         uint
		BoxID      uint
		Payload    string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
)

func (setLoud) BeforeDelete(*gorm.DB) error  { return nil }
func (setLoud) BeforeRestore(*gorm.DB) error { return nil }

// setDatabase is a database whose statements are recorded.
type setDatabase struct {
	*gorm.DB
	recorder *testdb.Recorder
	sqlite   bool
}

func newSetDatabase(t *testing.T, database *testdb.Database) setDatabase {
	t.Helper()
	models := append(fixture.FirmModels(), &setFolder{}, &setBox{}, &setLoud{}, &setQuiet{})
	db := fixture.Models(t, database, models)
	return setDatabase{DB: db, recorder: testdb.Record(db), sqlite: database.Name == "sqlite"}
}

// fill makes rows numbered from 1, with columns that a SELECT over a series of numbers, i, gives.
func (d setDatabase) fill(t *testing.T, into string, rows int, values string) {
	t.Helper()
	fixture.Exec(t, d.DB, fixture.Series(into, rows, values))
}

// firm makes firm 1 with so many clerks, each with 9 letters, each with 10 lines: 100 rows per clerk.
func (d setDatabase) firm(t *testing.T, clerks int) {
	t.Helper()
	fixture.Exec(t, d.DB, fixture.Firms(1, clerks, 9, 10)...)
}

// tree makes folder 1 with so many folders under it, each with two children.
func (d setDatabase) tree(t *testing.T, folders int) {
	t.Helper()
	require.NoError(t, d.Create(&setFolder{ID: 1}).Error)
	d.fill(t, "set_folders (id, parent_id, payload)", folders, "i + 1, (i + 1) / 2, 'secret'")
}

// record runs one call and returns its statements, BEGIN and COMMIT among them.
func (d setDatabase) record(t *testing.T, call func() error) []testdb.Statement {
	t.Helper()
	d.recorder.Reset()
	require.NoError(t, call())
	return d.recorder.All()
}

// deleted counts the rows of a table that carry the mark of a deletion.
func (d setDatabase) deleted(t *testing.T, table string) (rows int64) {
	t.Helper()
	require.NoError(t, d.Table(table).Where("deletion_id IS NOT NULL AND deleted_at IS NOT NULL").Count(&rows).Error)
	return rows
}

// bulk tells how large the statements of a call are.
type bulk struct{ statements, longest, mostValues int }

func sizeOf(all []testdb.Statement) (size bulk) {
	size.statements = len(all)
	for _, s := range all {
		size.longest = max(size.longest, len(s.SQL))
		size.mostValues = max(size.mostValues, len(s.Args))
	}
	return size
}

// deleteAndRestore deletes and restores a row, and gives the size of the statements of both. The first restore asks the catalogue for
// what it remembers, and is not counted.
func (d setDatabase) deleteAndRestore(t *testing.T, value any, table string, descendants int) (deletion, restore bulk) {
	t.Helper()
	require.NoError(t, d.Delete(value).Error)
	_, err := softdelete.Restore(d.DB, value)
	require.NoError(t, err)
	deletion = sizeOf(d.record(t, func() error { return d.Delete(value).Error }))
	require.EqualValues(t, descendants, d.deleted(t, table))
	restore = sizeOf(d.record(t, func() error {
		_, err := softdelete.Restore(d.DB, value)
		return err
	}))
	require.Zero(t, d.deleted(t, table))
	return deletion, restore
}

// perRelation bounds the statements of a call: two for each relation, and a handful for the call itself. Where rows are found for a write
// by statements before it, which make, fill and drop tables, these are that many times two.
func perRelation(database *testdb.Database, relations int) int {
	return 2*relations*database.StatementsPerWrite() + 8
}

func TestCascadeTakesAsManyStatementsHoweverManyRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		sizes := map[int][2]bulk{}
		for _, clerks := range []int{1, 200, 1000} {
			db := newSetDatabase(t, database)
			for _, table := range []string{"sentences", "letters", "clerks", "firms"} {
				require.NoError(t, db.Exec("DELETE FROM "+table).Error)
			}
			db.firm(t, clerks)
			deletion, restore := db.deleteAndRestore(t, &fixture.Firm{ID: 1}, "sentences", clerks*90)
			sizes[clerks] = [2]bulk{deletion, restore}
			for what, size := range map[string]bulk{"a deletion": deletion, "a restore": restore} {
				require.LessOrEqual(t, size.statements, perRelation(database, 3), "%s over 3 relations of %d rows: %d statements", what, clerks*100, size.statements)
			}
			if database.Name == "sqlite" {
				require.Equal(t, sizes[1], sizes[clerks], "%d rows", clerks*100)
			}
		}
		require.Equal(t, sizes[200], sizes[1000], "20,000 rows and 100,000 rows: number of statements, longest text, most bound values")
	})
}

func TestATreeOfManyLevelsTakesTheStatementsOfASmallOne(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newSetDatabase(t, database)
		sizes := map[int][2]bulk{}
		for _, folders := range []int{6, 22_000} { // 3 levels, 15 levels
			database.Empty(t, db.DB, "set_folders")
			db.tree(t, folders)
			deletion, restore := db.deleteAndRestore(t, &setFolder{ID: 1}, "set_folders", folders+1)
			sizes[folders] = [2]bulk{deletion, restore}
		}
		require.Equal(t, sizes[6], sizes[22_000], "number of statements, longest text, most bound values")
	})
}

func TestChainOfManyLevelsTakesAsManyStatementsAsOneLevel(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newSetDatabase(t, database)
		sizes := map[int][2]bulk{}
		for _, folders := range []int{1, 300} { // each the only child of the one before
			database.Empty(t, db.DB, "set_folders")
			require.NoError(t, db.Create(&setFolder{ID: 1}).Error)
			db.fill(t, "set_folders (id, parent_id, payload)", folders, "i + 1, i, 'secret'")
			deletion, restore := db.deleteAndRestore(t, &setFolder{ID: 1}, "set_folders", folders+1)
			sizes[folders] = [2]bulk{deletion, restore}
		}
		require.Equal(t, sizes[1], sizes[300])
	})
}

// readsPayload is a statement that reads the rows of a table, not only their keys.
func readsPayload(table string) func(sql string) bool {
	whole := regexp.MustCompile("payload|" + table + "[`\"]?\\.\\*")
	return func(sql string) bool { return strings.Contains(sql, table) && whole.MatchString(sql) }
}

func TestModelWithoutHooksIsNeverLoaded(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newSetDatabase(t, database)
		require.NoError(t, db.Create(&setBox{ID: 1}).Error)
		const rows = 1200
		for _, table := range []string{"set_louds", "set_quiets"} {
			db.fill(t, table+" (id, box_id, payload)", rows, "i, 1, 'secret'")
		}
		for _, call := range []struct {
			name string
			run  func() error
		}{
			{"deletion", func() error { return db.Delete(&setBox{ID: 1}).Error }},
			{"restore", func() error { _, err := softdelete.Restore(db.DB, &setBox{ID: 1}); return err }},
		} {
			t.Run(call.name, func(t *testing.T) {
				var loud, quiet []string
				for _, s := range db.record(t, call.run) {
					if readsPayload("set_louds")(s.SQL) {
						loud = append(loud, s.SQL)
					}
					if readsPayload("set_quiets")(s.SQL) {
						quiet = append(quiet, s.SQL)
					}
				}
				require.Empty(t, quiet)
				require.NotEmpty(t, loud, "a model with hooks is loaded, or this test sees nothing")
				require.LessOrEqual(t, len(loud), rows/100, "in batches")
			})
		}
	})
}

func TestDeletionByConditionCarriesNoListOfKeys(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newSetDatabase(t, database)
		sizes := map[int][2]bulk{}
		for _, clerks := range []int{150, 150, 450} { // the first restore asks the catalogue for what it remembers
			for _, table := range []string{"sentences", "letters", "clerks", "firms"} {
				require.NoError(t, db.Exec("DELETE FROM "+table).Error)
			}
			db.firm(t, clerks)
			byText := func() *gorm.DB { return db.Where("text = ?", "a clerk") }
			deletion := sizeOf(db.record(t, func() error { return byText().Delete(&fixture.Clerk{}).Error }))
			require.EqualValues(t, clerks*90, db.deleted(t, "sentences"))
			restore := sizeOf(db.record(t, func() error {
				_, err := softdelete.Restore(byText(), &fixture.Clerk{})
				return err
			}))
			require.Zero(t, db.deleted(t, "sentences"))
			sizes[clerks] = [2]bulk{deletion, restore}
		}
		require.Equal(t, sizes[150], sizes[450], "number of statements, longest text, most bound values")
	})
}
