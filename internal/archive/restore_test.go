package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestArchiveKeysAreUsedAgain(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{})
		stale := archiveLine{ID: 10, BillID: 1, Text: "stale"}
		first, err := softdelete.Delete(db, &archiveLine{ID: 10})
		require.NoError(t, err)

		for _, write := range map[string]error{
			"save":           db.Save(&stale).Error,
			"save of a list": db.Save([]archiveLine{stale}).Error,
			"upsert":         db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&stale).Error,
		} {
			require.ErrorIs(t, write, softdelete.ErrRowDeleted)
		}
		require.Equal(t, 3, fixture.Rows(t, db, "archive_lines"))

		require.NoError(t, db.Create(&archiveLine{ID: 10, BillID: 1, Text: "second"}).Error)
		require.NoError(t, db.Save(&archiveLine{ID: 10, BillID: 1, Text: "second"}).Error, "the row is live")
		_, err = softdelete.Restore(db, &archiveLine{ID: 10})
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"10"}, conflict.LiveKeys)
		require.Equal(t, []string{"id"}, conflict.Columns)

		require.NoError(t, db.Delete(&archiveLine{ID: 10}).Error)
		line := archiveLine{ID: 10}
		_, err = softdelete.Restore(db, &line)
		require.NoError(t, err)
		require.Equal(t, "second", line.Text, "the latest comes back")
		require.NoError(t, db.Delete(&line).Error)
		_, err = softdelete.RestoreDeletion(db, first.DeletionID)
		require.NoError(t, err)
		require.NoError(t, db.First(&line, 10).Error)
		require.Equal(t, "x", line.Text, "an earlier one by its deletion")
		require.Equal(t, 1, fixture.Rows(t, db, "old_lines"))
	})
}

func TestArchiveRestoreConflict(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{})
		require.NoError(t, db.Delete(&archiveBill{ID: 1}).Error)
		require.NoError(t, db.Create(&archiveBill{ID: 3, Number: "b"}).Error, "the number is free")
		before := archiveTables(t, db)
		_, err := softdelete.Restore(db, &archiveBill{ID: 1})
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"number"}, conflict.Columns)
		require.Equal(t, []string{"3"}, conflict.LiveKeys)
		require.Equal(t, before, archiveTables(t, db))

		report, err := softdelete.Restore(db, &archiveBill{ID: 2})
		require.NoError(t, err)
		require.Zero(t, report.Effects[0].Rows, "a live row")
	})
}

func TestArchiveRowsOfOverlappingDeletions(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := archiveOpen(t, database, softdelete.Config{})
		bill, err := softdelete.Delete(db, &archiveBill{ID: 1})
		require.NoError(t, err)
		owner, err := softdelete.Delete(db, &archiveOwner{ID: 1})
		require.NoError(t, err)
		report, err := softdelete.RestoreDeletion(db, bill.DeletionID)
		require.NoError(t, err)
		require.Contains(t, report.Effects, softdelete.Effect{Table: "archive_bills", Action: softdelete.ActionSkipped, Rows: 1})
		require.Equal(t, 0, fixture.Rows(t, db, "archive_bills"))
		_, err = softdelete.RestoreDeletion(db, owner.DeletionID)
		require.NoError(t, err)
		require.Equal(t, 2, fixture.Rows(t, db, "archive_bills"))
		require.Equal(t, 0, fixture.Rows(t, db, "old_lines"))
	})
}
