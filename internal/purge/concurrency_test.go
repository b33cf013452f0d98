package purge_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestPurgeWorkersShareTheWork(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.HeldTree())
		for org := range uint(12) {
			s.AddTree(org + 1)
		}
		s.DeleteAgo(40*fixture.Day, &fixture.Org{}, "1 = 1")
		var done [3]softdelete.PurgeReport
		var failed [3]error
		var workers sync.WaitGroup
		for i := range done {
			db := fixture.NewStage(t, database, fixture.HeldTree()).DB
			workers.Go(func() { done[i], failed[i] = softdelete.Purge(db, softdelete.PurgeOptions{Batch: 7}) })
		}
		workers.Wait()
		// What two workers were busy with at the same moment is left to the next.
		rest, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		total := map[string]int64{}
		for _, report := range append(done[:], rest) {
			for _, m := range report.Models {
				total[m.Table] += m.Done
			}
		}
		require.NoError(t, errors.Join(failed[:]...))
		require.Equal(t, map[string]int64{"orgs": 12, "users": 24, "posts": 48}, total, "each row once")
		require.Empty(t, s.IDs(&fixture.Org{}))
		require.Empty(t, s.IDs(&fixture.Post{}))
	})
}

func TestPurgeAgainstRestoreNeverLeavesHalfATree(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Tree())
		other := fixture.NewStage(t, database, fixture.Tree())
		restored, purged := 0, 0
		step := 300 * time.Microsecond
		if database.Name == "postgres" {
			step = 2 * time.Millisecond // the purge reads the catalogue first
		}
		for round := range uint(fixture.Rounds(60)) {
			org := round + 1
			s.AddTree(org)
			s.DeleteAgo(40*fixture.Day-time.Duration(round)*time.Second, &fixture.Org{ID: org})
			var both sync.WaitGroup
			var purgeError, restoreError error
			both.Go(func() { _, purgeError = softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: int(round%4) + 1}) })
			both.Go(func() {
				time.Sleep(time.Duration(round*7%20) * step)
				_, restoreError = softdelete.Restore(other.DB, &fixture.Org{ID: org})
			})
			both.Wait()
			require.NoError(t, purgeError)
			require.NoError(t, restoreError)
			var live [3]int64
			for i, model := range []any{&fixture.Org{}, &fixture.User{}, &fixture.Post{}} {
				require.NoError(t, s.Model(model).Where("id = ? OR id BETWEEN ? AND ? OR id BETWEEN ? AND ?",
					org, org*10, org*10+1, org*100, org*100+11).Count(&live[i]).Error)
			}
			ids := s.IDs(&fixture.Org{})
			switch {
			case len(ids) == 0:
				purged++
				require.Empty(t, s.IDs(&fixture.User{}))
				require.Empty(t, s.IDs(&fixture.Post{}))
			case live[0] == 1:
				restored++
				require.Equal(t, [3]int64{1, 2, 4}, live)
			default: // both made way for the other
				require.Equal(t, [3]int64{}, live)
				require.Len(t, s.IDs(&fixture.Post{}), 4)
			}
			for _, table := range []string{"posts", "users", "orgs"} {
				require.NoError(t, s.Exec("DELETE FROM "+table).Error)
			}
		}
		t.Logf("%d purged, %d restored", purged, restored)
	})
}

func TestPurgeLeavesATreeWhoseRootIsLocked(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		s, other := fixture.NewStage(t, database, fixture.Tree()), fixture.NewStage(t, database, fixture.Tree())
		s.AddTree(1)
		s.AddTree(2)
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 1})
		s.DeleteAgo(41*fixture.Day, &fixture.Org{ID: 2})
		for _, lock := range []string{"orgs WHERE id = 1", "users WHERE id = 10", "posts WHERE id = 111"} {
			tx := other.Begin()
			require.NoError(t, tx.Exec("SELECT 1 FROM "+lock+" FOR UPDATE").Error)
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 2})
			require.NoError(t, err)
			require.NoError(t, tx.Rollback().Error)
			require.Equal(t, []uint{1}, s.IDs(&fixture.Org{}), lock)
			require.Equal(t, []uint{10, 11}, s.IDs(&fixture.User{}), lock)
			require.Equal(t, []uint{100, 101, 110, 111}, s.IDs(&fixture.Post{}), lock)
		}
		_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Empty(t, s.IDs(&fixture.Org{}))
	})
}

