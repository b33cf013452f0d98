package hold_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// What a hold covers is said by the database, by the columns of the tables: it may take a key in other letters for the same.

type (
	foldedCase struct {
		_      struct{}     `softdelete:"archive;events;retain:30d"`
		ID     string       `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Name   *string      `pii:"null"`
		Papers []foldedFile `gorm:"foreignKey:CaseID;constraint:-" softdelete:"cascade"`
	}
	foldedFile struct {
		ID        uint
		CaseID    string // of its parent's type, as GORM gives it
		DeletedAt gorm.DeletedAt
	}
)

func TestAHoldCoversTheRowByAnyLettersOfItsKey(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&foldedCase{}, &foldedFile{}}, Holds: true, Ledger: true})
		s.Add(&foldedCase{ID: "ann", Name: new(string)}, &foldedCase{ID: "bob"}, &foldedFile{ID: 1, CaseID: "aNN"}, &foldedFile{ID: 2, CaseID: "bob"})
		id, err := softdelete.Hold(s.DB, &foldedCase{ID: "ANN"}, softdelete.HoldOptions{Matter: "case 7", PlacedBy: "legal"})
		require.NoError(t, err)
		placed, err := softdelete.Holds(s.DB)
		require.NoError(t, err)
		require.Equal(t, "ann", placed[0].Key, "as the row has it")
		_, err = softdelete.Hold(s.DB, &foldedCase{ID: "zoe"}, softdelete.HoldOptions{Matter: "none"})
		require.ErrorIs(t, err, gorm.ErrRecordNotFound)

		hard := s.Unscoped().Session(&gorm.Session{})
		requireHeld := func() {
			t.Helper()
			for _, key := range []string{"ann", "ANN", "aNn"} {
				require.ErrorIs(t, hard.Delete(&foldedCase{ID: key}).Error, softdelete.ErrHeld, key)
				require.ErrorIs(t, s.Model(&foldedCase{ID: key}).UpdateColumn("id", "carl").Error, softdelete.ErrHeld, key)
				_, err = softdelete.Erase(s.DB, &foldedCase{ID: key}, softdelete.ErasureRequest{ID: "r-" + key})
				require.ErrorIs(t, err, softdelete.ErrHeld, key)
			}
			require.ErrorIs(t, hard.Delete(&foldedFile{ID: 1}).Error, softdelete.ErrHeld)
			require.ErrorIs(t, s.Model(&foldedFile{ID: 1}).Update("case_id", "bob").Error, softdelete.ErrHeld)
			require.NoError(t, s.Model(&foldedFile{ID: 1}).Update("case_id", "Ann").Error, "it stays under the same row")
		}
		requireHeld()
		require.NoError(t, s.Model(&foldedCase{ID: "Ann"}).UpdateColumn("id", "ANn").Error, "it stays the same row")
		requireHeld()

		require.NoError(t, s.Delete(&foldedCase{ID: "anN"}).Error)
		require.NoError(t, s.Delete(&foldedCase{ID: "BOB"}).Error)
		*s.Now = s.Now.Add(40 * fixture.Day)
		report := fixture.ReportOf(t, s.Purge(softdelete.PurgeOptions{}), "folded_cases_archive")
		require.EqualValues(t, 1, report.Held)
		require.EqualValues(t, 1, report.Done)
		_, err = softdelete.Restore(s.DB, &foldedCase{ID: "ann"})
		require.NoError(t, err)
		requireHeld()

		require.NoError(t, softdelete.Release(s.DB, id))
		require.NoError(t, s.Exec("UPDATE softdelete_holds SET parts = '[\"aNn\"]'").Error, "as a version before this one has it")
		_, err = softdelete.Erase(s.DB, &foldedCase{ID: "ann"}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		require.Equal(t, 1, fixture.Rows(t, s.DB, "softdelete_holds", "matter = '' AND placed_by = ''"), "what it was for is forgotten")
	})
}
