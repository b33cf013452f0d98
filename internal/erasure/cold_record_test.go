package erasure_test

import (
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// coldTables are the tables of coldPeople with rows in cold storage, parents first.
var coldTables = []string{"cold_people", "cold_trips", "cold_stops"}

// thawAll brings all of a store's batches back.
func thawAll(s *fixture.Stage, store softdelete.ColdStore, tables ...string) {
	s.T.Helper()
	for _, table := range tables {
		for _, id := range coldIDs(s.T, store, table) {
			_, err := softdelete.Thaw(s.DB, id)
			require.NoError(s.T, err, table)
		}
	}
}

// coldLedger is a config with an erasure ledger in a file.
func coldLedger(t *testing.T) (softdelete.ErasureLedger, softdelete.Config) {
	t.Helper()
	ledger, err := softdelete.FileLedger(filepath.Join(t.TempDir(), "ledger"))
	require.NoError(t, err)
	return ledger, softdelete.Config{ErasureLedger: ledger}
}

func TestAStaleValueDoesNotBringAPersonBackWhoWasErasedInColdStorage(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, _ := fixture.ColdDir(t)
		s := coldPeople(t, database, store)
		batch, err := store.Get(t.Context(), coldIDs(t, store, "cold_people")[0])
		require.NoError(t, err)
		stale := coldPerson{ID: 1, Name: "canary", CreatedAt: batch.Rows[0]["created_at"].(time.Time)}
		_, err = softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.ErrorIs(t, s.Save(&stale).Error, softdelete.ErrErased)
		require.ErrorIs(t, s.Save(&coldStop{ID: 11, Place: "canary"}).Error, softdelete.ErrErased)
		require.NoError(t, s.Create(&coldPerson{ID: 1, Name: "another"}).Error, "a new row may take the key")
	})
}

func TestAnErasureClearsTheLedgerOfDeletionsForRowsInColdStorage(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		c := newCrowd(t, database, softdelete.Config{})
		named := func() (n int64) {
			require.NoError(t, c.Table("softdelete_deletions").Where("actor <> ''").Count(&n).Error)
			return n
		}
		before := named()
		_, err := c.erase(crowdMasked(crowdFirst), "r")
		require.NoError(t, err)
		require.Equal(t, before-1, named())
	})
}

func TestRowsThatWereErasedBeforeTheyWentToColdStorageAreErasedThere(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&crowdMember{}, &crowdStay{}, &crowdMeal{}}, ColdStore: store})
		s.Add(&crowdMember{ID: 1, Name: "canary", Stays: []crowdStay{{ID: 1, Room: "canary"}}})
		_, err := softdelete.Erase(s.DB, &crowdMember{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		*s.Now = s.Now.Add(40 * fixture.Day)
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Empty(t, s.IDs(&crowdMember{}))
		before := coldContent(t, dir)
		certificate, err := softdelete.Erase(s.DB, &crowdMember{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, certificate.Tables)
		require.Equal(t, before, coldContent(t, dir))
	})
}

func TestThawedRowsThatWereErasedInColdStorageStayErased(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := coldPeople(t, database, store)
		_, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		thawAll(s, store, coldTables...)
		var stops []coldStop
		require.NoError(t, s.Find(&stops).Error)
		require.Len(t, stops, 2, "those of the bystander")
		certificate, err := softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, certificate.Tables, "nothing was left to erase")
		require.NoError(t, s.Delete(&coldPerson{ID: 1}).Error, "the erasure has deleted it already")
		*s.Now = s.Now.Add(40 * fixture.Day)
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		before := coldContent(t, dir)
		certificate, err = softdelete.Erase(s.DB, &coldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, certificate.Tables)
		require.Equal(t, before, coldContent(t, dir))
	})
}

func TestAThawAndAnErasureAtOnceLeaveNothingOfThePerson(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for range 3 {
			store, dir := fixture.ColdDir(t)
			s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&crowdMember{}, &crowdStay{}, &crowdMeal{}}, ColdStore: store})
			require.NoError(t, s.Exec("DELETE FROM crowd_stays").Error)
			require.NoError(t, s.Exec("DELETE FROM crowd_members").Error)
			long := gorm.DeletedAt{Time: s.Now.Add(-40 * fixture.Day), Valid: true}
			s.Add(&crowdMember{ID: 1, Name: "canary", DeletedAt: long}, &crowdStay{ID: 1, MemberID: new(uint(1)), Room: "canary", DeletedAt: long})
			_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
			require.NoError(t, err)
			ids := append(coldIDs(t, store, "crowd_members"), coldIDs(t, store, "crowd_stays")...)
			var wait sync.WaitGroup
			var thaw, erasure error
			wait.Go(func() {
				for _, id := range ids {
					if _, thaw = softdelete.Thaw(s.DB, id); thaw != nil {
						return
					}
				}
			})
			wait.Go(func() { _, erasure = softdelete.Erase(s.DB, &crowdMember{ID: 1}, softdelete.ErasureRequest{}) })
			wait.Wait()
			require.NoError(t, erasure)
			if thaw != nil {
				require.ErrorIs(t, thaw, softdelete.ErrParentDeleted)
			}
			require.Empty(t, coldWith(coldContent(t, dir), "canary"))
			require.NotContains(t, fixture.Dump(t, s.DB, &crowdMember{}, &crowdStay{}), "canary")
		}
	})
}

