package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// These have the deletion column, or what comes with it, in a unique index: the usual way to free deleted values by hand.
type (
	workaroundTime struct {
		ID        uint
		Code      string         `gorm:"uniqueIndex:workaround_time"`
		DeletedAt gorm.DeletedAt `gorm:"uniqueIndex:workaround_time;index"`
	}
	workaroundNumber struct {
		ID        uint
		Code      string `gorm:"uniqueIndex:,composite:code"`
		DeletedAt int64  `gorm:"uniqueIndex:,composite:code" softdelete:"timestamp;unit:ms"`
	}
	workaroundFlag struct {
		ID      uint
		Code    string `gorm:"index:workaround_flag,unique"`
		Removed bool   `gorm:"index:workaround_flag,unique" softdelete:"flag"`
	}
	workaroundID struct {
		ID         uint
		Code       string `gorm:"uniqueIndex:workaround_id"`
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"uniqueIndex:workaround_id,sort:desc"`
	}
	// workaroundStatus is none: a code may be there once as a draft and once published.
	workaroundStatus struct {
		ID    uint
		Code  string `gorm:"uniqueIndex:workaround_status"`
		State string `gorm:"uniqueIndex:workaround_status" softdelete:"status;active:draft"`
	}
)

func TestADeletionColumnInAUniqueIndexIsLeftOut(t *testing.T) {
	t.Run("timestamp", func(t *testing.T) { checkWorkaround[workaroundTime](t, nil) })
	t.Run("number", func(t *testing.T) { checkWorkaround[workaroundNumber](t, nil) })
	t.Run("flag", func(t *testing.T) { checkWorkaround[workaroundFlag](t, nil) })
	t.Run("DeletionID", func(t *testing.T) { checkWorkaround[workaroundID](t, nil) })
	t.Run("status", func(t *testing.T) { checkWorkaround[workaroundStatus](t, map[string]any{"state": "draft"}) })
}

// checkWorkaround migrates a table of plain GORM's, and one that an earlier version has narrowed with the deletion column in it.
func checkWorkaround[M any](t *testing.T, columns map[string]any) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.AutoMigrate(new(M)))
		db := database.Open(t)
		fixture.Register(t, db, new(M))
		requireNoFurtherChange(t, db, new(M))
		create := func() error {
			row := map[string]any{"code": "a"}
			for column, value := range columns {
				row[column] = value
			}
			return db.Model(new(M)).Create(row).Error
		}
		for range 3 {
			require.NoError(t, create())
			require.Error(t, create(), "the value is live")
			require.NoError(t, db.Where("code = ?", "a").Delete(new(M)).Error)
		}
		require.NoError(t, create())
	})
}

func TestAnIndexThatWasNarrowedWithTheDeletionColumnIsMadeAnew(t *testing.T) {
	testdb.EachOf(t, testdb.IndexConditions, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, database.Open(t).AutoMigrate(&workaroundTime{}))
		require.NoError(t, db.Exec("DROP INDEX workaround_time").Error)
		require.NoError(t, db.Exec("CREATE UNIQUE INDEX workaround_time ON workaround_times (code, deleted_at) WHERE deleted_at IS NULL").Error)
		for id := range 2 {
			require.NoError(t, db.Exec("INSERT INTO workaround_times (id, code) VALUES (?, 'a')", id).Error, "nothing was unique")
		}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
		require.ErrorIs(t, db.AutoMigrate(&workaroundTime{}), softdelete.ErrRestoreConflict, "live duplicates")
		require.NoError(t, db.Delete(&workaroundTime{ID: 1}).Error)
		require.NoError(t, db.AutoMigrate(&workaroundTime{}))
		requireNoFurtherChange(t, db, &workaroundTime{})
		require.Error(t, db.Create(&workaroundTime{Code: "a"}).Error)
	})
}
