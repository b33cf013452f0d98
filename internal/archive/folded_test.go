package archive_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// An archive takes for the same key what the model's table does, however that has come to its collation.

type (
	foldedBill struct {
		_      struct{} `softdelete:"archive"`
		ID     string   `gorm:"primaryKey;type:text COLLATE NOCASE"`
		Number string   `gorm:"type:text COLLATE NOCASE;uniqueIndex"`
		Amount int
	}
	// foldedHidden does not say so.
	foldedHidden struct {
		_      struct{} `softdelete:"archive"`
		ID     string   `gorm:"primaryKey;type:text"`
		Amount int
	}
)

// requireFoldedArchive deletes rows of one key in several letters one after another: the last of them is the key's.
func requireFoldedArchive[M any](t *testing.T, db *gorm.DB, now *time.Time, row func(id string, amount int) *M, amount func(*M) int) {
	t.Helper()
	for i, id := range []string{"ann", "ANN", "Ann"} {
		require.NoError(t, db.Create(row(id, i+1)).Error)
		require.NoError(t, db.Delete(row("aNN", 0)).Error)
		*now = now.Add(time.Hour)
	}
	require.NoError(t, db.Create(row("bob", 9)).Error)
	require.NoError(t, db.Delete(row("BOB", 0)).Error)
	var deleted []M
	require.NoError(t, db.Clauses(softdelete.OnlyDeleted).Find(&deleted, "id = ?", "aNN").Error)
	require.Len(t, deleted, 3)
	require.NoError(t, db.Save(row("anne", 0)).Error, "another key")
	require.ErrorIs(t, db.Save(row("anN", 0)).Error, softdelete.ErrRowDeleted)
	preview, err := softdelete.PreviewRestore(db, row("aNN", 0))
	require.NoError(t, err)
	require.EqualValues(t, 1, preview.Effects[0].Rows)
	both := []M{*row("aNN", 0), *row("Bob", 0)}
	_, err = softdelete.Restore(db, &both)
	require.NoError(t, err)
	require.Equal(t, []int{3, 9}, []int{amount(&both[0]), amount(&both[1])}, "they are read back")
	var live []M
	require.NoError(t, db.Order("amount").Find(&live, "amount > 0").Error)
	require.Equal(t, []M{*row("Ann", 3), *row("bob", 9)}, live)
	_, err = softdelete.Restore(db, row("ANN", 0))
	require.ErrorIs(t, err, softdelete.ErrRestoreConflict, "the key is live")
}

func TestTheArchivedRowOfAKeyIsTheLastInAnyLetters(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		fixture.Fold(t, database)
		now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		db := fixture.Models(t, database, []any{&foldedBill{}}, &gorm.Config{NowFunc: func() time.Time { return now }})
		requireFoldedArchive(t, db, &now, func(id string, amount int) *foldedBill {
			return &foldedBill{ID: id, Amount: amount, Number: strings.ToLower(id)}
		}, func(b *foldedBill) int { return b.Amount })
		recorder := testdb.Record(db)
		require.NoError(t, db.AutoMigrate(&foldedBill{}))
		for _, text := range recorder.Statements() {
			require.NotRegexp(t, `^(CREATE|ALTER|DROP)`, text, "it is so already")
		}
	})
}

func TestAnArchiveFollowsTheCollationsOfItsTable(t *testing.T) {
	fold := func(t *testing.T, db *gorm.DB, table string) {
		if db.Name() == "postgres" {
			fixture.Exec(t, db, "ALTER TABLE "+table+" ALTER id TYPE text COLLATE nocase")
			return
		}
		fixture.Exec(t, db, "DROP TABLE "+table, "CREATE TABLE "+table+" (id "+fixture.FoldedType(db, "text COLLATE NOCASE")+" PRIMARY KEY, amount integer)")
	}
	row := func(id string, amount int) *foldedHidden { return &foldedHidden{ID: id, Amount: amount} }
	amount := func(h *foldedHidden) int { return h.Amount }
	for name, archived := range map[string]bool{"made by hand": false, "changed later": true} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				fixture.Fold(t, database)
				now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
				db := fixture.Models(t, database, []any{&foldedHidden{}}, &gorm.Config{NowFunc: func() time.Time { return now }})
				if !archived {
					fixture.Exec(t, db, "DROP TABLE folded_hiddens_archive")
				}
				fold(t, db, "folded_hiddens")
				require.NoError(t, db.AutoMigrate(&foldedHidden{}))
				requireFoldedArchive(t, db, &now, row, amount)
			})
		})
	}
}
