package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

func TestAnUpdateThatMakesRowsLiveAgainstTheDeletionOfTheirParent(t *testing.T) {
	eachConc(t, testAnUpdateThatMakesRowsLiveAgainstTheDeletionOfTheirParent)
}

func testAnUpdateThatMakesRowsLiveAgainstTheDeletionOfTheirParent(t *testing.T) {
	for name, row := range map[string]struct {
		model  any
		blocks bool
	}{"a lease, which blocks": {&concLease{ID: 9}, true}, "a team, which goes along": {&concTeam{ID: 9}, false}} {
		revive := func(db *gorm.DB) error { return db.Unscoped().Model(row.model).Update("deleted_at", nil).Error }
		fixture := func(t *testing.T) *concStage {
			s := newConcCompany(t)
			s.create(&concLease{ID: 9, OrgID: 1}, &concTeam{ID: 9, OrgID: 1})
			require.NoError(t, s.spectator.Delete(&concLease{ID: 9}).Error)
			require.NoError(t, s.spectator.Delete(&concTeam{ID: 9}).Error)
			return s
		}
		t.Run("it waits for the deletion that came first, and is refused: "+name, func(t *testing.T) {
			s := fixture(t)
			require.ErrorIs(t, s.afterCommit(concDelete(&concOrg{ID: 1}), revive), softdelete.ErrParentDeleted)
			require.NotContains(t, s.live(row.model), "9")
		})
		t.Run("it succeeds where that deletion is rolled back: "+name, func(t *testing.T) {
			s := fixture(t)
			require.NoError(t, s.afterRollback(concDelete(&concOrg{ID: 1}), revive))
			require.Contains(t, s.live(row.model), "9")
		})
		t.Run("the deletion sees one that came first: "+name, func(t *testing.T) {
			s := fixture(t)
			err := s.afterCommit(revive, concDelete(&concOrg{ID: 1}))
			if row.blocks {
				require.ErrorIs(t, err, softdelete.ErrBlocked)
				require.Contains(t, s.live(row.model), "9")
				return
			}
			require.NoError(t, err)
			require.NotContains(t, s.live(row.model), "9")
		})
	}
}
