package atomicity_test

import (
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	endedShop struct {
		ID        uint
		Owner     string `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt
		Shelves   []endedShelf `gorm:"foreignKey:ShopID" softdelete:"cascade"`
		Bills     []endedBill  `gorm:"foreignKey:ShopID" softdelete:"cascade"`
	}
	endedShelf struct {
		ID         uint
		ShopID     uint
		Owner      string `pii:"fixed:[erased]"`
		Gone       bool   `softdelete:"flag"`
		DeletionID softdelete.DeletionID
		Books      []endedBook `gorm:"foreignKey:ShelfID" softdelete:"cascade"`
	}
	endedBook struct {
		ID         uint
		ShelfID    uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	endedBill struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		ShopID uint
		Owner  string      `pii:"fixed:[erased]"`
		Lines  []endedLine `gorm:"foreignKey:BillID" softdelete:"cascade"`
	}
	endedLine struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		BillID uint
	}
	endedNote struct{ ID uint }
)

var endedModels = []any{&endedShop{}, &endedShelf{}, &endedBook{}, &endedBill{}, &endedLine{}}

// endedCall is a call, and what has happened before it.
type endedCall struct {
	before, call func(db *gorm.DB) error
	again        bool // it begins again by itself where it has its own transaction
}

func endedCalls() map[string]endedCall {
	nothing := func(*gorm.DB) error { return nil }
	remove := func(value any) func(db *gorm.DB) error {
		return func(db *gorm.DB) error { return db.Delete(value).Error }
	}
	restore := func(value any) func(db *gorm.DB) error {
		return func(db *gorm.DB) error { _, err := softdelete.Restore(db, value); return err }
	}
	return map[string]endedCall{
		"a cascade":                    {nothing, remove(&endedShop{ID: 1}), true},
		"a removal for good":           {nothing, func(db *gorm.DB) error { return db.Unscoped().Delete(&endedShop{ID: 1}).Error }, true},
		"a restore":                    {remove(&endedShop{ID: 1}), restore(&endedShop{ID: 1}), true},
		"a move to the archive":        {nothing, remove(&endedBill{ID: 1}), true},
		"a restore out of the archive": {remove(&endedBill{ID: 1}), restore(&endedBill{ID: 1}), true},
		"an erasure": {nothing, func(db *gorm.DB) error {
			_, err := softdelete.Erase(db, &endedShop{ID: 1}, softdelete.ErasureRequest{ID: "r"})
			return err
		}, false},
		"a hold": {nothing, func(db *gorm.DB) error {
			_, err := softdelete.Hold(db, &endedShop{ID: 1}, softdelete.HoldOptions{})
			return err
		}, false},
		"an update that deletes":    {nothing, func(db *gorm.DB) error { return db.Model(&endedShelf{ID: 1}).Update("gone", true).Error }, false},
		"a deletion by a condition": {nothing, func(db *gorm.DB) error { return db.Where("shop_id = 1").Delete(&endedShelf{}).Error }, true},
	}
}

// endedStage is a database with rows.
type endedStage struct {
	db    *gorm.DB
	plain *gorm.DB // without the plugin, of its own pool
}

func newEndedStage(t *testing.T, database *testdb.Database) endedStage {
	t.Helper()
	s := endedStage{fixture.Open(t, database, softdelete.Config{Models: endedModels, Ledger: true}), database.Open(t)}
	require.NoError(t, s.plain.AutoMigrate(&endedNote{}))
	return s
}

// tables are all that rows could have been written to.
func (s endedStage) tables(t *testing.T) (tables []string) {
	t.Helper()
	tables, err := s.plain.Migrator().GetTables()
	require.NoError(t, err)
	slices.Sort(tables)
	return slices.DeleteFunc(tables, func(table string) bool { return table == "softdelete_locks" })
}

// plant empties all tables and fills those of the models.
func (s endedStage) plant(t *testing.T, database *testdb.Database) {
	t.Helper()
	database.Empty(t, s.plain, s.tables(t)...)
	for _, text := range []string{
		"INSERT INTO ended_shops (id, owner) VALUES (1, 'Ann'), (2, 'Ben')",
		"INSERT INTO ended_shelves (id, shop_id, owner, gone) VALUES (1, 1, 'Ann', 0), (2, 1, 'Ann', 0), (3, 2, 'Ben', 0)",
		"INSERT INTO ended_books (id, shelf_id) VALUES (1, 1), (2, 2), (3, 3)",
		"INSERT INTO ended_bills (id, shop_id, owner) VALUES (1, 1, 'Ann'), (2, 1, 'Ann'), (3, 2, 'Ben')",
		"INSERT INTO ended_lines (id, bill_id) VALUES (1, 1), (2, 2), (3, 3)",
	} {
		require.NoError(t, s.plain.Exec(text).Error)
	}
}

// rows are those of all tables.
func (s endedStage) rows(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, table := range s.tables(t) {
		var rows []map[string]any
		require.NoError(t, s.plain.Table(table).Order("1").Find(&rows).Error)
		fmt.Fprintln(&text, table)
		for _, row := range rows {
			fmt.Fprintf(&text, "\t%v\n", row)
		}
	}
	return text.String()
}

var (
	deadlocked = &mysql.MySQLError{Number: 1213, SQLState: [5]byte{'4', '0', '0', '0', '1'}, Message: "Deadlock found when trying to get lock; try restarting transaction"}
	waited     = &mysql.MySQLError{Number: 1205, SQLState: [5]byte{'H', 'Y', '0', '0', '0'}, Message: "Lock wait timeout exceeded; try restarting transaction"}
)

func TestNoHalfOfACallIsCommittedWhereTheDatabaseEndsItsTransaction(t *testing.T) {
	for name, call := range endedCalls() {
		t.Run(name, func(t *testing.T) {
			testdb.EachOf(t, testdb.EndedTransactions, func(t *testing.T, database *testdb.Database) {
				s := newEndedStage(t, database)
				for failing, failure := range map[string]error{"a deadlock": deadlocked, "a wait for a lock": waited} {
					t.Run(failing+", in transactions of the call's own", func(t *testing.T) { s.inOwn(t, database, call, failure) })
					t.Run(failing+", in the caller's", func(t *testing.T) { s.inCallers(t, database, call, failure) })
				}
			})
		})
	}
}

// endedRound is a call one of whose statements has failed.
type endedRound struct {
	failed        string // the statement, empty where there is none of the number
	before, after string // all rows
	done          string // those after a call none of whose statements fails, without what is another each time
}

// chance is what differs from call to call.
var chance = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC|\d{19}-[0-9a-f]{8}-[0-9a-f]{16}|archive_id:\d+`)

func withoutChance(rows string) string { return chance.ReplaceAllString(rows, "*") }

// locksNothing are statements that never wait for another transaction.
var locksNothing = regexp.MustCompile("^(BEGIN|COMMIT|SAVEPOINT|DROP TEMPORARY)|information_schema")

// each runs rounds, in the n-th of which the n-th statement of a call fails that may meet a lock, and calls check for each.
func (s endedStage) each(t *testing.T, database *testdb.Database, call endedCall, failure error, run func(plan func()) error, check func(r endedRound, err error)) {
	t.Helper()
	if errors.Is(failure, deadlocked) {
		failure = testdb.Undo(failure)
	}
	faults := testdb.Inject(s.db)
	var done string
	planted := "" // the rows where they are as before the call, and need not be planted again
	for n, sent := 0, 0; sent >= n; n++ {
		if planted == "" {
			s.plant(t, database)
			require.NoError(t, call.before(s.db))
			planted = s.rows(t)
		}
		r := endedRound{before: planted, done: done}
		err := run(func() {
			sent = 0
			faults.OnStatement(func(_ int, sql string) error {
				if locksNothing.MatchString(sql) {
					return nil
				}
				if sent++; sent != n {
					return nil
				}
				r.failed = sql
				return failure
			})
		})
		faults.Reset()
		testdb.NothingLeft(t, s.db)
		if r.after = s.rows(t); r.after != r.before {
			planted = ""
		}
		if r.failed == "" {
			require.NoError(t, err)
			require.NotEqual(t, r.before, r.after)
			done = withoutChance(r.after)
			continue
		}
		check(r, err)
	}
	require.NotEmpty(t, done)
}

// inOwn lets a call fail that has its own transactions: it changes nothing, or has begun again and is through.
func (s endedStage) inOwn(t *testing.T, database *testdb.Database, call endedCall, failure error) {
	run := func(plan func()) error {
		plan()
		return call.call(s.db)
	}
	s.each(t, database, call, failure, run, func(r endedRound, err error) {
		if err == nil {
			require.Equal(t, r.done, withoutChance(r.after), r.failed)
			return
		}
		require.False(t, call.again && errors.Is(failure, deadlocked), r.failed)
		require.ErrorIs(t, err, failure, r.failed)
		require.Equal(t, r.before, r.after, r.failed)
	})
}

// inCallers lets it fail in a transaction of the caller's, who goes on as if nothing had happened. Where the database has undone that,
// nothing that he does further in it is kept.
func (s endedStage) inCallers(t *testing.T, database *testdb.Database, call endedCall, failure error) {
	var ended error // of the transaction
	run := func(plan func()) error {
		tx := s.db.Begin()
		require.NoError(t, tx.Create(&endedNote{ID: 1}).Error)
		plan()
		err := call.call(tx)
		tx.Create(&endedNote{ID: 2})
		tx.Create(&endedNote{ID: 3})
		ended = tx.Commit().Error
		return err
	}
	const noted = "ended_notes\n\tmap[id:1]\n\tmap[id:2]\n\tmap[id:3]\n"
	s.each(t, database, call, failure, run, func(r endedRound, err error) {
		if strings.Contains(r.failed, "ended_notes") {
			return // it is the caller's own
		}
		if errors.Is(failure, deadlocked) {
			require.ErrorIs(t, ended, sql.ErrTxDone, r.failed)
			require.Equal(t, r.before, r.after, r.failed)
			return
		}
		require.NoError(t, ended, r.failed)
		if err != nil {
			require.ErrorIs(t, err, failure, r.failed)
			require.Equal(t, strings.Replace(r.before, "ended_notes\n", noted, 1), r.after, r.failed)
		}
	})
}
