package upgrade_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestAMigratedDatabaseReadsAsBefore(t *testing.T) {
	each(t, last, func(s *stage) {
		var before office.Reading
		require.NoError(s.t, json.Unmarshal(unpacked(s.t, filepath.Join(s.dir, "reading.json.gz")), &before))
		reading, err := office.Read(s.DB)
		require.NoError(s.t, err)
		for _, name := range slices.Sorted(maps.Keys(before)) {
			require.Equal(s.t, before[name], reading[name], name)
		}
		require.Len(s.t, reading, len(before))
	})
}

func TestASecondMigrationChangesNothing(t *testing.T) {
	each(t, last, func(s *stage) {
		left, err := softdelete.DDL(s.DB, append(softdelete.Tables(), office.Models()...)...)
		require.NoError(s.t, err)
		require.Empty(s.t, left)
		recorder := testdb.Record(s.DB)
		require.NoError(s.t, office.Migrate(s.DB))
		for _, statement := range recorder.Statements() {
			require.NotRegexp(s.t, `^(?i)(CREATE|ALTER|DROP|INSERT|UPDATE|DELETE|COMMENT|WITH)\b`, statement)
		}
	})
}

func TestDeletionsOfAnEarlierVersionAreRestored(t *testing.T) {
	each(t, last, func(s *stage) {
		s.t.Run("with what they took, and nothing that was deleted before", func(t *testing.T) {
			require.Equal(t, map[string]int64{"clients": 1, "matters": 1, "papers": 2, "client_labels": 1},
				s.restored(softdelete.RestoreDeletion(s.DB, s.deletion("Bob"))))
			bob := office.Client{ID: 2}
			require.True(t, s.live(&bob))
			require.Equal(t, [4]any{"", "", softdelete.DeletionID(""), "Bob Canary"}, [4]any{bob.Actor, bob.Reason, bob.DeletionID, bob.Name})
			matter := office.Matter{ID: 20}
			require.True(t, s.live(&matter))
			require.Equal(t, "open", matter.State, "its former state")
			require.False(t, s.live(&office.Paper{ID: 200}), "deleted by itself")
			require.False(t, s.live(&office.Matter{ID: 21}), "deleted by itself")
			require.Equal(t, map[string]int64{"papers": 1}, s.restored(softdelete.RestoreDeletion(s.DB, s.deletion("paper of Bob"))))
			require.Equal(t, map[string]int64{"matters": 1}, s.restored(softdelete.Restore(s.DB, &office.Matter{ID: 21})))
		})
		s.t.Run("whose rows overlap", func(t *testing.T) {
			_, err := softdelete.Restore(s.DB, &office.Folder{ID: 2})
			require.ErrorIs(t, err, softdelete.ErrParentDeleted)
			require.Equal(t, map[string]int64{"folders": 1}, s.restored(softdelete.RestoreDeletion(s.DB, s.deletion("folder 1"))))
			require.Equal(t, map[string]int64{"folders": 2}, s.restored(softdelete.Restore(s.DB, &office.Folder{ID: 2})))
			require.False(t, s.live(&office.Filing{ID: 1}), "its client is deleted still")
			require.Equal(t, map[string]int64{"clients": 1, "matters": 2, "papers": 3, "filings": 2}, s.restored(softdelete.Restore(s.DB, &office.Client{ID: 3})))
			require.True(t, s.live(&office.Filing{ID: 1}))
		})
		s.t.Run("or refused, where a unique value is another's by now", func(t *testing.T) {
			_, err := softdelete.RestoreDeletion(s.DB, s.deletion("Dan"))
			var conflict *softdelete.ConflictError
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, []string{"email"}, conflict.Columns)
			require.Equal(t, []string{"14"}, conflict.LiveKeys)
		})
		s.t.Run("and stand in the ledger", func(t *testing.T) {
			var row softdelete.Deletion
			require.NoError(t, s.Take(&row, "id = ?", s.deletion("Bob")).Error)
			require.True(t, s.now.Equal(*row.RestoredAt))
			require.Equal(t, [4]any{"clients", "2", "clerk", "because of Bob"}, [4]any{row.Table, row.Key, row.Actor, row.Reason})
		})
		s.t.Run("a link that was removed is added again as a new one", func(t *testing.T) {
			require.NoError(t, s.Model(&office.Client{ID: 1}).Association("Labels").Append(&office.Label{ID: 1, Name: "slow"}))
			require.True(t, s.live(&office.ClientLabel{ClientID: 1, LabelID: 1}))
			require.EqualValues(t, 2, s.Model(&office.Client{ID: 1}).Association("Labels").Count())
		})
	})
}

