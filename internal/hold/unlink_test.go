package hold_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// tiedFile is known to its pages by its code, has labels by links, and notes of the polymorphic kind.
	tiedFile struct {
		ID     uint
		Code   string      `gorm:"unique"`
		BoxID  *uint       // a file lies in another one
		Inner  []tiedFile  `gorm:"foreignKey:BoxID"`
		Pages  []tiedPage  `gorm:"foreignKey:FileCode;references:Code;constraint:-"`
		Cover  *tiedCover  `gorm:"foreignKey:FileID"`
		Labels []tiedLabel `gorm:"many2many:tied_file_labels"`
		Notes  []tiedNote  `gorm:"polymorphic:Owner"`
	}
	tiedPage struct {
		ID        uint
		Number    uint `gorm:"unique"`
		FileCode  *string
		Text      string
		DeletedAt gorm.DeletedAt
	}
	tiedCover struct {
		ID     uint
		FileID *uint
	}
	tiedLabel struct{ ID uint }
	tiedNote  struct {
		ID        uint
		OwnerID   uint
		OwnerType string
	}
)

// newTied has two files with one row each under every relation. A hold is on the first.
func newTied(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Open(t, database, softdelete.Config{Models: []any{&tiedFile{}, &tiedPage{}, &tiedCover{}, &tiedLabel{}, &tiedNote{}}})
	for i, code := range []string{"a", "b"} {
		id, label := uint(i+1), []tiedLabel{{ID: uint(i + 1)}}
		require.NoError(t, db.Create(&tiedFile{ID: id, Code: code, Labels: label}).Error)
		require.NoError(t, db.Create(&tiedFile{ID: id + 10, Code: code + "1", BoxID: &id}).Error)
		require.NoError(t, db.Create(&tiedPage{ID: id, Number: id, FileCode: &code}).Error)
		require.NoError(t, db.Create(&tiedCover{ID: id, FileID: &id}).Error)
		require.NoError(t, db.Create(&tiedNote{ID: id, OwnerID: id, OwnerType: "tied_files"}).Error)
	}
	return db
}

// tiedState is all that ties rows to others.
func tiedState(t *testing.T, db *gorm.DB) (state []map[string]any) {
	t.Helper()
	for _, table := range []string{"tied_files", "tied_pages", "tied_covers", "tied_notes"} {
		var rows []map[string]any
		require.NoError(t, db.Table(table).Order("id").Find(&rows).Error)
		state = append(state, rows...)
	}
	return state
}

