package upgrade_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// stage is an office whose database and files an earlier version has written, opened with the present one.
type stage struct {
	*gorm.DB
	*office.Settings
	t     *testing.T
	now   time.Time
	dir   string            // the files, with what the earlier version tells of them
	facts map[string]string // deletions, holds and cold batches by name
}

// The two states of the database: the last one, and that of a backup from before the erasures.
const (
	last   = "office"
	backup = "backup"
)

// load puts a database of the earlier version's in the place of an empty one.
var load = map[string]func(t *testing.T, database *testdb.Database, dir, state string){
	"sqlite": func(t *testing.T, database *testdb.Database, dir, state string) {
		file, err := url.Parse(database.DSN)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.FromSlash(file.Path), unpacked(t, filepath.Join(dir, state+".db.gz")), 0o600))
	},
	"postgres": func(t *testing.T, database *testdb.Database, dir, state string) {
		db := database.Open(t)
		var schema string
		require.NoError(t, db.Raw("SELECT current_schema()").Scan(&schema).Error)
		dump := strings.ReplaceAll(string(unpacked(t, filepath.Join(dir, state+".sql.gz"))), "{{schema}}", schema)
		require.NoError(t, db.Exec(dump).Error)
	},
}

func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	text, err := gzip.NewReader(file)
	require.NoError(t, err)
	content, err := io.ReadAll(text)
	require.NoError(t, err)
	return content
}

// each runs a test for every database that the earlier version knew, with a state of it, and its tables migrated.
func each(t *testing.T, state string, run func(s *stage)) {
	t.Helper()
	eachAsWritten(t, state, func(s *stage) {
		require.NoError(s.t, office.Migrate(s.DB))
		run(s)
	})
}

// eachAsWritten leaves the tables as the earlier version made them.
func eachAsWritten(t *testing.T, state string, run func(s *stage)) {
	t.Helper()
	testdb.EachOf(t, testdb.EarlierRelease, func(t *testing.T, database *testdb.Database) {
		written := filepath.Join("testdata", database.Name)
		s := &stage{t: t, now: office.Day0.Add(44 * day), dir: t.TempDir()}
		require.NoError(t, os.CopyFS(s.dir, os.DirFS(written)))
		require.NoError(t, json.Unmarshal(s.file("facts.json"), &s.facts))
		load[database.Name](t, database, written, state)
		var err error
		s.Settings, err = office.New(s.dir, true)
		require.NoError(t, err)
		s.DB = database.Open(t, &gorm.Config{NowFunc: func() time.Time { return s.now }})
		require.NoError(t, s.Settings.Use(s.DB))
		run(s)
	})
}

const day = 24 * time.Hour

// file is what a file of the earlier version's has.
func (s *stage) file(name string) []byte {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(s.dir, name))
	require.NoError(s.t, err)
	return content
}

// deletion is one that the earlier version made.
func (s *stage) deletion(name string) softdelete.DeletionID {
	s.t.Helper()
	require.Contains(s.t, s.facts, name)
	return softdelete.DeletionID(s.facts[name])
}

// restored are the rows that came back, by table.
func (s *stage) restored(report softdelete.Report, err error) map[string]int64 {
	s.t.Helper()
	require.NoError(s.t, err)
	rows := map[string]int64{}
	for _, effect := range report.Effects {
		if effect.Action == softdelete.ActionRestored {
			rows[effect.Table] += effect.Rows
		}
	}
	return rows
}

// live tells whether an ordinary read finds the value's row.
func (s *stage) live(value any) bool {
	s.t.Helper()
	found := s.Limit(1).Find(value)
	require.NoError(s.t, found.Error)
	return found.RowsAffected == 1
}
