package purge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	retBill struct {
		_     struct{} `softdelete:"archive;retain:30d;tenant:Tax"`
		ID    uint
		Tax   string
		Lines []retLine `gorm:"foreignKey:BillID" softdelete:"cascade"`
		Slips []retSlip `gorm:"foreignKey:BillID;constraint:-" softdelete:"keep"`
	}
	retLine struct {
		_      struct{} `softdelete:"archive;retain:30d"`
		ID     uint
		BillID uint
	}
	retSlip struct{ ID, BillID uint }
	// retLogged has an event log, as has retFiled, whose rows are archived.
	retLogged struct {
		_         struct{} `softdelete:"events"`
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
	retFiled struct {
		_    struct{} `softdelete:"archive;events;retain:30d"`
		ID   uint
		Name string
	}
	retFrozen struct {
		_      struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID     uint
		Amount int
		Double int `gorm:"->;type:integer GENERATED ALWAYS AS (amount * 2) STORED"`
	}
)

func TestPurgeRemovesArchivedRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retBill{}, &retLine{}, &retSlip{}}, Holds: true})
		bill := func(id uint) {
			s.Add(&retBill{ID: id}, &retLine{ID: id * 10, BillID: id}, &retLine{ID: id*10 + 1, BillID: id})
		}
		bill(1)
		bill(2)
		bill(3)
		bill(4)
		s.Add(&retSlip{ID: 1, BillID: 2})
		for id := range uint(3) {
			s.DeleteAgo(35*fixture.Day, &retBill{ID: id + 1})
		}
		s.DeleteAgo(10*fixture.Day, &retBill{ID: 4})
		bill(1) // its key is used again
		hold, err := softdelete.Hold(s.DB, &retBill{ID: 3}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)

		report := s.Purge(softdelete.PurgeOptions{Batch: 1})
		bills, lines := fixture.ReportOf(t, report, "ret_bills_archive"), fixture.ReportOf(t, report, "ret_lines_archive")
		require.EqualValues(t, 3, bills.Eligible)
		require.EqualValues(t, 1, bills.Done, "the first")
		require.EqualValues(t, 1, bills.Held)
		require.Equal(t, map[string]int64{"ret_slips": 1}, bills.ReferencedBy)
		require.EqualValues(t, 6, lines.Eligible)
		require.EqualValues(t, 2, lines.Held)
		require.EqualValues(t, 4, lines.Done)
		require.EqualValues(t, 1, fixture.Rows(t, s.DB, "ret_bills"), "a live row with a purged key stays")
		require.EqualValues(t, 2, fixture.Rows(t, s.DB, "ret_lines"))
		require.EqualValues(t, 4, fixture.Rows(t, s.DB, "ret_lines_archive"), "those of the third, under a hold, and of the fourth")

		require.NoError(t, softdelete.Release(s.DB, hold))
		require.NoError(t, s.Exec("DELETE FROM ret_slips").Error)
		s.Purge(softdelete.PurgeOptions{})
		require.EqualValues(t, 1, fixture.Rows(t, s.DB, "ret_bills_archive"))
		_, err = softdelete.Restore(s.DB, &retBill{ID: 4})
		require.NoError(t, err)
		require.EqualValues(t, 0, fixture.Rows(t, s.DB, "ret_lines_archive"))
	})
}

func TestPurgeTellsRowsApartThatWereArchivedWithTheSameKey(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retBill{}, &retLine{}}})
		for _, days := range []time.Duration{50, 40, 10} {
			s.Add(&retBill{ID: 1}, &retLine{ID: 10, BillID: 1})
			s.DeleteAgo(days*fixture.Day, &retBill{ID: 1})
		}
		report := s.Purge(softdelete.PurgeOptions{})
		require.EqualValues(t, 2, fixture.ReportOf(t, report, "ret_bills_archive").Done)
		require.EqualValues(t, 2, fixture.ReportOf(t, report, "ret_lines_archive").Done)
		require.EqualValues(t, 1, fixture.Rows(t, s.DB, "ret_bills_archive"))
		_, err := softdelete.Restore(s.DB, &retBill{ID: 1})
		require.NoError(t, err)
		require.EqualValues(t, 1, fixture.Rows(t, s.DB, "ret_lines"))
	})
}

