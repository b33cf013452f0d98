package rules_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What foreign keys of the database do when rows go that others refer to.

type (
	foreignHard struct {
		_     struct{} `softdelete:"hard"`
		ID    uint
		Name  string
		Parts []foreignPart `gorm:"foreignKey:HardID;constraint:-" softdelete:"cascade"`
		Kept  []foreignKept `gorm:"foreignKey:HardID;constraint:-"`
	}
	foreignPart struct {
		_          struct{} `softdelete:"hard"`
		ID, HardID uint
	}
	// foreignKept stays, by its relation.
	foreignKept struct {
		Code   string `gorm:"primaryKey"`
		HardID *uint
	}
	foreignFiled struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Name string
	}
	foreignMarked struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
	}
)

// newForeign makes the models' tables and, past GORM, a table raw_notes whose column refers to table with an action.
func newForeign(t *testing.T, database *testdb.Database, table, action string) *gorm.DB {
	t.Helper()
	models := []any{&foreignHard{}, &foreignPart{}, &foreignKept{}, &foreignFiled{}, &foreignMarked{}}
	db := fixture.Open(t, database, softdelete.Config{Models: models})
	fixture.Exec(t, db,
		"CREATE TABLE raw_notes (no integer, line integer, parent_id "+fixture.KeyType(db)+", PRIMARY KEY (no, line), "+
			"CONSTRAINT fk_raw_parent FOREIGN KEY (parent_id) REFERENCES "+table+"(id)"+action+")",
		"CREATE TABLE raw_marks (id integer PRIMARY KEY, no integer, line integer, FOREIGN KEY (no, line) REFERENCES raw_notes(no, line) ON DELETE CASCADE)")
	for id := uint(1); id <= 2; id++ {
		for _, row := range []any{
			&foreignHard{ID: id, Name: "canary"}, &foreignPart{ID: id, HardID: id}, &foreignFiled{ID: id, Name: "canary"}, &foreignMarked{ID: id},
		} {
			require.NoError(t, db.Create(row).Error)
		}
	}
	fixture.Exec(t, db, "INSERT INTO raw_notes VALUES (7, 1, 1), (7, 2, 1), (8, 1, NULL), (8, 2, 2)", "INSERT INTO raw_marks VALUES (1, 7, 1), (2, 8, 1)")
	return db
}

// foreignBeyond are the databases with actions and moments of a foreign key that not all have.
var foreignBeyond = map[string]testdb.Only{" DEFERRABLE INITIALLY DEFERRED": testdb.DeferredKeys, " ON DELETE SET DEFAULT": testdb.DefaultKeys}

// foreignDeletions are ways to take the row 1 out of a table.
var foreignDeletions = []struct {
	name, table string
	on          func(db *gorm.DB) (*gorm.DB, any)
}{
	{"a hard model", "foreign_hards", func(db *gorm.DB) (*gorm.DB, any) { return db, &foreignHard{ID: 1} }},
	{"a hard model by condition", "foreign_hards", func(db *gorm.DB) (*gorm.DB, any) { return db.Where("id = 1"), &foreignHard{} }},
	{"a child that goes with it", "foreign_parts", func(db *gorm.DB) (*gorm.DB, any) { return db, &foreignHard{ID: 1} }},
	{"an archived model", "foreign_fileds", func(db *gorm.DB) (*gorm.DB, any) { return db, &foreignFiled{ID: 1} }},
	{"an archived model through Unscoped", "foreign_fileds", func(db *gorm.DB) (*gorm.DB, any) { return db.Unscoped(), &foreignFiled{ID: 1} }},
	{"a marked model through Unscoped", "foreign_markeds", func(db *gorm.DB) (*gorm.DB, any) { return db.Unscoped(), &foreignMarked{ID: 1} }},
}

