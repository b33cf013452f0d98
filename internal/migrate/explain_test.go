package migrate_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	explainTimestamp struct {
		ID        uint
		Email     string         `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:90d"`
	}
	explainStatus struct {
		ID     uint
		Email  string     `gorm:"uniqueIndex"`
		Status string     `softdelete:"status;retain:90d"`
		At     *time.Time `softdelete:"at"`
	}
	// explainModel has the full index of gorm.Model, which serves the purge too.
	explainModel struct {
		gorm.Model
		Email string   `gorm:"uniqueIndex"`
		_     struct{} `softdelete:"retain:90d"`
	}
	// explainLive has an index that begins with the clock, but does not cover deleted rows.
	explainLive struct {
		ID        uint
		Email     string         `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt `gorm:"index" softdelete:"live;retain:90d"`
	}
	explainClock struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"`
		Closed    time.Time
		DeletedAt gorm.DeletedAt `softdelete:"retain:90d;clock:Closed"`
	}
)

// explained are models with a retention: their deleted rows, how a purge asks for those that are due, and the index that it
// is to use.
var explained = []struct {
	model                       any
	table, mark, deleted, clock string
	index                       string
}{
	{&explainTimestamp{}, "explain_timestamps", "deleted_at", "deleted_at IS NOT NULL", "deleted_at", "idx_explain_timestamps_deleted_at_retention"},
	{&explainStatus{}, "explain_statuses", "at", "status = 'deleted'", "at", "idx_explain_statuses_at_retention"},
	{&explainModel{}, "explain_models", "deleted_at", "deleted_at IS NOT NULL", "deleted_at", "idx_explain_models_deleted_at"},
	{&explainLive{}, "explain_lives", "deleted_at", "deleted_at IS NOT NULL", "deleted_at", "idx_explain_lives_deleted_at_retention"},
	{&explainClock{}, "explain_clocks", "deleted_at", "deleted_at IS NOT NULL", "closed", "idx_explain_clocks_closed_retention"},
}

// explainFill makes 20,000 rows, one of ten deleted, over the last 2,000 days.
func explainFill(t *testing.T, db *gorm.DB, table, mark string) {
	t.Helper()
	at, email := "datetime('2020-01-01', '+' || (i / 10) || ' days') || '+00:00'", "'user' || i"
	switch db.Name() {
	case "postgres":
		at = "timestamptz '2020-01-01 00:00:00Z' + (i / 10) * interval '1 day'"
	case "mysql":
		at, email = "TIMESTAMP'2020-01-01 00:00:00' + INTERVAL i DIV 10 DAY", "CONCAT('user', i)"
	}
	columns, values := "id, email, "+mark, "i, "+email+", CASE WHEN i % 10 = 0 THEN "+at+" END"
	switch table {
	case "explain_statuses":
		columns, values = columns+", status", values+", CASE WHEN i % 10 = 0 THEN 'deleted' ELSE 'active' END"
	case "explain_clocks":
		columns, values = columns+", closed", values+", "+at
	}
	require.NoError(t, db.Exec(fixture.Series(table+" ("+columns+")", 20000, values)).Error)
	fixture.Analyze(t, db, table)
}

func TestThePurgesQueryUsesAnIndex(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := migrateUse(t, database.Open(t))
		for _, e := range explained {
			require.NoError(t, db.AutoMigrate(e.model))
			requireNoFurtherChange(t, db, e.model)
			explainFill(t, db, e.table, e.mark)
			due := time.Date(2020, 3, 1, 0, 0, 0, 0, time.UTC)
			for _, order := range []string{e.clock, e.clock + ", id"} {
				plan := fixture.Explain(t, db, "SELECT id FROM "+e.table+" WHERE "+e.deleted+" AND "+e.clock+" <= ? ORDER BY "+order+" LIMIT 1000", due)
				require.Contains(t, plan, e.index, "%s by %s", e.table, order)
			}
			var count int64
			require.NoError(t, db.Raw("SELECT count(*) FROM "+e.table+" WHERE "+e.deleted+" AND "+e.clock+" <= ?", due).Scan(&count).Error)
			require.Greater(t, count, int64(10))
		}
	})
}

func TestAModelWithAFullIndexOnItsClockGetsNoSecondOne(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := migrateUse(t, database.Open(t))
		require.NoError(t, db.AutoMigrate(&explainModel{}))
		require.NotContains(t, strings.Join(indexesOf(t, db), "\n"), "_retention")
	})
}

func TestFirstByAUniqueColumnUsesTheLiveIndex(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := migrateUse(t, database.Open(t))
		for _, e := range explained[:2] {
			require.NoError(t, db.AutoMigrate(e.model))
			explainFill(t, db, e.table, e.mark)
			recorder := testdb.Record(db)
			require.NoError(t, db.First(reflect.New(reflect.TypeOf(e.model).Elem()).Interface(), "email = ?", "user77").Error)
			sent := recorder.All()[0]
			require.Contains(t, fmt.Sprint(sent.Args), "user77")
			require.NotContains(t, fmt.Sprint(sent.Args), "deleted", "predicates are literals")
			index := "idx_" + e.table + "_email"
			if db.Name() != "postgres" {
				require.Contains(t, fixture.Explain(t, db, sent.SQL, sent.Args...), index)
				continue
			}
			require.NoError(t, db.Connection(func(conn *gorm.DB) error {
				conn = conn.Session(&gorm.Session{})
				require.NoError(t, conn.Exec("SET plan_cache_mode = force_generic_plan").Error)
				require.NoError(t, conn.Exec("PREPARE by_"+e.table+" AS "+sent.SQL).Error)
				plan := fixture.Explain(t, conn, "EXECUTE by_"+e.table+"('user77', 1)")
				require.Contains(t, plan, index)
				require.Contains(t, plan, "$1", "the plan is the generic one")
				return conn.Exec("RESET plan_cache_mode").Error
			}))
		}
	})
}