func TestArchivesOfAnEarlierVersion(t *testing.T) {
	each(t, last, func(s *stage) {
		lines := func() (texts []string) {
			require.NoError(s.t, s.Model(&office.BillLine{}).Where("bill_id = ?", 1).Order("id").Pluck("text", &texts).Error)
			return texts
		}
		s.t.Run("the last row of a key that was archived twice comes back, with its lines", func(t *testing.T) {
			require.Equal(t, map[string]int64{"bills": 1, "bill_lines": 1}, s.restored(softdelete.Restore(s.DB, &office.Bill{ID: 1})))
			require.Equal(t, []string{"hours again"}, lines())
			_, err := softdelete.RestoreDeletion(s.DB, s.deletion("bill 1, first"))
			require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		})
		s.t.Run("the first one comes back by its deletion", func(t *testing.T) {
			s.now = s.now.Add(time.Minute)
			require.NoError(t, s.Delete(&office.Bill{ID: 1}).Error)
			require.EqualValues(t, 1, s.restored(softdelete.RestoreDeletion(s.DB, s.deletion("bill 1, first")))["bills"])
			bill := office.Bill{ID: 1}
			require.True(t, s.live(&bill))
			require.EqualValues(t, 100, bill.Cents)
		})
		s.t.Run("what the present version archives is later than what the earlier one did", func(t *testing.T) {
			s.now = s.now.Add(-10 * day) // whatever the clock says
			require.NoError(t, s.Delete(&office.Bill{ID: 1}).Error)
			s.now = s.now.Add(10 * day)
			var bills []office.Bill
			require.NoError(t, s.Clauses(softdelete.OnlyDeleted).Find(&bills, "id = 1").Error)
			require.Len(t, bills, 2)
		})
		s.t.Run("keys of texts with commas are not taken for one another", func(t *testing.T) {
			for name, guest := range map[string]string{"seat": "first", "other seat": "second"} {
				require.Equal(t, map[string]int64{"seats": 1}, s.restored(softdelete.RestoreDeletion(s.DB, s.deletion(name))))
				var seat office.Seat
				require.NoError(t, s.Take(&seat, "guest = ?", guest).Error)
				require.NoError(t, s.Delete(&seat).Error)
				require.Equal(t, map[string]int64{"seats": 1}, s.restored(softdelete.Restore(s.DB, &office.Seat{Hall: seat.Hall, Place: seat.Place})))
			}
			_, err := softdelete.RestoreDeletion(s.DB, s.deletion("third seat"))
			require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		})
	})
}

func TestLogsOfAnEarlierVersionGoOn(t *testing.T) {
	each(t, last, func(s *stage) {
		s.t.Run("with the next version", func(t *testing.T) {
			before, err := softdelete.History(s.DB, &office.Client{ID: 1})
			require.NoError(t, err)
			require.NoError(t, s.Model(&office.Client{ID: 1}).Update("balance", 9).Error)
			after, err := softdelete.History(s.DB, &office.Client{ID: 1})
			require.NoError(t, err)
			require.Len(t, after, len(before)+1)
			require.Equal(t, before, after[:len(before)])
			require.EqualValues(t, len(after), after[len(before)].Version)
			require.JSONEq(t, `{"balance": 9}`, string(after[len(before)].Data))
			client := office.Client{ID: 1}
			require.NoError(t, softdelete.AsOf(s.DB, &client, office.Day0.Add(41*day)))
			require.Equal(t, 5, client.Balance)
			require.NoError(t, softdelete.AsOf(s.DB, &client, s.now))
			require.Equal(t, 9, client.Balance)
		})
		s.t.Run("and give the rows", func(t *testing.T) {
			for _, model := range []any{&office.Meter{}, &office.Client{}, &office.Bill{}, &office.Visitor{}} {
				changed, err := softdelete.Rebuild(s.DB, model)
				require.NoError(t, err)
				require.Zero(t, changed, "%T", model)
			}
			require.NoError(t, s.Exec("UPDATE meters SET value = 99 WHERE id = 2").Error)
			require.NoError(t, s.Exec("DELETE FROM meters WHERE id = 1").Error)
			changed, err := softdelete.Rebuild(s.DB, &office.Meter{})
			require.NoError(t, err)
			require.EqualValues(t, 2, changed)
			var meters []office.Meter
			require.NoError(t, s.Order("id").Find(&meters).Error)
			require.Equal(t, []office.Meter{{ID: 1, Name: "one again", Value: 7}, {ID: 2, Name: "two again", Value: 20}}, meters)
		})
	})
}
