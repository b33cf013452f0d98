package atomicity_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// atomicMode is how the caller has set GORM up, and whether he calls from a transaction of his own. Of both kinds of call there are two
// modes, siblings: with SkipDefaultTransaction and without.
type atomicMode struct {
	name   string
	config gorm.Config
	within bool
}

var atomicModes = []atomicMode{
	{name: "in a transaction of GORM's, with PrepareStmt", config: gorm.Config{PrepareStmt: true}},
	{name: "with SkipDefaultTransaction", config: gorm.Config{SkipDefaultTransaction: true}},
	{name: "in the caller's transaction", within: true},
	{name: "in the caller's transaction, with SkipDefaultTransaction and PrepareStmt", config: gorm.Config{SkipDefaultTransaction: true, PrepareStmt: true}, within: true},
}

type atomicRow struct {
	table string
	id    int
}

// atomicFamily is a set of tables with their rows.
type atomicFamily struct {
	tables []string  // parents first, for the foreign keys
	last   atomicRow // that a deletion meets last
	rows   []string
}

var (
	atomicOrgs = atomicFamily{
		tables: []string{"atomic_invoices", "atomic_orgs", "atomic_users", "atomic_posts", "softdelete_deletions"},
		last:   atomicRow{"atomic_posts", 103},
		rows: []string{
			"INSERT INTO atomic_invoices (id, org_id) VALUES (1, 1)",
			"INSERT INTO atomic_orgs (id, name) VALUES (1, 'one'), (2, 'two'), (3, 'three')",
			"INSERT INTO atomic_users (id, org_id, gone) VALUES (11, 1, false), (12, 1, NULL), (13, 2, false)",
			"INSERT INTO atomic_posts (id, user_id, parent_id, status) VALUES (101, 11, NULL, 'draft'), (102, 11, 101, 'hidden')",
			"INSERT INTO atomic_posts (id, user_id, parent_id, status) VALUES (104, 13, NULL, 'published'), (103, 12, 104, NULL)",
		},
	}
	atomicFolders = atomicFamily{
		tables: []string{"atomic_folders", "atomic_files", "softdelete_deletions"},
		last:   atomicRow{"atomic_files", 3},
		rows: []string{
			"INSERT INTO atomic_folders (id, file_id) VALUES (1, NULL), (2, 1)",
			"INSERT INTO atomic_files (id, folder_id) VALUES (1, 1), (2, 1), (3, 2)",
		},
	}
	atomicShops = atomicFamily{
		tables: []string{"atomic_shops", "atomic_shelves", "atomic_items", "softdelete_deletions"},
		last:   atomicRow{"atomic_items", 2},
		rows: []string{
			"INSERT INTO atomic_shops (id) VALUES (1)",
			"INSERT INTO atomic_shelves (id, shop_id) VALUES (1, 1), (2, 1)",
			"INSERT INTO atomic_items (id, shelf_id) VALUES (1, 1), (2, 2)",
		},
	}
)

// atomicCase is a database with rows, used in one mode.
type atomicCase struct {
	*testdb.Database
	db     *gorm.DB
	plain  *gorm.DB // without the plugin, of its own pool
	faults *testdb.Faults
	within bool
	other  bool // sibling
}

// first is the first of every other statement, or hook, that a mode has: its sibling has those between.
func (c *atomicCase) first() int {
	if c.other {
		return 2
	}
	return 1
}

func newAtomicCase(t *testing.T, database *testdb.Database, mode atomicMode) *atomicCase {
	t.Helper()
	models := []any{
		&atomicOrg{}, &atomicUser{}, &atomicPost{}, &atomicFolder{}, &atomicFile{}, &atomicShop{}, &atomicShelf{}, &atomicItem{},
	}
	config := mode.config
	// A frozen clock makes the plugin look for a free instant, which takes statements more.
	config.NowFunc = func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }
	c := &atomicCase{
		Database: database,
		db:       database.Open(t, &config), plain: database.Open(t), within: mode.within, other: mode.config.SkipDefaultTransaction,
	}
	require.NoError(t, c.db.Use(softdelete.New(softdelete.Config{Models: models, Ledger: true})))
	require.NoError(t, c.db.AutoMigrate(append(models, softdelete.Tables()...)...))
	require.NoError(t, c.db.AutoMigrate(&atomicInvoice{}, &atomicNote{}))
	c.faults = testdb.Inject(c.db)
	return c
}

// fill makes the family's rows what they are at the beginning.
func (c *atomicCase) fill(t *testing.T, family atomicFamily) {
	t.Helper()
	c.Empty(t, c.plain, family.tables...)
	require.NoError(t, c.plain.Transaction(func(tx *gorm.DB) error {
		fixture.Exec(t, tx, family.rows...)
		return nil
	}))
}

// rows is everything in the family, a line per row.
func (c *atomicCase) rows(t *testing.T, family atomicFamily) (lines []string) {
	t.Helper()
	for _, table := range family.tables {
		var rows []map[string]any
		require.NoError(t, c.plain.Table(table).Order("id").Find(&rows).Error)
		for _, row := range rows {
			lines = append(lines, fmt.Sprint(table, " ", row))
		}
	}
	return lines
}

// run calls, in the caller's transaction where the mode says so. begin runs right before the call. The caller's transaction
// goes on after the call, and commits whatever became of it: the second error is of that.
// Afterwards nothing is left that the call has begun.
func (c *atomicCase) run(t *testing.T, ctx context.Context, call func(*gorm.DB) error, begin func()) (err, commitErr error) {
	t.Helper()
	defer func() { testdb.NothingLeft(t, c.db) }()
	if !c.within {
		begin()
		err = call(c.db.WithContext(ctx))
		c.faults.Reset()
		return err, nil
	}
	tx := c.db.Begin()
	commitErr = errors.Join(tx.Error, tx.Create(&atomicNote{}).Error)
	begin()
	err = call(tx.WithContext(ctx))
	c.faults.Reset()
	commitErr = errors.Join(commitErr, tx.Create(&atomicNote{}).Error, tx.Commit().Error)
	return err, commitErr
}

// notes counts the caller's notes and takes them away.
func (c *atomicCase) notes(t *testing.T) int64 {
	t.Helper()
	done := c.plain.Where("1 = 1").Delete(&atomicNote{})
	require.NoError(t, done.Error)
	return done.RowsAffected
}

// prepare makes the rows that the call needs, and gives them.
func (c *atomicCase) prepare(t *testing.T, call atomicCall) []string {
	t.Helper()
	c.fill(t, call.family)
	if call.ready != nil {
		call.ready(t, c)
	}
	return c.rows(t, call.family)
}
