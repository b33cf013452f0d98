package rules_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Relations of every shape that no rule makes a deletion follow.
type (
	pickHall struct {
		Hall      string `gorm:"primaryKey;size:20"`
		Aisle     int    `gorm:"primaryKey;autoIncrement:false"`
		DeletedAt gorm.DeletedAt
		Cover     *pickCover       `gorm:"foreignKey:Hall,Aisle;references:Hall,Aisle"`
		Seats     []pickSeat       `gorm:"foreignKey:Hall,Aisle;references:Hall,Aisle"`
		Tags      []pickTag        `gorm:"many2many:pick_hall_tags"`
		Notes     []pickNote       `gorm:"polymorphicType:OwnerType;polymorphicId:OwnerID;polymorphicValue:hall;foreignKey:Hall"`
		Rows      []pickSeat       `gorm:"foreignKey:Hall;references:Hall"`
		Guides    []pickGuide      `gorm:"foreignKey:Hall,Aisle;references:Hall,Aisle"`
		Files     []pickFile       `gorm:"foreignKey:Hall,Aisle;references:Hall,Aisle" softdelete:"keep"`
		Log       []pickUnmarked   `gorm:"foreignKey:Hall,Aisle;references:Hall,Aisle"`
		Rest      []pickIdentified `gorm:"foreignKey:Hall,Aisle;references:Hall,Aisle" softdelete:"keep"`
	}
	pickCover struct {
		ID        uint
		Hall      string
		Aisle     int
		DeletedAt gorm.DeletedAt
	}
	pickSeat struct {
		Code      string `gorm:"primaryKey;size:20"`
		Hall      string
		Aisle     int
		DeletedAt gorm.DeletedAt
		Guests    []pickGuest `gorm:"foreignKey:Seat" softdelete:"cascade"`
	}
	pickGuest struct {
		ID        uint
		Seat      string
		DeletedAt gorm.DeletedAt
	}
	pickTag struct {
		ID uint
	}
	pickHallTag struct {
		PickHallHall  string `gorm:"primaryKey"`
		PickHallAisle int    `gorm:"primaryKey"`
		PickTagID     uint   `gorm:"primaryKey"`
		DeletedAt     gorm.DeletedAt
	}
	pickNote struct {
		ID                 uint
		OwnerType, OwnerID string
		DeletedAt          gorm.DeletedAt
	}
	pickGuide struct {
		ID        uint
		Hall      string
		Aisle     int
		GuideID   *uint
		Gone      bool                  `softdelete:"flag"`
		Taken     softdelete.DeletionID `gorm:"index"`
		Guides    []pickGuide           `gorm:"foreignKey:GuideID"`
		DeletedBy *string               `softdelete:"actor"`
	}
	pickFile struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Hall  string
		Aisle int
		Page  []pickPage `gorm:"foreignKey:FileID" softdelete:"cascade"`
	}
	pickPage struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		FileID uint
	}
	pickUnmarked struct {
		ID    uint
		Hall  string
		Aisle int
		Gone  bool `softdelete:"flag"`
	}
	pickIdentified struct {
		ID         uint
		Hall       string
		Aisle      int
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
)

func (pickHallTag) TableName() string { return "pick_hall_tags" }

func pickModels() []any {
	return []any{
		&pickHall{}, &pickCover{}, &pickSeat{}, &pickGuest{}, &pickTag{}, &pickHallTag{}, &pickNote{}, &pickGuide{}, &pickFile{}, &pickPage{},
		&pickUnmarked{}, &pickIdentified{},
	}
}