func TestNoWriteTakesARowAwayFromWhatAHoldCovers(t *testing.T) {
	b := "b"
	plain := func(db *gorm.DB) *gorm.DB { return db.Session(&gorm.Session{SkipDefaultTransaction: true}) }
	for fact, write := range map[string]func(db *gorm.DB, key uint) error{
		"Update to NULL":    func(db *gorm.DB, key uint) error { return db.Model(&tiedPage{ID: key}).Update("file_code", nil).Error },
		"Update to another": func(db *gorm.DB, key uint) error { return db.Model(&tiedPage{ID: key}).Update("FileCode", "b1").Error },
		"UpdateColumn": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedPage{ID: key}).UpdateColumn("file_code", "b1").Error
		},
		"UpdateColumns": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedPage{ID: key}).UpdateColumns(map[string]any{"file_code": nil}).Error
		},
		"Updates of a struct": func(db *gorm.DB, key uint) error {
			c := "b1"
			return db.Model(&tiedPage{ID: key}).Updates(tiedPage{FileCode: &c, Text: "x"}).Error
		},
		"an expression": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedPage{ID: key}).Update("file_code", gorm.Expr("REPLACE(file_code, 'a', 'a2')")).Error
		},
		"by condition": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedPage{}).Where("id = ?", key).Update("file_code", "b1").Error
		},
		"under an alias": func(db *gorm.DB, key uint) error {
			return db.Table("tied_pages AS p").Model(&tiedPage{}).Where("p.id = ?", key).Update("file_code", "b1").Error
		},
		"of a deleted row": func(db *gorm.DB, key uint) error {
			if err := db.Delete(&tiedPage{ID: key}).Error; err != nil {
				return err
			}
			return db.Unscoped().Model(&tiedPage{ID: key}).Update("file_code", nil).Error
		},
		"the generics API": func(db *gorm.DB, key uint) error {
			_, err := gorm.G[tiedPage](db).Where("id = ?", key).Update(db.Statement.Context, "file_code", nil)
			return err
		},
		"Save": func(db *gorm.DB, key uint) error { return db.Save(&tiedPage{ID: key, Number: key}).Error },
		"Save of several": func(db *gorm.DB, key uint) error {
			return db.Save(&[]tiedPage{{ID: key, Number: key}, {ID: 77, Number: 77}}).Error
		},
		"without a transaction": func(db *gorm.DB, key uint) error { return plain(db).Save(&tiedPage{ID: key, Number: key}).Error },
		"in a transaction": func(db *gorm.DB, key uint) error {
			return db.Transaction(func(tx *gorm.DB) error { return tx.Save(&tiedPage{ID: key, Number: key}).Error })
		},
		"an upsert by key": func(db *gorm.DB, key uint) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&tiedPage{ID: key, Number: key}).Error
		},
		"an upsert by another unique column": func(db *gorm.DB, key uint) error {
			return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "number"}}, DoUpdates: clause.AssignmentColumns([]string{"file_code"})}).
				Create(&tiedPage{Number: key, FileCode: &b}).Error
		},
		"Clear": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedFile{ID: key, Code: codeOf(key)}).Association("Pages").Clear()
		},
		"Delete": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedFile{ID: key, Code: codeOf(key)}).Association("Pages").Delete(&tiedPage{ID: key})
		},
		"Replace": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedFile{ID: key, Code: codeOf(key)}).Association("Pages").Replace(&tiedPage{ID: 33, Number: 33})
		},
		"Append elsewhere": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedFile{ID: 12, Code: "b1"}).Association("Pages").Append(&tiedPage{ID: key, Number: key})
		},
		"Clear of has-one": func(db *gorm.DB, key uint) error { return db.Model(&tiedFile{ID: key}).Association("Cover").Clear() },
		"Replace of has-one": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedFile{ID: key}).Association("Cover").Replace(&tiedCover{ID: 44})
		},
		"Clear of many2many": func(db *gorm.DB, key uint) error { return db.Model(&tiedFile{ID: key}).Association("Labels").Clear() },
		"Replace of many2many": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedFile{ID: key}).Association("Labels").Replace(&tiedLabel{ID: 55})
		},
		"Clear of polymorphic": func(db *gorm.DB, key uint) error { return db.Model(&tiedFile{ID: key}).Association("Notes").Clear() },
		"a polymorphic type": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedNote{ID: key}).Update("owner_type", "others").Error
		},
		"a self-reference": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedFile{ID: key + 10}).Update("box_id", nil).Error
		},
		"into another of a self-reference": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedFile{ID: key + 10}).Update("box_id", gorm.Expr("12")).Error
		},
		"the column that others refer to": func(db *gorm.DB, key uint) error { return db.Model(&tiedFile{ID: key}).Update("code", "new").Error },
		"the key itself": func(db *gorm.DB, key uint) error {
			return db.Model(&tiedPage{}).Where("id = ?", key).Update("id", 99).Error
		},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := newTied(t, database)
				id, err := softdelete.Hold(db, &tiedFile{ID: 1}, softdelete.HoldOptions{Matter: "case 7", PlacedBy: "Jane of legal"})
				require.NoError(t, err)
				before := tiedState(t, db)
				err = write(db, 1)
				require.ErrorIs(t, err, softdelete.ErrHeld)
				require.ErrorContains(t, err, string(id))
				require.NotContains(t, err.Error(), "Jane")
				var held *softdelete.HeldError
				require.ErrorAs(t, err, &held)
				if fact != "of a deleted row" { // GORM's Replace has added the new rows before
					require.Subset(t, tiedState(t, db), before, "nothing has changed")
				}
				require.NoError(t, softdelete.Release(db, id))
				require.NoError(t, write(db, 1), "released")
			})
		})
	}
}

