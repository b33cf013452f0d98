package sidebyside_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// deployment is a database with the two releases on it.
type deployment struct {
	t            *testing.T
	older, newer *release
	tables       *gorm.DB // the tables as they are
	now          time.Time
	// unmigrated tells that the newer release works on the older one's tables. Certificates are not for it then.
	unmigrated bool
	// numbered tells that the newer release has made or migrated the archives. Their numbers are a column that the older one does not
	// know: it archives rows, and restores and erases none of them.
	numbered bool
}

func each(t *testing.T, run func(d *deployment)) {
	t.Helper()
	if _, err := history(); err != nil {
		testdb.Missing(t, "history", err)
	}
	testdb.EachOf(t, testdb.EarlierRelease, func(t *testing.T, database *testdb.Database) {
		dir := t.TempDir()
		d := &deployment{t: t, tables: database.Open(t), now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
		d.older, d.newer = start(t, "older", older, database, dir), start(t, "newer", newer, database, dir)
		run(d)
		testdb.NothingLeft(t, d.tables)
	})
}

// releases are both.
func (d *deployment) releases() []*release { return []*release{d.older, d.newer} }

// do lets a release do something, a minute after what was done before.
func (d *deployment) do(r *release, c call) answer {
	d.t.Helper()
	d.now = d.now.Add(time.Minute)
	c.Now = d.now
	a, err := r.tell(c)
	for range 10 {
		if !strings.Contains(a.Error, changedPlan) {
			break
		}
		a, err = r.tell(c)
	}
	require.NoError(d.t, err, "the %s release is gone", r.name)
	d.numbered = d.numbered || r == d.newer && c.Do == "migrate"
	return a
}

// changedPlan is PostgreSQL's answer, once, to a statement with a * that was prepared before its table got a column: to that of any
// program that reads them, from an archive too.
const changedPlan = "cached plan must not change result type"

// must does so without an error.
func (d *deployment) must(r *release, c call) answer {
	d.t.Helper()
	a := d.do(r, c)
	require.Empty(d.t, a.Error, "%s: %+v", r.name, c)
	return a
}

// certifies tells whether the release can read and write certificates. One that cannot says what to do.
func (d *deployment) certifies(r *release) bool { return r != d.newer || !d.unmigrated }

// refused does so with one of the plugin's errors.
func (d *deployment) refused(r *release, by string, c call) {
	d.t.Helper()
	a := d.do(r, c)
	require.Contains(d.t, a.Refused, by, "%s: %+v: %s", r.name, c, a.Error)
}

// rows does so and tells how many rows it took.
func (d *deployment) rows(want int64, r *release, c call) answer {
	d.t.Helper()
	a := d.must(r, c)
	require.Equal(d.t, want, a.Rows, "%s: %+v", r.name, c)
	return a
}

// known leaves out of a newer value what an older one, which does not know it, has not: fields that certificates have gained.
func known(older, newer any) any {
	switch was := older.(type) {
	case []any:
		if is, ok := newer.([]any); ok && len(is) == len(was) {
			for i := range is {
				is[i] = known(was[i], is[i])
			}
		}
	case map[string]any:
		if is, ok := newer.(map[string]any); ok {
			maps.DeleteFunc(is, func(name string, value any) bool {
				_, there := was[name]
				return !there
			})
			for name := range is {
				is[name] = known(was[name], is[name])
			}
		}
	}
	return newer
}

// never are rows that there must never be.
var never = map[string]string{
	"a live row under a deleted parent": `SELECT count(*) FROM matters JOIN clients ON clients.id = matters.client_id
		WHERE clients.deleted_at IS NOT NULL AND matters.state <> 'removed'`,
	"a deletion that is in the ledger of nobody": `SELECT count(*) FROM clients WHERE deleted_at IS NOT NULL
		AND deletion_id NOT IN (SELECT id FROM softdelete_deletions) AND email LIKE 'load%'`,
	"a gap in the versions": `SELECT count(*) FROM (SELECT row_key FROM clients_events GROUP BY row_key
		HAVING max(version) <> count(*) OR min(version) <> 1) AS gaps`,
	"a gap in the versions of an archived model": `SELECT count(*) FROM (SELECT row_key FROM bills_events GROUP BY row_key
		HAVING max(version) <> count(*) OR min(version) <> 1) AS gaps`,
	"a row in its table and, by the same deletion, in its archive": `SELECT count(*) FROM bills JOIN bills_archive ON bills.id = bills_archive.id
		WHERE bills.number LIKE 'load%'`,
}

// agree checks that both read the same, and that the logs give the rows.
func (d *deployment) agree() {
	d.t.Helper()
	for what, query := range never {
		var n int
		require.NoError(d.t, d.tables.Raw(query).Scan(&n).Error, what)
		require.Zero(d.t, n, what)
	}
	read := map[*release]office.Reading{}
	for _, r := range d.releases() {
		for _, model := range []string{"Client", "Bill", "Visitor", "Meter"} {
			d.rows(0, r, call{Do: "rebuild", Model: model})
		}
		var reading office.Reading
		a := d.do(r, call{Do: "read"})
		if r == d.older && d.numbered {
			for line := range strings.Lines(a.Error) {
				require.Contains(d.t, line, "restore of ")
				require.Contains(d.t, line, "archive_id")
			}
		} else if d.certifies(r) {
			require.Empty(d.t, a.Error, r.name)
		}
		require.NoError(d.t, json.Unmarshal(a.Value, &reading))
		read[r] = reading
	}
	for name, value := range read[d.older] {
		if d.unmigrated && (name == "certificates" || name == "chain") {
			continue
		}
		if d.numbered && value == nil && strings.HasPrefix(name, "restore of ") {
			continue // which the older one refuses
		}
		require.Equal(d.t, value, known(value, read[d.newer][name]), name)
	}
	require.Len(d.t, read[d.newer], len(read[d.older]))
}
