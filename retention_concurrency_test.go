package softdelete_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestPurgeWorkersShareTheWork(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, holdTree())
		for org := range uint(12) {
			s.tree(org + 1)
		}
		*s.now = retNow.Add(-40 * retDay)
		require.NoError(t, s.Where("1 = 1").Delete(&retOrg{}).Error)
		*s.now = retNow
		var done [3]softdelete.PurgeReport
		var failed [3]error
		var workers sync.WaitGroup
		for i := range done {
			db := newRetStage(t, database, holdTree()).DB
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
		require.Equal(t, map[string]int64{"ret_orgs": 12, "ret_users": 24, "ret_posts": 48}, total, "each row once")
		require.Empty(t, s.ids(&retOrg{}))
		require.Empty(t, s.ids(&retPost{}))
	})
}

func TestPurgeAgainstRestoreNeverLeavesHalfATree(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newRetStage(t, database, retTree())
		other := newRetStage(t, database, retTree())
		restored, purged := 0, 0
		step := 300 * time.Microsecond
		if database.Name == "postgres" {
			step = 2 * time.Millisecond // the purge reads the catalogue first
		}
		for round := range uint(60) {
			org := round + 1
			s.tree(org)
			s.deleteAgo(40*retDay-time.Duration(round)*time.Second, &retOrg{ID: org})
			var both sync.WaitGroup
			var purgeError, restoreError error
			both.Go(func() { _, purgeError = softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: int(round%4) + 1}) })
			both.Go(func() {
				time.Sleep(time.Duration(round%20) * step)
				_, restoreError = softdelete.Restore(other.DB, &retOrg{ID: org})
			})
			both.Wait()
			require.NoError(t, purgeError)
			require.NoError(t, restoreError)
			var live [3]int64
			for i, model := range []any{&retOrg{}, &retUser{}, &retPost{}} {
				require.NoError(t, s.Model(model).Where("id = ? OR id BETWEEN ? AND ? OR id BETWEEN ? AND ?",
					org, org*10, org*10+1, org*100, org*100+11).Count(&live[i]).Error)
			}
			ids := s.ids(&retOrg{})
			switch {
			case len(ids) == 0:
				purged++
				require.Empty(t, s.ids(&retUser{}))
				require.Empty(t, s.ids(&retPost{}))
			case live[0] == 1:
				restored++
				require.Equal(t, [3]int64{1, 2, 4}, live)
			default: // both made way for the other
				require.Equal(t, [3]int64{}, live)
				require.Len(t, s.ids(&retPost{}), 4)
			}
			for _, table := range []string{"ret_posts", "ret_users", "ret_orgs"} {
				require.NoError(t, s.Exec("DELETE FROM "+table).Error)
			}
		}
		t.Logf("%d purged, %d restored", purged, restored)
	})
}

func TestPurgeLeavesATreeWhoseRootIsLocked(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		s, other := newRetStage(t, database, retTree()), newRetStage(t, database, retTree())
		s.tree(1)
		s.tree(2)
		s.deleteAgo(40*retDay, &retOrg{ID: 1})
		s.deleteAgo(41*retDay, &retOrg{ID: 2})
		for _, lock := range []string{"ret_orgs WHERE id = 1", "ret_users WHERE id = 10", "ret_posts WHERE id = 111"} {
			tx := other.Begin()
			require.NoError(t, tx.Exec("SELECT 1 FROM "+lock+" FOR UPDATE").Error)
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: 2})
			require.NoError(t, err)
			require.NoError(t, tx.Rollback().Error)
			require.Equal(t, []uint{1}, s.ids(&retOrg{}), lock)
			require.Equal(t, []uint{10, 11}, s.ids(&retUser{}), lock)
			require.Equal(t, []uint{100, 101, 110, 111}, s.ids(&retPost{}), lock)
		}
		_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Empty(t, s.ids(&retOrg{}))
	})
}

func TestPurgeLeavesWhatChangesBeforeItIsRemoved(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		for fact, change := range map[string]func(db *gorm.DB) error{
			"restored": func(db *gorm.DB) error { _, err := softdelete.Restore(db, &retNote{ID: 2}); return err },
			"deleted anew": func(db *gorm.DB) error {
				return db.Unscoped().Model(&retNote{ID: 2}).Update("deleted_at", retNow).Error
			},
			"moved to another tenant": func(db *gorm.DB) error { return db.Unscoped().Model(&retNote{ID: 2}).Update("region", "us").Error },
		} {
			t.Run(fact, func(t *testing.T) {
				config := softdelete.Config{Models: []any{&retNote{}}}
				s, other := newRetStage(t, database, config), newRetStage(t, database, config)
				require.NoError(t, s.Exec("DELETE FROM ret_notes").Error)
				s.create(&[]retNote{{ID: 1, Region: "eu"}, {ID: 2, Region: "eu"}, {ID: 3, Region: "eu"}})
				s.deleteAgo(40*retDay, &[]retNote{{ID: 1}, {ID: 2}, {ID: 3}})
				// The change is not committed when the purge begins, so that its row is locked.
				tx := other.Begin()
				require.NoError(t, change(tx))
				report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Tenant: "eu"})
				require.NoError(t, err)
				require.EqualValues(t, 2, report.Models[0].Done)
				require.NoError(t, tx.Commit().Error)
				_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{Tenant: "eu"})
				require.NoError(t, err)
				require.Equal(t, []uint{2}, s.ids(&retNote{}))
			})
		}
	})
}

