package concurrency_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// newConcCompany is organization 1 with team 11, member 111 and note 1111, and organization 2 likewise.
func newConcCompany(t *testing.T) *concStage {
	s := newConcStage(t, concCompany...)
	s.createCompany()
	return s
}

func (s *concStage) createCompany() {
	for org := uint(1); org <= 2; org++ {
		s.create(&concOrg{ID: org}, &concTeam{ID: 10*org + 1, OrgID: org}, &concMember{ID: 100*org + 11, TeamID: 10*org + 1},
			&concNote{ID: 1000*org + 111, MemberID: 100*org + 11})
	}
}

// concChild is a guarded row to create under the tree of organization 1.
type concChild struct {
	name   string
	row    func() any
	model  any
	blocks bool
}

func concChildren() []concChild {
	return []concChild{
		{"a lease of the organization", func() any { return &concLease{ID: 9, OrgID: 1} }, &concLease{}, true},
		{"a loan of a member", func() any { return &concLoan{ID: 9, MemberID: 111} }, &concLoan{}, true},
		{"a team", func() any { return &concTeam{ID: 9, OrgID: 1} }, &concTeam{}, false},
		{"a member of a team", func() any { return &concMember{ID: 9, TeamID: 11} }, &concMember{}, false},
		{"a note of a member", func() any { return &concNote{ID: 9, MemberID: 111} }, &concNote{}, false},
	}
}

func TestGuardedCreateAgainstDelete(t *testing.T) { eachConc(t, testGuardedCreateAgainstDelete) }

func testGuardedCreateAgainstDelete(t *testing.T) {
	// wantTaken checks the state after the deletion, which met the new row.
	wantTaken := func(t *testing.T, s *concStage, child concChild, deletion error) {
		t.Helper()
		if child.blocks {
			require.ErrorIs(t, deletion, softdelete.ErrBlocked)
			var blocked *softdelete.BlockedError
			require.ErrorAs(t, deletion, &blocked)
			require.Equal(t, []string{"9"}, blocked.Blockers[0].Keys)
			for _, model := range concCompany {
				require.Equal(t, "[]", s.deleted(model), "%T", model)
			}
			return
		}
		require.NoError(t, deletion)
		for _, model := range concCompany[:4] {
			require.NotContains(t, s.live(model), "1", "%T", model)
		}
		require.Contains(t, s.deleted(child.model), "9")
		_, err := softdelete.Restore(s.actor().DB, &concOrg{ID: 1})
		require.NoError(t, err)
		for _, model := range concCompany {
			require.Equal(t, "[]", s.deleted(model), "%T: all of it is one deletion", model)
		}
	}
	// only organization 1, so that "1" in a list of live keys is one of its rows
	fixture := func(t *testing.T) *concStage {
		s := newConcCompany(t)
		for _, model := range []any{&concNote{}, &concMember{}, &concTeam{}, &concOrg{}} {
			require.NoError(t, s.spectator.Unscoped().Where("id IN ?", []uint{2, 21, 211, 2111}).Delete(model).Error)
		}
		return s
	}
	for _, child := range concChildren() {
		t.Run("a create that came first is seen by the deletion that waits for it: "+child.name, func(t *testing.T) {
			s := fixture(t)
			wantTaken(t, s, child, s.afterCommit(concCreate(child.row()), concDelete(&concOrg{ID: 1})))
		})
		t.Run("a create that is rolled back is not: "+child.name, func(t *testing.T) {
			s := fixture(t)
			require.NoError(t, s.afterRollback(concCreate(child.row()), concDelete(&concOrg{ID: 1})))
			require.Equal(t, "[1] [1111]", s.deleted(&concOrg{}, &concNote{}))
		})
		t.Run("a create that commits between the deletion's check and its write is seen: "+child.name, func(t *testing.T) {
			s := fixture(t)
			deleter := s.actor()
			stop := deleter.stopBefore("UPDATE", "conc_orgs")
			deletion := deleter.start(concDelete(&concOrg{ID: 1}))
			stop.wait(deletion)
			require.NoError(t, s.actor().Create(child.row()).Error)
			stop.goOn()
			wantTaken(t, s, child, deletion.result())
		})
		t.Run("a create waits for the deletion that came first, and is refused: "+child.name, func(t *testing.T) {
			s := fixture(t)
			require.ErrorIs(t, s.afterCommit(concDelete(&concOrg{ID: 1}), concCreate(child.row())), softdelete.ErrParentDeleted)
			require.NotContains(t, s.live(child.model), "9")
		})
		t.Run("it succeeds where that deletion is rolled back: "+child.name, func(t *testing.T) {
			s := fixture(t)
			require.NoError(t, s.afterRollback(concDelete(&concOrg{ID: 1}), concCreate(child.row())))
			require.Contains(t, s.live(child.model), "9")
			require.Equal(t, "[1]", s.live(&concOrg{}))
		})
	}
}

