package hold_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	heldLedger struct {
		ID    uint
		Lines []heldLine `gorm:"foreignKey:LedgerID;constraint:-"`
	}
	heldLine struct {
		_        struct{} `softdelete:"events"`
		ID       uint
		LedgerID *uint
		Text     string
	}
)

// newHeldLedger has lines under two ledgers; the log knows all of them but the last one's text and place.
func newHeldLedger(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Open(t, database, softdelete.Config{Models: []any{&heldLedger{}, &heldLine{}}})
	one, two := uint(1), uint(2)
	require.NoError(t, db.Create(&[]heldLedger{{ID: 1}, {ID: 2}}).Error)
	require.NoError(t, db.Create(&[]heldLine{{ID: 1, LedgerID: &one}, {ID: 2, LedgerID: &two}, {ID: 3, LedgerID: &one}}).Error)
	require.NoError(t, db.Delete(&[]heldLine{{ID: 1}, {ID: 2}}).Error)
	// Rows that are there though their events say that they are not.
	require.NoError(t, db.Exec("INSERT INTO held_lines (id, ledger_id, text) VALUES (1, 1, 'back'), (2, 2, 'back')").Error)
	return db
}

func TestRebuildLeavesHeldRowsWhereTheyAre(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newHeldLedger(t, database)
		id, err := softdelete.Hold(db, &heldLedger{ID: 1}, softdelete.HoldOptions{Matter: "case 7"})
		require.NoError(t, err)
		rows, err := softdelete.Rebuild(db, &heldLine{})
		require.NoError(t, err)
		require.EqualValues(t, 1, rows, "the row that is not held")
		var lines []uint
		require.NoError(t, db.Model(&heldLine{}).Order("id").Pluck("id", &lines).Error)
		require.Equal(t, []uint{1, 3}, lines)
		require.NoError(t, softdelete.Release(db, id))
		_, err = softdelete.Rebuild(db, &heldLine{})
		require.NoError(t, err)
		require.NoError(t, db.Model(&heldLine{}).Order("id").Pluck("id", &lines).Error)
		require.Equal(t, []uint{3}, lines)
	})
}

func TestRebuildTakesNoRowAwayFromWhatAHoldCovers(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newHeldLedger(t, database)
		require.NoError(t, db.Exec("UPDATE held_lines SET ledger_id = 2 WHERE id = 3").Error) // the log says 1
		id, err := softdelete.Hold(db, &heldLedger{ID: 2}, softdelete.HoldOptions{Matter: "case 7"})
		require.NoError(t, err)
		_, err = softdelete.Rebuild(db, &heldLine{})
		require.ErrorIs(t, err, softdelete.ErrHeld)
		require.ErrorContains(t, err, string(id))
		var under []uint
		require.NoError(t, db.Model(&heldLine{}).Where("ledger_id = 2").Order("id").Pluck("id", &under).Error)
		require.Equal(t, []uint{2, 3}, under, "nothing has changed")
	})
}
