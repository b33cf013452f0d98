package erasure_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestALegalHoldRefusesAnErasure(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		config := gdprConfig()
		config.Holds = true
		db := fixture.Open(t, database, config)
		user := gdprPerson(t, db, "canary")
		team := gdprTeam{Name: "team"}
		require.NoError(t, db.Create(&team).Error)
		require.NoError(t, db.Model(&gdprUser{ID: user.ID}).Update("team_id", team.ID).Error)
		other := gdprPerson(t, db, "somebody")
		before := fixture.Dump(t, db, gdprModels()...)
		for name, held := range map[string]struct {
			row  any
			list []string // of the preview
		}{
			"on the subject": {&gdprUser{ID: user.ID}, nil},
			"on a row under it": {&gdprPost{ID: user.Posts[0].ID}, []string{
				fmt.Sprint("gdpr_posts ", user.Posts[0].ID), fmt.Sprint("gdpr_comments ", user.Posts[0].Comments[0].ID),
			}},
			"on a deleted row under it": {&gdprPost{ID: user.Posts[1].ID}, []string{fmt.Sprint("gdpr_posts ", user.Posts[1].ID)}},
			"on what it stands under":   {&gdprTeam{ID: team.ID}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				id, err := softdelete.Hold(db, held.row, softdelete.HoldOptions{Matter: "case 7"})
				require.NoError(t, err)
				_, err = softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "r"})
				require.ErrorIs(t, err, softdelete.ErrHeld)
				require.ErrorContains(t, err, string(id))
				require.ErrorContains(t, err, `matter "case 7"`)
				require.Equal(t, before, fixture.Dump(t, db, gdprModels()...))
				plan, err := softdelete.PreviewErasure(db, user)
				require.NoError(t, err)
				require.NotEmpty(t, plan.Held)
				if held.list != nil {
					require.ElementsMatch(t, held.list, plan.Held)
				}
				require.NoError(t, softdelete.Release(db, id))
			})
		}
		t.Run("a hold on somebody else does not, nor one that is over", func(t *testing.T) {
			_, err := softdelete.Hold(db, &gdprUser{ID: other.ID}, softdelete.HoldOptions{})
			require.NoError(t, err)
			_, err = softdelete.Hold(db, &gdprUser{ID: user.ID}, softdelete.HoldOptions{Until: time.Now().Add(time.Millisecond)})
			require.NoError(t, err)
			time.Sleep(2 * time.Millisecond)
			_, err = softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "r"})
			require.NoError(t, err)
			_, err = softdelete.Erase(db, other, softdelete.ErasureRequest{})
			require.ErrorIs(t, err, softdelete.ErrHeld)
		})
	})
}

func TestAHoldBetweenBatchesStopsAnErasure(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		failsAt := 0
		config := batchConfig(4, &failsAt)
		config.Holds = true
		db := fixture.Open(t, database, config)
		p := batchSubject(t, db, "canary")
		failsAt = 11
		_, err := softdelete.Erase(db, &batchPerson{ID: p.ID}, softdelete.ErasureRequest{ID: "r"})
		require.ErrorContains(t, err, "request r is not finished")
		id, err := softdelete.Hold(db, &batchMessage{ID: p.Threads[0].Messages[0].ID}, softdelete.HoldOptions{Matter: "late"})
		require.NoError(t, err)
		_, err = softdelete.Erase(db, &batchPerson{ID: p.ID}, softdelete.ErasureRequest{ID: "r"})
		require.ErrorIs(t, err, softdelete.ErrHeld)
		require.ErrorContains(t, err, "request r is not finished")
		require.NoError(t, softdelete.Release(db, id))
		_, err = softdelete.Erase(db, &batchPerson{ID: p.ID}, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
		require.ErrorIs(t, db.First(&batchPerson{}, p.ID).Error, gorm.ErrRecordNotFound)
	})
}

type (
	heldCase[K any] struct {
		ID      uint
		Kind    K            `gorm:"embedded"`
		Persons []heldPerson `gorm:"foreignKey:CaseID;constraint:-"`
	}
	heldOpen  struct{ Open bool }
	heldFiled struct {
		_ struct{} `softdelete:"archive"`
	}
	heldPerson struct {
		ID        uint
		CaseID    uint
		Name      string         `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
)

func (heldCase[K]) TableName() string { return "held_cases" }

func TestAHoldOnTheParentOfARowInColdStorageRefusesItsErasure(t *testing.T) {
	t.Run("a row of a table", heldFromCold[heldOpen])
	t.Run("an archived row", heldFromCold[heldFiled])
}

func heldFromCold[K any](t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, dir := fixture.ColdDir(t)
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&heldCase[K]{}, &heldPerson{}}, ColdStore: store, Holds: true})
		long := gorm.DeletedAt{Time: s.Now.Add(-40 * fixture.Day), Valid: true}
		s.Add(&heldCase[K]{ID: 7}, &heldCase[K]{ID: 8}, &[]heldPerson{{ID: 1, CaseID: 7, Name: "canary", DeletedAt: long}, {ID: 2, CaseID: 8, Name: "canary", DeletedAt: long}})
		_, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Empty(t, s.IDs(&heldPerson{}))
		if _, files := any(heldCase[K]{}.Kind).(heldFiled); files {
			require.NoError(t, s.DB.Delete(&[]heldCase[K]{{ID: 7}, {ID: 8}}).Error)
		}
		id, err := softdelete.Hold(s.DB, &heldCase[K]{ID: 7}, softdelete.HoldOptions{Matter: "lawsuit"})
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
