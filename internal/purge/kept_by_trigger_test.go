package purge_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// retKeptNote is purged by itself.
	retKeptNote struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	}
	// retKeptUser is purged with what is under it.
	retKeptUser struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
		Posts     []retKeptPost  `gorm:"foreignKey:UserID" softdelete:"cascade"`
	}
	retKeptPost struct {
		ID        uint
		UserID    uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
	}
	// retKeptBill goes to the cold store from its archive.
	retKeptBill struct {
		_  struct{} `softdelete:"archive;retain:1d;then:cold"`
		ID uint
	}
)

// keepRow makes a table keep a row that is deleted, and raise no error.
func keepRow(t *testing.T, db *gorm.DB, database *testdb.Database, table string, id int) {
	t.Helper()
	if database.Name == "sqlite" {
		fixture.Exec(t, db, fmt.Sprintf("CREATE TRIGGER keeps BEFORE DELETE ON %s WHEN OLD.id = %d BEGIN SELECT RAISE(IGNORE); END", table, id))
		return
	}
	fixture.Exec(t, db, fmt.Sprintf("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = %d THEN RETURN NULL; END IF; RETURN OLD; END $$", id),
		fmt.Sprintf("CREATE TRIGGER keeps BEFORE DELETE ON %s FOR EACH ROW EXECUTE FUNCTION keep()", table))
}

// newKeptStage has so many deleted rows of each model, which are due, and a table that keeps that with key 7.
func newKeptStage(t *testing.T, database *testdb.Database, table string, rows int) *fixture.Stage {
	t.Helper()
	store, err := softdelete.DirColdStore(t.TempDir())
	require.NoError(t, err)
	s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retKeptNote{}, &retKeptUser{}, &retKeptPost{}, &retKeptBill{}}, ColdStore: store})
	for id := range uint(rows) {
		s.Add(&retKeptNote{ID: id + 1}, &retKeptUser{ID: id + 1, Posts: []retKeptPost{{ID: id + 1}}}, &retKeptBill{ID: id + 1})
	}
	ago := s.DB.Session(&gorm.Session{NowFunc: func() time.Time { return s.Now.Add(-40 * fixture.Day) }})
	for _, model := range []any{&retKeptNote{}, &retKeptUser{}, &retKeptBill{}} {
		require.NoError(t, ago.Where("id > 0").Delete(model).Error)
	}
	keepRow(t, s.DB, database, table, 7)
	return s
}

// eachKept runs a test on every database that has triggers which keep a row, of few rows and of many. On MySQL they can only raise an error.
func eachKept(t *testing.T, table string, test func(t *testing.T, s *fixture.Stage, rows int)) {
	for _, rows := range []int{8, 150} {
		t.Run(fmt.Sprint(table, " of ", rows), func(t *testing.T) {
			testdb.EachOf(t, testdb.SilentTriggers, func(t *testing.T, database *testdb.Database) {
				test(t, newKeptStage(t, database, table, rows), rows)
			})
		})
	}
}

func TestAPurgeLeavesARowAloneThatATriggerKeeps(t *testing.T) {
	eachKept(t, "ret_kept_notes", func(t *testing.T, s *fixture.Stage, rows int) {
		for _, due := range []int{rows, 1} {
			report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
			require.NoError(t, err)
			notes := fixture.ReportOf(t, report, "ret_kept_notes")
			require.EqualValues(t, due, notes.Eligible)
			require.EqualValues(t, due-1, notes.Done)
			require.Equal(t, []uint{7}, s.IDs(&retKeptNote{}))
		}
	})
}

func TestAPurgeLeavesTheTreeOfARowThatATriggerKeeps(t *testing.T) {
	for _, table := range []string{"ret_kept_users", "ret_kept_posts"} {
		eachKept(t, table, func(t *testing.T, s *fixture.Stage, rows int) {
			report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
			require.ErrorContains(t, err, "the row with key 7 in table ret_kept_users, with 1 under it, stays")
			for _, name := range []string{"ret_kept_users", "ret_kept_posts"} {
				model := fixture.ReportOf(t, report, name)
				require.EqualValues(t, rows-1, model.Done)
				require.EqualValues(t, 1, model.Failed)
				if table == "ret_kept_users" { // a foreign key tells of posts first
					require.ErrorIs(t, err, softdelete.ErrBlocked)
					require.Equal(t, []string{"kept by a trigger of table ret_kept_users"}, model.Reasons)
				}
			}
			require.Equal(t, []uint{7}, s.IDs(&retKeptUser{}))
			require.Equal(t, []uint{7}, s.IDs(&retKeptPost{}))
		})
	}
}

func TestARowThatATriggerKeepsDoesNotCountAsStored(t *testing.T) {
	eachKept(t, "ret_kept_bills_archive", func(t *testing.T, s *fixture.Stage, rows int) {
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.ErrorIs(t, err, softdelete.ErrBlocked)
		bills := fixture.ReportOf(t, report, "ret_kept_bills_archive")
		require.EqualValues(t, rows-1, bills.Done)
		require.EqualValues(t, 1, bills.Failed)
		require.Equal(t, []string{"kept by a trigger of table ret_kept_bills_archive"}, bills.Reasons)
		require.Equal(t, 1, fixture.Rows(t, s.DB, "ret_kept_bills_archive", "id = 7"))
		for _, batch := range bills.ColdBatches {
			_, err := softdelete.Thaw(s.DB, batch)
			require.NoError(t, err)
		}
		require.Equal(t, rows-1, fixture.Rows(t, s.DB, "ret_kept_bills"))
		require.Zero(t, fixture.Rows(t, s.DB, "ret_kept_bills", "id = 7"))
	})
}
