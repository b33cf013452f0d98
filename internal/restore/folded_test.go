package restore_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// A deletion and its restore take for the same key what the database does.

type (
	foldedTop struct {
		ID        string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Name      string
		DeletedAt gorm.DeletedAt
		Plain     []foldedPlain `gorm:"foreignKey:TopID;constraint:-" softdelete:"cascade"`
		Rounds    []foldedRound `gorm:"foreignKey:TopID;constraint:-" softdelete:"cascade"`
	}
	// foldedPlain has a key whose letters count.
	foldedPlain struct {
		ID        string `gorm:"primaryKey;type:text"`
		TopID     string // of its parent's type, as GORM gives it
		DeletedAt gorm.DeletedAt
		Under     []foldedUnder `gorm:"foreignKey:PlainID;constraint:-" softdelete:"cascade"`
		Blocks    []foldedBlock `gorm:"foreignKey:PlainID;constraint:-" softdelete:"block"`
	}
	foldedUnder struct {
		ID        uint
		PlainID   string
		DeletedAt gorm.DeletedAt
	}
	foldedBlock struct {
		ID        uint
		PlainID   string
		DeletedAt gorm.DeletedAt
	}
	// foldedRound and foldedTurn go round, by keys of two collations.
	foldedRound struct {
		ID        string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		TopID     string
		TurnID    string
		DeletedAt gorm.DeletedAt
		Turns     []foldedTurn `gorm:"foreignKey:RoundID;constraint:-" softdelete:"cascade"`
	}
	foldedTurn struct {
		ID        string `gorm:"primaryKey;type:text"`
		RoundID   string
		DeletedAt gorm.DeletedAt
		Rounds    []foldedRound `gorm:"foreignKey:TurnID;constraint:-" softdelete:"cascade"`
	}
	foldedHooked struct {
		ID        string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		TopID     string
		DeletedAt gorm.DeletedAt
	}
	foldedHooks struct {
		ID        string `gorm:"primaryKey;type:text COLLATE NOCASE"`
		DeletedAt gorm.DeletedAt
		Hooked    []foldedHooked `gorm:"foreignKey:TopID;constraint:-" softdelete:"cascade"`
	}
)

type foldedSeen struct{}

func (h *foldedHooked) AfterDelete(tx *gorm.DB) error {
	tx.Statement.Context.Value(foldedSeen{}).(map[string]int)[h.ID]++
	return nil
}

func (h *foldedHooked) AfterRestore(tx *gorm.DB) error {
	tx.Statement.Context.Value(foldedSeen{}).(map[string]int)[h.ID]++
	return nil
}

func foldedEach(t *testing.T, run func(t *testing.T, db *gorm.DB)) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		run(t, fixture.Models(t, database, []any{
			&foldedTop{}, &foldedPlain{}, &foldedUnder{}, &foldedBlock{}, &foldedRound{}, &foldedTurn{}, &foldedHooks{}, &foldedHooked{},
		}))
	})
}

func create(t *testing.T, db *gorm.DB, rows ...any) {
	t.Helper()
	for _, row := range rows {
		require.NoError(t, db.Create(row).Error)
	}
}

func TestARowIsRestoredAndReadBackByAnyLettersOfItsKey(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		create(t, db, &[]foldedTop{{ID: "ann", Name: "1"}, {ID: "bob", Name: "2"}, {ID: "carl", Name: "3"}})
		require.NoError(t, db.Where("1 = 1").Delete(&foldedTop{}).Error)
		one := foldedTop{ID: "ANN"}
		report, err := softdelete.Restore(db, &one)
		require.NoError(t, err)
		require.EqualValues(t, 1, report.Effects[0].Rows)
		require.Equal(t, "1", one.Name)
		require.Equal(t, "ann", one.ID, "as the row has it")
		list := []foldedTop{{ID: "BOB"}, {ID: "bob"}, {ID: "Carl"}}
		for i := range 30 { // more than stand in the statement one by one
			list = append(list, foldedTop{ID: fmt.Sprint("none", i)})
		}
		preview, err := softdelete.PreviewRestore(db, &list)
		require.NoError(t, err)
		require.EqualValues(t, 2, preview.Effects[0].Rows)
		_, err = softdelete.Restore(db, &list)
		require.NoError(t, err)
		require.Equal(t, []string{"2", "2", "3", ""}, []string{list[0].Name, list[1].Name, list[2].Name, list[3].Name})
		deleted, err := softdelete.Delete(db, &[]foldedTop{{ID: "ann"}, {ID: "ANN"}, {ID: "bOB"}})
		require.NoError(t, err)
		require.EqualValues(t, 2, deleted.Effects[0].Rows)
		_, err = softdelete.RestoreDeletion(db, deleted.DeletionID)
		require.NoError(t, err)
		_, err = softdelete.Restore(db.Where("id = ?", "ANN"), &foldedTop{})
		require.NoError(t, err)
	})
}

