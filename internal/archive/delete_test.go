package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestArchiveDeleteMovesRows(t *testing.T) {
	all := map[string]int{"archive_bills": 2, "archive_bills_archive": 0, "archive_lines": 4, "old_lines": 0, "live notes": 2}
	one := map[string]int{"archive_bills": 1, "archive_bills_archive": 1, "archive_lines": 2, "old_lines": 2, "live notes": 1}
	none := map[string]int{"archive_bills": 0, "archive_bills_archive": 2, "archive_lines": 0, "old_lines": 4, "live notes": 0}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("by key, with the rows under it, and back", func(t *testing.T) {
			db := archiveOpen(t, database, softdelete.Config{Ledger: true}).WithContext(archiveContext(t))
			preview, err := softdelete.Preview(db, &archiveBill{ID: 1})
			require.NoError(t, err)
			require.Equal(t, all, archiveTables(t, db))
			bill := archiveBill{ID: 1}
			report, err := softdelete.Delete(db, &bill)
			require.NoError(t, err)
			require.Equal(t, one, archiveTables(t, db))
			fixture.Foresaw(t, preview.Effects, report.Effects)
			require.Equal(t, softdelete.Effect{Table: "archive_bills", Action: softdelete.ActionArchived, Rows: 1}, report.Effects[0])
			var mark []map[string]any
			require.NoError(t, db.Table("archive_bills_archive").Find(&mark).Error)
			require.EqualValues(t, report.DeletionID, mark[0]["deletion_id"])
			require.EqualValues(t, "ann", mark[0]["actor"])
			require.EqualValues(t, "paid", mark[0]["reason"])
			require.NotNil(t, mark[0]["archived_at"])

			again := db.Delete(&bill)
			require.NoError(t, again.Error)
			require.Zero(t, again.RowsAffected)

			foreseen, err := softdelete.PreviewRestore(db, &bill)
			require.NoError(t, err)
			restored, err := softdelete.Restore(db, &bill)
			require.NoError(t, err)
			fixture.Foresaw(t, foreseen.Effects, restored.Effects)
			require.Equal(t, report.DeletionID, restored.DeletionID)
			require.Equal(t, all, archiveTables(t, db))
			require.Equal(t, 10, bill.Amount)
			require.Equal(t, 1, fixture.Rows(t, db, "softdelete_deletions", "restored_at IS NOT NULL"))
		})
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("by condition, and back by the deletion's ID", func(t *testing.T) {
			db := archiveOpen(t, database, softdelete.Config{})
			var report softdelete.Report
			result := db.Clauses(softdelete.Into(&report)).Where("amount > ?", 5).Delete(&archiveBill{})
			require.NoError(t, result.Error)
			require.EqualValues(t, 2, result.RowsAffected)
			require.Equal(t, none, archiveTables(t, db))
			_, err := softdelete.RestoreDeletion(db, report.DeletionID)
			require.NoError(t, err)
			require.Equal(t, all, archiveTables(t, db))
		})
	})
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("under a parent that is marked, and back with it", func(t *testing.T) {
			db := archiveOpen(t, database, softdelete.Config{})
			require.NoError(t, db.Delete(&archiveBill{ID: 2}).Error)
			report, err := softdelete.Delete(db, &archiveOwner{ID: 1})
			require.NoError(t, err)
			require.Equal(t, none, archiveTables(t, db))
			require.Equal(t, softdelete.Effect{Table: "archive_bills", Relation: "Bills", Parent: "archive_owners", Action: softdelete.ActionArchived, Rows: 1}, report.Effects[1])

			_, err = softdelete.Restore(db, &archiveBill{ID: 1})
			require.ErrorIs(t, err, softdelete.ErrParentDeleted)
			_, err = softdelete.Restore(db, &archiveOwner{ID: 1})
			require.NoError(t, err)
			require.Equal(t, one, archiveTables(t, db), "the bill deleted before stays")
		})
	})
}

func TestArchiveDeleteRefuses(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{MaxRows: 4})
		before := archiveTables(t, db)
		require.ErrorIs(t, db.Where("1 = 1").Delete(&archiveBill{}).Error, softdelete.ErrTooManyRows)
		require.NoError(t, db.Create(&archiveSeal{ID: 1, BillID: 1}).Error)
		err := db.Delete(&archiveBill{ID: 1}).Error
		require.ErrorIs(t, err, softdelete.ErrBlocked)
		require.ErrorContains(t, err, "foreign key")
		require.Equal(t, before, archiveTables(t, db))
		require.ErrorIs(t, db.Table("other").Delete(&archiveBill{ID: 1}).Error, softdelete.ErrUnsupported)
	})
}

func TestArchiveUnscopedDeleteRemovesForGood(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{})
		require.NoError(t, db.Delete(&archiveLine{ID: 10}).Error)
		require.NoError(t, db.Unscoped().Delete(&archiveBill{ID: 1}).Error)
		require.Equal(t, map[string]int{"archive_bills": 1, "archive_bills_archive": 0, "archive_lines": 2, "old_lines": 0, "live notes": 1},
			archiveTables(t, db), "a line archived before goes with its bill")
	})
}

func TestArchiveTree(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{})
		parent := func(id uint) *uint { return &id }
		require.NoError(t, db.Create([]archiveTree{{ID: 1}, {ID: 2, ParentID: parent(1)}, {ID: 3, ParentID: parent(2)}, {ID: 4}}).Error)
		require.NoError(t, db.Delete(&archiveTree{ID: 3}).Error)
		result := db.Delete(&archiveTree{ID: 1})
		require.NoError(t, result.Error)
		require.EqualValues(t, 1, result.RowsAffected)
		require.Equal(t, 3, fixture.Rows(t, db, "archive_trees_archive"))
		_, err := softdelete.Restore(db, &archiveTree{ID: 3})
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		_, err = softdelete.Restore(db, &archiveTree{ID: 1})
		require.NoError(t, err)
		require.Equal(t, 3, fixture.Rows(t, db, "archive_trees"))
		_, err = softdelete.Restore(db, &archiveTree{ID: 3})
		require.NoError(t, err)
		require.Equal(t, 4, fixture.Rows(t, db, "archive_trees"))
		require.ErrorIs(t, db.Unscoped().Delete(&archiveTree{ID: 1}).Error, softdelete.ErrUnsupported)
	})
}
