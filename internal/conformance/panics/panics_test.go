// Package panics_test: whatever of the application panics, or ends its goroutine, the plugin leaves nothing open and nothing
// half done.
package panics_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// stage is a database with one connection, and another that looks at it.
type stage struct {
	db, other *gorm.DB
	bomb      *bomb
	ledger    softdelete.ErasureLedger
	now       time.Time
}

var models = []any{&firm{}, &desk{}, &seat{}, &paper{}}

func newStage(t *testing.T, database *testdb.Database, skipDefault bool) *stage {
	t.Helper()
	s := &stage{bomb: &bomb{}, now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	config := &gorm.Config{SkipDefaultTransaction: skipDefault, NowFunc: func() time.Time {
		s.bomb.at("NowFunc")
		s.now = s.now.Add(time.Millisecond)
		return s.now
	}}
	s.db, s.other = fixture.OneConnection(t, database.Open(t, config)), database.Open(t)
	cold, _ := fixture.ColdDir(t)
	var err error
	s.ledger, err = softdelete.FileLedger(filepath.Join(t.TempDir(), "ledger"))
	require.NoError(t, err)
	require.NoError(t, s.db.Use(softdelete.New(softdelete.Config{
		Models: models, Holds: true, Ledger: true,
		Maskers: map[string]softdelete.Masker{"mask": func(context.Context, any) (any, error) {
			s.bomb.at("masker")
			return "masked", nil
		}},
		ErasureLedger: ledger{s.ledger, s.bomb}, ColdStore: store{cold.(softdelete.ColdRewriter), s.bomb},
		Processors: []softdelete.Processor{processor{s.bomb}},
		TenantRetention: func(context.Context, string, any) (softdelete.Retention, bool) {
			s.bomb.at("TenantRetention")
			return softdelete.Retention{}, false
		},
	})))
	require.NoError(t, s.db.AutoMigrate(append(softdelete.Tables(), models...)...))
	return s
}

// fill makes two firms with rows in all tables, the second deleted, and papers that are over.
func (s *stage) fill(t *testing.T) {
	t.Helper()
	for id := uint(1); id <= 2; id++ {
		require.NoError(t, s.db.Create(&firm{ID: id, Name: "name", Desks: []desk{{ID: 10 * id, Label: "a"}, {ID: 10*id + 1, Label: "b"}}, Chairs: []seat{{ID: id}}}).Error)
		require.NoError(t, s.db.Create(&[]paper{{ID: id, TenantID: 1, FirmID: id, Text: "x"}, {ID: 10 + id, TenantID: 2, FirmID: id, Text: "y"}}).Error)
	}
	require.NoError(t, s.db.Delete(&firm{ID: 2}).Error)
	require.NoError(t, s.db.Delete(&[]paper{{ID: 1}, {ID: 11}}).Error)
	s.now = s.now.Add(48 * time.Hour)
}

// dump is all that is in the tables, as another session sees it.
func (s *stage) dump(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	text.WriteString(fixture.Dump(t, s.other, models...))
	for _, table := range []string{
		"seats_archive", "softdelete_deletions", "softdelete_holds", "softdelete_certificates", "softdelete_erased_rows", "softdelete_erasure_outbox",
	} {
		var rows []map[string]any
		if s.other.Migrator().HasTable(table) {
			require.NoError(t, s.other.Table(table).Order("1").Find(&rows).Error)
		}
		for _, row := range rows {
			text.WriteString(table + " ")
			text.WriteString(strings.Join(strings.Fields(strings.TrimSpace(sprint(row))), " ") + "\n")
		}
	}
	return text.String()
}

// call is a function of the plugin, or a statement, and the places in it where code of the application runs.
type call struct {
	name   string
	do     func(s *stage, db *gorm.DB) error
	panics []string // go on to the caller
	errors []string // are errors of the call
	// prepare runs before it; alone tells that it is not for a transaction of the caller's, keeps that what came before the
	// place stays.
	prepare func(t *testing.T, s *stage)
	alone   bool
	keeps   bool
}

var calls = []call{
	{
		name: "Delete", do: func(_ *stage, db *gorm.DB) error { return db.Delete(&firm{ID: 1}).Error },
		panics: []string{"firm.BeforeDelete", "desk.BeforeDelete", "seat.AfterDelete", "desk.AfterDelete", "firm.AfterDelete", "NowFunc"},
	},
	{
		name: "Delete, Unscoped", do: func(_ *stage, db *gorm.DB) error { return db.Unscoped().Select("Desks").Delete(&firm{ID: 1}).Error },
		panics: []string{"firm.BeforeDelete", "desk.BeforeDelete"},
	},
	{
		name: "Restore", do: func(_ *stage, db *gorm.DB) error {
			_, err := softdelete.Restore(db, &firm{ID: 2})
			return err
		},
		panics: []string{"firm.BeforeRestore", "desk.BeforeRestore", "desk.AfterRestore", "firm.AfterRestore"},
	},
	{
		name: "Create", do: func(_ *stage, db *gorm.DB) error { return db.Create(&desk{ID: 99, FirmID: 1}).Error },
		panics: []string{"desk.BeforeSave", "desk.BeforeCreate", "desk.AfterCreate"},
	},
	{
		name: "Update", do: func(_ *stage, db *gorm.DB) error {
			return db.Model(&desk{ID: 10}).Updates(desk{FirmID: 1, Label: "c"}).Error
		},
		panics: []string{"desk.BeforeSave", "desk.BeforeUpdate", "desk.AfterUpdate"},
	},
	{
		name: "Save", do: func(_ *stage, db *gorm.DB) error { return db.Save(&firm{ID: 1, Desks: []desk{{ID: 98}}}).Error },
		panics: []string{"desk.BeforeSave", "desk.AfterCreate", "NowFunc"},
	},
	{
		name: "Hold", do: func(_ *stage, db *gorm.DB) error {
			_, err := softdelete.Hold(db, &firm{ID: 1}, softdelete.HoldOptions{Matter: "m"})
			return err
		},
		panics: []string{"NowFunc"},
	},
	{
		name: "Erase", do: func(_ *stage, db *gorm.DB) error {
			_, err := softdelete.Erase(db, &firm{ID: 1}, softdelete.ErasureRequest{ID: "r"})
			return err
		},
		errors: []string{"masker", "ledger.Append", "processor.Name", "store.Batches", "store.Tidy"},
		panics: []string{"desk.BeforeDelete", "NowFunc"}, alone: true,
	},
	{
		name: "Erase in cold storage", prepare: purged, do: func(_ *stage, db *gorm.DB) error {
			_, err := softdelete.Erase(db, &firm{ID: 1}, softdelete.ErasureRequest{ID: "r"})
			return err
		},
		errors: []string{"store.Get", "store.Replace"}, alone: true,
	},
	{
		name: "Erase, marked done", do: func(_ *stage, db *gorm.DB) error {
			_, err := softdelete.Erase(db, &firm{ID: 1}, softdelete.ErasureRequest{ID: "r"})
			return err
		},
		errors: []string{"ledger.Append, done"}, alone: true, keeps: true,
	},
	{
		name: "DispatchErasures", prepare: func(t *testing.T, s *stage) {
			_, err := softdelete.Erase(s.db, &firm{ID: 1}, softdelete.ErasureRequest{ID: "r"})
			require.NoError(t, err)
		},
		do:     func(_ *stage, db *gorm.DB) error { return softdelete.DispatchErasures(db) },
		errors: []string{"processor.Name", "processor.Erase"}, alone: true, keeps: true,
	},
	{
		name: "ReplayErasures", do: func(s *stage, db *gorm.DB) error {
			_, err := softdelete.ReplayErasures(db, ledger{s.ledger, s.bomb})
			return err
		},
		errors: []string{"ledger.Entries"}, alone: true,
	},
	{
		name: "Purge", do: func(s *stage, db *gorm.DB) error {
			_, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: 1, Progress: func(softdelete.PurgeProgress) { s.bomb.at("Progress") }})
			return err
		},
		panics: []string{"TenantRetention", "NowFunc"},
	},
	{ // the tree that fails stays, the others go
		name: "Purge, a store that fails", do: func(s *stage, db *gorm.DB) error {
			_, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: 1})
			return err
		},
		errors: []string{"store.Put"}, keeps: true,
	},
	{
		name: "Purge, a batch done", do: func(s *stage, db *gorm.DB) error {
			_, err := softdelete.Purge(db, softdelete.PurgeOptions{Batch: 1, Progress: func(softdelete.PurgeProgress) { s.bomb.at("Progress") }})
			return err
		},
		panics: []string{"Progress"}, alone: true, keeps: true,
	},
	{
		name: "Thaw", prepare: purged, do: func(_ *stage, db *gorm.DB) error {
			_, err := softdelete.Thaw(db, "any")
			return err
		},
		errors: []string{"store.Get"},
	},
}