func pickDatabase(t *testing.T, database *testdb.Database) *gorm.DB {
	db := database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
	require.NoError(t, db.SetupJoinTable(&pickHall{}, "Tags", &pickHallTag{}))
	fixture.Register(t, db, pickModels()...)
	for _, key := range []pickHall{{Hall: "a_1", Aisle: 1}, {Hall: "a", Aisle: 11}} {
		n := uint(key.Aisle)
		seat := func(i int) string { return fmt.Sprint(key.Hall, "-", key.Aisle, "-", i) }
		require.NoError(t, db.Create(&pickHall{
			Hall: key.Hall, Aisle: key.Aisle, Cover: &pickCover{}, Tags: []pickTag{{ID: n}, {ID: n + 1}}, Notes: []pickNote{{}, {}},
			Seats:  []pickSeat{{Code: seat(1), Guests: []pickGuest{{}, {}}}, {Code: seat(2)}},
			Guides: []pickGuide{{ID: n}, {ID: n + 100}}, Files: []pickFile{{ID: n, Page: []pickPage{{}, {}}}, {ID: n + 100}}, Log: []pickUnmarked{{}},
			Rest: []pickIdentified{{}, {}},
		}).Error)
	}
	// Of another type of owner.
	require.NoError(t, db.Create(&pickNote{OwnerType: "seat", OwnerID: "a"}).Error)
	return db
}

func TestSelectedRelationsOfEveryShapeComeBack(t *testing.T) {
	hall := func() *pickHall { return &pickHall{Hall: "a_1", Aisle: 1} }
	models := pickModels()
	cases := map[string]struct {
		relations []any
		rows      int64
	}{
		"has one with a composite key":              {[]any{"Cover"}, 1},
		"has many with a string key and a cascade":  {[]any{"Seats"}, 4},
		"by a part of the key":                      {[]any{"Rows"}, 4},
		"many2many: the links":                      {[]any{"Tags"}, 2},
		"polymorphic":                               {[]any{"Notes"}, 2},
		"a flag with a DeletionID":                  {[]any{"Guides"}, 2},
		"archives with archives under them":         {[]any{"Files"}, 4},
		"a time with a DeletionID":                  {[]any{"Rest"}, 2},
		"several":                                   {[]any{"Cover", "Notes", "Files", "Rest"}, 9},
		"all but one that cannot carry a mark":      {[]any{"Cover", "Seats", "Rows", "Tags", "Notes", "Guides", "Files", "Rest"}, 17},
		"nested names, of which GORM knows no rows": {[]any{"Seats", "Seats.Guests", "Guides.Guides", "Guides"}, 6},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := pickDatabase(t, database)
		before := ruleDump(t, db, models...)
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				selected := db.Select(c.relations[0], c.relations[1:]...)
				live := ruleLive(t, db, models...)
				deletions := map[string]func() error{
					"Delete of GORM": func() error { return selected.Session(&gorm.Session{}).Delete(hall()).Error },
					"Delete of ours": func() error { _, err := softdelete.Delete(selected.Session(&gorm.Session{}), hall()); return err },
					"a condition beside the key": func() error {
						return selected.Session(&gorm.Session{}).Where("aisle = ?", 1).Delete(hall()).Error
					},
				}
				for way, remove := range deletions {
					require.NoError(t, remove(), way)
					require.Equal(t, live-c.rows-1, ruleLive(t, db, models...), way)
					preview, err := softdelete.PreviewRestore(db, hall())
					require.NoError(t, err)
					report, err := softdelete.Restore(db, hall())
					require.NoError(t, err, way)
					require.Equal(t, before, ruleDump(t, db, models...), way)
					require.Equal(t, c.rows+1, report.Rows()+deletedRows(softdelete.Report{Effects: report.Effects[1:]}, softdelete.ActionRestored), way)
					fixture.Foresaw(t, preview.Effects, report.Effects)
				}
			})
		}
	})
}

