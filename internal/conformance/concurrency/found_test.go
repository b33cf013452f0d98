package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

type (
	concVisitor struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		Name   string      `pii:"fixed:[erased]"`
		Visits []concVisit `gorm:"foreignKey:VisitorID;constraint:-"`
	}
	concVisit struct {
		_             struct{} `softdelete:"archive"`
		ID, VisitorID uint
		Note          string `pii:"fixed:[erased]"`
	}
)

// A row that a restore moves from its archive into its table is there all the time, for those too who look into one and then into the other.
func TestARowThatComesBackIsFoundMeanwhile(t *testing.T) {
	eachConc(t, testARowThatComesBackIsFoundMeanwhile)
}

func testARowThatComesBackIsFoundMeanwhile(t *testing.T) {
	s := newConcStage(t, &concVisitor{}, &concVisit{})
	require.NoError(t, s.actor().AutoMigrate(softdelete.Tables()...))
	erase := func(db *gorm.DB) error {
		_, err := softdelete.Erase(db, &concVisitor{ID: 1}, softdelete.ErasureRequest{})
		return err
	}
	hold := func(db *gorm.DB) error {
		_, err := softdelete.Hold(db, &concVisitor{ID: 1}, softdelete.HoldOptions{Matter: "case 7"})
		return err
	}
	// Keys are used again: an archive has several rows of each.
	archive := func(model func(text string) any, texts ...string) {
		for _, text := range texts {
			require.NoError(t, s.actor().Create(model(text)).Error)
			require.NoError(t, s.actor().Delete(model(text)).Error)
		}
	}
	visitor := func(text string) any { return &concVisitor{ID: 1, Name: text} }
	visit := func(text string) any { return &concVisit{ID: 1, VisitorID: 1, Note: text} }
	archived := func(texts ...string) func() {
		return func() {
			archive(visitor, texts...)
			archive(visit, texts...)
		}
	}
	for fact, c := range map[string]struct {
		prepare       func()
		restore, call func(db *gorm.DB) error
	}{
		"an erasure":                  {archived("secret"), concRestore(visitor("")), erase},
		"an erasure, of several rows": {archived("secret", "secret"), concRestore(visitor("")), erase},
		"an erasure, of a row that is new under an erased one": {func() {
			archive(visitor, "secret")
			require.NoError(t, erase(s.actor().DB))
			archive(visit, "secret")
		}, concRestore(visit("")), erase},
		"a hold": {archived("Ann", "Bea"), concRestore(visitor("")), hold},
	} {
		t.Run(fact, func(t *testing.T) {
			s.eachStatement(func(n int) *concStop {
				for _, table := range []string{"conc_visitors_archive", "conc_visits_archive", "softdelete_erased_rows", "softdelete_holds"} {
					require.NoError(t, s.spectator.Exec("DELETE FROM "+table).Error)
				}
				c.prepare()
				s.acting = 0
				stop := s.pair(n, c.call, c.restore, softdelete.ErrErased)
				require.NotContains(t, s.rows("SELECT name FROM conc_visitors UNION ALL SELECT name FROM conc_visitors_archive UNION ALL "+
					"SELECT note FROM conc_visits UNION ALL SELECT note FROM conc_visits_archive"), "secret", "stopped before statement %d", n)
				return stop
			})
		})
	}
}
