package archive_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type leftOutCrate struct {
	_       struct{} `softdelete:"archive"`
	ID      uint
	Batch   int
	Bottles []leftOutBottle `gorm:"foreignKey:CrateID;constraint:-" softdelete:"cascade"`
}

type leftOutBottle struct {
	_       struct{} `softdelete:"archive"`
	ID      uint
	CrateID uint
}

// leftOutRow makes a table take a row no more, and raise no error.
func leftOutRow(t *testing.T, db *gorm.DB, database *testdb.Database, table string, id int) {
	t.Helper()
	if database.Name == "sqlite" {
		fixture.Exec(t, db, fmt.Sprintf("CREATE TRIGGER leaves_out BEFORE INSERT ON %s WHEN NEW.id = %d BEGIN SELECT RAISE(IGNORE); END", table, id))
		return
	}
	fixture.Exec(t, db, fmt.Sprintf("CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.id = %d THEN RETURN NULL; END IF; RETURN NEW; END $$", id),
		fmt.Sprintf("CREATE TRIGGER leaves_out BEFORE INSERT ON %s FOR EACH ROW EXECUTE FUNCTION leave_out()", table))
}

// newLeftOutStage has so many archived crates, each with a bottle.
func newLeftOutStage(t *testing.T, database *testdb.Database, crates int) (*gorm.DB, softdelete.DeletionID) {
	t.Helper()
	db := fixture.Models(t, database, []any{&leftOutCrate{}, &leftOutBottle{}})
	list := make([]leftOutCrate, crates)
	for i := range list {
		list[i] = leftOutCrate{ID: uint(i + 1), Batch: 1, Bottles: []leftOutBottle{{ID: uint(i + 1)}}}
	}
	require.NoError(t, db.Create(&list).Error)
	deleted, err := softdelete.Delete(db.Where("batch = 1"), &leftOutCrate{})
	require.NoError(t, err)
	return db, deleted.DeletionID
}

// The archive has the last copy of a row, which is not removed while the row is nowhere else.
func TestARestoreIsRefusedWhereATableLeavesARowOut(t *testing.T) {
	for _, table := range []string{"left_out_crates", "left_out_bottles"} {
		for _, crates := range []int{8, manyParcels} {
			t.Run(fmt.Sprint(table, " of ", crates), func(t *testing.T) {
				testdb.EachOf(t, testdb.SilentTriggers, func(t *testing.T, database *testdb.Database) {
					db, id := newLeftOutStage(t, database, crates)
					leftOutRow(t, db, database, table, 7)
					restores := map[string]func() error{
						"by a condition":  func() error { _, err := softdelete.Restore(db.Where("batch = 1"), &leftOutCrate{}); return err },
						"by a key":        func() error { _, err := softdelete.Restore(db, &leftOutCrate{ID: 7}); return err },
						"by the deletion": func() error { _, err := softdelete.RestoreDeletion(db, id); return err },
					}
					for name, restore := range restores {
						err := restore()
						require.ErrorIs(t, err, softdelete.ErrUnsupported, name)
						require.ErrorContains(t, err, "table "+table+" has not taken 1 archived row of ", name)
						for _, table := range []string{"left_out_crates", "left_out_bottles"} {
							require.Zero(t, fixture.Rows(t, db, table), name)
							require.Equal(t, crates, fixture.Rows(t, db, table+"_archive"), name)
						}
					}
				})
			})
		}
	}
}

// What has come back is in its archive no more.
func TestARestoreIsRefusedWhereATriggerKeepsTheArchivedRow(t *testing.T) {
	for _, table := range []string{"left_out_crates", "left_out_bottles"} {
		for _, crates := range []int{8, manyParcels} {
			t.Run(fmt.Sprint(table, " of ", crates), func(t *testing.T) {
				testdb.EachOf(t, testdb.SilentTriggers, func(t *testing.T, database *testdb.Database) {
					db, id := newLeftOutStage(t, database, crates)
					keepRow(t, db, database, table+"_archive", 7)
					restores := map[string]func() error{
						"by a condition":  func() error { _, err := softdelete.Restore(db.Where("batch = 1"), &leftOutCrate{}); return err },
						"by a key":        func() error { _, err := softdelete.Restore(db, &leftOutCrate{ID: 7}); return err },
						"by the deletion": func() error { _, err := softdelete.RestoreDeletion(db, id); return err },
					}
					for name, restore := range restores {
						err := restore()
						require.ErrorIs(t, err, softdelete.ErrUnsupported, name)
						require.ErrorContains(t, err, "table "+table+"_archive keeps 1 row of ", name)
						for _, table := range []string{"left_out_crates", "left_out_bottles"} {
							require.Zero(t, fixture.Rows(t, db, table), name)
							require.Equal(t, crates, fixture.Rows(t, db, table+"_archive"), name)
						}
					}
				})
			})
		}
	}
}

// A trigger that puts rows into a table which inherits from theirs lets the database count none.
func TestARowComesBackThatATriggerPutsIntoATableOfTheSameFamily(t *testing.T) {
	for _, crates := range []int{8, manyParcels} {
		t.Run(fmt.Sprint(crates), func(t *testing.T) {
			testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) {
				db, _ := newLeftOutStage(t, database, crates)
				fixture.Exec(t, db, "CREATE TABLE left_out_crates_of_2026 () INHERITS (left_out_crates)",
					"CREATE FUNCTION put_elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO left_out_crates_of_2026 SELECT NEW.*; RETURN NULL; END $$",
					"CREATE TRIGGER puts_elsewhere BEFORE INSERT ON left_out_crates FOR EACH ROW EXECUTE FUNCTION put_elsewhere()")
				report, err := softdelete.Restore(db.Where("batch = 1"), &leftOutCrate{})
				require.NoError(t, err)
				require.EqualValues(t, crates, report.Rows())
				require.Equal(t, crates, fixture.Rows(t, db, "left_out_crates_of_2026"))
				require.Zero(t, fixture.Rows(t, db, "left_out_crates_archive"))
			})
		})
	}
}
