package upgrade_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// sample is the key of the sample that the earlier version has erased.
var sample = office.Sample{At: time.Date(2026, 1, 1, 1, 2, 3, 456789000, time.FixedZone("", 2*3600)), Sum: []byte{0xff, 0, ','}}

// canaries counts the values of a table's column that nobody has erased.
func (s *stage) canaries(table, column, where string) int {
	s.t.Helper()
	return fixture.Rows(s.t, s.DB, table, column+" LIKE '%anary%' AND "+where)
}

func TestCertificatesOfAnEarlierVersion(t *testing.T) {
	each(t, last, func(s *stage) {
		before, err := softdelete.Certificates(s.DB)
		require.NoError(s.t, err)
		require.Len(s.t, before, 5)
		s.t.Run("are whole, signed or not", func(t *testing.T) {
			require.NoError(t, softdelete.VerifyCertificates(s.DB))
			require.Empty(t, before[1].Signature)
			require.NotEmpty(t, before[2].Signature)
		})
		s.t.Run("are given again for the same request", func(t *testing.T) {
			again, err := softdelete.Erase(s.DB, &office.Client{ID: 5}, softdelete.ErasureRequest{ID: "eve"})
			require.NoError(t, err)
			require.Equal(t, before[0], *again)
			_, err = softdelete.Erase(s.DB, &office.Client{ID: 7}, softdelete.ErasureRequest{ID: "eve"})
			require.ErrorIs(t, err, softdelete.ErrRequest)
		})
		s.t.Run("are followed by those of the present one", func(t *testing.T) {
			next, err := softdelete.Erase(s.DB, &office.Client{ID: 1}, softdelete.ErasureRequest{ID: "ann"})
			require.NoError(t, err)
			require.Equal(t, before[4].Hash, next.PrevHash)
			require.NoError(t, softdelete.VerifyCertificates(s.DB))
			require.Zero(t, s.canaries("bills_archive", "payer", "id = 1"), "archived rows too")
		})
		s.t.Run("that were changed do not fit", func(t *testing.T) {
			require.NoError(t, s.Exec("UPDATE softdelete_certificates SET document = replace(document, 'eve', 'eva') WHERE number = 1").Error)
			require.ErrorContains(t, softdelete.VerifyCertificates(s.DB), "number 1")
		})
	})
}

func TestRowsThatAnEarlierVersionErasedStayErased(t *testing.T) {
	each(t, last, func(s *stage) {
		s.t.Run("whatever their keys are", func(t *testing.T) {
			var found office.Sample
			require.NoError(t, s.Take(&found, &sample).Error)
			for _, row := range []any{
				&office.Client{ID: 5}, &office.Visitor{Country: "d,e", Number: "f"}, &office.Visitor{Country: `g\,`, Number: "h"}, &found,
			} {
				err := s.Unscoped().Model(row).Update("name", "Canary").Error
				require.ErrorIs(t, err, softdelete.ErrErased, "%T", row)
			}
			require.NoError(t, s.Model(&office.Visitor{Country: "d", Number: "e,f"}).Update("name", "Canary changed").Error, "another key")
			require.NoError(t, s.Model(&office.Sample{}).Where("name <> ?", "[erased]").Update("name", "Canary changed").Error)
		})
		s.t.Run("for a stale Save, a restore and an upsert", func(t *testing.T) {
			require.Error(t, s.Save(&office.Client{ID: 6, Name: "Fay Canary", Email: "Fay@canary.example"}).Error)
			_, err := softdelete.Restore(s.DB, &office.Client{ID: 6})
			require.ErrorIs(t, err, softdelete.ErrErased)
			require.Zero(t, s.canaries("clients", "name", "id IN (5, 6)"))
		})
		s.t.Run("while their business goes on", func(t *testing.T) {
			require.NoError(t, s.Unscoped().Model(&office.Client{ID: 5}).Update("balance", 3).Error)
		})
		s.t.Run("and are known as erased to a new request", func(t *testing.T) {
			c, err := softdelete.Erase(s.DB, &office.Visitor{Country: "d,e", Number: "f"}, softdelete.ErasureRequest{ID: "visitor-again"})
			require.NoError(t, err)
			require.Empty(t, c.Tables)
		})
	})
}

