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
	// depOrder is archived, and its key is used again; the rows under it are marked in place, by an ID, by a time, and with both.
	depOrder struct {
		_     struct{} `softdelete:"archive;retain:20d"`
		ID    uint
		Lines []depLine `gorm:"foreignKey:OrderID;constraint:-" softdelete:"cascade"`
		Stubs []depStub `gorm:"foreignKey:OrderID;constraint:-" softdelete:"cascade"`
		Slips []depSlip `gorm:"foreignKey:OrderID;constraint:-" softdelete:"cascade"`
	}
	depLine struct {
		ID, OrderID uint
		Gone        bool `softdelete:"flag"`
		DeletionID  softdelete.DeletionID
	}
	depStub struct {
		ID, OrderID uint
		DeletedAt   gorm.DeletedAt
	}
	depSlip struct {
		ID, OrderID uint
		Gone        bool       `softdelete:"flag"`
		GoneAt      *time.Time `softdelete:"at"`
		DeletionID  softdelete.DeletionID
	}
)

func TestRowsGoWithTheArchivedParentThatTookThemWhenItsKeyIsUsedAgain(t *testing.T) {
	again := map[string]func(s *fixture.Stage){
		"by a live row": func(s *fixture.Stage) { s.Add(&depOrder{ID: 1}) },
		"by a row that was archived later": func(s *fixture.Stage) {
			s.Add(&depOrder{ID: 1})
			s.DeleteAgo(10*fixture.Day, &depOrder{ID: 1})
		},
	}
	for how, use := range again {
		t.Run(how, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&depOrder{}, &depLine{}, &depStub{}, &depSlip{}}})
				s.Add(&depOrder{ID: 1}, &depLine{ID: 1, OrderID: 1}, &depStub{ID: 1, OrderID: 1}, &depSlip{ID: 1, OrderID: 1})
				s.DeleteAgo(30*fixture.Day, &depOrder{ID: 1})
				use(s)
				s.Add(&depLine{ID: 2, OrderID: 1})
				foreseen := s.Purge(softdelete.PurgeOptions{DryRun: true})
				report := s.Purge(softdelete.PurgeOptions{})
				for _, table := range []string{"dep_orders_archive", "dep_lines", "dep_stubs", "dep_slips"} {
					require.EqualValues(t, 1, fixture.ReportOf(t, report, table).Done, table)
					require.EqualValues(t, 1, fixture.ReportOf(t, foreseen, table).Done, "foreseen in %s", table)
				}
				require.EqualValues(t, 1, fixture.Rows(t, s.DB, "dep_lines"), "the live one stays")
				require.Zero(t, fixture.Rows(t, s.DB, "dep_stubs")+fixture.Rows(t, s.DB, "dep_slips"))
			})
		})
	}
}