func TestAForeignKeyThatForbidsADeletionIsNamedAndForeseen(t *testing.T) {
	for _, c := range foreignDeletions {
		for _, action := range []string{"", " ON DELETE RESTRICT", " DEFERRABLE INITIALLY DEFERRED"} {
			t.Run(c.name+action, func(t *testing.T) {
				testdb.EachOf(t, foreignBeyond[action], func(t *testing.T, database *testdb.Database) {
					db := newForeign(t, database, c.table, action)
					for _, in := range []func(func(tx *gorm.DB) error) error{
						func(call func(tx *gorm.DB) error) error { return call(db) },
						func(call func(tx *gorm.DB) error) error {
							return call(db.Session(&gorm.Session{SkipDefaultTransaction: true}))
						},
						func(call func(tx *gorm.DB) error) error { return db.Transaction(call) },
					}[:3-strings.Count(action, "DEFERRED")] { // what is put off to the end of a caller's transaction fails there
						var preview softdelete.Report
						err := in(func(tx *gorm.DB) (err error) {
							preview, err = softdelete.Preview(c.on(tx))
							require.NoError(t, err)
							_, err = softdelete.Delete(c.on(tx))
							return err
						})
						require.Error(t, err)
						var blocked *softdelete.BlockedError
						require.ErrorAs(t, err, &blocked)
						require.ErrorIs(t, err, softdelete.ErrBlocked)
						require.Len(t, blocked.Blockers, 1)
						require.Equal(t, preview.Blockers, blocked.Blockers)
						b := blocked.Blockers[0]
						require.Equal(t, "raw_notes", b.Table)
						require.Contains(t, b.Relation, "parent") // the key's name, where the database keeps one, or its column
						require.EqualValues(t, 2, b.Rows)
						require.Equal(t, []string{"7,1", "7,2"}, b.Keys)
						require.NotNil(t, blocked.Cause)
						require.NotContains(t, err.Error(), "canary")
					}
					require.Equal(t, 2, fixture.Rows(t, db, c.table), "nothing has changed")
					fixture.Exec(t, db, "UPDATE raw_notes SET parent_id = 2 WHERE parent_id = 1")
					preview, err := softdelete.Preview(c.on(db))
					require.NoError(t, err)
					require.Empty(t, preview.Blockers)
					_, err = softdelete.Delete(c.on(db))
					require.NoError(t, err)
				})
			})
		}
	}
}

func TestWhatForeignKeysTakeAlongIsAnEffect(t *testing.T) {
	for _, c := range foreignDeletions {
		for action, want := range map[string][]softdelete.Effect{
			" ON DELETE CASCADE": {
				{Table: "raw_notes", Action: softdelete.ActionRemoved, Rows: 2, Keys: []string{"7,1", "7,2"}},
				{Table: "raw_marks", Action: softdelete.ActionRemoved, Rows: 1, Keys: []string{"1"}},
			},
			" ON DELETE SET NULL":    {{Table: "raw_notes", Action: softdelete.ActionUnlinked, Rows: 2, Keys: []string{"7,1", "7,2"}}},
			" ON DELETE SET DEFAULT": {{Table: "raw_notes", Action: softdelete.ActionUnlinked, Rows: 2, Keys: []string{"7,1", "7,2"}}},
		} {
			t.Run(c.name+action, func(t *testing.T) {
				testdb.EachOf(t, foreignBeyond[action], func(t *testing.T, database *testdb.Database) {
					db := newForeign(t, database, c.table, action)
					preview, err := softdelete.Preview(c.on(db))
					require.NoError(t, err)
					require.Empty(t, preview.Blockers)
					report, err := softdelete.Delete(c.on(db))
					require.NoError(t, err)
					fixture.Foresaw(t, preview.Effects, report.Effects)
					raw := func(effects []softdelete.Effect) (list []softdelete.Effect) {
						for _, e := range effects {
							if e.Table == "raw_notes" || e.Table == "raw_marks" {
								require.NotEmpty(t, e.Relation)
								require.NotEmpty(t, e.Parent)
								e.Relation, e.Parent = "", ""
								list = append(list, e)
							}
						}
						return list
					}
					require.Equal(t, want, raw(preview.Effects))
					require.EqualValues(t, 1, report.Rows())
				})
			})
		}
	}
}

func TestAForeignKeyThatARelationIsAboutIsCalledAsTheRelation(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newForeign(t, database, "foreign_markeds", "")
		fixture.Exec(t, db, "DROP TABLE foreign_kepts", "CREATE TABLE foreign_kepts (code varchar(20) PRIMARY KEY, hard_id "+fixture.KeyType(db)+
			", FOREIGN KEY (hard_id) REFERENCES foreign_hards(id))")
		one := uint(1)
		require.NoError(t, db.Create(&foreignKept{Code: "k", HardID: &one}).Error)
		preview, err := softdelete.Preview(db, &foreignHard{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []softdelete.Blocker{{Table: "foreign_kepts", Relation: "Kept", Rows: 1, Keys: []string{"k"}}}, preview.Blockers)
		var blocked *softdelete.BlockedError
		require.ErrorAs(t, db.Delete(&foreignHard{ID: 1}).Error, &blocked)
		require.Equal(t, preview.Blockers, blocked.Blockers)
	})
}

func TestForeignKeysThatAreSwitchedOffForbidNothing(t *testing.T) {
	testdb.EachOf(t, testdb.KeysSwitchedOff, func(t *testing.T, database *testdb.Database) {
		db := newForeign(t, database, "foreign_hards", "")
		fixture.Exec(t, db, "PRAGMA foreign_keys = OFF")
		preview, err := softdelete.Preview(db, &foreignHard{ID: 1})
		require.NoError(t, err)
		require.Empty(t, preview.Blockers)
		require.NoError(t, db.Delete(&foreignHard{ID: 1}).Error)
	})
}
