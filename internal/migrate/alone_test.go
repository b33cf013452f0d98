package migrate_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	fleetShip struct {
		ID        uint
		Code      string `gorm:"uniqueIndex"`
		Name      string `gorm:"unique"`
		DeletedAt gorm.DeletedAt
		Crew      []fleetSailor `gorm:"foreignKey:ShipID" softdelete:"cascade"`
	}
	fleetSailor struct {
		ID        uint
		ShipID    uint
		Number    string         `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
	fleetOrder struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Code string `gorm:"uniqueIndex"`
	}

	slowThing struct {
		ID        uint
		Code      string `gorm:"uniqueIndex:slow_code,option:CONCURRENTLY"`
		Name      string `gorm:"index:slow_name,option:CONCURRENTLY" softdelete:"live"`
		DeletedAt gorm.DeletedAt
	}
)

func TestProcessesThatMigrateAtOnceFollowEachOther(t *testing.T) {
	models := []any{&fleetShip{}, &fleetSailor{}, &fleetOrder{}}
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, database.Open(t).AutoMigrate(models...), "as plain GORM: all of it is to be changed")
		var processes sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			db := fixture.Use(t, database, softdelete.Config{Models: models})
			if i == 0 {
				pool, err := db.DB()
				require.NoError(t, err)
				pool.SetMaxOpenConns(1)
			}
			processes.Go(func() { errs[i] = db.AutoMigrate(models...) })
		}
		processes.Wait()
		for i, err := range errs {
			require.NoError(t, err, "process %d", i)
		}
		requireNoFurtherChange(t, fixture.Use(t, database, softdelete.Config{Models: models}), models...)
	})
}

func TestAMigrationWaitsNoLongerThanItsContext(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.Connection(func(holder *gorm.DB) error {
			holder = holder.Session(&gorm.Session{})
			lock, unlock := "SELECT pg_advisory_lock(hashtextextended('softdelete:migrate:' || current_schema(), 0))",
				"SELECT pg_advisory_unlock(hashtextextended('softdelete:migrate:' || current_schema(), 0))"
			if db.Name() == "mysql" {
				const name = "CONCAT('softdelete_m_', SHA1(DATABASE()))"
				lock, unlock = "DO GET_LOCK("+name+", 0)", "DO RELEASE_LOCK("+name+")"
			}
			require.NoError(t, holder.Exec(lock).Error)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			require.ErrorIs(t, db.WithContext(ctx).AutoMigrate(&fleetOrder{}), context.DeadlineExceeded)
			return holder.Exec(unlock).Error
		}))
		require.NoError(t, db.AutoMigrate(&fleetOrder{}))
	})
}

func TestAnIndexIsReplacedConcurrently(t *testing.T) {
	testdb.EachOf(t, testdb.ConcurrentIndexes, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.AutoMigrate(&slowThing{}))
		for i := range 3 {
			require.NoError(t, plain.Create(&slowThing{Code: fmt.Sprint(i)}).Error)
		}
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.AutoMigrate(&slowThing{}))
		requireNoFurtherChange(t, db, &slowThing{})
		require.NoError(t, db.Delete(&slowThing{ID: 1}).Error)
		require.NoError(t, db.Create(&slowThing{Code: "0"}).Error)

		t.Run("what an interrupted run left goes", func(t *testing.T) {
			require.NoError(t, db.Exec("ALTER INDEX slow_code RENAME TO slow_code_former").Error)
			require.NoError(t, db.Exec("INSERT INTO slow_things (id, code) VALUES (50, '50')").Error)
			require.Error(t, db.Exec("CREATE UNIQUE INDEX CONCURRENTLY slow_code ON slow_things ((1)) WHERE deleted_at IS NULL").Error)
			require.NoError(t, db.AutoMigrate(&slowThing{}))
			requireNoFurtherChange(t, db, &slowThing{})
			require.Error(t, db.Create(&slowThing{Code: "0"}).Error)
			var left int64
			require.NoError(t, db.Raw("SELECT count(*) FROM pg_indexes WHERE indexname = 'slow_code_former'").Scan(&left).Error)
			require.Zero(t, left)
		})
	})
}
