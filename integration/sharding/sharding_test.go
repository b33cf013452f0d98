// Package sharding_test checks that softdelete and gorm.io/sharding are not used on one *gorm.DB, whose pool begins no transactions then.
package sharding_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/sharding"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type Customer struct {
	ID        uint
	Name      string         `pii:"fixed:[erased]"`
	DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	Invoices  []Invoice      `softdelete:"cascade"`
}

type Invoice struct {
	ID, CustomerID uint
	DeletedAt      gorm.DeletedAt `softdelete:"retain:1d"`
}

type Ledger struct {
	ID        uint
	DeletedAt gorm.DeletedAt `softdelete:"events"`
}

// Click is the sharded model.
type Click struct {
	ID     int64 `gorm:"primaryKey"`
	UserID int64
}

var models = []any{&Customer{}, &Invoice{}, &Ledger{}}

func plugin() *softdelete.Plugin {
	return softdelete.New(softdelete.Config{Models: models, Holds: true})
}

func shards() *sharding.Sharding {
	return sharding.Register(sharding.Config{ShardingKey: "user_id", NumberOfShards: 2, PrimaryKeyGenerator: sharding.PKSnowflake}, "clicks")
}

// stage has a customer with an invoice, and another that was deleted long ago, and gives a fresh *gorm.DB without plugins.
func stage(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.Use(plugin()))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
	require.NoError(t, db.Create(&Customer{ID: 1, Name: "Ann", Invoices: []Invoice{{ID: 1}}}).Error)
	gone := gorm.DeletedAt{Time: time.Now().AddDate(-1, 0, 0), Valid: true}
	require.NoError(t, db.Create(&Customer{ID: 2, Name: "Bob", DeletedAt: gone}).Error)
	return database.Open(t)
}

func TestSoftdeleteIsRefusedAfterSharding(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stage(t, database)
		require.NoError(t, db.Use(shards()))
		err := db.Use(plugin())
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "gorm.io/sharding")
		require.ErrorContains(t, err, "open a *gorm.DB of its own")
	})
}

func TestShardingAfterSoftdeleteStopsWhatNeedsATransaction(t *testing.T) {
	writes := map[string]func(db *gorm.DB) error{
		"a cascade": func(db *gorm.DB) error { return db.Delete(&Customer{ID: 1}).Error },
		"for good":  func(db *gorm.DB) error { return db.Unscoped().Delete(&Customer{ID: 1}).Error },
		"Delete":    func(db *gorm.DB) error { _, err := softdelete.Delete(db, &Customer{ID: 1}); return err },
		"Restore":   func(db *gorm.DB) error { _, err := softdelete.Restore(db, &Customer{ID: 2}); return err },
		"Purge":     func(db *gorm.DB) error { _, err := softdelete.Purge(db, softdelete.PurgeOptions{}); return err },
		"Purge of one model": func(db *gorm.DB) error {
			_, err := softdelete.Purge(db, softdelete.PurgeOptions{Models: []any{&Invoice{}}})
			return err
		},
		"Erase": func(db *gorm.DB) error {
			_, err := softdelete.Erase(db, &Customer{ID: 1}, softdelete.ErasureRequest{})
			return err
		},
		"Hold": func(db *gorm.DB) error {
			_, err := softdelete.Hold(db, &Customer{ID: 1}, softdelete.HoldOptions{Matter: "m"})
			return err
		},
		"Rebuild":     func(db *gorm.DB) error { _, err := softdelete.Rebuild(db, &Ledger{}); return err },
		"AutoMigrate": func(db *gorm.DB) error { return db.AutoMigrate(&Customer{}) },
		"in a transaction": func(db *gorm.DB) error {
			return db.Transaction(func(tx *gorm.DB) error { return tx.Delete(&Customer{ID: 1}).Error })
		},
		"without GORM's own": func(db *gorm.DB) error {
			return db.Session(&gorm.Session{SkipDefaultTransaction: true}).Delete(&Customer{ID: 1}).Error
		},
		"prepared statements": func(db *gorm.DB) error {
			return db.Session(&gorm.Session{PrepareStmt: true}).Delete(&Customer{ID: 1}).Error
		},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stage(t, database)
		require.NoError(t, db.Use(plugin()))
		require.NoError(t, db.Use(shards()))
		for name, write := range writes {
			err := write(db)
			require.ErrorIs(t, err, softdelete.ErrUnsupported, name)
			require.ErrorContains(t, err, "gorm.io/sharding", name)
			var rows []int64
			for _, table := range []string{"customers WHERE deleted_at IS NULL", "customers", "invoices WHERE deleted_at IS NULL", "softdelete_holds"} {
				var count int64
				require.NoError(t, db.Raw("SELECT count(*) FROM "+table).Scan(&count).Error)
				rows = append(rows, count)
			}
			require.Equal(t, []int64{1, 2, 1, 0}, rows, name)
		}
	})
}

func TestReadsAndSingleStatementsGoOnBesideSharding(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stage(t, database)
		require.NoError(t, db.Use(plugin()))
		require.NoError(t, db.Use(shards()))
		var names []string
		require.NoError(t, db.Model(&Customer{}).Pluck("name", &names).Error)
		require.Equal(t, []string{"Ann"}, names)
		require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Model(&Customer{}).Pluck("name", &names).Error)
		require.Equal(t, []string{"Bob"}, names)
		require.NoError(t, db.Delete(&Invoice{ID: 1}).Error, "one statement needs no transaction")
	})
}