func TestGuardedCreateAgainstDeleteLevelByLevel(t *testing.T) {
	eachConc(t, testGuardedCreateAgainstDeleteLevelByLevel)
}

func testGuardedCreateAgainstDeleteLevelByLevel(t *testing.T) {
	fixture := func(t *testing.T) *concStage {
		s := newConcStage(t, concPress...)
		s.create(&concHouse{ID: 1}, &concAuthor{ID: 1, HouseID: concKey(1)}, &concMagazine{ID: 1, HouseID: concKey(1)},
			&concArticle{ID: 1, AuthorID: concKey(1), MagazineID: concKey(1)}, &concRemark{ID: 1, ArticleID: 1})
		return s
	}
	for name, row := range map[string]any{
		"an author":          &concAuthor{ID: 9, HouseID: concKey(1)},
		"a magazine":         &concMagazine{ID: 9, HouseID: concKey(1)},
		"an author's":        &concArticle{ID: 9, AuthorID: concKey(1)},
		"a magazine's":       &concArticle{ID: 9, MagazineID: concKey(1)},
		"a remark":           &concRemark{ID: 9, ArticleID: 1},
		"an author's of two": &concArticle{ID: 9, AuthorID: concKey(1), MagazineID: concKey(1)},
	} {
		t.Run("a create that came first is taken by the deletion that waits for it: "+name, func(t *testing.T) {
			s := fixture(t)
			require.NoError(t, s.afterCommit(concCreate(row), concDelete(&concHouse{ID: 1})))
			for _, model := range concPress {
				require.Equal(t, "[]", s.live(model), "%T", model)
			}
		})
	}
}

func TestGuardedCreateAgainstDeleteInATree(t *testing.T) {
	eachConc(t, testGuardedCreateAgainstDeleteInATree)
}

func testGuardedCreateAgainstDeleteInATree(t *testing.T) {
	t.Run("a folder created under one that is about to be taken is taken too, and so is one under that", func(t *testing.T) {
		s := newConcStage(t, &concFolder{})
		s.create(&concFolder{ID: 1}, &concFolder{ID: 2, ParentID: concKey(1)}, &concFolder{ID: 3, ParentID: concKey(2)})
		tx := s.actor().Begin()
		require.NoError(t, tx.Create(&concFolder{ID: 4, ParentID: concKey(3)}).Error)
		require.NoError(t, tx.Create(&concFolder{ID: 5, ParentID: concKey(4)}).Error)
		deletion := s.actor().start(concDelete(&concFolder{ID: 1})).waits()
		require.NoError(t, tx.Commit().Error)
		require.NoError(t, deletion.result())
		require.Equal(t, "[1 2 3 4 5]", s.deleted(&concFolder{}))
	})
}

func TestGuardedUpdateAgainstDelete(t *testing.T) { eachConc(t, testGuardedUpdateAgainstDelete) }