func purged(t *testing.T, s *stage) {
	_, err := softdelete.Purge(s.db, softdelete.PurgeOptions{})
	require.NoError(t, err)
}

func TestWhateverPanicsLeavesNothingOpen(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, skipDefault := range []bool{false, true} {
			s := newStage(t, database, skipDefault)
			for _, c := range calls {
				for _, place := range append(c.panics, c.errors...) {
					for _, outer := range []bool{false, true} {
						for _, exits := range []bool{false, true} {
							if outer && (c.alone || exits) {
								continue
							}
							t.Run(name(c.name, place, skipDefault, outer, exits), func(t *testing.T) { s.check(t, c, place, outer, exits) })
						}
					}
				}
			}
		}
	})
}

func (s *stage) check(t *testing.T, c call, place string, outer, exits bool) {
	s.clear(t)
	s.fill(t)
	if c.prepare != nil {
		c.prepare(t, s)
	}
	before := s.dump(t)
	routines, connections := runtime.NumGoroutine(), s.connections(t)
	ctx := context.WithValue(t.Context(), bombKey{}, s.bomb)
	var panicked any
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		run := func(db *gorm.DB) {
			defer func() { panicked = recover() }()
			s.bomb.arm(place, exits)
			err = c.do(s, db)
		}
		if !outer {
			run(s.db.WithContext(ctx))
			return
		}
		_ = s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			run(tx)
			return tx.Exec("UPDATE firms SET name = name").Error // the transaction goes on
		})
	}()
	<-done

	require.True(t, s.bomb.blown, "it was never there: %v", err)
	switch {
	case exits:
	case contains(c.errors, place):
		require.Nil(t, panicked)
		require.ErrorContains(t, err, map[string]string{"masker": `"mask"`, "ledger": "panics_test.ledger", "store": "panics_test.store", "processor": "processor"}[strings.SplitN(place, ".", 2)[0]])
		require.NotContains(t, err.Error(), errBlown.Error())
	default:
		require.Equal(t, any(errBlown), panicked, "%v", err)
	}
	testdb.NothingLeft(t, s.db)
	if !c.keeps {
		require.Equal(t, before, s.dump(t))
	}
	quick, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	require.NoError(t, s.other.WithContext(quick).Transaction(func(tx *gorm.DB) error {
		for _, table := range []string{"firms", "desks", "seats", "papers"} {
			if err := tx.Exec("UPDATE " + table + " SET id = id").Error; err != nil {
				return err
			}
		}
		return nil
	}), "another session can write")
	require.NoError(t, s.db.WithContext(quick).Exec("UPDATE firms SET name = name").Error)
	require.Eventually(t, func() bool {
		return runtime.NumGoroutine() <= routines+1+max(0, s.connections(t)-connections)
	}, 3*time.Second, time.Millisecond)
}