func TestPurgeLeavesWhatChangesBeforeItIsRemoved(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		for fact, change := range map[string]func(db *gorm.DB) error{
			"restored": func(db *gorm.DB) error { _, err := softdelete.Restore(db, &fixture.Note{ID: 2}); return err },
			"deleted anew": func(db *gorm.DB) error {
				return db.Unscoped().Model(&fixture.Note{ID: 2}).Update("deleted_at", fixture.Now).Error
			},
			"moved to another tenant": func(db *gorm.DB) error { return db.Unscoped().Model(&fixture.Note{ID: 2}).Update("region", "us").Error },
		} {
			t.Run(fact, func(t *testing.T) {
				config := fixture.Notes()
				s, other := fixture.NewStage(t, database, config), fixture.NewStage(t, database, config)
				require.NoError(t, s.Exec("DELETE FROM notes").Error)
				s.Add(&[]fixture.Note{{ID: 1, Region: "eu"}, {ID: 2, Region: "eu"}, {ID: 3, Region: "eu"}})
				s.DeleteAgo(40*fixture.Day, &[]fixture.Note{{ID: 1}, {ID: 2}, {ID: 3}})
				// The change is not committed when the purge begins, so that its row is locked.
				tx := other.Begin()
				require.NoError(t, change(tx))
				report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Tenant: "eu"})
				require.NoError(t, err)
				require.EqualValues(t, 2, report.Models[0].Done)
				require.NoError(t, tx.Commit().Error)
				_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{Tenant: "eu"})
				require.NoError(t, err)
				require.Equal(t, []uint{2}, s.IDs(&fixture.Note{}))
			})
		}
	})
}

func TestHoldAgainstPurge(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s, other := fixture.NewStage(t, database, fixture.HeldTree()), fixture.NewStage(t, database, fixture.HeldTree())
		held := 0
		for round := range uint(fixture.Rounds(40)) {
			org := round + 1
			s.AddTree(org)
			s.DeleteAgo(40*fixture.Day-time.Duration(round)*time.Second, &fixture.Org{ID: org})
			var both sync.WaitGroup
			var purgeError, holdError error
			var id softdelete.HoldID
			both.Go(func() { _, purgeError = softdelete.Purge(s.DB, softdelete.PurgeOptions{}) })
			both.Go(func() {
				time.Sleep(time.Duration(round*7%20) * time.Millisecond)
				id, holdError = softdelete.Hold(other.DB, &fixture.User{ID: org * 10}, softdelete.HoldOptions{Matter: "m"})
			})
			both.Wait()
			require.NoError(t, purgeError)
			if errors.Is(holdError, gorm.ErrRecordNotFound) {
				require.Empty(t, s.IDs(&fixture.User{}))
				require.Empty(t, s.IDs(&fixture.Post{}))
				continue
			}
			require.NoError(t, holdError)
			held++
			require.Contains(t, s.IDs(&fixture.User{}), org*10)
			require.Subset(t, s.IDs(&fixture.Post{}), []uint{org * 100, org*100 + 1}, "under the held user")
			require.Equal(t, []uint{org}, s.IDs(&fixture.Org{}), "the held user refers to it")
			require.NoError(t, softdelete.Release(s.DB, id))
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
			require.NoError(t, err)
			require.Empty(t, s.IDs(&fixture.Org{}))
		}
		t.Logf("%d holds came first", held)
	})
}

func TestHoldWaitsForADestructionThatRuns(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s, other := fixture.NewStage(t, database, fixture.HeldTree()), fixture.NewStage(t, database, fixture.HeldTree())
		s.AddTree(1)
		tx := s.Begin()
		require.NoError(t, tx.Unscoped().Delete(&fixture.Post{ID: 100}).Error)
		held := make(chan error)
		go func() {
			_, err := softdelete.Hold(other.DB, &fixture.Org{ID: 1}, softdelete.HoldOptions{Matter: "m"})
			held <- err
		}()
		select {
		case err := <-held:
			require.Fail(t, "the hold did not wait", "%v", err)
		case <-time.After(100 * time.Millisecond):
		}
		require.NoError(t, tx.Commit().Error)
		require.NoError(t, <-held)
		require.ErrorIs(t, s.Unscoped().Delete(&fixture.Post{ID: 101}).Error, softdelete.ErrHeld)
	})
}