func TestErasuresThatAnEarlierVersionBeganAreFinished(t *testing.T) {
	each(t, last, func(s *stage) {
		for id, request := range map[uint]string{9: "ida", 8: "hal"} {
			c, err := softdelete.Erase(s.DB, &office.Client{ID: id}, softdelete.ErasureRequest{ID: request})
			require.NoError(s.t, err, request)
			var masked int64
			for _, table := range c.Tables {
				if !strings.HasSuffix(table.Table, "_events") {
					masked += table.Masked
				}
			}
			require.EqualValues(s.t, 7, masked, "the client, two matters, three papers and a bill, whoever masked them")
			for table, column := range map[string]string{"clients": "name", "matters": "title", "papers": "text", "bills": "payer"} {
				key := map[string]string{"clients": "id", "matters": "client_id", "papers": "matter_id / 10", "bills": "client_id"}[table]
				require.Zero(s.t, s.canaries(table, column, fmt.Sprintf("%s = %d", key, id)), table)
			}
		}
		require.Zero(s.t, fixture.Rows(s.t, s.DB, "softdelete_erasure_progress"))
		require.NoError(s.t, softdelete.VerifyCertificates(s.DB))
	})
}

func TestAnOutboxOfAnEarlierVersionIsDelivered(t *testing.T) {
	each(t, last, func(s *stage) {
		s.now = s.now.Add(day) // after every wait
		require.NoError(s.t, softdelete.DispatchErasures(s.DB))
		told := func(p *office.Party) (requests []string) {
			for _, subject := range p.Told() {
				requests = append(requests, subject.RequestID)
			}
			return requests
		}
		require.ElementsMatch(s.t, []string{"fay", "sample", "deleted-visitor"}, told(s.Mailer), "the others it was told before")
		require.ElementsMatch(s.t, []string{"eve", "visitor", "fay", "sample", "deleted-visitor"}, told(s.Bank))
		list, err := softdelete.Certificates(s.DB)
		require.NoError(s.t, err)
		for _, c := range list {
			require.True(s.t, c.Complete(), c.RequestID)
		}
		require.NoError(s.t, softdelete.VerifyCertificates(s.DB))
	})
}

func TestErasuresAreReplayedFromTheLedgerOfAnEarlierVersion(t *testing.T) {
	each(t, backup, func(s *stage) {
		require.NoError(s.t, s.Unscoped().Delete(&office.Client{ID: 6}).Error)
		require.NoError(s.t, s.Create(&office.Client{ID: 6, Name: "another Canary", Email: "another@example.com"}).Error)
		report, err := softdelete.ReplayErasures(s.DB, s.ErasureLedger)
		require.NoError(s.t, err)
		require.Equal(s.t, [3]int{4, 0, 1}, [3]int{report.Replayed, report.AlreadyErased, report.NotFound})
		require.Zero(s.t, s.canaries("clients", "name", "id = 5"))
		require.Zero(s.t, s.canaries("visitors", "name", "number IN ('f', 'h')"))
		require.Equal(s.t, 2, s.canaries("visitors", "name", "number IN ('e,f', 'l')"), "other keys")
		require.Equal(s.t, 1, s.canaries("samples", "name", "1 = 1"))
		require.Equal(s.t, 1, s.canaries("clients", "name", "id = 6"), "another row with a key that is used again")
		require.Equal(s.t, 2, s.canaries("clients", "name", "id IN (8, 9)"), "what was begun and not done")
		require.NoError(s.t, softdelete.VerifyCertificates(s.DB))
		report, err = softdelete.ReplayErasures(s.DB, s.ErasureLedger)
		require.NoError(s.t, err)
		require.Equal(s.t, [3]int{0, 4, 1}, [3]int{report.Replayed, report.AlreadyErased, report.NotFound})
	})
}

