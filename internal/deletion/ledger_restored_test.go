package deletion_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// notedFlag has no mark of its deletion, notedTime its time, notedMark its ID.
	notedFlag struct {
		Hall string `gorm:"primaryKey"`
		Row  int    `gorm:"primaryKey;autoIncrement:false"`
		Gone bool   `softdelete:"flag"`
	}
	notedTime struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	notedMark struct {
		ID         uint
		Gone       bool `softdelete:"flag"`
		DeletionID softdelete.DeletionID
	}
)

func TestTheLedgerNotesTheRestoreOfADeletionWhateverMarkItsRowsHave(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&notedFlag{}, &notedTime{}, &notedMark{}}, Ledger: true})
		for name, c := range map[string]struct{ one, other any }{
			"a flag alone":       {&notedFlag{Hall: "a", Row: 1}, &notedFlag{Hall: "a", Row: 2}},
			"a key with a comma": {&notedFlag{Hall: `a,1\`, Row: 1}, &notedFlag{Hall: "a", Row: 11}},
			"a time":             {&notedTime{ID: 1}, &notedTime{ID: 2}},
			"a deletion's ID":    {&notedMark{ID: 1}, &notedMark{ID: 2}},
		} {
			t.Run(name, func(t *testing.T) {
				deletions := make([]softdelete.DeletionID, 2)
				for i, row := range []any{c.one, c.other} {
					require.NoError(t, db.Create(row).Error)
					report, err := softdelete.Delete(db, row)
					require.NoError(t, err)
					deletions[i] = report.DeletionID
				}
				_, err := softdelete.Restore(db, c.one)
				require.NoError(t, err)
				var restored []softdelete.DeletionID
				require.NoError(t, db.Model(&softdelete.Deletion{}).Where("id IN ? AND restored_at IS NOT NULL", deletions).Pluck("id", &restored).Error)
				require.Equal(t, deletions[:1], restored)
			})
		}
	})
}
