package gorm_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// misuseOdd is a model that GORM cannot parse.
type misuseOdd struct {
	ID    uint
	Other struct{ Text string }
	Items []struct{ Text string }
}

// misuseReport is a call whose report does not matter.
func misuseReport(call func(db *gorm.DB, value any) (softdelete.Report, error), value any) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { _, err := call(db, value); return err }
}

func TestMisuseIsAClearErrorAndWritesNothing(t *testing.T) {
	testdb.ExpectParseErrors(t)
	type misuse struct {
		name string
		call func(db *gorm.DB) error
		is   error  // what the error is, where GORM or the plugin has a name for it
		says string // what its text tells
	}
	var team *contractTeam
	cases := []misuse{
		{"Delete of nil", func(db *gorm.DB) error { return db.Delete(nil).Error }, schema.ErrUnsupportedDataType, ""},
		{"Delete of a nil pointer", func(db *gorm.DB) error { return db.Delete(team).Error }, gorm.ErrInvalidValue, ""},
		{"Delete of a nil pointer by condition", func(db *gorm.DB) error { return db.Delete(team, 1).Error }, gorm.ErrInvalidValue, ""},
		{"Delete of a value", func(db *gorm.DB) error { return db.Delete(contractTeam{ID: 1}).Error }, gorm.ErrInvalidValue, "pointer"},
		{"Delete of a value by condition", func(db *gorm.DB) error { return db.Delete(contractTeam{}, 1).Error }, gorm.ErrInvalidValue, "pointer"},
		{"Delete of an unsaved row", func(db *gorm.DB) error { return db.Delete(&contractTeam{Name: "new"}).Error }, gorm.ErrMissingWhereClause, ""},
		{"Delete of nothing in a slice", func(db *gorm.DB) error { return db.Delete([]contractTeam{}).Error }, gorm.ErrMissingWhereClause, ""},
		{"Delete of a model that GORM cannot parse", func(db *gorm.DB) error { return db.Delete(&misuseOdd{ID: 1}).Error }, nil, "misuseOdd"},
		{"Delete of a text", func(db *gorm.DB) error { return db.Delete("one").Error }, nil, "unsupported data type"},
		{"Delete by an unknown column", func(db *gorm.DB) error { return db.Delete(&contractTeam{}, "nonsense = 1").Error }, nil, "nonsense"},
		{"Find of a model that GORM cannot parse", func(db *gorm.DB) error { return db.Find(&[]misuseOdd{}).Error }, nil, "misuseOdd"},

		{"WithDeletedIn of an unknown relation", func(db *gorm.DB) error {
			return db.Clauses(softdelete.WithDeletedIn("Nobody")).Find(&[]contractTeam{}).Error
		}, gorm.ErrUnsupportedRelation, "Nobody"},
		{"WithDeletedIn of an unknown nested relation", func(db *gorm.DB) error {
			return db.Clauses(softdelete.WithDeletedIn("Members.Nobody")).Preload("Members").Find(&[]contractTeam{}).Error
		}, gorm.ErrUnsupportedRelation, "Nobody"},
		{"Live of a model that GORM cannot parse", func(db *gorm.DB) error {
			return db.Where(softdelete.Live("t", &misuseOdd{})).Find(&[]contractTeam{}).Error
		}, nil, "misuseOdd"},

		{"Restore of a model without deleted rows", misuseReport(softdelete.Restore, &equalTag{ID: 1}), softdelete.ErrUnsupported, "equalTag"},
		{"RestoreDeletion of nothing", func(db *gorm.DB) error { _, err := softdelete.RestoreDeletion(db, ""); return err }, gorm.ErrRecordNotFound, ""},
		{"RestoreDeletion of nonsense", func(db *gorm.DB) error { _, err := softdelete.RestoreDeletion(db, "nonsense"); return err }, gorm.ErrRecordNotFound, "nonsense"},
		{"RestoreDeletion of an unknown deletion", func(db *gorm.DB) error {
			_, err := softdelete.RestoreDeletion(db, "1772366400000000000-00000000-0123456789abcdef")
			return err
		}, gorm.ErrRecordNotFound, "0123456789abcdef"},
	}
	for name, call := range map[string]func(*gorm.DB, any) (softdelete.Report, error){
		"Delete": softdelete.Delete, "Preview": softdelete.Preview, "Restore": softdelete.Restore, "PreviewRestore": softdelete.PreviewRestore,
	} {
		cases = append(
			cases,
			misuse{name + " of nil", misuseReport(call, nil), gorm.ErrInvalidValue, "softdelete." + name},
			misuse{name + " of a nil pointer", misuseReport(call, team), gorm.ErrInvalidValue, "softdelete." + name},
			misuse{name + " of a value", misuseReport(call, contractTeam{ID: 1}), gorm.ErrInvalidValue, "pointer"},
			misuse{name + " of a number", misuseReport(call, 1), gorm.ErrInvalidValue, "int"},
			misuse{name + " of an unsaved row", misuseReport(call, &contractTeam{Name: "new"}), gorm.ErrMissingWhereClause, ""},
			misuse{name + " of no rows", misuseReport(call, []contractTeam{}), gorm.ErrMissingWhereClause, ""},
			misuse{name + " of no pointers", misuseReport(call, &[]*contractTeam{}), gorm.ErrMissingWhereClause, ""},
			misuse{name + " of a model that GORM cannot parse", misuseReport(call, &misuseOdd{ID: 1}), nil, "misuseOdd"},
			misuse{name + " by an unknown column", func(db *gorm.DB) error {
				_, err := call(db.Where("nonsense = 1"), &contractTeam{})
				return err
			}, nil, "nonsense"},
			misuse{name + " on a *gorm.DB with an error", func(db *gorm.DB) error {
				failed := db.Session(&gorm.Session{})
				_ = failed.AddError(errHook)
				_, err := call(failed, &contractTeam{ID: 1})
				return err
			}, errHook, ""},
		)
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		recorder := testdb.Record(db)
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				recorder.Reset()
				err := tc.call(db)
				require.Error(t, err)
				require.ErrorContains(t, err, tc.says)
				if tc.is != nil {
					require.ErrorIs(t, err, tc.is)
				}
				for _, sql := range recorder.Statements() {
					require.False(t, isWrite(sql) && !isLock(sql), sql)
				}
			})
		}
		require.Equal(t, contractAll, contractLive(t, db))
	})
}