func TestPurgeRemovesTheEventsOfRowsThatGo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retLogged{}, &retFiled{}}})
		s.Add(&retLogged{ID: 1, Name: "goes"}, &retLogged{ID: 2, Name: "stays"}, &retLogged{ID: 3}, &retFiled{ID: 1}, &retFiled{ID: 2}, &retFiled{ID: 3})
		s.DeleteAgo(40*fixture.Day, &[]retLogged{{ID: 1}})
		s.DeleteAgo(10*fixture.Day, &[]retLogged{{ID: 3}})
		s.DeleteAgo(40*fixture.Day, &[]retFiled{{ID: 1}, {ID: 2}})
		s.Add(&retFiled{ID: 2, Name: "again"})
		report := s.Purge(softdelete.PurgeOptions{})
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "ret_loggeds").Done)
		require.EqualValues(t, 2, fixture.ReportOf(t, report, "ret_fileds_archive").Done)
		for table, want := range map[string][]string{"ret_loggeds_events": {"2", "3"}, "ret_fileds_events": {"2", "3"}} {
			var keys []string
			require.NoError(t, s.Table(table).Distinct("row_key").Order("row_key").Pluck("row_key", &keys).Error)
			require.Equal(t, want, keys, table)
		}
		events, err := softdelete.History(s.DB, &retLogged{ID: 1})
		require.NoError(t, err)
		require.Empty(t, events)
		s.Add(&retLogged{ID: 1, Name: "new"})
		events, err = softdelete.History(s.DB, &retLogged{ID: 1})
		require.NoError(t, err)
		require.Len(t, events, 1)
		require.EqualValues(t, 1, events[0].Version)
	})
}

func TestPurgeKeepsTheEventsOfAKeyWhileAnArchivedRowHasIt(t *testing.T) {
	type filedCase struct {
		_        struct{} `softdelete:"archive;events;retain:30d;clock:ClosedAt"`
		ID       uint
		ClosedAt *time.Time
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&filedCase{}}})
		recent, old := fixture.Now.Add(-10*fixture.Day), fixture.Now.Add(-50*fixture.Day)
		for _, closed := range []*time.Time{&old, &recent, &old} {
			s.Add(&filedCase{ID: 1, ClosedAt: closed})
			require.NoError(t, s.Delete(&filedCase{ID: 1}).Error)
			*s.Now = s.Now.Add(time.Second)
		}
		s.Purge(softdelete.PurgeOptions{})
		require.EqualValues(t, 1, fixture.Rows(t, s.DB, "filed_cases_archive"))
		require.EqualValues(t, 6, fixture.Rows(t, s.DB, "filed_cases_events"), "the second row has the key still")
		*s.Now = s.Now.Add(30 * fixture.Day)
		s.Purge(softdelete.PurgeOptions{})
		require.Zero(t, fixture.Rows(t, s.DB, "filed_cases_archive"))
		require.Zero(t, fixture.Rows(t, s.DB, "filed_cases_events"))
	})
}

func TestColdBatchesOfOneKeyThatWasArchivedTwiceComeBackOneAtATime(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, err := softdelete.DirColdStore(t.TempDir())
		require.NoError(t, err)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retFrozen{}}, ColdStore: store})
		for days := range time.Duration(2) {
			s.Add(&retFrozen{ID: 1, Amount: int(days)}, &retFrozen{ID: 2 + uint(days)})
			s.DeleteAgo((50-days)*fixture.Day, &[]retFrozen{{ID: 1}, {ID: 2 + uint(days)}})
		}
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.EqualValues(t, 4, report.Models[0].Done)
		require.Len(t, report.Models[0].ColdBatches, 2)
		var rows int64
		for _, id := range report.Models[0].ColdBatches {
			thawed, err := softdelete.Thaw(s.DB, id)
			require.NoError(t, err)
			rows += thawed
			require.NoError(t, s.Delete(&retFrozen{ID: 1}).Error)
		}
		require.EqualValues(t, 4, rows)
	})
}

