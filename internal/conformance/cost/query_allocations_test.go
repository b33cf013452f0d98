//go:build !race

// What the race detector itself allocates would count too.

package cost_test

import (
	"database/sql"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// The models have the same columns in the same tables and differ in which of them means deleted.
type (
	allocationsTime struct {
		Status    string         `gorm:"not null"`
		DeletedAt gorm.DeletedAt `gorm:"precision:6"` // a coarser one may be another deletion's, and is looked for
	}
	allocationsStatus struct {
		Status    string `gorm:"not null" softdelete:"status"`
		DeletedAt sql.NullTime
	}
	allocationsTeam[Deletion any] struct {
		ID       uint
		Name     string
		Deletion Deletion                      `gorm:"embedded"`
		Members  []allocationsMember[Deletion] `gorm:"foreignKey:TeamID"`
	}
	allocationsMember[Deletion any] struct {
		ID       uint
		TeamID   uint
		Team     *allocationsTeam[Deletion]
		Name     string
		Deletion Deletion `gorm:"embedded"`
	}
)

func (allocationsTeam[Deletion]) TableName() string   { return "allocations_teams" }
func (allocationsMember[Deletion]) TableName() string { return "allocations_members" }

// allocationsOf counts what each operation allocates.
func allocationsOf[Deletion any](t *testing.T, db *gorm.DB) map[string]uint64 {
	t.Helper()
	type (
		team   = allocationsTeam[Deletion]
		member = allocationsMember[Deletion]
	)
	revive := func() {
		err := db.Exec("UPDATE allocations_members SET deleted_at = NULL, status = 'active', name = 'a name' WHERE id = 3").Error
		require.NoError(t, err)
	}
	counts := map[string]uint64{}
	for name, run := range map[string]func() error{
		"First":   func() error { return db.First(&member{}, 3).Error },
		"Find":    func() error { return db.Limit(10).Find(&[]member{}).Error },
		"Count":   func() error { return db.Model(&member{}).Where("team_id = ?", 1).Count(new(int64)).Error },
		"Or":      func() error { return db.Where("id = ?", 1).Or("id = ?", 2).Find(&[]member{}).Error },
		"Preload": func() error { return db.Preload("Members").Find(&[]team{}).Error },
		"Joins":   func() error { return db.Joins("Team").Limit(10).Find(&[]member{}).Error },
		"Update":  func() error { return db.Model(&member{ID: 3}).Update("name", "another").Error },
		"Save":    func() error { return db.Save(&member{ID: 3, TeamID: 1, Name: "another"}).Error },
		"Delete":  func() error { return db.Delete(&member{ID: 3}).Error },
		"Delete by condition": func() error {
			return db.Where("name = ?", "a name").Where("id = ?", 3).Delete(&member{}).Error
		},
	} {
		counts[name] = fewestAllocations(t, run, revive)
	}
	return counts
}

// fewestAllocations counts the allocations of the run that had the fewest: others have some of the runtime's beside them.
func fewestAllocations(t *testing.T, run func() error, after func()) uint64 {
	t.Helper()
	counts := make([]uint64, 30)
	for i := range counts {
		var before, now runtime.MemStats
		runtime.ReadMemStats(&before)
		err := run()
		runtime.ReadMemStats(&now)
		require.NoError(t, err)
		counts[i] = now.Mallocs - before.Mallocs
		after()
	}
	return slices.Min(counts)
}

func TestThePluginAllocatesNoMoreThanDeletedAtAlone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		type (
			team   = allocationsTeam[allocationsTime]
			member = allocationsMember[allocationsTime]
		)
		fine := &gorm.Config{NowFunc: time.Now} // as fine as the column
		plain := database.Open(t, fine)
		require.NoError(t, plain.AutoMigrate(&team{}, &member{}))
		for range 3 {
			require.NoError(t, plain.Create(&team{Members: make([]member, 5)}).Error)
		}
		before := allocationsOf[allocationsTime](t, plain)
		if database.Name == "mysql" {
			before["Save"] += 2 // its driver sets the level of a transaction by a statement
		}

		for name, count := range map[string]func(t *testing.T, db *gorm.DB) map[string]uint64{
			"timestamp": allocationsOf[allocationsTime],
			"status":    allocationsOf[allocationsStatus],
		} {
			t.Run(name, func(t *testing.T) {
				db := database.Open(t, fine)
				require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
				require.NoError(t, db.AutoMigrate(&team{}, &member{})) // with what it needs beside them
				for operation, allocations := range count(t, db) {
					require.LessOrEqual(t, allocations, before[operation], operation)
				}
			})
		}
	})
}