// isLock tells whether a statement only makes SQLite's transaction the writing one.
func isLock(sql string) bool { return len(sql) > 11 && sql[len(sql)-11:] == "WHERE 1 = 0" }

// requireRefused checks that calls are refused with an error before they write.
func requireRefused(t *testing.T, db *gorm.DB, calls map[string]func(db *gorm.DB) error, with error) {
	t.Helper()
	recorder := testdb.Record(db)
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			recorder.Reset()
			require.ErrorIs(t, call(db), with)
			require.False(t, slices.ContainsFunc(recorder.Statements(), isWrite), recorder.Statements())
		})
	}
}

func TestADatabaseWithoutThePlugin(t *testing.T) {
	calls := map[string]func(db *gorm.DB) error{
		"Delete":          misuseReport(softdelete.Delete, &contractTeam{ID: 1}),
		"Preview":         misuseReport(softdelete.Preview, &contractTeam{ID: 1}),
		"Restore":         misuseReport(softdelete.Restore, &contractTeam{ID: 1}),
		"PreviewRestore":  misuseReport(softdelete.PreviewRestore, &contractTeam{ID: 1}),
		"RestoreDeletion": func(db *gorm.DB) error { _, err := softdelete.RestoreDeletion(db, "1"); return err },
		"DDL":             func(db *gorm.DB) error { _, err := softdelete.DDL(db, &contractTeam{}); return err },
		"WithDeleted":     func(db *gorm.DB) error { return db.Clauses(softdelete.WithDeleted).Find(&[]contractTeam{}).Error },
		"OnlyDeleted":     func(db *gorm.DB) error { return db.Clauses(softdelete.OnlyDeleted).Find(&[]contractTeam{}).Error },
		"WithDeletedIn": func(db *gorm.DB) error {
			return db.Clauses(softdelete.WithDeletedIn("Members")).Preload("Members").Find(&[]contractTeam{}).Error
		},
		"Live": func(db *gorm.DB) error {
			return db.Where(softdelete.Live("contract_teams", &contractTeam{})).Find(&[]contractTeam{}).Error
		},
		"Into": func(db *gorm.DB) error {
			return db.Clauses(softdelete.Into(&softdelete.Report{})).Delete(&contractTeam{ID: 1}).Error
		},
		"gorm.G": func(db *gorm.DB) error {
			_, err := gorm.G[contractTeam](db, softdelete.WithDeleted).Find(db.Statement.Context)
			return err
		},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		without := database.Open(t)
		requireRefused(t, without, calls, softdelete.ErrNotRegistered)
		require.Equal(t, contractAll, contractLive(t, db))
		for name, call := range map[string]func(*gorm.DB, any) (softdelete.Report, error){"Delete": softdelete.Delete, "Restore": softdelete.Restore} {
			t.Run(name+" on nil", func(t *testing.T) {
				_, err := call(nil, &contractTeam{ID: 1})
				require.ErrorIs(t, err, softdelete.ErrNotRegistered)
				_, err = call(&gorm.DB{}, &contractTeam{ID: 1})
				require.ErrorIs(t, err, softdelete.ErrNotRegistered)
			})
		}
	})
}

func TestConfigModelsThatAreNoModels(t *testing.T) {
	testdb.ExpectParseErrors(t)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for name, model := range map[string]any{
			"nil": nil, "a text": "team", "a model that GORM cannot parse": &misuseOdd{}, "a number": new(int),
		} {
			t.Run(name, func(t *testing.T) {
				err := database.Open(t).Use(softdelete.New(softdelete.Config{Models: []any{&contractNote{}, model}}))
				require.ErrorIs(t, err, softdelete.ErrPolicy)
			})
		}
		t.Run("a value is as good as its address", func(t *testing.T) {
			db := database.Open(t)
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{contractNote{}, []contractTeam{}, &[]*contractMember{}}})))
		})
	})
}

// misuseClause is another plugin's clause in a deletion.
type misuseClause struct{ clause.Where }

func TestForeignClausesInADeletion(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		cond := clause.Where{Exprs: []clause.Expression{clause.Eq{Column: clause.Column{Table: clause.CurrentTable, Name: "name"}, Value: "one"}}}
		require.NoError(t, db.Clauses(misuseClause{cond}, clause.Locking{Strength: "UPDATE"}).Delete(&contractTeam{}).Error)
		require.Equal(t, "two three: c", contractLive(t, db))
	})
}