func TestReplayedErasuresReachColdStorage(t *testing.T) {
	for fact, c := range map[string]struct {
		restoresStore bool // the store came back from the same backup as the database
		subject       func(uint) any
	}{
		"that came back with the database, of a subject that is masked":  {true, crowdMasked},
		"that came back with the database, of a subject that is removed": {true, crowdRemoved},
		"that stayed as it was, of a subject that is masked":             {false, crowdMasked},
		"that stayed as it was, of a subject that is removed":            {false, crowdRemoved},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				ledger, config := coldLedger(t)
				s := newCrowd(t, database, config)
				batches := s.copyOfStore()
				want, err := s.erase(c.subject(crowdFirst), "r")
				require.NoError(t, err)
				for _, table := range []string{"softdelete_certificates", "softdelete_certificate_head", "softdelete_erased_rows"} {
					require.NoError(t, s.Exec("DELETE FROM "+table).Error)
				}
				require.NoError(t, s.Exec("UPDATE crowd_bills SET payer = 'canary101.'").Error)
				if c.restoresStore {
					for _, batch := range batches {
						require.NoError(t, s.calls.Replace(t.Context(), batch))
					}
				}
				report, err := softdelete.ReplayErasures(s.DB, ledger)
				require.NoError(t, err)
				require.Equal(t, softdelete.ReplayReport{Replayed: 1}, report)
				certificates, err := softdelete.Certificates(s.DB)
				require.NoError(t, err)
				require.Len(t, certificates, 1)
				require.Equal(t, want.Tables, certificates[0].Tables)
				var left int64
				owner := map[bool]string{true: "member_id", false: "guest_id"}[strings.Contains(fact, "masked")]
				require.NoError(t, s.Model(&crowdBill{}).Where(owner+" = ? AND payer <> ''", crowdFirst).Count(&left).Error)
				require.Zero(t, left)
				report, err = softdelete.ReplayErasures(s.DB, ledger)
				require.NoError(t, err)
				require.Equal(t, softdelete.ReplayReport{AlreadyErased: 1}, report)
			})
		})
	}
}

// copyOfStore is all of the batches in the crowd's store.
func (c *crowd) copyOfStore() (batches []softdelete.ColdBatch) {
	c.T.Helper()
	for _, table := range []string{"crowd_members", "crowd_guests", "crowd_stays", "crowd_meals"} {
		for _, id := range coldIDs(c.T, c.calls, table) {
			batch, err := c.calls.Get(c.T.Context(), id)
			require.NoError(c.T, err)
			batches = append(batches, batch)
		}
	}
	return batches
}

func TestAReplayKnowsASubjectThatWentToColdStorageAfterItsErasureWasLost(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		ledger, config := coldLedger(t)
		store, dir := fixture.ColdDir(t)
		config.Models, config.ColdStore = []any{&crowdMember{}, &crowdStay{}, &crowdMeal{}}, store
		s := fixture.NewStage(t, database, config)
		*s.Now = s.Now.Add(123456789)
		s.Add(&crowdMember{ID: 1, Name: "canary"})
		_, err := softdelete.Erase(s.DB, &crowdMember{ID: 1}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		for _, table := range []string{"softdelete_certificates", "softdelete_certificate_head", "softdelete_erased_rows"} {
			require.NoError(t, s.Exec("DELETE FROM "+table).Error)
		}
		require.NoError(t, s.Exec("UPDATE crowd_members SET name = 'canary'").Error)
		*s.Now = s.Now.Add(40 * fixture.Day)
		_, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, coldWith(coldContent(t, dir), "canary"))
		report, err := softdelete.ReplayErasures(s.DB, ledger)
		require.NoError(t, err)
		require.Equal(t, softdelete.ReplayReport{Replayed: 1}, report, "the identity in cold storage is that of the database")
		require.Empty(t, coldWith(coldContent(t, dir), "canary"))
	})
}
