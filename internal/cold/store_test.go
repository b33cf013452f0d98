package cold_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	coldAccount struct {
		ID         uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
		DeletionID softdelete.DeletionID
		Bills      []coldBill `gorm:"foreignKey:AccountID" softdelete:"cascade"`
	}
	coldBill struct {
		ID, AccountID uint
		Number        string `gorm:"uniqueIndex"`
		Net           float64
		Large         int64
		Paid          bool
		Scan          []byte
		At            time.Time `gorm:"precision:6"`
		Note          *string
		Status        string     `softdelete:"status;retain:30d;then:cold"`
		Was           string     `softdelete:"previous"`
		GoneAt        *time.Time `softdelete:"at"`
		DeletionID    softdelete.DeletionID
	}
)

func coldBills() []coldBill {
	note := "a note, <with> \u2028 and \"quotes\""
	return []coldBill{
		{ID: 1, AccountID: 1, Number: "A1", Net: 12, Large: 1<<62 + 1, Paid: true, Scan: []byte{0, 255, 10}, At: fixture.Now.Add(time.Microsecond), Note: &note, Status: "open"},
		{ID: 2, AccountID: 1, Number: "A2", Net: 0.1, Large: -1, Scan: []byte{}, At: fixture.Now, Status: "sent"},
		{ID: 3, AccountID: 2, Number: "A3", At: fixture.Now, Status: "open"},
	}
}

// newColdStage has two accounts of which the first was deleted long ago, with its two bills.
func newColdStage(t *testing.T, database *testdb.Database, store softdelete.ColdStore) *fixture.Stage {
	t.Helper()
	s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&coldAccount{}, &coldBill{}}, ColdStore: store})
	s.Add(&coldAccount{ID: 1}, &coldAccount{ID: 2})
	bills := coldBills()
	s.Add(&bills)
	s.DeleteAgo(40*fixture.Day, &coldAccount{ID: 1})
	return s
}

func TestColdStoreKeepsRowsAsTheyWere(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := newColdStage(t, database, store)
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Equal(t, []uint{2}, s.IDs(&coldAccount{}))
		require.Equal(t, []uint{3}, s.IDs(&coldBill{}))
		accounts, bills := fixture.ReportOf(t, report, "cold_accounts"), fixture.ReportOf(t, report, "cold_bills")
		require.Equal(t, "cold", bills.Action)
		require.EqualValues(t, 2, bills.Done)
		require.Len(t, bills.ColdBatches, 1)

		_, err = softdelete.Thaw(s.DB, bills.ColdBatches[0])
		require.Error(t, err, "the account is not there yet")
		require.Equal(t, []uint{3}, s.IDs(&coldBill{}))
		for _, id := range []string{accounts.ColdBatches[0], bills.ColdBatches[0]} {
			_, err := softdelete.Thaw(s.DB, id)
			require.NoError(t, err)
		}
		var rows []coldBill
		require.NoError(t, s.Order("id").Find(&rows).Error)
		want := coldBills()
		require.Len(t, rows, 3, "all are live")
		for i := range rows {
			rows[i].At = rows[i].At.UTC()
			if len(rows[i].Scan) == 0 {
				rows[i].Scan, want[i].Scan = nil, nil
			}
		}
		require.Equal(t, want, rows)

		_, err = softdelete.Thaw(s.DB, bills.ColdBatches[0])
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		require.NoError(t, s.Where("id < 3").Delete(&coldBill{}).Error)
		require.NoError(t, s.Exec("DELETE FROM cold_bills WHERE id < 3").Error)
		s.Add(&coldBill{ID: 9, AccountID: 2, Number: "A2", Status: "open", At: fixture.Now})
		_, err = softdelete.Thaw(s.DB, bills.ColdBatches[0])
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict, "a unique value is taken")
		require.Equal(t, []uint{3, 9}, s.IDs(&coldBill{}))
		require.NoError(t, s.Exec("DELETE FROM cold_bills WHERE id = 9").Error)
		require.NoError(t, s.Delete(&coldAccount{ID: 1}).Error)
		_, err = softdelete.Thaw(s.DB, bills.ColdBatches[0])
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		require.Equal(t, []uint{3}, s.IDs(&coldBill{}))
	})
}

// coldRows are the bills in a store's directory.
func coldRows(t *testing.T, store softdelete.ColdStore, dir string) map[int64]bool {
	t.Helper()
	ids := map[int64]bool{}
	files, err := filepath.Glob(filepath.Join(dir, "cold_bills-*.json"))
	require.NoError(t, err)
	for _, file := range files {
		batch, err := store.Get(t.Context(), strings.TrimSuffix(filepath.Base(file), ".json"))
		require.NoError(t, err)
		for _, row := range batch.Rows {
			ids[row["id"].(int64)] = true
		}
	}
	return ids
}