// connections is how many are open: some drivers have a goroutine for each.
func (s *stage) connections(t *testing.T) (open int) {
	t.Helper()
	for _, db := range []*gorm.DB{s.db, s.other} {
		pool, err := db.DB()
		require.NoError(t, err)
		open += pool.Stats().OpenConnections
	}
	return open
}

// clear empties all tables.
func (s *stage) clear(t *testing.T) {
	t.Helper()
	s.bomb.arm("", false)
	for _, table := range []string{
		"papers", "desks", "seats", "seats_archive", "firms", "softdelete_deletions", "softdelete_holds", "softdelete_certificates",
		"softdelete_certificate_heads", "softdelete_erased_rows", "softdelete_erasure_outbox", "softdelete_erasure_progress",
	} {
		if s.other.Migrator().HasTable(table) {
			require.NoError(t, s.other.Exec("DELETE FROM "+table).Error)
		}
	}
}

// GORM calls callbacks one after the other: nobody is there to end what was begun when one of another plugin's panics. With the
// default transaction that is GORM's own, and stays open as without this plugin.
// GORM gives nil for the row of a statement that was not executed.
func TestARowOfWhatIsRefusedSaysWhy(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&rowHouse{}, &rowRoom{}}})
		require.NoError(t, db.Callback().Row().Before("gorm:row").Register("refuse", func(tx *gorm.DB) {
			if refused, _ := tx.Get("refuse"); refused == true {
				_ = tx.AddError(errRefused)
			}
		}))
		for fact, c := range map[string]struct {
			db *gorm.DB
			is error
		}{
			"a relation that is none":  {db.Model(&rowHouse{}).Clauses(softdelete.WithDeletedIn("Gardens")), gorm.ErrUnsupportedRelation},
			"by another plugin":        {db.Model(&rowHouse{}).Set("refuse", true), errRefused},
			"SQL, by another plugin":   {db.Raw("SELECT 1").Set("refuse", true), errRefused},
			"a model that is none":     {db.Model(7), schema.ErrUnsupportedDataType},
			"a session with an error":  {withError(db.Model(&rowHouse{})), errRefused},
			"an ended context":         {db.Model(&rowHouse{}).WithContext(ended(t)), context.Canceled},
			"a statement that is none": {db.Raw("SELECT FROM WHERE"), nil},
		} {
			for how, tx := range map[string]*gorm.DB{"": c.db, " in a dry run": c.db.Session(&gorm.Session{DryRun: true})} {
				if how != "" && (c.is == nil || c.is == context.Canceled) {
					continue // nothing is executed, and GORM says nothing
				}
				var n int
				err := tx.Select("count(*)").Row().Scan(&n)
				require.Error(t, err, fact+how)
				require.ErrorIs(t, err, cmp.Or(c.is, err), fact+how)
				rows, err := tx.Select("count(*)").Rows()
				require.Error(t, err, fact+how)
				require.Nil(t, rows, fact+how)
			}
		}
		require.NoError(t, db.Model(&rowHouse{}).Select("count(*)").Row().Scan(new(int)))
	})
}

