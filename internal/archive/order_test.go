package archive_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// The order of an archive is that in which its rows came, whatever the clocks said.

type (
	orderedJob struct {
		_     struct{} `softdelete:"archive;retain:30d"`
		ID    uint
		Round int
		Code  string
		Tasks []orderedTask `gorm:"foreignKey:JobID;constraint:-" softdelete:"cascade"`
	}
	orderedTask struct {
		_     struct{} `softdelete:"archive;retain:300d"`
		ID    uint
		JobID uint
		Round int
	}
	// orderedMark hides with the job that has its code.
	orderedMark struct {
		ID      uint
		JobCode string
		Job     *orderedJob `gorm:"foreignKey:JobCode;references:Code;constraint:-" softdelete:"lazy;guard"`
	}
)

var orderedModels = []any{&orderedJob{}, &orderedTask{}, &orderedMark{}}

// clocks are servers of one application, each with its own clock.
func clocks(t *testing.T, database *testdb.Database, servers int) (dbs []*gorm.DB, nows []*time.Time) {
	t.Helper()
	for i := range servers {
		now := fixture.Now
		db := database.Open(t, &gorm.Config{NowFunc: func() time.Time { return now }})
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: orderedModels})))
		if i == 0 {
			require.NoError(t, db.AutoMigrate(orderedModels...))
		}
		dbs, nows = append(dbs, db), append(nows, &now)
	}
	return dbs, nows
}

func TestTheLatestArchivedRowIsTheOneThatCameLast(t *testing.T) {
	for name, behind := range map[string]struct {
		servers int
		by      time.Duration
	}{"the clock goes back": {1, time.Hour}, "the other server's clock is two seconds behind": {2, 2 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				dbs, nows := clocks(t, database, behind.servers)
				first, second := dbs[0], dbs[len(dbs)-1]
				for _, row := range []any{&orderedJob{ID: 1, Round: 1, Code: "a"}, &orderedTask{ID: 1, JobID: 1, Round: 1}, &orderedMark{ID: 1, JobCode: "a"}} {
					require.NoError(t, first.Create(row).Error)
				}
				require.NoError(t, first.Delete(&orderedJob{ID: 1}).Error)
				*nows[len(nows)-1] = nows[0].Add(-behind.by)
				for _, row := range []any{&orderedJob{ID: 1, Round: 2, Code: "b"}, &orderedTask{ID: 1, JobID: 1, Round: 2}} {
					require.NoError(t, second.Create(row).Error)
				}
				late, err := softdelete.Delete(second, &orderedJob{ID: 1})
				require.NoError(t, err)

				var visible int64
				require.NoError(t, first.Model(&orderedMark{}).Count(&visible).Error)
				require.EqualValues(t, 1, visible, "its job has another code now")
				require.NoError(t, first.Create(&orderedMark{ID: 2, JobCode: "a"}).Error)
				require.ErrorIs(t, first.Create(&orderedMark{ID: 3, JobCode: "b"}).Error, softdelete.ErrParentDeleted)
				for _, db := range dbs {
					preview, err := softdelete.PreviewRestore(db, &orderedJob{ID: 1})
					require.NoError(t, err)
					require.Equal(t, late.DeletionID, preview.DeletionID)
					require.EqualValues(t, 2, preview.Effects[0].Rows+preview.Effects[1].Rows)
				}
				report, err := softdelete.Restore(first, &orderedJob{ID: 1})
				require.NoError(t, err)
				require.Equal(t, late.DeletionID, report.DeletionID)
				require.Equal(t, 1, fixture.Rows(t, first, "ordered_jobs", "round = 2"))
				require.Equal(t, 1, fixture.Rows(t, first, "ordered_tasks", "round = 2"))
				require.Equal(t, 1, fixture.Rows(t, first, "ordered_tasks"))
			})
		})
	}
}

