package archive_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type spanParcel struct {
	_     struct{} `softdelete:"archive"`
	ID    uint
	Batch int
	Code  string `gorm:"uniqueIndex"`
}

// Rows that were archived one after another are found by their numbers; where others lie between them, or a key was archived again, by
// what they are.
func TestARestoreByConditionTakesTheRowsItMeansWhateverLiesBetweenThem(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&spanParcel{}})
		parcels := func(batch int, ids ...uint) (list []spanParcel) {
			for _, id := range ids {
				list = append(list, spanParcel{ID: id, Batch: batch, Code: string(rune('a' + id))})
			}
			return list
		}
		live := func() (ids []uint) {
			require.NoError(t, db.Model(&spanParcel{}).Order("id").Pluck("id", &ids).Error)
			return ids
		}
		restore := func(batch int) (inserted string) {
			recorder := testdb.Record(db)
			_, err := softdelete.Restore(db.Where("batch = ?", batch), &spanParcel{})
			require.NoError(t, err)
			for _, sql := range recorder.Statements() {
				if strings.HasPrefix(sql, "INSERT") {
					inserted = sql
				}
			}
			return inserted
		}
		all := append(parcels(1, 1, 2, 3), parcels(2, 4, 5)...)
		require.NoError(t, db.Create(&all).Error)
		require.NoError(t, db.Where("batch = 1").Delete(&spanParcel{}).Error)
		require.NoError(t, db.Where("batch = 2").Delete(&spanParcel{}).Error)
		require.Contains(t, restore(1), "BETWEEN")
		require.Equal(t, []uint{1, 2, 3}, live())
		restore(2)

		for _, id := range []uint{1, 4, 2, 5, 3} { // one between the other
			require.NoError(t, db.Delete(&spanParcel{ID: id}).Error)
		}
		require.NotContains(t, restore(1), "BETWEEN")
		require.Equal(t, []uint{1, 2, 3}, live())
		require.NotContains(t, restore(2), "BETWEEN")

		for range 2 { // a key twice
			require.NoError(t, db.Delete(&[]spanParcel{{ID: 1}, {ID: 2}}).Error)
			again := parcels(1, 1, 2)
			require.NoError(t, db.Create(&again).Error)
		}
		require.NoError(t, db.Where("batch = 1").Delete(&spanParcel{}).Error)
		require.Contains(t, restore(1), "BETWEEN")
		require.Equal(t, []uint{1, 2, 3, 4, 5}, live())
		require.Equal(t, 4, fixture.Rows(t, db, "span_parcels_archive"), "the earlier ones of 1 and 2 stay")
	})
}