func TestRelationsAreFollowedInAnyLettersThatTheirKeysTakeForTheSame(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		create(t, db, &foldedTop{ID: "ann"}, &foldedTop{ID: "bob"})
		create(t, db, &foldedPlain{ID: "x", TopID: "ANN"}, &foldedPlain{ID: "X", TopID: "bob"}, &foldedPlain{ID: "y", TopID: "Ann"})
		create(t, db, &foldedUnder{ID: 1, PlainID: "x"}, &foldedUnder{ID: 2, PlainID: "X"}, &foldedBlock{ID: 1, PlainID: "X"})
		live := func(model any) (ids []string) {
			t.Helper()
			require.NoError(t, db.Model(model).Order("id").Pluck("id", &ids).Error)
			return ids
		}
		_, err := softdelete.Delete(db, &foldedTop{ID: "BOB"})
		require.ErrorIs(t, err, softdelete.ErrBlocked)
		for range 2 {
			_, err = softdelete.Delete(db, &foldedTop{ID: "aNN"})
			require.NoError(t, err, "what blocks X does not block x")
			require.Equal(t, []string{"X"}, live(&foldedPlain{}))
			require.Equal(t, []string{"2"}, live(&foldedUnder{}), "which is under X")
			require.ErrorIs(t, func() error { _, err := softdelete.Restore(db, &foldedPlain{ID: "x"}); return err }(), softdelete.ErrParentDeleted)
			_, err = softdelete.Restore(db, &foldedTop{ID: "Ann"})
			require.NoError(t, err)
			require.ElementsMatch(t, []string{"x", "X", "y"}, live(&foldedPlain{}))
			require.Equal(t, []string{"1", "2"}, live(&foldedUnder{}))
		}
		require.NoError(t, db.Where("1 = 1").Delete(&foldedBlock{}).Error)
		require.NoError(t, db.Unscoped().Delete(&foldedTop{ID: "ANN"}).Error)
		require.Equal(t, 1, fixture.Rows(t, db, "folded_plains"))
		require.Equal(t, []string{"2"}, live(&foldedUnder{}))
	})
}

func TestRelationsThatGoRoundMayHaveKeysOfTwoCollations(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		create(t, db, &foldedTop{ID: "ann"}, &foldedRound{ID: "a", TopID: "ANN"})
		for i := range 5 {
			create(t, db, &foldedTurn{ID: fmt.Sprint("t", i), RoundID: string(rune('A' + i))}, &foldedRound{ID: string(rune('b' + i)), TurnID: fmt.Sprint("t", i)})
		}
		create(t, db, &foldedRound{ID: "other", TurnID: "T1"})
		_, err := softdelete.Delete(db, &foldedTop{ID: "Ann"})
		require.NoError(t, err)
		require.Equal(t, 6, fixture.Rows(t, db, "folded_rounds", "deleted_at IS NOT NULL"))
		require.Equal(t, 5, fixture.Rows(t, db, "folded_turns", "deleted_at IS NOT NULL"))
		_, err = softdelete.Restore(db, &foldedTop{ID: "aNn"})
		require.NoError(t, err)
		require.Zero(t, fixture.Rows(t, db, "folded_rounds", "deleted_at IS NOT NULL"))
		require.Zero(t, fixture.Rows(t, db, "folded_turns", "deleted_at IS NOT NULL"))
	})
}

func TestHooksSeeEachRowWhoseKeyFoldsOnce(t *testing.T) {
	foldedEach(t, func(t *testing.T, db *gorm.DB) {
		create(t, db, &foldedHooks{ID: "top"})
		var rows []foldedHooked
		for i := range 1200 {
			rows = append(rows, foldedHooked{ID: fmt.Sprintf("%c%d", "aBcDeF"[i%6], i), TopID: "TOP"})
		}
		require.NoError(t, db.CreateInBatches(rows, 300).Error)
		for _, call := range []func(*gorm.DB, any) (softdelete.Report, error){softdelete.Delete, softdelete.Restore} {
			seen := map[string]int{}
			_, err := call(db.WithContext(context.WithValue(t.Context(), foldedSeen{}, seen)), &foldedHooks{ID: "Top"})
			require.NoError(t, err)
			require.Len(t, seen, len(rows))
			for id, times := range seen {
				require.Equal(t, 1, times, id)
			}
		}
	})
}
