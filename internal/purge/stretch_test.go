package purge_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// retCrowd fills notes with rows of which those are over that due chooses among i from 1 to rows.
func retCrowd(t *testing.T, database *testdb.Database, rows int, due string, config softdelete.Config) *fixture.Stage {
	t.Helper()
	config.Models = []any{&fixture.Note{}}
	s := fixture.NewStage(t, database, config)
	require.NoError(t, s.Exec("DELETE FROM notes").Error)
	at := fixture.Instant(s.DB, "2020-01-01 00:00:00")
	require.NoError(t, s.Exec(fixture.Series("notes (id, region, deleted_at)", rows, "i, 'eu', CASE WHEN "+due+" THEN "+at+" END")).Error)
	return s
}

func TestPurgeOfManyRowsTakesEachOnceAndNoMoreThanABatch(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for due, want := range map[string]int64{
			"i % 2 = 0": 3000, "i <= 3000": 3000, "i > 3000": 3000, "1 = 1": 6000, "i % 1000 < 300": 1800, "i % 7 = 0 OR i > 5500": 1285,
		} {
			t.Run(due, func(t *testing.T) {
				s := retCrowd(t, database, 6000, due, softdelete.Config{})
				var before, largest int64
				report := s.Purge(softdelete.PurgeOptions{Batch: 70, Progress: func(p softdelete.PurgeProgress) {
					largest = max(largest, p.Done-before)
					before = p.Done
				}})
				require.EqualValues(t, want, report.Models[0].Done)
				require.LessOrEqual(t, largest, int64(70))
				require.Len(t, s.IDs(&fixture.Note{}), int(6000-want))
				require.Zero(t, s.Purge(softdelete.PurgeOptions{}).Models[0].Eligible)
			})
		}
	})
}

func TestPurgeOfManyRowsTakesNoMoreThanABatchWhereTheServerCountsNoRows(t *testing.T) {
	testdb.EachOf(t, testdb.CountersInside, func(t *testing.T, database *testdb.Database) {
		s := retCrowd(t, database, 6000, "i % 2 = 0 OR i > 5500", softdelete.Config{})
		fixture.OneConnection(t, s.DB)
		require.NoError(t, s.Exec("SET track_counts = off").Error)
		var before, largest int64
		report := s.Purge(softdelete.PurgeOptions{Batch: 70, Progress: func(p softdelete.PurgeProgress) {
			largest = max(largest, p.Done-before)
			before = p.Done
		}})
		require.EqualValues(t, 3250, report.Models[0].Done)
		require.EqualValues(t, 70, largest)
	})
}

func TestPurgeOfManyRowsObeysMaxRowsTenantsAndHolds(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := retCrowd(t, database, 3000, "i % 2 = 0", softdelete.Config{Holds: true})
		require.NoError(t, s.Exec("UPDATE notes SET region = 'us' WHERE id > 2000").Error)
		require.EqualValues(t, 250, s.Purge(softdelete.PurgeOptions{Batch: 40, MaxRows: 250, Tenant: "eu"}).Models[0].Done)
		require.EqualValues(t, 500, s.Purge(softdelete.PurgeOptions{Batch: 40, Tenant: "us"}).Models[0].Done)
		var left uint
		require.NoError(t, s.Unscoped().Model(&fixture.Note{}).Where("deleted_at IS NOT NULL").Select("max(id)").Scan(&left).Error)
		_, err := softdelete.Hold(s.DB, &fixture.Note{ID: left}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		report := s.Purge(softdelete.PurgeOptions{Batch: 40})
		require.EqualValues(t, 1, report.Models[0].Held)
		require.EqualValues(t, 749, report.Models[0].Done)
		require.Contains(t, s.IDs(&fixture.Note{}), left)
	})
}

func TestPurgeOfManyRowsLeavesLockedOnesAndTakesThoseThatWereLockedOnce(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		s := retCrowd(t, database, 4000, "i % 2 = 0", softdelete.Config{})
		require.NoError(t, s.Exec("SELECT 1 FROM notes WHERE id <= 100 FOR UPDATE").Error)
		other := fixture.NewStage(t, database, fixture.Notes())
		tx := other.Begin()
		require.NoError(t, tx.Exec("SELECT 1 FROM notes WHERE id IN (50, 52, 54, 56, 58) FOR UPDATE").Error)
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 50})
		require.NoError(t, err)
		require.NoError(t, tx.Rollback().Error)
		require.EqualValues(t, 1995, report.Models[0].Done)
		report, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 1})
		require.NoError(t, err)
		require.EqualValues(t, 5, report.Models[0].Done)
	})
}

func TestPurgeOfManyRowsIsSharedByWorkers(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := retCrowd(t, database, 20000, "i % 2 = 0", softdelete.Config{})
		var done [3]int64
		var failed [3]error
		var workers sync.WaitGroup
		for i := range done {
			db := fixture.NewStage(t, database, fixture.Notes()).DB
			workers.Go(func() {
				var report softdelete.PurgeReport
				report, failed[i] = softdelete.Purge(db, softdelete.PurgeOptions{Batch: 100})
				done[i] = report.Models[0].Done
			})
		}
		workers.Wait()
		for _, err := range failed {
			require.NoError(t, err)
		}
		require.EqualValues(t, 10000, done[0]+done[1]+done[2], fmt.Sprint(done))
		require.Len(t, s.IDs(&fixture.Note{}), 10000)
	})
}

func TestPurgeOfManyRowsLeavesWhatIsRestoredMeanwhile(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := retCrowd(t, database, 6000, "i % 2 = 0", softdelete.Config{})
		other := fixture.NewStage(t, database, fixture.Notes())
		var restored []uint
		_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 60, Progress: func(p softdelete.PurgeProgress) {
			id := uint(p.Done/60*97%3000*2 + 2)
			report, err := softdelete.Restore(other.DB, &fixture.Note{ID: id})
			require.NoError(t, err)
			if len(report.Effects) > 0 && report.Effects[0].Rows == 1 {
				restored = append(restored, id)
			}
		}})
		require.NoError(t, err)
		require.NotEmpty(t, restored)
		require.Len(t, s.IDs(&fixture.Note{}), 3000+len(restored))
		require.Subset(t, s.IDs(&fixture.Note{}), restored)
	})
}
