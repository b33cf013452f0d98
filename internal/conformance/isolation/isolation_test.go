package isolation_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	isoHouse struct {
		ID        uint
		Name      string         `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
		Rooms     []isoRoom      `gorm:"foreignKey:HouseID" softdelete:"block"`
		Beds      []isoBed       `gorm:"foreignKey:HouseID" softdelete:"cascade"`
	}
	isoRoom struct {
		ID        uint
		HouseID   uint
		House     *isoHouse `softdelete:"guard"`
		DeletedAt gorm.DeletedAt
	}
	isoBed struct {
		ID        uint
		HouseID   uint
		Owner     string `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt
	}
)

// work is what is done in a transaction while others commit. It needs fresh reads, or locks its way to them.
type work struct {
	prepare, meanwhile, run func(db *gorm.DB) error
	// refused is the error at READ COMMITTED, where what others did meanwhile refuses it; nil where it goes through.
	refused error
	// locking tells that a locking read finds out at every level: the database then fails the transaction itself.
	locking bool
}

func works() map[string]work {
	house := func(db *gorm.DB) error { return db.Create(&isoHouse{ID: 1, Name: "Ann Example"}).Error }
	deleted := func(db *gorm.DB) error {
		if err := house(db); err != nil {
			return err
		}
		return db.Delete(&isoHouse{ID: 1}).Error
	}
	held := func(db *gorm.DB) error {
		_, err := softdelete.Hold(db, &isoHouse{ID: 1}, softdelete.HoldOptions{Matter: "case 7"})
		return err
	}
	return map[string]work{
		"block": {
			prepare: house, meanwhile: func(db *gorm.DB) error { return db.Create(&isoRoom{ID: 1, HouseID: 1}).Error },
			run: func(db *gorm.DB) error { return db.Delete(&isoHouse{ID: 1}).Error }, refused: softdelete.ErrBlocked,
		},
		"guard": {
			prepare: house, meanwhile: func(db *gorm.DB) error { return db.Delete(&isoHouse{ID: 1}).Error },
			run: func(db *gorm.DB) error { return db.Create(&isoRoom{ID: 1, HouseID: 1}).Error }, refused: softdelete.ErrParentDeleted, locking: true,
		},
		"a hard delete and a hold": {
			prepare: house, meanwhile: held,
			run: func(db *gorm.DB) error { return db.Unscoped().Delete(&isoHouse{ID: 1}).Error }, refused: softdelete.ErrHeld,
		},
		"an erasure and a hold": {
			prepare: house, meanwhile: held,
			run: func(db *gorm.DB) error {
				_, err := softdelete.Erase(db, &isoHouse{ID: 1}, softdelete.ErasureRequest{})
				return err
			}, refused: softdelete.ErrHeld,
		},
		"an erasure and a child": {
			prepare: house, meanwhile: func(db *gorm.DB) error { return db.Create(&isoBed{ID: 1, HouseID: 1, Owner: "Ann Example"}).Error },
			run: func(db *gorm.DB) error {
				_, err := softdelete.Erase(db, &isoHouse{ID: 1}, softdelete.ErasureRequest{})
				return err
			},
		},
		"a purge and a hold": {
			prepare: deleted, meanwhile: held,
			run: func(db *gorm.DB) error { _, err := softdelete.Purge(db, softdelete.PurgeOptions{}); return err },
		},
		"a restore and a parent": {
			prepare: func(db *gorm.DB) error {
				if err := house(db); err != nil {
					return err
				}
				if err := db.Create(&isoBed{ID: 1, HouseID: 1}).Error; err != nil {
					return err
				}
				return db.Delete(&isoBed{ID: 1}).Error
			},
			meanwhile: func(db *gorm.DB) error { return db.Delete(&isoHouse{ID: 1}).Error },
			run:       func(db *gorm.DB) error { _, err := softdelete.Restore(db, &isoBed{ID: 1}); return err },
			refused:   softdelete.ErrParentDeleted, locking: true,
		},
	}
}

func isoOpen(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	return fixture.Open(t, database, softdelete.Config{Models: []any{&isoHouse{}, &isoRoom{}, &isoBed{}}})
}

// isoLevels are the levels at which others write what a transaction has read: on MySQL one that is serializable locks what it reads.
func isoLevels(database *testdb.Database) []sql.IsolationLevel {
	levels := []sql.IsolationLevel{sql.LevelReadCommitted, sql.LevelRepeatableRead}
	if database.Name == "mysql" {
		return levels
	}
	return append(levels, sql.LevelSerializable)
}

// isoExact tells whether a transaction sees what others have written: on MySQL the plugin reads what is there now at every level.
func isoExact(database *testdb.Database, level sql.IsolationLevel) bool {
	return level == sql.LevelReadCommitted || database.Name == "mysql"
}

// isoNames are the levels as the databases call them.
var isoNames = map[sql.IsolationLevel]string{sql.LevelRepeatableRead: "repeatable read", sql.LevelSerializable: "serializable"}

// isoDefault makes a level that of a session's transactions.
func isoDefault(database *testdb.Database, level sql.IsolationLevel) string {
	if database.Name == "mysql" {
		return "SET SESSION TRANSACTION ISOLATION LEVEL " + isoNames[level]
	}
	return "SET default_transaction_isolation = '" + isoNames[level] + "'"
}

func TestWorkInACallersTransactionIsExactOrRefused(t *testing.T) {
	for fact, w := range works() {
		testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
			for _, level := range isoLevels(database) {
				t.Run(fact+" at "+level.String(), func(t *testing.T) {
					db, other := isoOpen(t, database), isoOpen(t, database)
					database.Empty(t, db, "iso_beds", "iso_rooms", "iso_houses", "softdelete_holds", "softdelete_erased_rows")
					require.NoError(t, w.prepare(db))
					tx := db.Begin(&sql.TxOptions{Isolation: level})
					require.NoError(t, tx.Error)
					require.NoError(t, tx.Exec("SELECT 1 FROM iso_houses").Error) // it has a snapshot now
					require.NoError(t, w.meanwhile(other))
					err := w.run(tx)
					ended := tx.Rollback().Error
					exact := isoExact(database, level)
					switch {
					case exact && w.refused != nil:
						require.ErrorIs(t, err, w.refused)
					case exact:
						require.NoError(t, err)
					case w.locking:
						require.Error(t, err)
					default:
						require.ErrorIs(t, err, softdelete.ErrUnsupported)
						require.ErrorContains(t, err, isoNames[level])
						require.NoError(t, ended, "the caller's transaction is intact")
					}
				})
			}
		})
	}
}

func TestADefaultLevelDoesNotReachTheChecks(t *testing.T) {
	for fact, w := range works() {
		for _, level := range []sql.IsolationLevel{sql.LevelRepeatableRead, sql.LevelSerializable} {
			t.Run(fact+" at "+isoNames[level], func(t *testing.T) {
				testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
					db, other := isoOpen(t, database), isoOpen(t, database)
					require.NoError(t, w.prepare(db))
					pool, err := db.DB()
					require.NoError(t, err)
					pool.SetMaxOpenConns(1)
					require.NoError(t, db.Exec(isoDefault(database, level)).Error)
					require.NoError(t, w.meanwhile(other))
					if w.refused != nil {
						require.ErrorIs(t, w.run(db), w.refused)
					} else {
						require.NoError(t, w.run(db))
					}
				})
			})
		}
	}
}