func TestAPurgeTellsByTheRowsWhatRefersToAnArchivedRow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		dbs, nows := clocks(t, database, 2)
		ahead, behind := dbs[0], dbs[1]
		*nows[1] = nows[0].Add(-2 * time.Second)
		require.NoError(t, ahead.Create(&orderedJob{ID: 1, Tasks: []orderedTask{{ID: 1}}}).Error)
		require.NoError(t, ahead.Delete(&orderedTask{ID: 1}).Error)
		require.NoError(t, behind.Delete(&orderedJob{ID: 1}).Error, "after the task, and earlier by its own clock")
		*nows[0] = nows[0].Add(40 * fixture.Day)
		report, err := softdelete.Purge(ahead, softdelete.PurgeOptions{})
		require.NoError(t, err)
		jobs := fixture.ReportOf(t, report, "ordered_jobs_archive")
		require.Zero(t, jobs.Done, fmt.Sprint(report))
		require.Equal(t, map[string]int64{"ordered_tasks_archive": 1}, jobs.ReferencedBy)
		require.Equal(t, 1, fixture.Rows(t, ahead, "ordered_jobs_archive"))
		*nows[0] = nows[0].Add(300 * fixture.Day)
		_, err = softdelete.Purge(ahead, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Zero(t, fixture.Rows(t, ahead, "ordered_jobs_archive"))
	})
}

func TestAnArchiveIsNumberedAndNoNumberComesAgain(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, orderedModels)
		last := func() (number int64) {
			require.NoError(t, db.Raw("SELECT max(archive_id) FROM ordered_jobs_archive").Scan(&number).Error)
			return number
		}
		for round := range int64(3) {
			require.NoError(t, db.Create(&orderedJob{ID: 1}).Error)
			require.NoError(t, db.Delete(&orderedJob{ID: 1}).Error)
			require.Equal(t, round+1, last())
			_, err := softdelete.Restore(db, &orderedJob{ID: 1})
			require.NoError(t, err)
			require.NoError(t, db.Unscoped().Delete(&orderedJob{ID: 1}).Error)
		}
	})
}

// formerArchive makes the archive of the jobs as an earlier version had it.
func formerArchive(t *testing.T, db *gorm.DB) {
	t.Helper()
	instant := map[string]string{"postgres": "timestamptz", "sqlite": "datetime", "mysql": "datetime(6)"}[db.Name()]
	fixture.Exec(
		t, db, "DROP TABLE ordered_jobs_archive", "CREATE TABLE ordered_jobs_archive (id "+fixture.KeyType(db)+", round bigint, code text, archived_at "+instant+", deletion_id varchar(64), actor text, reason text)",
		"CREATE INDEX idx_ordered_jobs_archive_deletion_id ON ordered_jobs_archive (deletion_id)", "CREATE INDEX mine ON ordered_jobs_archive (round)",
		"CREATE VIEW ordered_view AS SELECT id FROM ordered_jobs_archive",
	)
}

// later is a clock that is ahead of former rows.
var later = &gorm.Config{NowFunc: func() time.Time { return fixture.Now.Add(time.Hour) }}

// formerRow is a row of it, archived some minutes after the first.
func formerRow(t *testing.T, db *gorm.DB, id, round, minutes int) {
	t.Helper()
	at := fixture.Now.Add(time.Duration(minutes) * time.Minute)
	fixture.Exec(t, db, fmt.Sprintf("INSERT INTO ordered_jobs_archive (id, round, code, archived_at, deletion_id) VALUES (%d, %d, 'c', '%s', '%d-old')",
		id, round, at.UTC().Format(map[bool]string{false: "2006-01-02 15:04:05.999999999+00:00", true: "2006-01-02 15:04:05.999999"}[db.Name() == "mysql"]), at.UnixNano()))
}

