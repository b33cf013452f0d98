package rules_test

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// rulUUID is a key as most UUID packages have it.
type rulUUID [16]byte

func (u rulUUID) Value() (driver.Value, error) { return u.String(), nil }

func (u rulUUID) String() string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func (u *rulUUID) Scan(value any) error {
	_, err := hex.Decode(u[:], []byte(strings.ReplaceAll(fmt.Sprintf("%s", value), "-", "")))
	return err
}

type rulV struct {
	ID        rulUUID `gorm:"type:uuid;primaryKey"`
	DeletedAt gorm.DeletedAt
	Children  []rulVChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	Blockers  []rulVBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type rulVChild struct {
	ID        rulUUID  `gorm:"type:uuid;primaryKey"`
	ParentID  *rulUUID `gorm:"type:uuid"`
	DeletedAt gorm.DeletedAt
}

type rulVBlocker rulVChild

func TestRulesOnKeysOfATypeOfTheirOwn(t *testing.T) {
	one, two := rulUUID{1}, rulUUID{2, 15: 255}
	shape := rulShape[rulV, rulVChild, rulVBlocker]{
		parents: [2]rulV{{ID: one}, {ID: two}},
		children: [4]rulVChild{
			{ID: one, ParentID: &one}, {ID: two, ParentID: &one}, {ID: rulUUID{3}, ParentID: &one}, {ID: rulUUID{4}, ParentID: &two},
		},
		blocker: rulVBlocker{ID: two, ParentID: &one}, relation: "Children", blocking: "Blockers",
	}
	rulObeys(t, shape)
}

// rulCell has a part of its key from its row, rulRow writes its deletion column only once, by GORM's permissions.
type (
	rulRow struct {
		ID        uint
		DeletedAt gorm.DeletedAt `gorm:"<-:create"`
		Cells     []rulCell      `gorm:"foreignKey:RowID" softdelete:"cascade"`
		Blockers  []rulRowLock   `gorm:"foreignKey:RowID" softdelete:"block"`
	}
	rulCell struct {
		RowID     uint           `gorm:"primaryKey;autoIncrement:false"`
		No        uint           `gorm:"primaryKey;autoIncrement:false"`
		DeletedAt gorm.DeletedAt `gorm:"->"`
	}
	rulRowLock struct {
		RowID     uint `gorm:"primaryKey"`
		DeletedAt gorm.DeletedAt
	}
)

func TestRulesOnKeysThatAreReferences(t *testing.T) {
	rulObeys(t, rulShape[rulRow, rulCell, rulRowLock]{
		parents:  [2]rulRow{{ID: 1}, {ID: 2}},
		children: [4]rulCell{{RowID: 1, No: 1}, {RowID: 1, No: 2}, {RowID: 1, No: 3}, {RowID: 2, No: 1}},
		blocker:  rulRowLock{RowID: 1}, relation: "Cells", blocking: "Blockers",
	})
}

// rulShelf1 to rulShelf6 stand under each other.
type (
	rulShelf1 struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Below     []rulShelf2 `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	rulShelf2 struct {
		ID, UpID   uint
		Gone       bool `softdelete:"flag"`
		DeletionID softdelete.DeletionID
		Below      *rulShelf3 `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	rulShelf3 struct {
		ID, UpID uint
		Gone     int64       `softdelete:"timestamp;unit:ms"`
		Below    []rulShelf4 `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	rulShelf4 struct {
		ID, UpID   uint
		Status     string `softdelete:"status;visible:open"`
		Was        string `softdelete:"previous"`
		DeletionID softdelete.DeletionID
		Below      []rulShelf5 `gorm:"polymorphic:Up" softdelete:"cascade"`
	}
	rulShelf5 struct {
		ID        uint
		UpID      string
		UpType    string
		DeletedAt *gorm.DeletedAt
		Below     []rulShelf6 `gorm:"foreignKey:UpID" softdelete:"cascade"`
		Locks     []rulLock   `gorm:"foreignKey:UpID" softdelete:"block"`
		Never     []rulNever  `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	rulShelf6 struct {
		ID, UpID  uint
		DeletedAt gorm.DeletedAt
	}
	rulLock struct {
		ID, UpID  uint
		DeletedAt gorm.DeletedAt
	}
	rulNever struct {
		_        struct{} `softdelete:"never"`
		ID, UpID uint
	}
)

func TestRulesOverSixLevels(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulShelf1{}, &rulShelf2{}, &rulShelf3{}, &rulShelf4{}, &rulShelf5{}, &rulShelf6{}, &rulLock{}, &rulNever{})
		require.NoError(t, db.Create(&rulShelf1{ID: 1, Below: []rulShelf2{
			{ID: 1, Below: &rulShelf3{ID: 1, Below: []rulShelf4{
				{ID: 1, Status: "open", Below: []rulShelf5{{ID: 1, Below: []rulShelf6{{ID: 1}, {ID: 2}}}}},
				{ID: 2, Status: "hidden", Below: []rulShelf5{{ID: 2, Below: []rulShelf6{{ID: 3}}}}},
			}}},
		}}).Error)
		levels := func() (counts []int) {
			t.Helper()
			return []int{
				len(rulKeys[rulShelf1](t, db)), len(rulKeys[rulShelf2](t, db)), len(rulKeys[rulShelf3](t, db)), len(rulKeys[rulShelf4](t, db)),
				len(rulKeys[rulShelf5](t, db)), len(rulKeys[rulShelf6](t, db)),
			}
		}
		written := regexp.MustCompile("^(WITH .*)?((INSERT INTO|DELETE( FROM)?) .rul_|UPDATE .rul_.* WHERE [^1])")
		all := []int{1, 1, 1, 1, 2, 3} // one of level 4 is live, but not visible
		require.Equal(t, all, levels())

		t.Run("a block at the bottom refuses the top", func(t *testing.T) {
			require.NoError(t, db.Create(&rulLock{ID: 7, UpID: 2}).Error)
			var blocked *softdelete.BlockedError
			require.ErrorAs(t, db.Delete(&rulShelf1{ID: 1}).Error, &blocked)
			require.Equal(t, []softdelete.Blocker{{Table: "rul_locks", Relation: "Locks", Rows: 1, Keys: []string{"7"}}}, blocked.Blockers)
			require.Equal(t, all, levels())
			require.NoError(t, db.Delete(&rulLock{ID: 7}).Error)
		})

		t.Run("a never at the bottom refuses the top, before a block does", func(t *testing.T) {
			require.NoError(t, db.Create(&rulNever{ID: 7, UpID: 2}).Error)
			recorder := testdb.Record(db)
			err := db.Delete(&rulShelf1{ID: 1}).Error
			require.ErrorIs(t, err, softdelete.ErrNeverDelete)
			require.ErrorContains(t, err, "rul_nevers")
			for _, statement := range recorder.Statements() {
				require.NotRegexp(t, written, statement, "found before the first write")
			}
			require.ErrorIs(t, db.Unscoped().Delete(&rulShelf3{ID: 1}).Error, softdelete.ErrNeverDelete)
			require.Equal(t, all, levels())
			preview, err := softdelete.Preview(db, &rulShelf1{ID: 1})
			require.NoError(t, err)
			require.Equal(t, []softdelete.Blocker{{Table: "rul_nevers", Relation: "Never", Rows: 1, Keys: []string{"7"}}}, preview.Blockers)
			require.NoError(t, db.Exec("DELETE FROM rul_nevers").Error)
		})

		t.Run("a deletion takes all levels, hidden rows too, and a restore brings all back", func(t *testing.T) {
			effects := func(action softdelete.Action) (list []softdelete.Effect) {
				for i, rows := range []int64{1, 1, 1, 2, 2, 3} {
					table := fmt.Sprintf("rul_shelf%d", i+1)
					if i == 0 {
						list = append(list, softdelete.Effect{Table: table, Action: action, Rows: rows})
					} else {
						list = append(list, softdelete.Effect{Table: table, Relation: "Below", Parent: list[i-1].Table, Action: action, Rows: rows})
					}
				}
				return list
			}
			recorder := testdb.Record(db)
			require.Equal(t, effects(softdelete.ActionDeleted), rulDeleted(t, db, &rulShelf1{ID: 1}))
			require.True(t, slices.ContainsFunc(recorder.Statements(), written.MatchString))
			require.Equal(t, []int{0, 0, 0, 0, 0, 0}, levels())
			_, err := softdelete.Restore(db, &rulShelf5{ID: 1})
			require.ErrorIs(t, err, softdelete.ErrParentDeleted)
			require.Equal(t, effects(softdelete.ActionRestored), rulRestored(t, db, &rulShelf1{ID: 1}))
			require.Equal(t, all, levels())
			var hidden rulShelf4
			require.NoError(t, db.Unscoped().First(&hidden, 2).Error)
			require.Equal(t, "hidden", hidden.Status)
		})
	})
}

