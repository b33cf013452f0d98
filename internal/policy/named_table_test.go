package policy_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Functions that are called with db.Table("x") act on x, or refuse: none acts on the model's own table without a word.

type (
	// elsewhere has rows in a second table too.
	elsewhere struct {
		_         struct{} `softdelete:"retain:1d;events"`
		ID        uint
		Name      string `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt
	}
	// caller calls a function of the plugin in its hook.
	caller struct {
		ID   uint
		call func(tx *gorm.DB) error
	}
)

func (c *caller) BeforeCreate(tx *gorm.DB) error { return c.call(tx) }

// onTables calls each exported function that takes a *gorm.DB.
func onTables(t *testing.T, store softdelete.ColdStore, ledger softdelete.ErasureLedger, deletion softdelete.DeletionID) map[string]func(db *gorm.DB) error {
	t.Helper()
	row := func() *elsewhere { return &elsewhere{ID: 1} }
	batch := softdelete.ColdBatch{ID: "b1", Model: "elsewhere", Table: "elsewheres", Rows: []map[string]any{{"id": int64(9), "name": "Zoe"}}}
	require.NoError(t, store.Put(t.Context(), batch))
	second := func(_ any, err error) error { return err }
	return map[string]func(db *gorm.DB) error{
		"AsOf":             func(db *gorm.DB) error { return softdelete.AsOf(db, row(), time.Now().Add(time.Hour)) },
		"Certificates":     func(db *gorm.DB) error { return second(softdelete.Certificates(db)) },
		"DDL":              func(db *gorm.DB) error { return second(softdelete.DDL(db, row())) },
		"DDL of all":       func(db *gorm.DB) error { return second(softdelete.DDL(db)) },
		"DDLScript":        func(db *gorm.DB) error { return second(softdelete.DDLScript(db, softdelete.ScriptPlain, row())) },
		"DataMap":          func(db *gorm.DB) error { return second(softdelete.DataMap(db)) },
		"Delete":           func(db *gorm.DB) error { return second(softdelete.Delete(db, row())) },
		"DispatchErasures": softdelete.DispatchErasures,
		"Erase":            func(db *gorm.DB) error { return second(softdelete.Erase(db, row(), softdelete.ErasureRequest{})) },
		"History":          func(db *gorm.DB) error { return second(softdelete.History(db, row())) },
		"Hold": func(db *gorm.DB) error {
			return second(softdelete.Hold(db, row(), softdelete.HoldOptions{Matter: "m"}))
		},
		"Holds": func(db *gorm.DB) error { return second(softdelete.Holds(db)) },
		"NewJanitor": func(db *gorm.DB) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return softdelete.NewJanitor(db, softdelete.JanitorConfig{Every: time.Hour, Logger: slog.New(slog.DiscardHandler)}).Run(ctx)
		},
		"Preview":        func(db *gorm.DB) error { return second(softdelete.Preview(db, row())) },
		"PreviewErasure": func(db *gorm.DB) error { return second(softdelete.PreviewErasure(db, row())) },
		"PreviewRestore": func(db *gorm.DB) error { return second(softdelete.PreviewRestore(db, row())) },
		"Purge":          func(db *gorm.DB) error { return second(softdelete.Purge(db, softdelete.PurgeOptions{})) },
		"Purge of models": func(db *gorm.DB) error {
			return second(softdelete.Purge(db, softdelete.PurgeOptions{Models: []any{row()}}))
		},
		"Rebuild":            func(db *gorm.DB) error { return second(softdelete.Rebuild(db, row())) },
		"Release":            func(db *gorm.DB) error { return softdelete.Release(db, "hold-1") },
		"ReplayErasures":     func(db *gorm.DB) error { return second(softdelete.ReplayErasures(db, ledger)) },
		"Restore":            func(db *gorm.DB) error { return second(softdelete.Restore(db, row())) },
		"RestoreDeletion":    func(db *gorm.DB) error { return second(softdelete.RestoreDeletion(db, deletion)) },
		"Thaw":               func(db *gorm.DB) error { return second(softdelete.Thaw(db, "b1")) },
		"VerifyCertificates": softdelete.VerifyCertificates,
	}
}

// obeying are the functions for which db.Table names the table that is meant.
var obeying = map[string]bool{
	"AsOf": true, "DDL": true, "DDLScript": true, "Delete": true, "History": true, "Preview": true, "PreviewRestore": true, "Rebuild": true, "Restore": true,
}

func TestFunctionsObeyOrRefuseANamedTable(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		store, err := softdelete.DirColdStore(t.TempDir())
		require.NoError(t, err)
		ledger, err := softdelete.FileLedger(t.TempDir() + "/ledger")
		require.NoError(t, err)
		models := []any{&elsewhere{}, &caller{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models, Holds: true, ColdStore: store})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		require.NoError(t, db.Table("copied").AutoMigrate(&elsewhere{}))
		rows := []elsewhere{{ID: 1, Name: "Ann"}, {ID: 2, Name: "Bob"}}
		require.NoError(t, db.Create(&rows).Error)
		require.NoError(t, db.Table("copied").Create(&rows).Error)
		require.NoError(t, db.Delete(&elsewhere{ID: 2}).Error)
		require.NoError(t, db.Unscoped().Model(&elsewhere{}).Where("id = 2").Update("deleted_at", db.NowFunc().Add(-100*time.Hour)).Error)

		calls := onTables(t, store, ledger, softdelete.DeletionID("1790000000000000000-00000000-0000000000000000"))
		api, err := os.ReadFile("../../testdata/api.txt")
		require.NoError(t, err)
		for _, function := range regexp.MustCompile(`(?m)^\tfunc (\w+)\(\*gorm\.DB`).FindAllStringSubmatch(string(api), -1) {
			require.Contains(t, calls, function[1], "each function is here")
		}
		content := func() map[string][]map[string]any {
			contents := map[string][]map[string]any{}
			for table, columns := range map[string]string{
				"elsewheres": "id, name, deleted_at", "elsewheres_events": "id, type", "softdelete_holds": "id", "softdelete_certificates": "id",
			} {
				var found []map[string]any
				require.NoError(t, db.Table(table).Select(columns).Order("id").Find(&found).Error)
				contents[table] = found
			}
			return contents
		}
		before := content()
		for _, name := range slices.Sorted(maps.Keys(calls)) { // AsOf before Delete, Restore after it
			call := calls[name]
			t.Run(name, func(t *testing.T) {
				for _, named := range []string{"copied", "copied AS c"} {
					if named == "copied AS c" && strings.HasPrefix(name, "DDL") {
						continue // no table is made under an alias
					}
					err := call(db.Table(named))
					if obeying[name] {
						require.NoError(t, err)
					} else {
						require.ErrorIs(t, err, softdelete.ErrUnsupported)
						require.ErrorContains(t, err, "leave db.Table out")
					}
					require.Equal(t, before, content(), "the model's own rows, and the plugin's, are as they were")
				}
			})
		}

		t.Run("nor is that of a statement before", func(t *testing.T) {
			for _, name := range []string{"Hold", "History", "PreviewErasure", "Purge"} {
				reused := db.Order("1")
				require.NoError(t, reused.Find(&[]caller{}).Error)
				require.NotErrorIs(t, calls[name](reused), softdelete.ErrUnsupported, name)
			}
		})
		t.Run("the table of the statement around a hook is not meant", func(t *testing.T) {
			for name, call := range calls {
				var inHook error
				hooked := &caller{call: func(tx *gorm.DB) error {
					inHook = tx.Transaction(func(tx *gorm.DB) error {
						return fmt.Errorf("%w, undone: %w", gorm.ErrInvalidTransaction, call(tx))
					})
					return nil
				}}
				require.NoError(t, db.Create(hooked).Error)
				require.ErrorContains(t, inHook, "undone", name)
				require.NotContains(t, inHook.Error(), "db.Table", name)
			}
		})
	})
}

func TestTheOwnTableUnderAnotherNameIsMeant(t *testing.T) {
	testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&elsewhere{}}, Holds: true})
		require.NoError(t, db.Create(&elsewhere{ID: 1, Name: "Ann"}).Error)
		var schema string
		require.NoError(t, db.Raw("SELECT current_schema()").Scan(&schema).Error)
		for _, own := range []string{"elsewheres", `"elsewheres" AS e`, schema + ".elsewheres", `"` + schema + `".elsewheres AS e`} {
			id, err := softdelete.Hold(db.Table(own), &elsewhere{ID: 1}, softdelete.HoldOptions{Matter: "m"})
			require.NoError(t, err, own)
			require.NoError(t, softdelete.Release(db, id))
			plan, err := softdelete.PreviewErasure(db.Table(own), &elsewhere{ID: 1})
			require.NoError(t, err, own)
			require.NotEmpty(t, plan.Tables)
		}
	})
}
