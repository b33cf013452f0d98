package erasure_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type replayPerson struct {
	ID        uint
	CreatedAt time.Time
	Name      string `pii:"null"`
	DeletedAt gorm.DeletedAt
}

// brokenLedger fails at its n-th Append.
type brokenLedger struct {
	softdelete.ErasureLedger
	n int
}

func (l *brokenLedger) Append(ctx context.Context, e softdelete.LedgerEntry) error {
	if l.n--; l.n == 0 {
		return fixture.Err
	}
	return l.ErasureLedger.Append(ctx, e)
}

func TestReplayErasures(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		file, err := softdelete.FileLedger(filepath.Join(t.TempDir(), "ledger"))
		require.NoError(t, err)
		ledger := &brokenLedger{ErasureLedger: file}
		party := fixture.NewParty("party", 0)
		db := fixture.Open(t, database, softdelete.Config{
			Models: []any{&replayPerson{}}, ErasureLedger: ledger, Processors: []softdelete.Processor{party},
		})
		persons := make([]replayPerson, 6)
		for i := range persons {
			persons[i].Name = fmt.Sprintf("canary %d", i+1)
		}
		require.NoError(t, db.Create(&persons).Error)
		erase := func(i int) error {
			_, err := softdelete.Erase(db, &replayPerson{ID: persons[i].ID}, softdelete.ErasureRequest{ID: fmt.Sprintf("r%d", i+1)})
			return err
		}
		names := func() (names []string) {
			require.NoError(t, db.Unscoped().Model(&replayPerson{}).Where("name IS NOT NULL").Order("id").Pluck("name", &names).Error)
			return names
		}
		tables := []string{
			"replay_people", "softdelete_deletions", "softdelete_certificates", "softdelete_certificate_head", "softdelete_erased_rows",
			"softdelete_erasure_outbox",
		}
		for _, table := range tables { // the backup
			require.NoError(t, db.Exec(fmt.Sprintf("CREATE TABLE backup_%s AS SELECT * FROM %s", table, table)).Error)
		}

		for i := range 3 {
			require.NoError(t, erase(i))
		}
		require.NoError(t, softdelete.DispatchErasures(db))
		t.Run("an entry that cannot be written stops the erasure", func(t *testing.T) {
			ledger.n = 1
			require.ErrorIs(t, erase(3), fixture.Err)
			require.Contains(t, names(), "canary 4")
		})
		t.Run("one that cannot be marked done is marked by the same request", func(t *testing.T) {
			ledger.n = 2
			require.ErrorIs(t, erase(4), fixture.Err)
			require.NotContains(t, names(), "canary 5")
			require.NoError(t, erase(4))
			entries, err := file.Entries(t.Context())
			require.NoError(t, err)
			require.True(t, entries[len(entries)-1].Done)
			require.NoError(t, erase(4))
			again, err := file.Entries(t.Context())
			require.NoError(t, err)
			require.Equal(t, entries, again)
		})
		t.Run("an entry without an erasure is not repeated", func(t *testing.T) {
			require.NoError(t, file.Append(t.Context(), softdelete.LedgerEntry{RequestID: "r6", Table: "replay_people", Key: "6"}))
		})
		t.Run("inside a transaction of the caller's it is refused", func(t *testing.T) {
			require.ErrorIs(t, db.Transaction(func(tx *gorm.DB) error {
				_, err := softdelete.Erase(tx, &persons[5], softdelete.ErasureRequest{})
				return err
			}), softdelete.ErrUnsupported)
		})
		t.Run("nothing is left to do while the database is the same", func(t *testing.T) {
			report, err := softdelete.ReplayErasures(db, file)
			require.NoError(t, err)
			require.Equal(t, softdelete.ReplayReport{AlreadyErased: 4, Unfinished: 1}, report)
		})
		t.Run("after an older copy came back, the same persons are erased again", func(t *testing.T) {
			for _, table := range tables {
				require.NoError(t, db.Exec("DELETE FROM "+table).Error)
				require.NoError(t, db.Exec(fmt.Sprintf("INSERT INTO %s SELECT * FROM backup_%s", table, table)).Error)
			}
			require.Len(t, names(), 6)
			// One of the keys belongs to somebody else by now, one row is not there.
			require.NoError(t, db.Unscoped().Delete(&replayPerson{}, []uint{persons[1].ID, persons[2].ID}).Error)
			require.NoError(t, db.Create(&replayPerson{ID: persons[1].ID, Name: "somebody else"}).Error)
			told := len(party.Told())

			report, err := softdelete.ReplayErasures(db, file)
			require.NoError(t, err)
			require.Equal(t, softdelete.ReplayReport{Replayed: 2, NotFound: 2, Unfinished: 1}, report)
			require.Equal(t, []string{"somebody else", "canary 4", "canary 6"}, names())
			report, err = softdelete.ReplayErasures(db, file)
			require.NoError(t, err)
			require.Equal(t, softdelete.ReplayReport{AlreadyErased: 2, NotFound: 2, Unfinished: 1}, report)
			require.NoError(t, softdelete.VerifyCertificates(db))
			require.NoError(t, softdelete.DispatchErasures(db))
			require.Len(t, party.Told(), told+2)
			require.Equal(t, "r1", party.Told()[told].RequestID, "under the same request")
		})
	})
}

// undatedPerson does not say when a row was created.
type undatedPerson struct {
	ID   uint
	Name string `pii:"null"`
}

func TestALedgerNeedsToTellRowsApart(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		ledger, err := softdelete.FileLedger(filepath.Join(t.TempDir(), "ledger"))
		require.NoError(t, err)
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&undatedPerson{}}, ErasureLedger: ledger})
		person := undatedPerson{Name: "a"}
		require.NoError(t, db.Create(&person).Error)
		_, err = softdelete.Erase(db, &person, softdelete.ErasureRequest{})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "CreatedAt")
	})
}
