package purge_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	laterCase struct {
		ID     uint
		Papers []laterPaper `gorm:"foreignKey:CaseID;constraint:-"`
		Scans  []laterScan  `gorm:"foreignKey:CaseID;constraint:-"`
		Views  []laterView  `gorm:"foreignKey:CaseID;constraint:-"`
		People []laterMan   `gorm:"foreignKey:CaseID;constraint:-"`
		Sheets []laterSheet `gorm:"foreignKey:CaseID;constraint:-"`
	}
	// laterPaper stands alone, laterScan is archived, laterView goes to cold storage, laterMan is erased, laterSheet refers to
	// others of its kind.
	laterPaper struct {
		ID, CaseID uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
	}
	laterScan struct {
		_          struct{} `softdelete:"archive;retain:30d"`
		ID, CaseID uint
	}
	laterView struct {
		ID, CaseID uint
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
	}
	laterMan struct {
		ID, CaseID uint
		Name       string         `pii:"fixed:[erased]"`
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d;then:erase"`
	}
	laterSheet struct {
		ID, CaseID uint
		UnderID    *uint
		Under      []laterSheet   `gorm:"foreignKey:UnderID"`
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
	}
)

// A hold comes while a purge runs, from its Progress; the rows of the held case are the last ones.
func TestAPurgeObeysAHoldThatIsPlacedWhileItRuns(t *testing.T) {
	const rows = 400
	for fact, c := range map[string]struct {
		row   func(id, of uint) any
		model any
		table string
	}{
		"a table that stands alone": {func(id, of uint) any { return &laterPaper{ID: id, CaseID: of} }, &laterPaper{}, "later_papers"},
		"an archive":                {func(id, of uint) any { return &laterScan{ID: id, CaseID: of} }, &laterScan{}, "later_scans_archive"},
		"cold storage":              {func(id, of uint) any { return &laterView{ID: id, CaseID: of} }, &laterView{}, "later_views"},
		"erasure":                   {func(id, of uint) any { return &laterMan{ID: id, CaseID: of, Name: "Ann"} }, &laterMan{}, "later_men"},
		"families":                  {func(id, of uint) any { return &laterSheet{ID: id, CaseID: of} }, &laterSheet{}, "later_sheets"},
	} {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				store, _ := fixture.ColdDir(t)
				config := softdelete.Config{
					Models:    []any{&laterCase{}, &laterPaper{}, &laterScan{}, &laterView{}, &laterMan{}, &laterSheet{}},
					ColdStore: store,
				}
				s := fixture.NewStage(t, database, config)
				s.Add(&laterCase{ID: 1}, &laterCase{ID: 2})
				n := uint(rows)
				if c.table == "later_men" {
					n = 12
				}
				require.NoError(t, s.Transaction(func(tx *gorm.DB) error {
					for id := uint(1); id <= n; id++ {
						of := uint(1)
						if id > n*3/4 {
							of = 2
						}
						require.NoError(t, tx.Create(c.row(id, of)).Error)
					}
					return nil
				}))
				s.DeleteAgo(40*fixture.Day, c.model, "1 = 1")
				var held error
				placed := false
				report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{Batch: int(n / 10), Models: []any{c.model}, Progress: func(softdelete.PurgeProgress) {
					if !placed {
						placed = true
						_, held = softdelete.Hold(s.DB, &laterCase{ID: 2}, softdelete.HoldOptions{Matter: "case 7"})
					}
				}})
				require.NoError(t, err)
				require.NoError(t, held)
				require.True(t, placed)
				var left int64
				require.NoError(t, s.Table(c.table).Where("case_id = 2").Count(&left).Error)
				require.Positive(t, left, "what is left when the hold comes stays")
				m := fixture.ReportOf(t, report, c.table)
				require.EqualValues(t, left, m.Held)
				require.EqualValues(t, m.Eligible, m.Done+m.Held)
				left = 1
				require.NoError(t, s.Table(c.table).Where("case_id = 1").Count(&left).Error)
				require.Zero(t, left, "the purge goes on with what is not held")
			})
		})
	}
}