// rulRoom guards and cascades by the same keys.
type rulRoom struct {
	ID        uint
	ParentID  *uint
	Parent    *rulRoom `softdelete:"guard"`
	DeletedAt gorm.DeletedAt
	Children  []rulRoom `gorm:"foreignKey:ParentID" softdelete:"cascade"`
}

func TestRuleGuardOnATree(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulRoom{})
		require.NoError(t, db.Create(&rulRoom{ID: 1, Children: []rulRoom{{ID: 2, Children: []rulRoom{{ID: 3}}}}}).Error)
		require.NoError(t, db.Create(&[]rulRoom{{ID: 4}, {ID: 5, ParentID: rulRef(4)}}).Error, "parent and child in one statement")
		rulDeleted(t, db, &rulRoom{ID: 2})
		rulDeleted(t, db, &rulRoom{ID: 1})
		require.ErrorIs(t, db.Create(&rulRoom{ID: 9, ParentID: rulRef(1)}).Error, softdelete.ErrParentDeleted)
		require.ErrorIs(t, db.Model(&rulRoom{ID: 4}).Update("parent_id", 3).Error, softdelete.ErrParentDeleted)
		require.NoError(t, db.Model(&rulRoom{ID: 4}).Update("parent_id", 4).Error, "under itself")
		for _, id := range []uint{2, 3} {
			_, err := softdelete.Restore(db, &rulRoom{ID: id})
			require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		}
		report, err := softdelete.Restore(db, &[]rulRoom{{ID: 1}, {ID: 2}})
		require.NoError(t, err, "the parent comes back in the same restore")
		require.Equal(t, []softdelete.Effect{
			{Table: "rul_rooms", Action: softdelete.ActionRestored, Rows: 2},
			{Table: "rul_rooms", Relation: "Children", Parent: "rul_rooms", Action: softdelete.ActionRestored, Rows: 1},
		}, report.Effects)
		require.Len(t, rulKeys[rulRoom](t, db), 5)
	})
}

