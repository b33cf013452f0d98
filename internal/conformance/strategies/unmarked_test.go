package strategies_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	stratHard struct {
		_ struct{} `softdelete:"hard"`
		StratBase
		Parts []stratHardPart `gorm:"foreignKey:WholeID" softdelete:"cascade"`
		Locks []stratLock     `gorm:"foreignKey:WholeID;constraint:-" softdelete:"block"`
	}
	stratHardPart struct {
		_ struct{} `softdelete:"hard"`
		StratBase
		WholeID uint
	}
	stratLock struct {
		StratBase
		WholeID   uint
		DeletedAt gorm.DeletedAt
	}
	stratNever struct {
		_ struct{} `softdelete:"never"`
		StratBase
	}
)

func TestHardReallyDeletesAndObeysTheRules(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), &stratHard{}, &stratHardPart{}, &stratLock{})
		add := func(t *testing.T) stratHard {
			row := stratHard{StratBase: StratBase{Name: "doomed"}, Parts: []stratHardPart{{}, {}}, Locks: []stratLock{{}}}
			require.NoError(t, db.Create(&row).Error)
			return row
		}
		kept := add(t)
		for way, remove := range map[string]func(row *stratHard) *gorm.DB{
			"a struct":    func(row *stratHard) *gorm.DB { return db.Delete(row) },
			"a key":       func(row *stratHard) *gorm.DB { return db.Delete(&stratHard{}, row.ID) },
			"a condition": func(row *stratHard) *gorm.DB { return db.Where("strat_hards.id = ?", row.ID).Delete(&stratHard{}) },
			"Unscoped":    func(row *stratHard) *gorm.DB { return db.Unscoped().Delete(row) },
		} {
			t.Run(way, func(t *testing.T) {
				row := add(t)
				before := row
				require.ErrorIs(t, remove(&row).Error, softdelete.ErrBlocked)
				require.Equal(t, before, row)
				require.Len(t, stratAll[stratHard](t, db), 2)
				require.Len(t, stratAll[stratHardPart](t, db), 4)

				require.NoError(t, db.Delete(&row.Locks[0]).Error)
				deletion := remove(&row)
				require.NoError(t, deletion.Error)
				require.EqualValues(t, 1, deletion.RowsAffected)
				left := stratAll[stratHard](t, db)
				require.Len(t, left, 1)
				require.Equal(t, kept.ID, left[0].ID)
				require.Len(t, stratAll[stratHardPart](t, db), 2)

				again := remove(&row)
				require.NoError(t, again.Error)
				require.Zero(t, again.RowsAffected)
			})
		}
		t.Run("Restore has nothing to bring back", func(t *testing.T) {
			_, err := softdelete.Restore(db, &stratHard{StratBase: StratBase{ID: kept.ID}})
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
		})
	})
}

func TestNeverRefusesEveryDelete(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), &stratNever{})
		row := stratNever{StratBase: StratBase{Name: "kept"}}
		require.NoError(t, db.Create(&row).Error)
		before := row
		for way, remove := range map[string]func() *gorm.DB{
			"a struct":         func() *gorm.DB { return db.Delete(&row) },
			"a slice":          func() *gorm.DB { return db.Delete(&[]*stratNever{&row}) },
			"a key":            func() *gorm.DB { return db.Delete(&stratNever{}, row.ID) },
			"a condition":      func() *gorm.DB { return db.Where("name = ?", "kept").Delete(&stratNever{}) },
			"no row":           func() *gorm.DB { return db.Where("1 = 0").Delete(&stratNever{}) },
			"Unscoped":         func() *gorm.DB { return db.Unscoped().Delete(&row) },
			"all rows":         func() *gorm.DB { return db.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(&stratNever{}) },
			"without its hook": func() *gorm.DB { return db.Session(&gorm.Session{SkipHooks: true}).Delete(&row) },
			"the report":       func() *gorm.DB { _, err := softdelete.Delete(db, &row); return &gorm.DB{Error: err} },
		} {
			t.Run(way, func(t *testing.T) {
				result := remove()
				require.ErrorIs(t, result.Error, softdelete.ErrNeverDelete)
				require.Zero(t, result.RowsAffected)
				require.Equal(t, before, row)
				require.Equal(t, []stratNever{before}, stratAll[stratNever](t, db))
			})
		}
		t.Run("reads and updates are as under plain GORM", func(t *testing.T) {
			require.Equal(t, []string{"kept"}, stratNames[stratNever](t, db))
			require.NoError(t, db.Model(&row).Update("name", "changed").Error)
			require.Equal(t, []string{"changed"}, stratNames[stratNever](t, db))
			_, err := softdelete.Restore(db, &row)
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
		})
	})
}