func TestColdStoreLosesNoRowWhereverThePurgeStops(t *testing.T) {
	broken := errors.New("broken")
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := newColdStage(t, database, store)
		faults := testdb.Inject(s.DB)
		inSomePlace := func(n int) {
			t.Helper()
			faults.Reset()
			testdb.NothingLeft(t, s.DB)
			stored := coldRows(t, store, dir)
			for _, id := range s.IDs(&coldBill{}) {
				stored[int64(id)] = true
			}
			require.Len(t, stored, 3, "statement %d", n)
		}
		for after := range 2 {
			for n := 1; len(s.IDs(&coldAccount{})) == 2; n++ {
				require.Less(t, n, 100)
				if after == 1 {
					faults.FailAfter(n, broken)
				} else {
					faults.FailAt(n, broken)
				}
				if _, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{}); err != nil {
					require.ErrorIs(t, err, broken)
				}
				inSomePlace(n)
			}
			files, err := filepath.Glob(filepath.Join(dir, "*.json"))
			require.NoError(t, err)
			require.Len(t, files, 2+after, "rows that are stored again take the place of the first time")
			for _, file := range files {
				if after == 0 && strings.Contains(file, "cold_accounts") {
					_, err = softdelete.Thaw(s.DB, strings.TrimSuffix(filepath.Base(file), ".json"))
					require.NoError(t, err)
				}
			}
			require.NoError(t, s.Exec("UPDATE cold_accounts SET deleted_at = ? WHERE id = 1", fixture.Now.Add(-40*fixture.Day)).Error)
		}
	})
}

// coldFailing is a store that fails.
type coldFailing struct{ softdelete.ColdStore }

func (coldFailing) Put(context.Context, softdelete.ColdBatch) error {
	return errors.New("the disk is full")
}

func TestColdStoreThatFailsKeepsTheRowsInTheDatabase(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newColdStage(t, database, coldFailing{})
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.ErrorContains(t, err, "the disk is full")
		require.Zero(t, fixture.ReportOf(t, report, "cold_bills").Done)
		require.Len(t, s.IDs(&coldBill{}), 3)
	})
}

func TestColdStoreRefusesFilesThatDoNotFit(t *testing.T) {
	store, dir := fixture.ColdDir(t)
	s := newColdStage(t, testdb.SQLite(t), store)
	report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
	require.NoError(t, err)
	id := fixture.ReportOf(t, report, "cold_bills").ColdBatches[0]
	other := fixture.ReportOf(t, report, "cold_accounts").ColdBatches[0]
	rows, manifest := filepath.Join(dir, id+".jsonl.gz"), filepath.Join(dir, id+".json")
	goodRows, err := os.ReadFile(rows)
	require.NoError(t, err)
	goodManifest, err := os.ReadFile(manifest)
	require.NoError(t, err)
	otherManifest, err := os.ReadFile(filepath.Join(dir, other+".json"))
	require.NoError(t, err)
	flipped := append([]byte{}, goodRows...)
	flipped[len(flipped)/2] ^= 1
	for _, c := range []struct {
		fact, file string
		data       []byte
		want       string
	}{
		{"a bit that has changed", rows, flipped, "is damaged"},
		{"a file that was cut", rows, goodRows[:len(goodRows)-1], "is damaged"},
		{"no rows", rows, nil, "cannot be read"},
		{"no manifest", manifest, nil, "no batch of this ID"},
		{"a manifest of something else", manifest, []byte(`{"format":"other"}`), "no manifest of a cold batch"},
		{"the manifest of another batch", manifest, otherManifest, "manifest of another batch"},
		{"another number of rows", manifest, []byte(strings.Replace(string(goodManifest), `"rows": 2`, `"rows": 3`, 1)), "has 2 rows, its manifest says 3"},
		{"another table", manifest, []byte(strings.Replace(string(goodManifest), `"cold_bills"`, `"elsewhere"`, 1)), "which is not known here"},
	} {
		t.Run(c.fact, func(t *testing.T) {
			if c.data == nil {
				require.NoError(t, os.Remove(c.file))
			} else {
				require.NoError(t, os.WriteFile(c.file, c.data, 0o600))
			}
			_, err := softdelete.Thaw(s.DB, id)
			require.ErrorContains(t, err, c.want)
			require.Regexp(t, "bring the files of the batch back from a backup|IDs stand in the ColdBatches|name it in Config.Models", err.Error())
			require.Equal(t, []uint{3}, s.IDs(&coldBill{}))
			require.NoError(t, os.WriteFile(rows, goodRows, 0o600))
			require.NoError(t, os.WriteFile(manifest, goodManifest, 0o600))
		})
	}
	for _, wrong := range []string{"", "../" + id, "unknown"} {
		_, err := softdelete.Thaw(s.DB, wrong)
		require.Error(t, err)
	}
}

func TestColdStoreIsNeededForThenCold(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		err := database.Open(t).Use(softdelete.New(softdelete.Config{Models: []any{&coldBill{}}}))
		require.ErrorIs(t, err, softdelete.ErrPolicy)
		require.ErrorContains(t, err, "coldBill.Status: then:cold needs Config.ColdStore")

		s := fixture.NewStage(t, database, fixture.Tree())
		_, err = softdelete.Thaw(s.DB, "x")
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
	})
}