// Rows that others have marked by hand carry no deletion.
func TestRowsMarkedByHand(t *testing.T) {
	t.Run("a child", func(t *testing.T) {
		type (
			parent = rulMarkedParent[rulTime, rulFlagWithID]
			child  = rulMarkedChild[rulFlagWithID]
		)
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := rulOpen(t, database, &parent{}, &child{}, &rulMarkedBlocker[rulFlagWithID]{})
			require.NoError(t, db.Create(&parent{ID: 1, Children: []child{{ID: 1}, {ID: 2}}}).Error)
			require.NoError(t, db.Exec("UPDATE rul_marked_children SET gone = ? WHERE id = 1", true).Error)
			rulDeleted(t, db, &parent{ID: 1})
			rulRestored(t, db, &parent{ID: 1})
			require.Equal(t, []string{"2"}, rulKeys[child](t, db), "no deletion took it")
			rulRestored(t, db, &child{ID: 1})
			require.Equal(t, []string{"1", "2"}, rulKeys[child](t, db))
		})
	})
	t.Run("a parent", func(t *testing.T) {
		type (
			parent = rulMarkedParent[rulFlagWithID, rulTime]
			child  = rulMarkedChild[rulTime]
		)
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := rulOpen(t, database, &parent{}, &child{}, &rulMarkedBlocker[rulTime]{})
			require.NoError(t, db.Create(&parent{ID: 1, Children: []child{{ID: 1}, {ID: 2}}}).Error)
			require.NoError(t, db.Delete(&child{ID: 1}).Error)
			require.NoError(t, db.Exec("UPDATE rul_marked_parents SET gone = ?", true).Error)
			rulRestored(t, db, &parent{ID: 1})
			require.Equal(t, []string{"2"}, rulKeys[child](t, db), "a parent without a mark took none")
		})
	})
}

