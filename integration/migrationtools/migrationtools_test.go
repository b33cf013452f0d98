// Package migrationtools_test runs the scripts of softdelete.DDLScript by the tools that they are for.
package migrationtools_test

import (
	"fmt"
	"regexp"
	"slices"
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

func fresh(t *testing.T, name string) *testdb.Database {
	t.Helper()
	if name == "sqlite" {
		return testdb.SQLite(t)
	}
	return testdb.Postgres(t)
}

// schemaOf tells all that the catalogue says of a schema, but for the tables of the tools.
func schemaOf(t *testing.T, db *gorm.DB) (lines []string) {
	t.Helper()
	queries := []string{
		`SELECT type || ' ' || tbl_name || ' ' || sql FROM sqlite_schema WHERE sql IS NOT NULL`,
		`SELECT 'sequence ' || name || ' ' || seq FROM sqlite_sequence`,
	}
	if db.Name() == "postgres" {
		queries = []string{
			`SELECT concat_ws(' ', 'column', table_name, column_name, ordinal_position, data_type, is_nullable, column_default, character_maximum_length,
				is_identity, is_generated) FROM information_schema.columns WHERE table_schema = current_schema()`,
			`SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = current_schema()`,
			`SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace`,
			`SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
				WHERE c.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal`,
			`SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace`,
			`SELECT 'sequence ' || sequencename FROM pg_sequences WHERE schemaname = current_schema()`,
		}
	}
	for _, query := range queries {
		if strings.Contains(query, "sqlite_sequence") && !db.Migrator().HasTable("sqlite_sequence") {
			continue
		}
		var part []string
		require.NoError(t, db.Raw(query).Scan(&part).Error)
		lines = append(lines, part...)
	}
	lines = slices.DeleteFunc(lines, func(line string) bool {
		return strings.Contains(line, "goose_db_version") || strings.Contains(line, "schema_migrations")
	})
	for i, line := range lines {
		lines[i] = ownSchema.ReplaceAllString(line, "x")
	}
	slices.Sort(lines)
	return lines
}

// ownSchema is the name of a test's schema.
var ownSchema = regexp.MustCompile(`testdb_[0-9a-z]+`)

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
