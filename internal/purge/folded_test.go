package purge_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// A purge goes through keys in the order of their columns, and finds what refers to a row as the database's foreign keys do.

type (
	foldedAlone struct {
		ID        string           `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Part      fixture.Unfolded `gorm:"primaryKey"`
		DeletedAt gorm.DeletedAt   `softdelete:"retain:30d"`
	}
	foldedOwner struct {
		ID        string         `gorm:"primaryKey;type:text COLLATE NOCASE"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
		Things    []foldedThing  `gorm:"foreignKey:OwnerID;constraint:-" softdelete:"cascade"`
	}
	foldedThing struct {
		ID        uint
		OwnerID   string // of its parent's type, as GORM gives it
		DeletedAt gorm.DeletedAt
	}
	foldedFolder struct {
		_     struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID    string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Title string
	}
	foldedSheet struct {
		_        struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID       uint
		FolderID string        `gorm:"type:text COLLATE NOCASE"`
		Folder   *foldedFolder `gorm:"foreignKey:FolderID"`
	}
)

func TestAPurgeGoesThroughKeysThatFoldOnceEach(t *testing.T) {
	letters := []string{"b", "A", "c", "D", "e", "F", "a1", "B1", "C1", "d1", "Ä", "ä1", "Z", "z1"}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&foldedAlone{}, &foldedOwner{}, &foldedThing{}}})
		for i, id := range letters {
			s.Add(&foldedAlone{ID: id, Part: "x"}, &foldedAlone{ID: id, Part: "X"}, &foldedOwner{ID: id})
			s.Add(&foldedThing{ID: uint(2*i + 1), OwnerID: id}, &foldedThing{ID: uint(2*i + 2), OwnerID: swapCase(id)})
		}
		s.Ago(40*fixture.Day, func() {
			require.NoError(t, s.Where("1 = 1").Delete(&foldedAlone{}).Error)
			require.NoError(t, s.Where("1 = 1").Delete(&foldedOwner{}).Error)
		})
		require.Equal(t, 2*len(letters), fixture.Rows(t, s.DB, "folded_things", "deleted_at IS NOT NULL"), "a deletion takes what refers in any letters")
		dry := s.Purge(softdelete.PurgeOptions{Batch: 3, DryRun: true})
		done := s.Purge(softdelete.PurgeOptions{Batch: 3})
		for _, report := range []softdelete.PurgeReport{dry, done} {
			require.EqualValues(t, 2*len(letters), fixture.ReportOf(t, report, "folded_alones").Done)
			require.EqualValues(t, len(letters), fixture.ReportOf(t, report, "folded_owners").Done)
			require.EqualValues(t, 2*len(letters), fixture.ReportOf(t, report, "folded_things").Done)
		}
		for _, table := range []string{"folded_alones", "folded_owners", "folded_things"} {
			require.Zero(t, fixture.Rows(t, s.DB, table), table)
		}
	})
}

func swapCase(text string) string {
	swapped := []byte(text)
	for i, c := range swapped {
		if c|0x20 >= 'a' && c|0x20 <= 'z' && c < 0x80 {
			swapped[i] = c ^ 0x20
		}
	}
	return string(swapped)
}

func TestAPurgeLeavesARowThatAForeignKeyRefersToInOtherLetters(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&foldedOwner{}, &foldedThing{}}})
		s.Add(&foldedOwner{ID: "ann"}, &foldedOwner{ID: "bob"})
		owner := "text"
		if database.Name == "mysql" {
			owner = fixture.FoldedType(s.DB, "text COLLATE NOCASE")
		}
		fixture.Exec(t, s.DB, "CREATE TABLE strangers (id integer PRIMARY KEY, owner "+owner+", FOREIGN KEY (owner) REFERENCES folded_owners(id) ON DELETE CASCADE)", "INSERT INTO strangers VALUES (1, 'ANN')")
		s.Ago(40*fixture.Day, func() { require.NoError(t, s.Where("1 = 1").Delete(&foldedOwner{}).Error) })
		report := fixture.ReportOf(t, s.Purge(softdelete.PurgeOptions{}), "folded_owners")
		require.Equal(t, map[string]int64{"strangers": 1}, report.ReferencedBy)
		require.EqualValues(t, 1, report.Done)
		require.Equal(t, 1, fixture.Rows(t, s.DB, "strangers"), "nor is it taken along unseen")
	})
}

func TestArchivedRowsOfOneKeyInSeveralLettersComeBackOneByOne(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		store, _ := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&foldedFolder{}, &foldedSheet{}}, ColdStore: store})
		s.Add(&foldedFolder{ID: "zoe"}, &foldedSheet{ID: 1, FolderID: "ZOE"}, &foldedSheet{ID: 2, FolderID: "Zoe"})
		s.DeleteAgo(50*fixture.Day, &[]foldedSheet{{ID: 1}, {ID: 2}})
		s.DeleteAgo(50*fixture.Day, &foldedFolder{ID: "zoE"})
		for i, id := range []string{"ann", "ANN", "Ann"} {
			s.Add(&foldedFolder{ID: id, Title: fmt.Sprint(i)})
			s.DeleteAgo(40*fixture.Day, &foldedFolder{ID: "aNN"})
		}
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		folders := fixture.ReportOf(t, report, "folded_folders_archive").ColdBatches
		sheets := fixture.ReportOf(t, report, "folded_sheets_archive").ColdBatches
		require.Len(t, folders, 3, "no two rows of a key are in one batch")
		require.Len(t, sheets, 1)
		_, err = softdelete.Thaw(s.DB, sheets[0])
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		for i, batch := range folders {
			_, err := softdelete.Thaw(s.DB, batch)
			if require.NoError(t, err); i < 2 {
				require.NoError(t, s.Unscoped().Delete(&foldedFolder{ID: "anN"}).Error)
			}
		}
		_, err = softdelete.Thaw(s.DB, sheets[0])
		require.NoError(t, err, "the parent is there, in other letters")
		s.DeleteAgo(40*fixture.Day, &foldedFolder{ID: "anN"})
		report, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		again := fixture.ReportOf(t, report, "folded_folders_archive").ColdBatches
		s.Add(&foldedFolder{ID: "aNn"})
		_, err = softdelete.Thaw(s.DB, again[0])
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
	})
}
