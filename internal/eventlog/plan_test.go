package eventlog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestRebuildLooksOnceForWhereARowsEventsBeginWhateverTheStatisticsSay(t *testing.T) {
	db := fixture.OneConnection(t, fixture.Models(t, testdb.SQLite(t), []any{&eventChain{}}))
	require.NoError(t, db.Create(&eventChain{ID: 1, Name: "one"}).Error)
	fixture.Exec(t, db, fixture.Series("event_chains_events (row_key, version, type, content, data, actor, reason, at)", 500,
		`'1', i + 1, 'updated', 'change', '{"count":' || i || '}', '', '', '2026-01-01 00:00:00+00:00'`), "ANALYZE")
	var asked string
	testdb.Inject(db).AfterStatement(func(_ int, sql string) error {
		if strings.Contains(sql, "AS part") && asked == "" {
			asked = sql
		}
		return nil
	})
	changed, err := softdelete.Rebuild(db, &eventChain{})
	testdb.Inject(db).Reset()
	require.NoError(t, err)
	require.EqualValues(t, 1, changed)
	var row eventChain
	require.NoError(t, db.First(&row, 1).Error)
	require.EqualValues(t, 500, row.Count)

	var plan []struct{ Detail string }
	require.NoError(t, db.Raw("EXPLAIN QUERY PLAN "+asked).Scan(&plan).Error)
	require.NotEmpty(t, plan)
	for _, step := range plan {
		require.NotContains(t, step.Detail, "SCAN e", "the events are looked up for each row, not the row for each event: %v", plan)
	}
}