func codeOf(file uint) string { return string(rune('a' + file - 1)) }

func TestWritesThatLeaveRowsUnderTheirHoldGoOn(t *testing.T) {
	a, one := "a", uint(1)
	for fact, write := range map[string]func(db *gorm.DB) error{
		"a column that ties nothing":     func(db *gorm.DB) error { return db.Model(&tiedPage{ID: 1}).Update("text", "new").Error },
		"a Save as it was":               func(db *gorm.DB) error { return db.Save(&tiedPage{ID: 1, Number: 1, FileCode: &a, Text: "new"}).Error },
		"a Save of the held row":         func(db *gorm.DB) error { return db.Save(&tiedFile{ID: 1, Code: "a"}).Error },
		"into what is held":              func(db *gorm.DB) error { return db.Model(&tiedPage{ID: 2}).Update("file_code", "a").Error },
		"from one held row to one below": func(db *gorm.DB) error { return db.Model(&tiedPage{ID: 1}).Update("file_code", "a1").Error },
		"of rows that are not held":      func(db *gorm.DB) error { return db.Model(&tiedPage{ID: 2}).Update("file_code", nil).Error },
		"Clear of another file's pages":  func(db *gorm.DB) error { return db.Model(&tiedFile{ID: 2, Code: "b"}).Association("Pages").Clear() },
		"Append": func(db *gorm.DB) error {
			return db.Model(&tiedFile{ID: 1, Code: "a"}).Association("Pages").Append(&tiedPage{Number: 70})
		},
		"an upsert that does nothing": func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&tiedCover{ID: 1}).Error
		},
		"an upsert that leaves it there": func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&tiedCover{ID: 1, FileID: &one}).Error
		},
		"a soft deletion":                    func(db *gorm.DB) error { return db.Delete(&tiedPage{ID: 1}).Error },
		"an update without a key of its own": func(db *gorm.DB) error { return db.Model(&tiedPage{}).Where("id > 1").Update("file_code", nil).Error },
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := newTied(t, database)
				_, err := softdelete.Hold(db, &tiedFile{ID: 1}, softdelete.HoldOptions{Matter: "case 7"})
				require.NoError(t, err)
				require.NoError(t, write(db))
			})
		})
	}
}

func TestARowUnlinkedFromAHeldOneIsNotDestroyed(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newTied(t, database)
		_, err := softdelete.Hold(db, &tiedFile{ID: 1}, softdelete.HoldOptions{Matter: "case 7"})
		require.NoError(t, err)
		require.ErrorIs(t, db.Model(&tiedFile{ID: 1, Code: "a"}).Association("Pages").Clear(), softdelete.ErrHeld)
		require.ErrorIs(t, db.Unscoped().Delete(&tiedPage{ID: 1}).Error, softdelete.ErrHeld)
		require.ErrorIs(t, db.Model(&tiedFile{ID: 1, Code: "a"}).Association("Cover").Unscoped().Clear(), softdelete.ErrHeld)
	})
}

// Without a target SQLite takes any unique index for one.
func TestAnUpsertWithoutATargetTakesNoRowAwayFromWhatAHoldCovers(t *testing.T) {
	testdb.EachOf(t, testdb.UntargetedExpressions, func(t *testing.T, database *testdb.Database) {
		db := newTied(t, database)
		b := "b"
		_, err := softdelete.Hold(db, &tiedFile{ID: 1}, softdelete.HoldOptions{Matter: "case 7"})
		require.NoError(t, err)
		before := tiedState(t, db)
		err = db.Clauses(clause.OnConflict{DoUpdates: clause.AssignmentColumns([]string{"file_code"})}).Create(&tiedPage{Number: 1, FileCode: &b}).Error
		require.ErrorIs(t, err, softdelete.ErrHeld)
		require.Equal(t, before, tiedState(t, db))
	})
}