// rulLog has no primary key, rulFlagged no mark: no restore can tell their deletions apart.
type (
	rulLog struct {
		Text      string `gorm:"uniqueIndex" softdelete:"full"`
		DeletedAt gorm.DeletedAt
		Lines     []rulLine `gorm:"foreignKey:LogText;references:Text" softdelete:"block"`
	}
	rulLine struct {
		ID        uint
		LogText   string
		DeletedAt gorm.DeletedAt
	}
	rulFlagged struct {
		ID   uint
		Gone bool `softdelete:"flag"`
	}
)

func TestModelsWithoutAKeyOrAMark(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{
			Models: []any{&rulLog{}, &rulLine{}, &rulFlagged{}, &rulA{}, &rulAChild{}, &rulABlocker{}}, MaxRows: 2, Ledger: true,
		})
		count := func() (live int64) {
			t.Helper()
			require.NoError(t, db.Model(&rulLog{}).Count(&live).Error)
			return live
		}
		for _, text := range []string{"a", "b", "c1", "c2"} {
			require.NoError(t, db.Create(&rulLog{Text: text}).Error)
		}

		t.Run("rows without a key are deleted by conditions, and obey block and MaxRows", func(t *testing.T) {
			require.ErrorIs(t, db.Where("text > ?", "a").Delete(&rulLog{}).Error, softdelete.ErrTooManyRows)
			preview, err := softdelete.Preview(db.Where("text LIKE ?", "c%"), &rulLog{})
			require.NoError(t, err)
			report, err := softdelete.Delete(db.Where("text LIKE ?", "c%"), &rulLog{})
			require.NoError(t, err)
			require.Equal(t, []softdelete.Effect{{Table: "rul_logs", Action: softdelete.ActionDeleted, Rows: 2}}, report.Effects)
			require.Equal(t, report.Effects, preview.Effects, "without keys")
			require.EqualValues(t, 2, count())
			require.NoError(t, db.Unscoped().Where("text = ?", "a").Delete(&rulLog{}).Error)
			require.EqualValues(t, 1, count())
		})

		t.Run("they cannot be restored, and say so", func(t *testing.T) {
			_, err := softdelete.Restore(db.Where("text = ?", "c1"), &rulLog{})
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
		})

		t.Run("nor does a deletion without a mark come back by its ID", func(t *testing.T) {
			require.NoError(t, db.Create(&rulFlagged{ID: 1}).Error)
			report, err := softdelete.Delete(db, &rulFlagged{ID: 1})
			require.NoError(t, err)
			_, err = softdelete.RestoreDeletion(db, report.DeletionID)
			require.Error(t, err)
			_, err = softdelete.Restore(db, &rulFlagged{ID: 1})
			require.NoError(t, err, "by its key it does")
			require.Equal(t, []string{"1"}, rulKeys[rulFlagged](t, db))
			var entry softdelete.Deletion
			require.NoError(t, db.First(&entry, "id = ?", report.DeletionID).Error)
			require.NotNil(t, entry.RestoredAt)
		})

		t.Run("deletions of other models come back by their IDs", func(t *testing.T) {
			require.NoError(t, db.Create(&rulA{ID: 1, Children: []rulAChild{{ID: 1}}}).Error)
			report, err := softdelete.Delete(db, &rulA{ID: 1})
			require.NoError(t, err)
			_, err = softdelete.RestoreDeletion(db, report.DeletionID)
			require.NoError(t, err)
			require.Equal(t, []string{"1"}, rulKeys[rulAChild](t, db))
		})
	})
}