func TestThawRefusesARowWhoseParentIsArchived(t *testing.T) {
	type thawLine struct {
		_      struct{} `softdelete:"archive;retain:30d;then:cold"`
		ID     uint
		BillID uint
	}
	type thawBill struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Lines []thawLine `gorm:"foreignKey:BillID;constraint:-" softdelete:"cascade"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, err := softdelete.DirColdStore(t.TempDir())
		require.NoError(t, err)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&thawBill{}, &thawLine{}}, ColdStore: store})
		s.Add(&thawBill{ID: 1, Lines: []thawLine{{ID: 1}, {ID: 2}}})
		s.DeleteAgo(40*fixture.Day, &[]thawLine{{ID: 1}, {ID: 2}})
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		batch := fixture.ReportOf(t, report, "thaw_lines_archive").ColdBatches[0]
		require.NoError(t, s.Delete(&thawBill{ID: 1}).Error)
		_, err = softdelete.Thaw(s.DB, batch)
		require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		require.Zero(t, fixture.Rows(t, s.DB, "thaw_lines"))
		s.Add(&thawBill{ID: 1})
		_, err = softdelete.Thaw(s.DB, batch)
		require.NoError(t, err, "the key is used again")
		require.EqualValues(t, 2, fixture.Rows(t, s.DB, "thaw_lines"))
	})
}

func TestThawBringsArchivedRowsBackWithoutWhatTheDatabaseComputes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, err := softdelete.DirColdStore(t.TempDir())
		require.NoError(t, err)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retFrozen{}}, ColdStore: store})
		s.Add(&retFrozen{ID: 1, Amount: 4}, &retFrozen{ID: 2, Amount: 5})
		s.DeleteAgo(40*fixture.Day, &[]retFrozen{{ID: 1}, {ID: 2}})
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Len(t, report.Models[0].ColdBatches, 1)
		require.EqualValues(t, 0, fixture.Rows(t, s.DB, "ret_frozens_archive"))
		rows, err := softdelete.Thaw(s.DB, report.Models[0].ColdBatches[0])
		require.NoError(t, err)
		require.EqualValues(t, 2, rows)
		var frozen retFrozen
		require.NoError(t, s.First(&frozen, 2).Error)
		require.Equal(t, 10, frozen.Double)
		_, err = softdelete.Thaw(s.DB, report.Models[0].ColdBatches[0])
		var conflict *softdelete.ConflictError
		require.ErrorAs(t, err, &conflict)
		require.Equal(t, []string{"id"}, conflict.Columns)
		require.Equal(t, []string{"1", "2"}, conflict.LiveKeys)
	})
}

func TestPurgeDryRunCountsMaxRowsOverAllModels(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for limit := int64(1); limit <= 25; limit += 3 {
			s := fixture.NewStage(t, database, fixture.Tree())
			for _, table := range []string{"posts", "users", "orgs", "payments"} {
				require.NoError(t, s.Exec("DELETE FROM "+table).Error)
			}
			for org := range uint(3) {
				s.AddTree(org + 1)
			}
			s.DeleteAgo(40*fixture.Day, &fixture.Post{ID: 301})
			s.DeleteAgo(40*fixture.Day, &fixture.User{ID: 20})
			s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 1})
			s.DeleteAgo(40*fixture.Day, &fixture.Org{ID: 2})
			report := s.Purge(softdelete.PurgeOptions{Batch: 4, MaxRows: limit})
			var done int64
			for _, m := range report.Models {
				done += m.Done
			}
			require.LessOrEqual(t, done, limit)
		}
	})
}