func TestHoldsOfAnEarlierVersionAreObeyed(t *testing.T) {
	each(t, last, func(s *stage) {
		s.t.Run("by hard deletes", func(t *testing.T) {
			for _, row := range []any{
				&office.Client{ID: 7}, &office.Matter{ID: 70}, &office.Paper{ID: 700}, &office.Bill{ID: 7}, &office.Lease{ID: 1},
				&office.Visitor{Country: "d", Number: "e,f"}, &office.Client{ID: 2},
			} {
				require.ErrorIs(t, s.Unscoped().Delete(row).Error, softdelete.ErrHeld, "%T", row)
			}
			require.NoError(t, s.Unscoped().Delete(&office.Visitor{Country: "d,e", Number: "f"}).Error, "another key")
			require.NoError(t, s.Unscoped().Delete(&office.Lease{ID: 2}).Error, "its hold was released")
			require.NoError(t, s.Unscoped().Delete(&office.Lease{ID: 3}).Error, "its hold has ended")
		})
		s.t.Run("by erasures", func(t *testing.T) {
			_, err := softdelete.Erase(s.DB, &office.Client{ID: 7}, softdelete.ErasureRequest{ID: "gil"})
			var held *softdelete.HeldError
			require.ErrorAs(t, err, &held)
			require.Equal(t, softdelete.HoldID(s.facts["hold Gil"]), held.Holds[0].ID)
		})
		s.t.Run("not by deletions that can be undone", func(t *testing.T) {
			require.NoError(t, s.Delete(&office.Client{ID: 7}).Error)
			_, err := softdelete.Restore(s.DB, &office.Client{ID: 7})
			require.NoError(t, err)
		})
		s.t.Run("until they are released", func(t *testing.T) {
			require.NoError(t, softdelete.Release(s.DB, softdelete.HoldID(s.facts["hold visitor"])))
			require.NoError(t, s.Unscoped().Delete(&office.Visitor{Country: "d", Number: "e,f"}).Error)
			require.ErrorIs(t, softdelete.Release(s.DB, "unknown"), gorm.ErrRecordNotFound)
		})
	})
}

func TestWhatAnEarlierVersionDeletedIsPurged(t *testing.T) {
	each(t, last, func(s *stage) {
		s.now = office.Day0.Add(75 * day)
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(s.t, err)
		leases := fixture.ReportOf(s.t, report, "leases")
		require.Equal(s.t, [3]int64{4, 3, 1}, [3]int64{leases.Eligible, leases.Done, leases.Held})
		bills := fixture.ReportOf(s.t, report, "bills_archive")
		require.Equal(s.t, [3]int64{4, 3, 1}, [3]int64{bills.Eligible, bills.Done, bills.Held}, "bill 1 twice, the held bill, and one of a client who is erased")
		require.Len(s.t, bills.ColdBatches, 2, "a key that is there twice goes in two")
		lines := fixture.ReportOf(s.t, report, "bill_lines_archive")
		require.Equal(s.t, [3]int64{7, 5, 2}, [3]int64{lines.Eligible, lines.Done, lines.Held})
		applicants := fixture.ReportOf(s.t, report, "applicants")
		require.Equal(s.t, [2]int64{1, 1}, [2]int64{applicants.Erased, applicants.Done})
		require.Equal(s.t, 1, fixture.Rows(s.t, s.DB, "bills_archive"))
		require.NoError(s.t, softdelete.VerifyCertificates(s.DB))
	})
}

func TestColdBatchesOfAnEarlierVersionThaw(t *testing.T) {
	each(t, last, func(s *stage) {
		for _, batch := range []struct { // parents first, for the foreign key
			name string
			rows int64
		}{{"cold Bill 0", 2}, {"cold BillLine 0", 4}} {
			thawed, err := softdelete.Thaw(s.DB, s.facts[batch.name])
			require.NoError(s.t, err)
			require.Equal(s.t, batch.rows, thawed)
		}
		bill := office.Bill{ID: 3}
		require.NoError(s.t, s.Preload("Lines").Take(&bill).Error)
		require.Equal(s.t, office.Bill{
			ID: 3, ClientID: 3, Number: "2026/3", Cents: 100, Payer: "Cyd Canary",
			Lines: []office.BillLine{{ID: 30, BillID: 3, Text: "hours"}, {ID: 31, BillID: 3, Text: "letters"}},
		}, bill)
		require.Zero(s.t, s.canaries("bills", "payer", "id = 5"), "erased while it was cold")
		_, err := softdelete.Thaw(s.DB, s.facts["cold Bill 0"])
		require.ErrorIs(s.t, err, softdelete.ErrRestoreConflict)
	})
}