func TestHoldAgainstPurge(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s, other := newRetStage(t, database, holdTree()), newRetStage(t, database, holdTree())
		held := 0
		for round := range uint(40) {
			org := round + 1
			s.tree(org)
			s.deleteAgo(40*retDay-time.Duration(round)*time.Second, &retOrg{ID: org})
			var both sync.WaitGroup
			var purgeError, holdError error
			var id softdelete.HoldID
			both.Go(func() { _, purgeError = softdelete.Purge(s.DB, softdelete.PurgeOptions{}) })
			both.Go(func() {
				time.Sleep(time.Duration(round%20) * time.Millisecond)
				id, holdError = softdelete.Hold(other.DB, &retUser{ID: org * 10}, softdelete.HoldOptions{Matter: "m"})
			})
			both.Wait()
			require.NoError(t, purgeError)
			if errors.Is(holdError, gorm.ErrRecordNotFound) {
				require.Empty(t, s.ids(&retUser{}))
				require.Empty(t, s.ids(&retPost{}))
				continue
			}
			require.NoError(t, holdError)
			held++
			require.Contains(t, s.ids(&retUser{}), org*10)
			require.Subset(t, s.ids(&retPost{}), []uint{org * 100, org*100 + 1}, "under the held user")
			require.Equal(t, []uint{org}, s.ids(&retOrg{}), "the held user refers to it")
			require.NoError(t, softdelete.Release(s.DB, id))
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
			require.NoError(t, err)
			require.Empty(t, s.ids(&retOrg{}))
		}
		t.Logf("%d holds came first", held)
	})
}

func TestHoldWaitsForADestructionThatRuns(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s, other := newRetStage(t, database, holdTree()), newRetStage(t, database, holdTree())
		s.tree(1)
		tx := s.Begin()
		require.NoError(t, tx.Unscoped().Delete(&retPost{ID: 100}).Error)
		held := make(chan error)
		go func() {
			_, err := softdelete.Hold(other.DB, &retOrg{ID: 1}, softdelete.HoldOptions{Matter: "m"})
			held <- err
		}()
		select {
		case err := <-held:
			require.Fail(t, "the hold did not wait", "%v", err)
		case <-time.After(100 * time.Millisecond):
		}
		require.NoError(t, tx.Commit().Error)
		require.NoError(t, <-held)
		require.ErrorIs(t, s.Unscoped().Delete(&retPost{ID: 101}).Error, softdelete.ErrHeld)
	})
}

func TestPurgeOnSQLiteLetsOthersReadAndWrite(t *testing.T) {
	database := testdb.SQLite(t)
	s := newRetStage(t, database, softdelete.Config{Models: []any{&retNote{}}})
	require.NoError(t, s.Exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		INSERT INTO ret_notes (id, region, deleted_at) SELECT i, 'eu', '2020-01-01 00:00:00+00:00' FROM n`).Error)
	s.create(&retNote{ID: 100000})
	other := newRetStage(t, database, softdelete.Config{Models: []any{&retNote{}}})
	var over atomic.Bool
	var failed error
	var writes int
	var beside sync.WaitGroup
	beside.Go(func() {
		for failed == nil && !over.Load() {
			failed = other.Model(&retNote{ID: 100000}).Update("region", fmt.Sprint(writes)).Error
			if failed == nil {
				failed = other.First(&retNote{}).Error
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
		s := newRetStage(t, database, retTree())
		s.tree(1)
		s.deleteAgo(40*retDay, &retOrg{ID: 1})
		ctx, cancel := context.WithCancel(t.Context())
		faults := testdb.Inject(s.DB)
		faults.OnStatement(func(_ int, sql string) error {
			if strings.Contains(sql, "DELETE FROM") {
				cancel()
			}
			return nil
		})
		_, err := softdelete.Purge(s.WithContext(ctx), softdelete.PurgeOptions{})
		faults.Reset()
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, s.ids(&retPost{}), 4, "the whole tree is there")
		s.purge(softdelete.PurgeOptions{})
		require.Empty(t, s.ids(&retOrg{}))
	})
}
