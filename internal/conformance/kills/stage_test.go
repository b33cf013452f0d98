package kills_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
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

// killDay0 is when the rows were made. The operations of a schedule follow at intervals.
var killDay0 = time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)

const killInterval = 20 * 24 * time.Hour

// killStage is a database with the rows of an application and its files, and the state to which both can be taken back.
type killStage struct {
	*testing.T
	database *testdb.Database
	plain    *gorm.DB // past the plugin
	db       *gorm.DB // with the plugin, for what checks and prepares
	now      time.Time
	dir      string // the application's files
	kept     string // their copy
	tables   []string
}

func newKillStage(t *testing.T, database *testdb.Database) *killStage {
	s := &killStage{T: t, database: database, now: killDay0, dir: filepath.Join(t.TempDir(), "files"), kept: filepath.Join(t.TempDir(), "kept")}
	require.NoError(t, os.Mkdir(s.dir, 0o755))
	s.plain = database.Open(t)
	s.db = fixture.Open(t, database, s.files(), &gorm.Config{NowFunc: func() time.Time { return s.now }})
	s.fill()
	tables, err := s.plain.Migrator().GetTables()
	require.NoError(t, err)
	for _, table := range tables {
		if !slices.Contains(killTables, table) && !strings.HasPrefix(table, "sqlite_") {
			s.tables = append(s.tables, table)
		}
	}
	slices.Sort(s.tables)
	s.tables = append(slices.Clone(killTables), s.tables...)
	return s
}

// fill makes the rows. The last person has nothing but herself.
func (s *killStage) fill() {
	for i := range killPeople {
		id := uint(i + 1)
		p := killPerson{ID: id, Name: fmt.Sprint("canary ", id), Email: fmt.Sprintf("canary%d@example.invalid", id)}
		if id < killPeople {
			p.Notes = []killNote{{ID: 2 * id, Text: "canary", Status: "new"}, {ID: 2*id + 1, Text: "canary", Status: "read"}}
			p.Bills = []killBill{{
				ID: id, Number: fmt.Sprint("B-", id), Payer: "canary", Lines: []killBillLine{{ID: 2 * id, Cents: 1}, {ID: 2*id + 1, Cents: 2}},
			}}
		}
		require.NoError(s, s.db.Create(&p).Error)
	}
	for i := range killLeases {
		require.NoError(s, s.db.Create(&killLease{ID: uint(i + 1)}).Error)
	}
	require.NoError(s, s.db.Delete(&killPerson{ID: 5}).Error)
	s.now = s.now.Add(time.Hour)
	require.NoError(s, s.db.Delete(&killBill{ID: 4}).Error)
	require.NoError(s, s.db.Delete(&killLease{}, []uint{1, 2, 3}).Error)
}

// files opens the application's files as they are now.
func (s *killStage) files() softdelete.Config {
	config, err := killConfig(s.dir)
	require.NoError(s, err)
	return config
}

func keptTable(table string) string { return "kept_" + table }

// keep notes the state to which takeBack leads.
func (s *killStage) keep() {
	var statements []string
	for _, table := range s.tables {
		statements = append(statements, "DROP TABLE IF EXISTS "+keptTable(table), "CREATE TABLE "+keptTable(table)+" AS SELECT * FROM "+table)
	}
	s.inOne(statements)
	require.NoError(s, os.RemoveAll(s.kept))
	require.NoError(s, os.CopyFS(s.kept, os.DirFS(s.dir)))
}

// inOne executes statements in one transaction, where the database has such of theirs.
func (s *killStage) inOne(statements []string) {
	require.NoError(s, s.plain.Transaction(func(tx *gorm.DB) error {
		fixture.Exec(s, tx, statements...)
		return nil
	}))
}

func (s *killStage) takeBack() {
	var statements []string
	for _, table := range slices.Backward(s.tables) {
		statements = append(statements, "DELETE FROM "+table)
	}
	for _, table := range s.tables {
		statements = append(statements, "INSERT INTO "+table+" SELECT * FROM "+keptTable(table))
	}
	s.inOne(statements)
	require.NoError(s, os.RemoveAll(s.dir))
	require.NoError(s, os.CopyFS(s.dir, os.DirFS(s.kept)))
}

// generated are texts that differ from run to run: IDs by chance, and hashes of what has them.
var generated = regexp.MustCompile(`\b[0-9A-Za-z]{24,}\b|\b[0-9]{19}-[0-9a-f]{8}-[0-9a-f]{16}\b`)

// numbered sorts lines, and puts numbers in the place of generated texts: the same text has the same number.
func numbered(lines []string) string {
	masked := map[string]string{}
	for _, line := range lines {
		masked[line] = generated.ReplaceAllString(line, "#")
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(masked[a], masked[b]) })
	numbers := map[string]string{}
	return generated.ReplaceAllStringFunc(strings.Join(slices.Compact(lines), "\n"), func(text string) string {
		if numbers[text] == "" {
			numbers[text] = fmt.Sprint("#", len(numbers)+1)
		}
		return numbers[text]
	})
}

// counted are tables whose keys are numbers that a transaction which was undone has used up.
var counted = []string{"kill_people_events", "softdelete_erasure_outbox"}

// rows are all rows of all tables and of cold storage, as text.
func (s *killStage) rows() string {
	var lines []string
	for _, table := range s.tables {
		var rows []map[string]any
		require.NoError(s, s.plain.Table(table).Find(&rows).Error)
		for _, row := range rows {
			delete(row, "archive_id") // a number, too, that a transaction which was undone has used up
			if slices.Contains(counted, table) {
				delete(row, "id")
			}
			lines = append(lines, table+" "+asText(row))
		}
	}
	for table, rows := range s.cold() {
		for _, row := range rows {
			lines = append(lines, "cold "+table+" "+asText(row))
		}
	}
	return numbered(lines)
}

// state is the rows with what the ledger of erasures says.
func (s *killStage) state() string {
	entries, err := s.files().ErasureLedger.Entries(s.Context())
	require.NoError(s, err)
	lines := []string{}
	for _, e := range entries {
		e.At = e.At.UTC()
		lines = append(lines, fmt.Sprintf("ledger %+v", e))
	}
	return s.rows() + "\n" + numbered(lines)
}

// cold are the rows in cold storage by their tables.
func (s *killStage) cold() map[string][]map[string]any {
	rows := map[string][]map[string]any{}
	store := s.files().ColdStore.(softdelete.ColdRewriter)
	for _, table := range []string{"kill_bills", "kill_bill_lines"} {
		ids, err := store.Batches(s.Context(), table+"_archive")
		require.NoError(s, err)
		for _, id := range ids {
			batch, err := store.Get(s.Context(), id)
			require.NoError(s, err)
			rows[table] = append(rows[table], batch.Rows...)
		}
	}
	return rows
}

func asText(row map[string]any) string {
	var words []string
	for _, column := range slices.Sorted(maps.Keys(row)) {
		value := row[column]
		if p, ok := value.(*any); ok {
			value = *p
		}
		switch v := value.(type) {
		case time.Time:
			value = v.UTC().Format(time.RFC3339Nano)
		case []byte:
			value = string(v)
		}
		words = append(words, fmt.Sprintf("%s=%v", column, value))
	}
	return strings.Join(words, " ")
}
