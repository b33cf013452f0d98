package concurrency_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// concReader has all that a process looks for once, at its first call: a log, holds, erased rows.
	concReader struct {
		ID         uint
		CreatedAt  time.Time
		Name       string         `gorm:"uniqueIndex" pii:"template:gone-{id}"`
		Visits     int            `pii:"-"`
		DeletedAt  gorm.DeletedAt `softdelete:"retain:1d;events"`
		DeletionID softdelete.DeletionID
		Loans      []concBorrow `gorm:"foreignKey:ReaderID" softdelete:"cascade"`
	}
	concBorrow struct {
		ID        uint
		ReaderID  uint
		Reader    *concReader    `softdelete:"guard"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
	concCard struct {
		_        struct{} `softdelete:"archive;events"`
		ID       uint
		ReaderID uint
		Text     string `pii:"null"`
	}
)

// TestSQLiteWriterBetweenTheStatementsOfAFirstCall shows the same of a process that calls for the first time, and looks for what
// the database has: as when one release of an application starts beside another that works.
func TestSQLiteWriterBetweenTheStatementsOfAFirstCall(t *testing.T) {
	database := testdb.SQLite(t)
	config := softdelete.Config{Models: []any{&concReader{}, &concBorrow{}, &concCard{}}, Ledger: true}
	db := fixture.Open(t, database, config)
	other, err := sql.Open(sqlite.DriverName, strings.Replace(database.DSN, "_busy_timeout=10000", "_busy_timeout=0", 1))
	require.NoError(t, err)
	defer other.Close()
	fixture.Exec(t, db, "CREATE TABLE conc_counters (n integer)")

	var reader, loan, card uint
	next := uint(1_000_000) // the key of a row that a call makes
	fresh := func() uint { next++; return next }
	plant := func(t *testing.T) {
		t.Helper()
		reader, loan, card = reader+2, loan+2, card+1
		require.NoError(t, db.Create(&[]concReader{{ID: reader, Name: time.Now().String()}, {ID: reader + 1, Name: "later" + time.Now().String()}}).Error)
		require.NoError(t, db.Create(&[]concBorrow{{ID: loan, ReaderID: reader}, {ID: loan + 1, ReaderID: reader + 1}}).Error)
		require.NoError(t, db.Create(&concCard{ID: card, ReaderID: reader}).Error)
		require.NoError(t, db.Delete(&concReader{ID: reader + 1}).Error)
	}
	gone := func(value any) func(*gorm.DB) error {
		return func(*gorm.DB) error { return db.Delete(value).Error }
	}
	for name, call := range map[string]struct{ before, call func(db *gorm.DB) error }{
		"Delete by key":       {call: func(db *gorm.DB) error { return db.Delete(&concReader{ID: reader}).Error }},
		"Delete by condition": {call: func(db *gorm.DB) error { return db.Delete(&concReader{}, "id = ?", reader).Error }},
		"Delete of a child":   {call: func(db *gorm.DB) error { return db.Delete(&concBorrow{ID: loan}).Error }},
		"Delete to an archive": {
			call: func(db *gorm.DB) error { return db.Delete(&concCard{ID: card}).Error },
		},
		"Delete, Unscoped": {call: func(db *gorm.DB) error { return db.Unscoped().Delete(&concReader{ID: reader}).Error }},
		"Restore":          {call: func(db *gorm.DB) error { return concRestore(&concReader{ID: reader + 1})(db) }},
		"Restore from an archive": {
			before: func(db *gorm.DB) error { return gone(&concCard{ID: card})(db) },
			call:   func(db *gorm.DB) error { return concRestore(&concCard{ID: card})(db) },
		},
		"Create": {call: func(db *gorm.DB) error {
			return db.Create(&concReader{ID: fresh(), Name: "new" + time.Now().String()}).Error
		}},
		"Create of a child": {call: func(db *gorm.DB) error { return db.Create(&concBorrow{ID: fresh(), ReaderID: reader}).Error }},
		"Create of an archived model": {call: func(db *gorm.DB) error {
			return db.Create(&concCard{ID: fresh(), ReaderID: reader}).Error
		}},
		"Update":            {call: func(db *gorm.DB) error { return db.Model(&concReader{ID: reader}).Update("visits", 1).Error }},
		"Update of a child": {call: func(db *gorm.DB) error { return db.Model(&concBorrow{ID: loan}).Update("reader_id", reader).Error }},
		"Save": {call: func(db *gorm.DB) error {
			return db.Save(&concReader{ID: reader, Name: "saved" + time.Now().String()}).Error
		}},
		"Hold": {call: func(db *gorm.DB) error {
			id, err := softdelete.Hold(db, &concReader{ID: reader}, softdelete.HoldOptions{Matter: "m"})
			if err == nil {
				err = softdelete.Release(db, id)
			}
			return err
		}},
		"Erase": {call: func(db *gorm.DB) error {
			_, err := softdelete.Erase(db, &concReader{ID: reader}, softdelete.ErasureRequest{})
			return err
		}},
		"Purge": {call: func(db *gorm.DB) error {
			later := db.Session(&gorm.Session{NowFunc: func() time.Time { return time.Now().Add(10 * fixture.Day) }})
			_, err := softdelete.Purge(later, softdelete.PurgeOptions{})
			return err
		}},
		"Rebuild": {call: func(db *gorm.DB) error { _, err := softdelete.Rebuild(db, &concBorrow{}); return err }},
	} {
		t.Run(name, func(t *testing.T) {
			for n, more := 1, true; more; n++ {
				plant(t)
				if call.before != nil {
					require.NoError(t, call.before(db))
				}
				first := fixture.Use(t, database, config)
				more = false
				var at string
				testdb.Inject(first).OnStatement(func(number int, sql string) error {
					if number == n {
						more, at = true, sql
						_, _ = other.Exec("INSERT INTO conc_counters VALUES (1)")
					}
					return nil
				})
				require.NoError(t, call.call(first), "another connection wrote before statement %d: %s", n, at)
				testdb.Inject(first).Reset()
				testdb.NothingLeft(t, first)
			}
		})
	}
}
