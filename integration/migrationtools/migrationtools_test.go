// Package migrationtools_test runs the scripts of softdelete.DDLScript by the tools that they are for.
package migrationtools_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// use opens a database with the plugin.
func use(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := database.Open(t, &gorm.Config{NowFunc: func() time.Time { return time.Date(2024, 5, 1, 0, 0, 0, 0, time.UTC) }})
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models(), Ledger: true})))
	return db
}

// state is what a database is before the migration.
type state struct {
	name string
	make func(t *testing.T, database *testdb.Database)
}

var states = []state{
	{"empty", func(*testing.T, *testdb.Database) {}},
	{"of an earlier release", func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(formerModels()...))
		require.NoError(t, db.Create(&formerFirm{
			Code: "a", Name: "a", Size: "1", Clerks: []formerClerk{{Email: "a"}, {Email: "b"}},
		}).Error)
		require.NoError(t, db.Create(&formerFirm{Code: "b", Name: "b", Size: "2"}).Error)
		require.NoError(t, db.Delete(&formerFirm{}, 2).Error)
		require.NoError(t, db.Delete(&formerClerk{}, 2).Error)
		require.NoError(t, db.Create(&formerBill{Number: "1"}).Error)
		require.NoError(t, db.Create(&formerRoom{Name: "r"}).Error)
	}},
	{"of the plugin, before other models", func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&Room{}}, KeepUnique: true})))
		require.NoError(t, db.AutoMigrate(&Room{}))
		require.NoError(t, db.Create(&Room{Name: "r", Status: "open"}).Error)
	}},
}

func TestTheScriptsMakeWhatAutoMigrateMakes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, wanted *testdb.Database) {
		for _, state := range states {
			t.Run(state.name, func(t *testing.T) {
				testdb.Each(t, func(t *testing.T, migrated *testdb.Database) {
					if migrated.Name != wanted.Name {
						return
					}
					state.make(t, migrated)
					db := use(t, migrated)
					require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models()...)...))
					schema := schemaOf(t, db)
					for _, tool := range toolsOf(migrated.Name) {
						t.Run(tool.name, func(t *testing.T) { testScript(t, migrated.Name, state, tool, schema) })
					}
				})
			})
		}
	})
}

// testScript runs a script on a fresh database, by a tool.
func testScript(t *testing.T, name string, state state, tool tool, schema []string) {
	t.Helper()
	database := fresh(t, name)
	state.make(t, database)
	db := use(t, database)
	script, err := softdelete.DDLScript(db, tool.format)
	require.NoError(t, err)
	again, err := softdelete.DDLScript(db, tool.format)
	require.NoError(t, err)
	require.Equal(t, script, again)
	require.NoError(t, tool.run(t, database, script))
	require.Equal(t, schema, schemaOf(t, db))

	rest, err := softdelete.DDLScript(db, tool.format)
	require.NoError(t, err)
	require.Empty(t, rest, "all is done")
	require.NoError(t, db.Create(&Bill{Number: "9"}).Error)
	require.NoError(t, db.Delete(&Bill{}, "number = ?", "9").Error)
	if state.name == "of an earlier release" {
		var clerks int64
		require.NoError(t, db.Unscoped().Model(&Clerk{}).Count(&clerks).Error)
		require.EqualValues(t, 2, clerks, "no row is lost")
		events, err := softdelete.History(db, &Clerk{ID: 1})
		require.NoError(t, err)
		require.Equal(t, "baseline", events[0].Type)
		firm := Firm{Code: "b", Name: "b", Size: 1}
		require.NoError(t, db.Create(&firm).Error)
	}
}

func TestAScriptForGolangMigrateStopsWhereRowsWouldBeLost(t *testing.T) {
	database := testdb.SQLite(t)
	states[1].make(t, database)
	db := use(t, database)
	script, err := softdelete.DDLScript(db, softdelete.ScriptGolangMigrate)
	require.NoError(t, err)
	before := schemaOf(t, db)
	err = runMigrate(inTransaction)(t, database, script)
	require.ErrorContains(t, err, "run the script outside of a transaction")
	require.Equal(t, before, schemaOf(t, db))
	var clerks int64
	require.NoError(t, db.Unscoped().Model(&Clerk{}).Count(&clerks).Error)
	require.EqualValues(t, 2, clerks)
}

func TestAScriptStopsWhereRowsWouldReferToNone(t *testing.T) {
	for _, tool := range toolsOf("sqlite") {
		t.Run(tool.name, func(t *testing.T) {
			database := testdb.SQLite(t)
			states[1].make(t, database)
			db := use(t, database)
			script, err := softdelete.DDLScript(db, tool.format)
			require.NoError(t, err)
			before := schemaOf(t, db)
			cut := "DELETE FROM firms;\n"
			at := strings.Index(script, "INSERT OR ROLLBACK")
			require.Positive(t, at)
			require.Error(t, tool.run(t, database, script[:at]+cut+script[at:]))
			require.Equal(t, before, schemaOf(t, db))
		})
	}
}

// quickly is a model with an index that is built while others write.
type quickly struct {
	ID    uint
	Email string `gorm:"uniqueIndex:idx_quickly_email,option:CONCURRENTLY"`
	Name  string
	Gone  gorm.DeletedAt
}

func TestAnIndexThatIsBuiltWhileOthersWriteStandsOutsideOfTransactions(t *testing.T) {
	for _, tool := range toolsOf("postgres") {
		t.Run(tool.name, func(t *testing.T) {
			database := testdb.Postgres(t)
			db := database.Open(t)
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&quickly{}}})))
			script, err := softdelete.DDLScript(db, tool.format, &quickly{})
			if tool.format == softdelete.ScriptGolangMigrate {
				require.ErrorIs(t, err, softdelete.ErrUnsupported)
				require.ErrorContains(t, err, "CREATE UNIQUE INDEX CONCURRENTLY")
				statements, err := softdelete.DDL(db, &quickly{})
				require.NoError(t, err)
				require.NoError(t, db.Exec(statements[0]).Error)
				script, err = softdelete.DDLScript(db, tool.format, &quickly{})
				require.NoError(t, err)
			} else {
				require.NoError(t, err)
			}
			if tool.name == "the driver" {
				return // which sends all as one query
			}
			require.NoError(t, tool.run(t, database, script))
			rest, err := softdelete.DDLScript(db, tool.format, &quickly{})
			require.NoError(t, err)
			require.Empty(t, rest)
		})
	}
}

func TestAnUnknownFormatIsRefused(t *testing.T) {
	_, err := softdelete.DDLScript(use(t, testdb.SQLite(t)), softdelete.ScriptFormat(7))
	require.ErrorIs(t, err, softdelete.ErrUnsupported)
	require.ErrorContains(t, err, fmt.Sprint(7))
}
