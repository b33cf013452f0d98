package archive_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	archiveFolder struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		Name   string
		Papers []archivePaper `gorm:"foreignKey:FolderID;constraint:-" softdelete:"cascade"`
		Slips  []archiveSlip  `gorm:"foreignKey:FolderID" softdelete:"cascade"`
	}
	archivePaper struct {
		ID        uint
		FolderID  uint
		Text      string
		DeletedAt gorm.DeletedAt
	}
	archiveSlip struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		FolderID uint
		Text     string
	}
)

// archiveCalls notes in the context's log what hooks saw.
type archiveCalls struct {
	list []string
	fail bool
}

type archiveCallsKey struct{}

func (c *archiveCalls) add(text string) { c.list = append(c.list, text) }

func archiveCallsOf(tx *gorm.DB) *archiveCalls {
	calls, ok := tx.Statement.Context.Value(archiveCallsKey{}).(*archiveCalls)
	if !ok {
		return &archiveCalls{}
	}
	return calls
}

func (p *archivePaper) AfterDelete(tx *gorm.DB) error {
	if p.DeletedAt.Valid {
		archiveCallsOf(tx).add("deleted paper " + p.Text)
	}
	return nil
}

func (s *archiveSlip) BeforeDelete(tx *gorm.DB) error {
	archiveCallsOf(tx).add("before slip " + s.Text)
	return nil
}

func (s *archiveSlip) AfterDelete(tx *gorm.DB) error {
	archiveCallsOf(tx).add("after slip " + s.Text)
	if archiveCallsOf(tx).fail {
		return errors.New("no")
	}
	return nil
}

func (s *archiveSlip) BeforeRestore(tx *gorm.DB) error {
	archiveCallsOf(tx).add("before restore " + s.Text)
	return nil
}

func (s *archiveSlip) AfterRestore(tx *gorm.DB) error {
	archiveCallsOf(tx).add("after restore " + s.Text)
	return nil
}

func archiveFolders(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	models := []any{&archiveFolder{}, &archivePaper{}, &archiveSlip{}}
	db := fixture.Models(t, database, models)
	require.NoError(t, db.Create(&archiveFolder{
		ID: 1, Name: "n", Papers: []archivePaper{{ID: 1, Text: "p"}}, Slips: []archiveSlip{{ID: 1, Text: "s"}},
	}).Error)
	return db
}

func TestArchiveHooksSeeTheRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		calls := &archiveCalls{fail: true}
		db := archiveFolders(t, database)
		db = db.WithContext(context.WithValue(t.Context(), archiveCallsKey{}, calls))
		require.Error(t, db.Delete(&archiveFolder{ID: 1}).Error)
		require.Equal(t, 1, fixture.Rows(t, db, "archive_folders"), "a hook undoes all")
		require.Equal(t, 1, fixture.Rows(t, db, "archive_slips"))
		require.Equal(t, 0, fixture.Rows(t, db, "archive_slips_archive"))

		*calls = archiveCalls{}
		require.NoError(t, db.Delete(&archiveFolder{ID: 1}).Error)
		require.ElementsMatch(t, []string{"before slip s", "after slip s", "deleted paper p"}, calls.list)
		*calls = archiveCalls{}
		_, err := softdelete.Restore(db, &archiveFolder{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []string{"before restore s", "after restore s"}, calls.list)
		require.Equal(t, 0, fixture.Rows(t, db, "archive_slips_archive"))
	})
}

func TestArchiveDeleteKeepsGormsMeanings(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveFolders(t, database)
		require.ErrorIs(t, db.Delete(&archiveFolder{}).Error, gorm.ErrMissingWhereClause)
		var folders []archiveFolder
		result := db.Clauses(clause.Returning{}).Where("name = ?", "n").Delete(&folders)
		require.NoError(t, result.Error)
		require.Equal(t, []archiveFolder{{ID: 1, Name: "n"}}, folders)
		require.EqualValues(t, 1, result.RowsAffected)
		_, err := softdelete.Restore(db.Where("name = ?", "n"), &archiveFolder{})
		require.NoError(t, err)
		dry := db.Session(&gorm.Session{DryRun: true}).Delete(&archiveFolder{ID: 1})
		require.NoError(t, dry.Error)
		require.Contains(t, dry.Statement.SQL.String(), "DELETE FROM")
		require.Equal(t, 1, fixture.Rows(t, db, "archive_folders"))
		prepared := db.Session(&gorm.Session{PrepareStmt: true})
		require.NoError(t, prepared.Delete(&archiveFolder{ID: 1}).Error)
		require.Equal(t, 1, fixture.Rows(t, db, "archive_folders_archive"))
		require.NoError(t, db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(&archiveFolder{}).Error)
	})
}

func TestArchiveOfConcurrentDeletionsAndRestores(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveFolders(t, database)
		for round := range 10 {
			var group sync.WaitGroup
			rows := make([]int64, 4)
			errs := make([]error, 4)
			for i := range rows {
				group.Go(func() {
					if round%2 == 0 {
						result := db.Delete(&archiveFolder{ID: 1})
						rows[i], errs[i] = result.RowsAffected, result.Error
						return
					}
					report, err := softdelete.Restore(db, &archiveFolder{ID: 1})
					errs[i] = err
					if err == nil {
						rows[i] = report.Effects[0].Rows
					}
				})
			}
			group.Wait()
			var total int64
			for i := range rows {
				require.NoError(t, errs[i])
				total += rows[i]
			}
			require.EqualValues(t, 1, total, "one of them")
			live := fixture.Rows(t, db, "archive_folders")
			require.Equal(t, round%2, live)
			require.Equal(t, 1-live, fixture.Rows(t, db, "archive_folders_archive"))
			require.Equal(t, 1, fixture.Rows(t, db, "archive_slips")+fixture.Rows(t, db, "archive_slips_archive"))
		}
	})
}