func testGuardedUpdateAgainstDelete(t *testing.T) {
	move := func(id, org uint) func(db *gorm.DB) error {
		return func(db *gorm.DB) error {
			result := db.Model(&concTeam{ID: id}).Update("org_id", org)
			if result.Error == nil && result.RowsAffected != 1 {
				return fmt.Errorf("moved %d rows", result.RowsAffected)
			}
			return result.Error
		}
	}
	both := func(db *gorm.DB) error { return db.Delete(&concOrg{}, []uint{1, 2}).Error }

	t.Run("a row that was moved in is taken by the deletion that waits for the move", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.afterCommit(move(21, 1), concDelete(&concOrg{ID: 1})))
		require.Equal(t, "[11 21] [111 211] [1111 2111]", s.deleted(&concTeam{}, &concMember{}, &concNote{}))
		require.Equal(t, "[2]", s.live(&concOrg{}))
	})
	t.Run("a row that was moved out stays live, and so do the rows under it", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.afterCommit(move(11, 2), concDelete(&concOrg{ID: 1})))
		require.Equal(t, "[1]", s.deleted(&concOrg{}))
		require.Equal(t, "[11 21] [111 211] [1111 2111]", s.live(&concTeam{}, &concMember{}, &concNote{}))
	})
	t.Run("a row that was moved between two parents of one deletion is taken", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.afterCommit(move(11, 2), both))
		require.Equal(t, "[] [] []", s.live(&concTeam{}, &concMember{}, &concNote{}))
	})
	t.Run("a move waits for the deletion of its target, and is refused", func(t *testing.T) {
		s := newConcCompany(t)
		require.ErrorIs(t, s.afterCommit(concDelete(&concOrg{ID: 1}), move(21, 1)), softdelete.ErrParentDeleted)
		require.Equal(t, "[21]", s.live(&concTeam{}))
	})
	t.Run("a move out of a tree waits for its deletion, and finds no live row", func(t *testing.T) {
		s := newConcCompany(t)
		require.EqualError(t, s.afterCommit(concDelete(&concOrg{ID: 1}), move(11, 2)), "moved 0 rows")
		require.Equal(t, "[11]", s.deleted(&concTeam{}))
	})
	t.Run("a deleted row that is restored before the update reaches it does not move under a deleted parent", func(t *testing.T) {
		s := newConcCompany(t)
		require.NoError(t, s.actor().Delete(&concTeam{ID: 21}).Error)
		require.NoError(t, s.actor().Delete(&concOrg{ID: 1}).Error)
		mover := s.actor()
		stop := mover.stopBefore("UPDATE " + s.quoted("conc_teams"))
		moving := mover.start(move(21, 1))
		stop.wait(moving)
		_, err := softdelete.Restore(s.actor().DB, &concTeam{ID: 21})
		require.NoError(t, err)
		stop.goOn()
		if err := moving.result(); err != nil && !errors.Is(err, softdelete.ErrParentDeleted) {
			require.EqualError(t, err, "moved 0 rows")
		}
		var team concTeam
		require.NoError(t, s.spectator.First(&team, 21).Error)
		require.Equal(t, uint(2), team.OrgID, "a live team must not stand under the deleted organization 1")
	})
	t.Run("nor does a row that begins to fulfil the update's condition", func(t *testing.T) {
		s := newConcStage(t, concPress...)
		s.create(&concHouse{ID: 1}, &concAuthor{ID: 1, Name: "other"})
		require.NoError(t, s.actor().Delete(&concHouse{ID: 1}).Error)
		mover := s.actor()
		stop := mover.stopBefore("UPDATE " + s.quoted("conc_authors"))
		moving := mover.start(func(db *gorm.DB) error {
			return db.Model(&concAuthor{}).Where("name = ?", "wanted").Update("house_id", 1).Error
		})
		stop.wait(moving)
		require.NoError(t, s.spectator.Model(&concAuthor{ID: 1}).Update("name", "wanted").Error)
		stop.goOn()
		if err := moving.result(); err != nil {
			require.ErrorIs(t, err, softdelete.ErrParentDeleted)
		}
		var author concAuthor
		require.NoError(t, s.spectator.First(&author, 1).Error)
		require.Nil(t, author.HouseID, "a live author must not stand under the deleted house 1")
	})
}