func TestADeletionThatSelectsNoRowsTakesNone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := pickDatabase(t, database)
		live := ruleLive(t, db, pickModels()...)
		_, err := gorm.G[pickHall](db).Where("aisle = ?", 1).Select("Seats").Delete(t.Context()) // by condition: GORM knows no keys
		require.NoError(t, err)
		require.Equal(t, live-1, ruleLive(t, db, pickModels()...))
		report, err := softdelete.Restore(db.Where("aisle = ?", 1), &pickHall{})
		require.NoError(t, err)
		require.Len(t, report.Effects, 1)
		require.Equal(t, live, ruleLive(t, db, pickModels()...))
	})
}

func TestARowThatCarriesNoMarkStaysDeleted(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := pickDatabase(t, database)
		require.NoError(t, db.Select("Log", "Notes").Delete(&pickHall{Hall: "a_1", Aisle: 1}).Error)
		report, err := softdelete.Restore(db, &pickHall{Hall: "a_1", Aisle: 1})
		require.NoError(t, err)
		require.EqualValues(t, 3, deletedRows(report, softdelete.ActionRestored), "nothing tells which deletion took it")
	})
}

// A program that never asks for the rows of a relation may go on where their table is dropped.
func TestATableBesideTheGraphMayGoWhileTheProgramRuns(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := pickDatabase(t, database)
		hall := &pickHall{Hall: "a_1", Aisle: 1}
		restored := func() error {
			require.NoError(t, db.Delete(hall).Error)
			_, err := softdelete.Restore(db, hall)
			return err
		}
		require.NoError(t, restored())
		require.NoError(t, db.Migrator().DropTable(&pickIdentified{}))
		_ = restored() // may have known the table
		_, err := softdelete.Restore(db, hall)
		require.NoError(t, err)
		require.NoError(t, restored())
	})
}

