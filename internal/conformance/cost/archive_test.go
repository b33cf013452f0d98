package cost_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// growPaper goes to an archive with its sheets.
type (
	growPaper struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		Title  string
		Sheets []growSheet `gorm:"foreignKey:PaperID" softdelete:"cascade"`
	}
	growSheet struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		PaperID uint `gorm:"index"`
	}
)

func TestArchivedRowsAreFoundWithoutComparingEachWithEach(t *testing.T) {
	testdb.EachOf(t, testdb.CountedReads, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, fixture.Models(t, database, []any{&growPaper{}, &growSheet{}}))
		const rows = 3_000
		fixture.Exec(t, db, fixture.Series("grow_papers (id, title)", rows, "i, 'a paper'"), fixture.Series("grow_sheets (id, paper_id)", rows, "i, i"))
		require.NoError(t, db.Where("id > 0").Delete(&growPaper{}).Error)
		require.Less(t, database.Reads(t, db, func() {
			_, err := softdelete.Restore(db.Where("id > 0"), &growPaper{})
			require.NoError(t, err)
		}), int64(100*rows))
		require.Equal(t, rows, fixture.Rows(t, db, "grow_papers"))
		require.Equal(t, rows, fixture.Rows(t, db, "grow_sheets"))
	})
}

// growDesk stays in its table, with a mark, while its leaves go to an archive.
type (
	growDesk struct {
		ID        uint
		Leaves    []growLeaf `gorm:"foreignKey:DeskID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	growLeaf struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		DeskID uint `gorm:"index"`
	}
)

func TestManyArchivedRowsUnderOneAreFoundWithoutComparingEachWithEach(t *testing.T) {
	testdb.EachOf(t, testdb.CountedReads, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, fixture.Models(t, database, []any{&growDesk{}, &growLeaf{}}))
		const rows = 2_000
		fixture.Exec(t, db, "INSERT INTO grow_desks (id) VALUES (1)", fixture.Series("grow_leafs (id, desk_id)", rows, "i, 1"))
		for range 2 { // the statistics may be those of an empty archive, and of a full one
			require.NoError(t, db.Delete(&growDesk{ID: 1}).Error)
			require.Less(t, database.Reads(t, db, func() {
				_, err := softdelete.Restore(db, &growDesk{ID: 1})
				require.NoError(t, err)
			}), int64(100*rows))
			require.Equal(t, rows, fixture.Rows(t, db, "grow_leafs"))
		}
	})
}

func TestArchivedRowsAreFoundByTheirAddresses(t *testing.T) {
	testdb.EachOf(t, testdb.Addresses, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&growPaper{}, &growSheet{}})
		fixture.Exec(t, db, "SET work_mem = '64kB'", fixture.Series("grow_papers (id, title)", 3_000, "i, 'a paper'"),
			fixture.Series("grow_sheets (id, paper_id)", 3_000, "i, i"))
		require.NoError(t, db.Where("id > 0").Delete(&growPaper{}).Error)
		recorder := testdb.Record(db)
		fixture.Exec(t, db, "ANALYZE grow_papers_archive", "ANALYZE grow_sheets_archive")
		recorder.Reset()
		_, err := softdelete.PreviewRestore(db.Where("id > 0"), &growPaper{})
		require.NoError(t, err)
		_, err = softdelete.Restore(db.Where("id > 0"), &growPaper{})
		require.NoError(t, err)
		steps := plans(t, database, db, recorder.All())
		require.Contains(t, steps, "Tid Scan")
		require.NotContains(t, steps, "COALESCE((\"holder\".\"id\"", "no comparison of keys with a list that may not be hashed")
		require.Equal(t, 3_000, fixture.Rows(t, db, "grow_papers"))
		require.Equal(t, 3_000, fixture.Rows(t, db, "grow_sheets"))
	})
}

func TestARowOfAPartitionedArchiveIsTheOneThatComesBack(t *testing.T) {
	testdb.EachOf(t, testdb.FreePartitions, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&growPaper{}, &growSheet{}})
		for table, column := range map[string]string{"grow_papers_archive": "id", "grow_sheets_archive": "paper_id"} {
			fixture.Exec(t, db, "ALTER TABLE "+table+" RENAME TO former", "ALTER TABLE former DROP archive_id", "CREATE TABLE "+table+" (LIKE former) PARTITION BY RANGE ("+column+")",
				"CREATE TABLE "+table+"_few PARTITION OF "+table+" FOR VALUES FROM (0) TO (100)",
				"CREATE TABLE "+table+"_many PARTITION OF "+table+" FOR VALUES FROM (100) TO (1000)", "DROP TABLE former")
		}
		for _, id := range []uint{1, 101, 102} {
			require.NoError(t, db.Create(&growPaper{ID: id, Title: "a paper", Sheets: []growSheet{{PaperID: id}}}).Error)
			require.NoError(t, db.Delete(&growPaper{ID: id}).Error)
		}
		for i, id := range []uint{101, 1} {
			_, err := softdelete.Restore(db, &growPaper{ID: id})
			require.NoError(t, err)
			require.Equal(t, i+1, fixture.Rows(t, db, "grow_papers"), "no row of another partition")
			require.Equal(t, i+1, fixture.Rows(t, db, "grow_sheets"))
			require.NoError(t, db.First(&growPaper{}, id).Error)
		}
	})
}

func TestRowsOfAnArchiveAreFoundUnderTheirParentsByAnIndex(t *testing.T) {
	testdb.EachOf(t, testdb.CountedReads, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, fixture.Models(t, database, []any{&movedTree{}}))
		reads := map[int]int64{}
		for _, rows := range []int{200, 800} { // each the only child of the one before
			fixture.Exec(t, db, fixture.Series("moved_trees (id, parent_id)", rows, "i, nullif(i - 1, 0)"))
			require.NoError(t, db.Delete(&movedTree{ID: 1}).Error)
			require.Equal(t, rows, fixture.Rows(t, db, "moved_trees_archive"))
			reads[rows] = database.Reads(t, db, func() {
				_, err := softdelete.Restore(db, &movedTree{ID: 1})
				require.NoError(t, err)
			})
			require.Equal(t, rows, fixture.Rows(t, db, "moved_trees"))
			database.Empty(t, db, "moved_trees")
		}
		require.Less(t, reads[800], 8*reads[200], "%v", reads)
	})
}