func TestAnArchiveOfAnEarlierVersionGoesOnAndGetsItsNumbers(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, orderedModels)
		formerArchive(t, db)
		formerRow(t, db, 1, 3, 30)
		formerRow(t, db, 1, 1, 10)
		formerRow(t, db, 1, 2, 20)
		unmigrated := fixture.Use(t, database, softdelete.Config{Models: orderedModels}, later)
		report, err := softdelete.Restore(unmigrated, &orderedJob{ID: 1})
		require.NoError(t, err)
		require.EqualValues(t, 1, report.Rows())
		require.Equal(t, 1, fixture.Rows(t, db, "ordered_jobs", "round = 3"))
		require.NoError(t, unmigrated.Delete(&orderedJob{ID: 1}).Error)
		_, err = softdelete.Purge(unmigrated, softdelete.PurgeOptions{DryRun: true})
		require.NoError(t, err)
		for id := range 2 {
			formerRow(t, db, id+2, 1, 40+id)
		}

		migrated := fixture.Use(t, database, softdelete.Config{Models: orderedModels}, later)
		statements, err := softdelete.DDL(migrated, orderedModels...)
		require.NoError(t, err)
		require.Contains(t, strings.Join(statements, "\n"), "archive_id")
		require.NoError(t, migrated.AutoMigrate(orderedModels...))
		again, err := softdelete.DDL(migrated, orderedModels...)
		require.NoError(t, err)
		require.Empty(t, again)
		var order []orderedJob
		require.NoError(t, db.Raw("SELECT id, round FROM ordered_jobs_archive ORDER BY archive_id").Scan(&order).Error)
		require.ElementsMatch(t, []orderedJob{{ID: 1, Round: 1}, {ID: 1, Round: 2}, {ID: 1, Round: 3}, {ID: 2, Round: 1}, {ID: 3, Round: 1}}, order)
		require.Equal(t, []orderedJob{{ID: 1, Round: 1}, {ID: 1, Round: 2}}, order[:2])
		require.Equal(t, 5, fixture.Rows(t, db, "ordered_view"), "a view that reads it")
		require.True(t, db.Migrator().HasIndex("ordered_jobs_archive", "mine"))

		// The process that looked before goes on as well, and finds the new order.
		for _, tx := range []*gorm.DB{unmigrated, migrated} {
			_, err = softdelete.Restore(tx, &orderedJob{ID: 1})
			require.NoError(t, err)
			require.Equal(t, 1, fixture.Rows(t, db, "ordered_jobs", "round = 3"))
			require.NoError(t, tx.Delete(&orderedJob{ID: 1}).Error)
		}
		formerRow(t, db, 1, 4, 1)
		_, err = softdelete.Restore(unmigrated, &orderedJob{ID: 1})
		require.NoError(t, err, "an earlier version has archived it, by a clock that is behind")
		require.Equal(t, 1, fixture.Rows(t, db, "ordered_jobs", "round = 4"))
	})
}

func TestAnArchiveThatWasNotNumberedToTheEndIsByTheNextMigration(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, orderedModels)
		steps := 0
		for step, through := 1, false; !through; step++ {
			formerArchive(t, db)
			for round := 1; round <= 3; round++ {
				formerRow(t, db, 1, round, 10*(3-round))
			}
			migrated := fixture.Use(t, database, softdelete.Config{Models: orderedModels}, later)
			lost := errors.New("the connection is lost")
			n := 0
			testdb.Inject(migrated).AfterStatement(func(_ int, sql string) error {
				if strings.HasPrefix(sql, "ALTER TABLE") || strings.HasPrefix(sql, "UPDATE") || strings.HasPrefix(sql, "SET @") {
					if n++; n == step {
						return lost
					}
				}
				return nil
			})
			err := migrated.AutoMigrate(orderedModels...)
			testdb.Inject(migrated).Reset()
			if through = err == nil; !through {
				steps++
				require.ErrorIs(t, err, lost)
				require.NoError(t, migrated.AutoMigrate(orderedModels...))
			}
			var order []int
			require.NoError(t, db.Raw("SELECT round FROM ordered_jobs_archive ORDER BY archive_id").Scan(&order).Error)
			require.Equal(t, []int{3, 2, 1}, order)
			require.False(t, db.Migrator().HasColumn("ordered_jobs_archive", "softdelete_number"))
			fixture.Exec(t, db, "DROP VIEW ordered_view")
		}
		require.Positive(t, steps)
	})
}

func TestAutoMigrateSaysWhatIsInTheWayOfAnArchivesNumbers(t *testing.T) {
	for name, c := range map[string]struct{ change, says string }{
		"a column of the name":        {"ALTER TABLE ordered_jobs_archive ADD archive_id bigint", "rename it there"},
		"a column of the name, later": {"ALTER TABLE ordered_jobs ADD archive_id bigint", "rename it"},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := fixture.Models(t, database, orderedModels)
				formerArchive(t, db)
				fixture.Exec(t, db, c.change)
				err := fixture.Use(t, database, softdelete.Config{Models: orderedModels}, later).AutoMigrate(orderedModels...)
				require.ErrorIs(t, err, softdelete.ErrUnsupported)
				require.ErrorContains(t, err, c.says)
			})
		})
	}
}
