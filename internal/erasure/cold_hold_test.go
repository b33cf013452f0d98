package erasure_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	heldCase struct {
		ID      uint
		Persons []heldPerson `gorm:"foreignKey:CaseID;constraint:-"`
	}
	heldPerson struct {
		ID        uint
		CaseID    uint
		Name      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
)

func TestAHoldOnTheParentOfARowInColdStorageRefusesItsErasure(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&heldCase{}, &heldPerson{}}, ColdStore: store, Holds: true})
		long := gorm.DeletedAt{Time: s.Now.Add(-40 * fixture.Day), Valid: true}
		s.Add(&heldCase{ID: 7}, &heldCase{ID: 8}, &[]heldPerson{{ID: 1, CaseID: 7, Name: "canary", DeletedAt: long}, {ID: 2, CaseID: 8, Name: "canary", DeletedAt: long}})
		_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Empty(t, s.IDs(&heldPerson{}))
		id, err := softdelete.Hold(s.DB, &heldCase{ID: 7}, softdelete.HoldOptions{Matter: "lawsuit"})
		require.NoError(t, err)
		before := coldContent(t, dir)

		plan, err := softdelete.PreviewErasure(s.DB, &heldPerson{ID: 1})
		require.NoError(t, err)
		require.Equal(t, []string{"held_people (cold storage) 1"}, plan.Held)
		_, err = softdelete.Erase(s.DB, &heldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.ErrorIs(t, err, softdelete.ErrHeld)
		require.ErrorContains(t, err, `matter "lawsuit"`)
		require.Equal(t, before, coldContent(t, dir))

		_, err = softdelete.Erase(s.DB, &heldPerson{ID: 2}, softdelete.ErasureRequest{})
		require.NoError(t, err, "it is under another case")
		require.NoError(t, softdelete.Release(s.DB, id))
		_, err = softdelete.Erase(s.DB, &heldPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, coldWith(coldContent(t, dir), "canary"))
	})
}
