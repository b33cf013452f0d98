package migrationtools_test

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// unlogged are models without event logs.
func unlogged() []any { return []any{&Room{}, &Badge{}, &Log{}, &Floor{}} }

// Floor has a foreign key, a check and a text that looks like the end of a statement.
type Floor struct {
	ID        uint
	RoomID    uint
	Room      *Room          `gorm:"constraint:OnDelete:CASCADE" softdelete:"guard"`
	Height    int            `gorm:"check:height > 0"`
	Note      string         `gorm:"default:'-- a; b'"`
	Code      string         `gorm:"uniqueIndex"`
	DeletedAt gorm.DeletedAt `softdelete:"retain:1y"`
}

func TestTheShellOfMySQLRunsScriptsWithoutEventLogs(t *testing.T) {
	shell := tool{"the shell", softdelete.ScriptPlain, runMySQLShell}
	for _, state := range []state{states[0], {"with a table without the plugin", func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(&formerRoom{}))
		require.NoError(t, db.Create(&formerRoom{Name: "r"}).Error)
	}}} {
		t.Run(state.name, func(t *testing.T) {
			var schemas [][]string
			for range 2 {
				database := testdb.MySQL(t)
				state.make(t, database)
				db := database.Open(t)
				require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: unlogged(), Ledger: true})))
				if schemas == nil {
					require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), unlogged()...)...))
				} else {
					script, err := softdelete.DDLScript(db, shell.format)
					require.NoError(t, err)
					require.NoError(t, shell.run(t, database, script))
					rest, err := softdelete.DDLScript(db, shell.format)
					require.NoError(t, err)
					require.Empty(t, rest, "all is done")
				}
				schemas = append(schemas, schemaOf(t, db))
			}
			require.Equal(t, schemas[0], schemas[1])
		})
	}
}

// Each statement of a script stays, as a change of a table ends the transaction on MySQL. What DDLScript lists then is the rest.
func TestAScriptThatFailedOnMySQLIsFinishedByTheRest(t *testing.T) {
	for _, state := range states {
		t.Run(state.name, func(t *testing.T) {
			whole := testdb.MySQL(t)
			state.make(t, whole)
			db := use(t, whole)
			statements, err := softdelete.DDL(db)
			require.NoError(t, err)
			require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models()...)...))
			schema := schemaOf(t, db)
			tools := toolsOf("mysql")
			step := 7 // which is no multiple of the number of tools
			if testdb.Long() {
				step = 1
			}
			for done := 1; done < len(statements); done += step {
				database := testdb.MySQL(t)
				state.make(t, database)
				db := use(t, database)
				for _, statement := range statements[:done] {
					require.NoError(t, db.Exec(statement).Error)
				}
				tool := tools[done%len(tools)]
				rest, err := softdelete.DDLScript(db, tool.format)
				require.NoError(t, err)
				require.NoError(t, tool.run(t, database, rest), "after %d statements, by %s", done, tool.name)
				require.ElementsMatch(t, schema, schemaOf(t, db), "after %d statements, by %s", done, tool.name)
			}
		})
	}
}

func TestTheShellOfMySQLStopsAtATriggerAndAnotherToolGoesOn(t *testing.T) {
	if mysqlShell() == "" {
		testdb.Missing(t, "the shell of MySQL", exec.ErrNotFound)
	}
	database := testdb.MySQL(t)
	db := use(t, database)
	script, err := softdelete.DDLScript(db, softdelete.ScriptPlain)
	require.NoError(t, err)
	require.Error(t, runMySQLShell(t, database, script))

	whole := use(t, testdb.MySQL(t))
	require.NoError(t, whole.AutoMigrate(append(softdelete.Tables(), models()...)...))
	rest, err := softdelete.DDLScript(db, softdelete.ScriptGoose)
	require.NoError(t, err)
	require.NotContains(t, rest, "CREATE TABLE `badges`", "it stands")
	require.NoError(t, runGoose(t, database, rest))
	require.Equal(t, schemaOf(t, whole), schemaOf(t, db))
}