type (
	pickFolder struct {
		ID        uint
		ParentID  *uint
		Name      string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
		Folders   []pickFolder `gorm:"foreignKey:ParentID"`
		Papers    []pickPaper  `gorm:"foreignKey:FolderID"`
	}
	pickPaper struct {
		ID        uint
		FolderID  uint
		TrayID    *uint
		Tray      *pickTray
		DeskID    *uint
		Desk      *pickDesk `softdelete:"guard"`
		Name      string    `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
		Restored  int `gorm:"-"`
	}
	pickTray struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Papers    []pickPaper `gorm:"foreignKey:TrayID" softdelete:"cascade"`
	}
	pickDesk struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
)

// BeforeDelete takes the papers of folders that are called so along, as a hook of an application does.
func (f *pickFolder) BeforeDelete(tx *gorm.DB) error {
	if f.Name != "hooked" {
		return nil
	}
	return tx.Where("folder_id IN (SELECT id FROM pick_folders WHERE id = ? OR parent_id = ?)", f.ID, f.ID).Delete(&pickPaper{}).Error
}

func pickFolders(t *testing.T, database *testdb.Database) *gorm.DB {
	db := fixture.Models(t, database, []any{&pickFolder{}, &pickPaper{}, &pickTray{}, &pickDesk{}}, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
	one, two := uint(1), uint(2)
	require.NoError(t, db.Create(&pickTray{ID: 1}).Error)
	require.NoError(t, db.Create(&pickDesk{ID: 1}).Error)
	require.NoError(t, db.Create(&[]pickFolder{{ID: 1, Name: "a"}, {ID: 2, Name: "b", ParentID: &one}, {ID: 3, Name: "c", ParentID: &one}, {ID: 4, Name: "d", ParentID: &two}}).Error)
	require.NoError(t, db.Create(&[]pickPaper{{ID: 1, FolderID: 1, Name: "p", TrayID: &one}, {ID: 2, FolderID: 1, Name: "q", DeskID: &one}, {ID: 3, FolderID: 2, Name: "r"}}).Error)
	return db
}

func TestSelectedRowsOfTheSameModelComeBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := pickFolders(t, database)
		require.NoError(t, db.Delete(&pickFolder{ID: 3}).Error)
		require.NoError(t, db.Select("Folders").Delete(&pickFolder{ID: 1}).Error)
		require.Equal(t, []uint{4}, selLive(t, db, &pickFolder{}))
		report, err := softdelete.Restore(db, &pickFolder{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []uint{1, 2, 4}, selLive(t, db, &pickFolder{}))
		require.Equal(t, []softdelete.Effect{
			{Table: "pick_folders", Action: softdelete.ActionRestored, Rows: 1},
			{Table: "pick_folders", Relation: "Folders", Parent: "pick_folders", Action: softdelete.ActionRestored, Rows: 1},
		}, report.Effects)
	})
}

func TestWhatAHookDeletesUnderARowComesBackWithIt(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := pickFolders(t, database)
		require.NoError(t, db.Select("Folders").Delete(&pickFolder{ID: 1, Name: "hooked"}).Error)
		require.Empty(t, selLive(t, db, &pickPaper{}))
		_, err := softdelete.Restore(db, &pickFolder{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []uint{1, 2, 3}, selLive(t, db, &pickPaper{}))
		require.Equal(t, []uint{1, 2, 3, 4}, selLive(t, db, &pickFolder{}))
	})
}

func TestWhatHoldsOrRefusesSelectedRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := pickFolders(t, database)
		root := func() *pickFolder { return &pickFolder{ID: 1} }
		take := func() {
			t.Helper()
			require.NoError(t, db.Select("Papers").Delete(root()).Error)
			require.Equal(t, []uint{3}, selLive(t, db, &pickPaper{}))
		}
		restored := func(papers ...uint) {
			t.Helper()
			_, err := softdelete.Restore(db, root())
			require.NoError(t, err)
			require.Equal(t, papers, selLive(t, db, &pickPaper{}))
		}
		refused := func(err error, why error) {
			t.Helper()
			require.ErrorIs(t, err, why)
			require.Equal(t, []uint{3}, selLive(t, db.Where("folder_id < 9"), &pickPaper{}))
			require.Equal(t, []uint{2, 3, 4}, selLive(t, db, &pickFolder{}))
		}

		take() // a parent that cascades holds a row, which comes back with that
		require.NoError(t, db.Delete(&pickTray{ID: 1}).Error)
		preview, err := softdelete.PreviewRestore(db, root())
		require.NoError(t, err)
		require.EqualValues(t, 1, deletedRows(preview, softdelete.ActionSkipped))
		restored(2, 3)
		_, err = softdelete.Restore(db, &pickTray{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []uint{1, 2, 3}, selLive(t, db, &pickPaper{}))

		take() // a parent that guards refuses
		require.NoError(t, db.Delete(&pickDesk{ID: 1}).Error)
		_, err = softdelete.PreviewRestore(db, root())
		refused(err, softdelete.ErrParentDeleted)
		_, err = softdelete.Restore(db, root())
		refused(err, softdelete.ErrParentDeleted)
		_, err = softdelete.Restore(db, &pickDesk{ID: 1})
		require.NoError(t, err)
		restored(1, 2, 3)

		take() // and so does a unique value that is live elsewhere
		require.NoError(t, db.Create(&pickPaper{ID: 9, FolderID: 9, Name: "q"}).Error)
		_, err = softdelete.PreviewRestore(db, root())
		refused(err, softdelete.ErrRestoreConflict)
		_, err = softdelete.Restore(db, root())
		refused(err, softdelete.ErrRestoreConflict)
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"9"}, conflict.LiveKeys)
		require.NoError(t, db.Unscoped().Delete(&pickPaper{ID: 9}).Error)
		restored(1, 2, 3)

		// A row that another root's deletion took before.
		require.NoError(t, db.Delete(&pickTray{ID: 1}).Error)
		require.NoError(t, db.Select(clause.Associations).Delete(root()).Error)
		_, err = softdelete.Restore(db, root())
		require.NoError(t, err)
		require.Equal(t, []uint{2, 3}, selLive(t, db, &pickPaper{}))
	})
}