var errRefused = errors.New("refused")

func withError(db *gorm.DB) *gorm.DB {
	_ = db.AddError(errRefused)
	return db
}

func ended(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

type (
	rowHouse struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Rooms     []rowRoom `gorm:"foreignKey:HouseID" softdelete:"cascade"`
	}
	rowRoom struct {
		ID, HouseID uint
		DeletedAt   gorm.DeletedAt
	}
)

func TestATransactionThatAnotherPluginHasLeftOpenByAPanicEndsWithItsStatement(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newStage(t, database, true)
		s.fill(t)
		require.NoError(t, s.db.Callback().Delete().Before("gorm:after_delete").Register("other:delete", func(*gorm.DB) { panic(errBlown) }))
		before := s.dump(t)
		require.PanicsWithValue(t, errBlown, func() { s.db.Delete(&firm{ID: 1}) })
		require.NoError(t, s.db.Callback().Delete().Remove("other:delete"))
		require.Eventually(t, func() bool {
			runtime.GC()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			return s.db.WithContext(ctx).Exec("UPDATE firms SET name = name").Error == nil
		}, 5*time.Second, time.Millisecond)
		require.Equal(t, before, s.dump(t))
		require.NoError(t, s.db.Delete(&firm{ID: 1}).Error)
	})
}

func sprint(row map[string]any) string { return fmt.Sprint(row) }

func contains(list []string, place string) bool { return slices.Contains(list, place) }

// name is that of a case.
func name(call, place string, skipDefault, outer, exits bool) string {
	parts := []string{call, place}
	for word, is := range map[string]bool{"SkipDefaultTransaction": skipDefault, "in a transaction": outer, "Goexit": exits} {
		if is {
			parts = append(parts, word)
		}
	}
	slices.Sort(parts[2:])
	return strings.Join(parts, ", ")
}
