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

// A key that was archived several times: which of the rows with it counts.

type (
	keptInvoice struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Round int
		Lines []keptLine `gorm:"foreignKey:InvoiceID;constraint:-" softdelete:"cascade"`
		Notes []keptNote `gorm:"foreignKey:InvoiceID;constraint:-" softdelete:"cascade"`
	}
	keptLine struct {
		_         struct{} `softdelete:"archive"`
		ID        uint
		InvoiceID uint
		Round     int
		Cuts      []keptCut `gorm:"foreignKey:LineID;constraint:-" softdelete:"cascade"`
	}
	keptCut struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		LineID uint
		Round  int
	}
	// keptNote is marked in place.
	keptNote struct {
		ID        uint
		InvoiceID uint
		Round     int
		DeletedAt gorm.DeletedAt
	}
	keptHall struct {
		_     struct{} `softdelete:"archive"`
		Town  string   `gorm:"primaryKey"`
		Name  string   `gorm:"primaryKey"`
		Round int
		Seats []keptSeat `gorm:"foreignKey:Town,Hall;references:Town,Name;constraint:-" softdelete:"cascade"`
	}
	keptSeat struct {
		_      struct{} `softdelete:"archive"`
		Town   string   `gorm:"primaryKey"`
		Hall   string   `gorm:"primaryKey"`
		Number int      `gorm:"primaryKey;autoIncrement:false"`
		Round  int
	}
	keptTree struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID *uint
		Round    int
		Children []keptTree `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	keptFolder struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Round int
		Files []keptFile `gorm:"foreignKey:FolderID;constraint:-" softdelete:"cascade"`
	}
	keptFile struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		FolderID uint
		Round    int
		Folder   *keptFolder `gorm:"constraint:-" softdelete:"guard"`
	}
	// keptCode is referred to by a column that is not its key.
	keptCode struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Code  string
		Round int
		Uses  []keptUse `gorm:"foreignKey:Code;references:Code;constraint:-" softdelete:"cascade"`
	}
	keptUse struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Code  string
		Round int
	}
	// keptOffice has shelves and papers; a paper needs its shelf.
	keptOffice struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		Round   int
		Shelves []keptShelf `gorm:"foreignKey:OfficeID;constraint:-" softdelete:"cascade"`
		Papers  []keptPaper `gorm:"foreignKey:OfficeID;constraint:-" softdelete:"cascade"`
	}
	keptShelf struct {
		_            struct{} `softdelete:"archive"`
		ID, OfficeID uint
		Round        int
	}
	keptPaper struct {
		_                     struct{} `softdelete:"archive"`
		ID, OfficeID, ShelfID uint
		Round                 int
		Shelf                 *keptShelf `gorm:"constraint:-" softdelete:"guard"`
	}
)

var keptModels = []any{
	&keptInvoice{}, &keptLine{}, &keptCut{}, &keptNote{}, &keptHall{}, &keptSeat{}, &keptTree{}, &keptFolder{}, &keptFile{}, &keptCode{}, &keptUse{},
	&keptOffice{}, &keptShelf{}, &keptPaper{},
}

// keptShape is what a deletion of one key takes: the rows of a round, and how many of them each table has.
type keptShape struct {
	root   any
	rows   func(round int) []any
	tables map[string]int
}

func (s keptShape) create(t *testing.T, db *gorm.DB, round int) {
	t.Helper()
	for _, row := range s.rows(round) {
		require.NoError(t, db.Create(row).Error)
	}
}

func keptShapes() map[string]keptShape {
	one, two := uint(1), uint(2)
	return map[string]keptShape{
		"archived lines with grand-children, and marked notes": {
			&keptInvoice{ID: 1}, func(round int) []any {
				return []any{
					&keptInvoice{ID: 1, Round: round}, &keptLine{ID: 1, InvoiceID: 1, Round: round}, &keptLine{ID: 2, InvoiceID: 1, Round: round},
					&keptCut{ID: 1, LineID: 1, Round: round}, &keptCut{ID: 2, LineID: 1, Round: round}, &keptNote{ID: uint(10 + round), InvoiceID: 1, Round: round},
				}
			}, map[string]int{"kept_invoices": 1, "kept_lines": 2, "kept_cuts": 2, "kept_notes": 1},
		},
		"composite keys": {&keptHall{Town: "a", Name: "b"}, func(round int) []any {
			return []any{
				&keptHall{Town: "a", Name: "b", Round: round}, &keptSeat{Town: "a", Hall: "b", Number: 1, Round: round}, &keptSeat{Town: "a", Hall: "b", Number: 2, Round: round},
			}
		}, map[string]int{"kept_halls": 1, "kept_seats": 2}},
		"a tree": {&keptTree{ID: 1}, func(round int) []any {
			return []any{&keptTree{ID: 1, Round: round}, &keptTree{ID: 2, ParentID: &one, Round: round}, &keptTree{ID: 3, ParentID: &two, Round: round}}
		}, map[string]int{"kept_trees": 3}},
		"guarded files": {&keptFolder{ID: 1}, func(round int) []any {
			return []any{&keptFolder{ID: 1, Round: round}, &keptFile{ID: 1, FolderID: 1, Round: round}, &keptFile{ID: 2, FolderID: 1, Round: round}}
		}, map[string]int{"kept_folders": 1, "kept_files": 2}},
		"guarded papers beside their shelf": {&keptOffice{ID: 1}, func(round int) []any {
			return []any{&keptOffice{ID: 1, Round: round}, &keptShelf{ID: 1, OfficeID: 1, Round: round}, &keptPaper{ID: 1, OfficeID: 1, ShelfID: 1, Round: round}}
		}, map[string]int{"kept_offices": 1, "kept_shelves": 1, "kept_papers": 1}},
		"another column than the key": {&keptCode{ID: 1}, func(round int) []any {
			return []any{&keptCode{ID: 1, Code: "x", Round: round}, &keptUse{ID: 1, Code: "x", Round: round}}
		}, map[string]int{"kept_codes": 1, "kept_uses": 1}},
	}
}

// live checks that the shape's live rows are those of one round, or that there are none.
func (s keptShape) live(t *testing.T, db *gorm.DB, round int) {
	t.Helper()
	for table, rows := range s.tables {
		where := "1 = 1"
		if table == "kept_notes" {
			where = "deleted_at IS NULL"
		}
		if round == 0 {
			rows = 0
		}
		require.Equal(t, rows, fixture.Rows(t, db, table, where+" AND round = ?", round), "%s of round %d", table, round)
		require.Equal(t, rows, fixture.Rows(t, db, table, where), table)
	}
}

func TestEachDeletionOfAKeyThatIsUsedAgainComesBackWithWhatItTook(t *testing.T) {
	for name, shape := range keptShapes() {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := fixture.Models(t, database, keptModels)
				const rounds = 3
				var deletions []softdelete.DeletionID
				took := int64(0)
				for round := 1; round <= rounds; round++ {
					shape.create(t, db, round)
					report, err := softdelete.Delete(db, shape.root)
					require.NoError(t, err)
					deletions = append(deletions, report.DeletionID)
					took = 0
					for _, effect := range report.Effects {
						took += effect.Rows
					}
				}
				shape.live(t, db, 0)
				for _, round := range []int{2, 1, 3, 1, 2} {
					report, err := softdelete.RestoreDeletion(db, deletions[round-1])
					require.NoError(t, err)
					back := int64(0)
					for _, effect := range report.Effects {
						require.Equal(t, softdelete.ActionRestored, effect.Action, "%+v", effect)
						back += effect.Rows
					}
					require.Equal(t, took, back)
					shape.live(t, db, round)
					report, err = softdelete.Delete(db, shape.root)
					require.NoError(t, err)
					deletions[round-1] = report.DeletionID
					shape.live(t, db, 0)
				}
				report, err := softdelete.Restore(db, shape.root)
				require.NoError(t, err)
				require.Equal(t, deletions[1], report.DeletionID)
				shape.live(t, db, 2)
			})
		})
	}
}

func TestARowUnderAKeyThatIsArchivedStillIsSkipped(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, keptModels)
		require.NoError(t, db.Create(&keptInvoice{ID: 1, Lines: []keptLine{{ID: 1}}}).Error)
		alone, err := softdelete.Delete(db, &keptLine{ID: 1})
		require.NoError(t, err)
		_, err = softdelete.Delete(db, &keptInvoice{ID: 1})
		require.NoError(t, err)
		for _, row := range []any{&keptInvoice{ID: 1, Round: 2}, &keptLine{ID: 1, InvoiceID: 1, Round: 2}} {
			require.NoError(t, db.Create(row).Error)
		}
		second, err := softdelete.Delete(db, &keptInvoice{ID: 1})
		require.NoError(t, err)
		_, err = softdelete.Restore(db, &keptLine{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		report, err := softdelete.RestoreDeletion(db, alone.DeletionID)
		require.NoError(t, err)
		require.Equal(t, softdelete.ActionSkipped, report.Effects[len(report.Effects)-1].Action, fmt.Sprint(report.Effects))
		require.Zero(t, fixture.Rows(t, db, "kept_lines"))
		_, err = softdelete.RestoreDeletion(db, second.DeletionID)
		require.NoError(t, err, "no deletion has a key twice")
		require.Equal(t, 1, fixture.Rows(t, db, "kept_lines", "round = 2"))
		require.Equal(t, 1, fixture.Rows(t, db, "kept_lines"))
	})
}

func TestARowComesBackWithTheGuardThatItsDeletionTookNotWithALaterOneOfTheKey(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, keptModels)
		for _, row := range []any{&keptOffice{ID: 1}, &keptShelf{ID: 1, OfficeID: 1}, &keptPaper{ID: 1, OfficeID: 1, ShelfID: 1}} {
			require.NoError(t, db.Create(row).Error)
		}
		require.NoError(t, db.Delete(&keptOffice{ID: 1}).Error)
		require.NoError(t, db.Create(&keptShelf{ID: 1, OfficeID: 2, Round: 2}).Error)
		require.NoError(t, db.Delete(&keptShelf{ID: 1}).Error)
		_, err := softdelete.PreviewRestore(db, &keptPaper{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		_, err = softdelete.Restore(db, &keptOffice{ID: 1})
		require.NoError(t, err)
		require.Equal(t, 1, fixture.Rows(t, db, "kept_papers"))
		require.Equal(t, 1, fixture.Rows(t, db, "kept_shelves", "round = 0"))
	})
}