func TestPurgeOnSQLiteLetsOthersReadAndWrite(t *testing.T) {
	database := testdb.SQLite(t)
	s := fixture.NewStage(t, database, fixture.Notes())
	require.NoError(t, s.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		INSERT INTO notes (id, region, deleted_at) SELECT i, 'eu', '2020-01-01 00:00:00+00:00' FROM n`).Error)
	s.Add(&fixture.Note{ID: 100000})
	other := fixture.NewStage(t, database, fixture.Notes())
	var over atomic.Bool
	var failed error
	var writes int
	var beside sync.WaitGroup
	beside.Go(func() {
		for failed == nil && !over.Load() {
			failed = other.Model(&fixture.Note{ID: 100000}).Update("region", fmt.Sprint(writes)).Error
			if failed == nil {
				failed = other.First(&fixture.Note{}).Error
			}
			writes++
		}
	})
	report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 500})
	over.Store(true)
	beside.Wait()
	require.NoError(t, err)
	require.NoError(t, failed)
	require.EqualValues(t, 20000, report.Models[0].Done)
	require.NotZero(t, writes)
}

func TestPurgeEndsWithinABatch(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Tree())
		s.AddTree(1)
		s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 1})
		ctx, cancel := context.WithCancel(t.Context())
		faults := testdb.Inject(s.DB)
		faults.OnStatement(func(_ int, sql string) error {
			if strings.Contains(sql, "DELETE ") {
				cancel()
			}
			return nil
		})
		_, err := softdelete.Purge(s.WithContext(ctx), softdelete.PurgeOptions{})
		faults.Reset()
		testdb.NothingLeft(t, s.DB)
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, s.IDs(&fixture.Post{}), 4, "the whole tree is there")
		s.Purge(softdelete.PurgeOptions{})
		require.Empty(t, s.IDs(&fixture.Org{}))
	})
}

func TestABatchThatTheDatabaseHasUndoneForOthersIsBegunAgain(t *testing.T) {
	for _, batch := range []int{1, 1000} {
		testdb.EachOf(t, testdb.EndedTransactions, func(t *testing.T, database *testdb.Database) { // the one that undoes more than a statement
			s := fixture.NewStage(t, database, fixture.Tree())
			s.AddTree(1)
			s.AddTree(2)
			s.DeleteAgo(40*fixture.Day, &fixture.Org{}, "1 = 1")
			undone := 0
			testdb.Inject(s.DB).OnStatement(func(_ int, sql string) error {
				if strings.HasPrefix(sql, "DELETE ") && undone < 2 {
					undone++
					return &mysql.MySQLError{Number: 1213}
				}
				return nil
			})
			report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: batch})
			testdb.Inject(s.DB).Reset()
			require.NoError(t, err)
			require.Equal(t, 2, undone)
			require.EqualValues(t, 2, fixture.ReportOf(t, report, "orgs").Done)
			require.Empty(t, s.IDs(&fixture.Post{}))
		})
	}
}

func TestAPurgeEndsWithTheTransactionOfItsCaller(t *testing.T) {
	testdb.EachOf(t, testdb.EndedTransactions, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.Tree())
		s.AddTree(1)
		s.DeleteAgo(40*fixture.Day, &fixture.Org{}, "1 = 1")
		undone := 0
		tx := s.Begin()
		testdb.Inject(s.DB).OnStatement(func(_ int, sql string) error {
			if strings.HasPrefix(sql, "DELETE ") {
				undone++
				return &mysql.MySQLError{Number: 1213}
			}
			return nil
		})
		_, err := softdelete.Purge(tx, softdelete.PurgeOptions{})
		testdb.Inject(s.DB).Reset()
		require.ErrorContains(t, err, "begin that again")
		require.Equal(t, 1, undone, "nothing else is written, which would be committed by itself")
		require.Error(t, tx.Commit().Error)
		require.Len(t, s.IDs(&fixture.Post{}), 4)
	})
}
