package purge_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// run lets a janitor work until stop, or until no row is left, one row at a time; at runs once its first row is gone.
func run(t *testing.T, db *gorm.DB, at func(stop context.CancelFunc)) (log *janLog) {
	t.Helper()
	log = &janLog{}
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	first := true
	err := softdelete.NewJanitor(db, softdelete.JanitorConfig{Every: 10 * time.Millisecond, Logger: log.logger(), Purge: softdelete.PurgeOptions{
		Batch: 1,
		Progress: func(softdelete.PurgeProgress) {
			if first {
				first = false
				at(stop)
			}
			if janCount(t, db) == 0 {
				stop()
			}
		},
	}}).Run(ctx)
	require.ErrorIs(t, err, context.Canceled)
	return log
}

// passes tells that a janitor does not get its turn.
func passes(t *testing.T, db *gorm.DB) {
	t.Helper()
	before := janCount(t, db)
	log := turns(t, db, 2, softdelete.JanitorConfig{})
	require.Contains(t, log, "another janitor purges")
	require.NotContains(t, log, "softdelete: purged")
	require.NotContains(t, log, "level=ERROR")
	require.Equal(t, before, janCount(t, db))
}

// purges tells that a janitor gets its turn at once.
func purges(t *testing.T, db *gorm.DB) {
	t.Helper()
	janFill(t, db)
	run(t, db, func(context.CancelFunc) {})
	require.Zero(t, janCount(t, db))
}

// With the connection of a lease, none would be left for the purge, nor for what its callbacks do.
func TestAJanitorNeedsNoMoreThanOneConnection(t *testing.T) {
	type Letter struct {
		ID        uint
		Text      string         `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:erase"`
	}
	type Slip struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		config := fixture.Notes()
		config.Models = append(config.Models, &Letter{}, &Slip{})
		config.ColdStore, _ = fixture.ColdDir(t)
		db := fixture.OneConnection(t, fixture.Open(t, database, config))
		janFill(t, db)
		gone := gorm.DeletedAt{Time: time.Now().AddDate(-1, 0, 0), Valid: true}
		require.NoError(t, db.Create(&Letter{Text: "canary", DeletedAt: gone}).Error)
		require.NoError(t, db.Create(&Slip{DeletedAt: gone}).Error)
		var log janLog
		ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
		defer stop()
		var seen []int64
		err := softdelete.NewJanitor(db, softdelete.JanitorConfig{Every: 10 * time.Millisecond, Logger: log.logger(), Purge: softdelete.PurgeOptions{
			Batch: 1,
			Progress: func(p softdelete.PurgeProgress) {
				seen = append(seen, janCount(t, db))
				if p.Table == "slips" {
					stop()
				}
			},
		}}).Run(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []int64{2, 1, 0}, seen[:3])
		require.NotContains(t, log.String(), "level=ERROR")
		for _, model := range []any{&fixture.Note{}, &Letter{}, &Slip{}} {
			require.Zero(t, fixture.Rows(t, db, fixture.Table(t, db, model)), "%T", model)
		}
		require.NotContains(t, log.String(), "canary")
		purges(t, db)
	})
}

func TestOneJanitorPurgesAtATimeHoweverManyConnectionsEachHas(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		few, many := fixture.OneConnection(t, newJanStage(t, database)), newJanStage(t, database)
		other := fixture.OneConnection(t, newJanStage(t, database))
		janFill(t, few)
		run(t, few, func(context.CancelFunc) { passes(t, many); passes(t, other); passes(t, few) })
		janFill(t, few)
		run(t, many, func(context.CancelFunc) { passes(t, few); passes(t, many) })
		purges(t, few)
		purges(t, many)
	})
}

func TestJanitorsOfTwoSchemasDoNotWaitForEachOther(t *testing.T) {
	database := testdb.Postgres(t)
	const space = "janitors_other"
	here := newJanStage(t, database)
	fixture.Exec(t, here, "DROP SCHEMA IF EXISTS "+space+" CASCADE", "CREATE SCHEMA "+space)
	t.Cleanup(func() { fixture.Exec(t, here, "DROP SCHEMA "+space+" CASCADE") })
	var there [2]*gorm.DB
	for i := range there {
		there[i] = fixture.OneConnection(t, database.Open(t))
		fixture.Exec(t, there[i], "SET search_path TO "+space)
		require.NoError(t, there[i].Use(softdelete.New(fixture.Notes())))
	}
	require.NoError(t, there[0].AutoMigrate(append(softdelete.Tables(), &fixture.Note{})...))
	janFill(t, here)
	run(t, here, func(context.CancelFunc) {
		janFill(t, there[0])
		run(t, there[0], func(context.CancelFunc) { passes(t, there[1]) })
		require.Zero(t, janCount(t, there[1]))
	})
	require.Zero(t, janCount(t, here))
}

func TestAJanitorThatEndsLeavesNoLease(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, open := range []func(*gorm.DB) *gorm.DB{
			func(db *gorm.DB) *gorm.DB { return db },
			func(db *gorm.DB) *gorm.DB { return fixture.OneConnection(t, db) },
		} {
			db, next := open(newJanStage(t, database)), newJanStage(t, database)
			janFill(t, db)
			run(t, db, func(stop context.CancelFunc) { stop() })
			purges(t, next)

			janFill(t, db)
			require.PanicsWithValue(t, fixture.Err, func() { run(t, db, func(context.CancelFunc) { panic(fixture.Err) }) })
			purges(t, next)
			purges(t, db)
		}
	})
}

// sever ends the session that has the lease of the schema.
func sever(t *testing.T, db *gorm.DB) {
	t.Helper()
	var ended int
	require.NoError(t, db.Raw("SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND "+
		"(classid::bigint << 32) | objid::bigint = hashtextextended('softdelete:janitor:' || current_schema(), 0)").Scan(&ended).Error)
	require.Equal(t, 1, ended)
}

func TestAJanitorWhoseSessionHasEndedStopsWhereAnotherPurges(t *testing.T) {
	database := testdb.Postgres(t)
	for name, open := range map[string]func(*gorm.DB) *gorm.DB{
		"a connection of its own": func(db *gorm.DB) *gorm.DB { return db },
		"the only connection":     func(db *gorm.DB) *gorm.DB { return fixture.OneConnection(t, db) },
	} {
		t.Run(name, func(t *testing.T) {
			db, next := open(newJanStage(t, database)), newJanStage(t, database)
			janFill(t, db)
			janFill(t, db)
			holding, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
			var log janLog
			ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
			defer stop()
			begun := false
			config := softdelete.JanitorConfig{Every: 10 * time.Millisecond, Logger: log.logger(), Purge: softdelete.PurgeOptions{Batch: 1}}
			config.Purge.Progress = func(softdelete.PurgeProgress) {
				if begun {
					stop()
					return
				}
				begun = true
				sever(t, next)
				go func() {
					defer close(ended)
					run(t, next, func(context.CancelFunc) { close(holding); <-goOn })
				}()
				<-holding
			}
			err := softdelete.NewJanitor(db, config).Run(ctx)
			require.ErrorIs(t, err, context.Canceled)
			require.EqualValues(t, 3, janCount(t, next), "one row each, and the one that it had begun")
			close(goOn)
			<-ended
			require.Zero(t, janCount(t, next))
			purges(t, db)
		})
	}
}
