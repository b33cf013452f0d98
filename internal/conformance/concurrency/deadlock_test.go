package concurrency_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// Two models that name their children in opposite order.
type (
	concMill struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Wheels    []concWheel `gorm:"foreignKey:MillID" softdelete:"cascade"`
		Stones    []concStone `gorm:"foreignKey:MillID" softdelete:"cascade"`
	}
	concYard struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Stones    []concStone `gorm:"foreignKey:YardID" softdelete:"cascade"`
		Wheels    []concWheel `gorm:"foreignKey:YardID" softdelete:"cascade"`
	}
	concWheel struct {
		ID, MillID, YardID uint
		DeletedAt          gorm.DeletedAt
	}
	concStone struct {
		ID, MillID, YardID uint
		DeletedAt          gorm.DeletedAt
	}
)

// concStamp names the lower of its parents first.
type concStamp struct {
	ID       uint
	MemberID uint
	Member   *concMember `softdelete:"guard"`
	OrgID    uint
	Org      *concOrg `softdelete:"guard"`
}

func TestDeletionsDoNotBothWaitForEachOther(t *testing.T) {
	eachConc(t, testDeletionsDoNotBothWaitForEachOther)
}

func testDeletionsDoNotBothWaitForEachOther(t *testing.T) {
	t.Run("whose trees share rows in a diamond", func(t *testing.T) {
		s := newConcStage(t, concPress...)
		s.eachStatement(func(n int) *concStop {
			for id := uint(1); id <= 2; id++ {
				s.create(&concHouse{ID: id}, &concAuthor{ID: id, HouseID: concKey(id)}, &concMagazine{ID: id, HouseID: concKey(id)})
			}
			s.create(&concArticle{ID: 3, AuthorID: concKey(2), MagazineID: concKey(1)},
				&concArticle{ID: 5, AuthorID: concKey(1), MagazineID: concKey(2)})
			stop := s.pair(n, concDelete(&concHouse{ID: 1}), concDelete(&concHouse{ID: 2}))
			for _, model := range concPress {
				require.Equal(t, "[]", s.live(model), "%T", model)
			}
			return stop
		})
	})
	t.Run("whose models name the same children in opposite order", func(t *testing.T) {
		s := newConcStage(t, &concMill{}, &concYard{}, &concWheel{}, &concStone{})
		s.eachStatement(func(n int) *concStop {
			s.create(&concMill{ID: 1}, &concYard{ID: 1}, &concWheel{ID: 1, MillID: 1, YardID: 1}, &concStone{ID: 1, MillID: 1, YardID: 1})
			stop := s.pair(n, concDelete(&concMill{ID: 1}), concDelete(&concYard{ID: 1}))
			require.Equal(t, "[1] [1]", s.deleted(&concWheel{}, &concStone{}))
			return stop
		})
	})
	t.Run("of a folder and one in it, whose keys are not in the order of the tree", func(t *testing.T) {
		s := newConcStage(t, &concFolder{})
		for _, ids := range [][2]uint{{10, 50}, {50, 10}} {
			s.eachStatement(func(n int) *concStop {
				s.create(&concFolder{ID: 50}, &concFolder{ID: 10, ParentID: concKey(50)}, &concFolder{ID: 5, ParentID: concKey(10)})
				stop := s.pair(n, concDelete(&concFolder{ID: ids[0]}), concDelete(&concFolder{ID: ids[1]}))
				require.Equal(t, "[5 10 50]", s.deleted(&concFolder{}))
				return stop
			})
		}
	})

	// Rows 1 to 3 lie in the table in the order 3, 2, 1. Row 2 is locked until both calls have begun to lock the others.
	opposite := func(s *concStage, model any, first, second func(db *gorm.DB) error, allowed ...error) {
		t.Helper()
		for _, id := range []uint{3, 2, 1} {
			require.NoError(s.t, s.spectator.Model(model).Where("id = ?", id).Update("deleted_at", nil).Error)
		}
		for _, calls := range [][2]func(db *gorm.DB) error{{first, second}} {
			holder := s.actor().Begin()
			require.NoError(s.t, holder.Model(model).Where("id = ?", 2).UpdateColumn("deleted_at", nil).Error)
			runs := []*concRun{s.actor().start(calls[0]).waits(), s.actor().start(calls[1]).waits()}
			require.NoError(s.t, holder.Rollback().Error)
			for _, run := range runs {
				if err := run.result(); err != nil {
					require.ErrorIs(s.t, err, softdelete.ErrParentDeleted)
				}
			}
		}
	}
	company := func(t *testing.T) *concStage {
		s := newConcStage(t, concCompany...)
		s.create(&concOrg{ID: 1}, &concTeam{ID: 1, OrgID: 1}, &concMember{ID: 1, TeamID: 1}, &concMember{ID: 2, TeamID: 1},
			&concMember{ID: 3, TeamID: 1})
		return s
	}
	press := func(t *testing.T) *concStage {
		s := newConcStage(t, concPress...)
		s.create(&concAuthor{ID: 1}, &concAuthor{ID: 2}, &concAuthor{ID: 3}, &concArticle{ID: 1, AuthorID: concKey(1)},
			&concRemark{ID: 1, ArticleID: 1}, &concRemark{ID: 2, ArticleID: 1}, &concRemark{ID: 3, ArticleID: 1})
		return s
	}
	t.Run("of a parent and of several of its children", func(t *testing.T) {
		s := company(t)
		opposite(s, &concMember{}, concDelete(&concTeam{ID: 1}), concDelete(&[]concMember{{ID: 1}, {ID: 2}, {ID: 3}}))
		require.Equal(t, "[1 2 3]", s.deleted(&concMember{}))
	})
	t.Run("of a grandparent and of several of its grandchildren", func(t *testing.T) {
		s := company(t)
		opposite(s, &concMember{}, concDelete(&concOrg{ID: 1}), concDelete(&[]concMember{{ID: 1}, {ID: 2}, {ID: 3}}))
		require.Equal(t, "[1 2 3]", s.deleted(&concMember{}))
	})
	t.Run("of a parent that is deleted level by level and of several of its children", func(t *testing.T) {
		s := press(t)
		opposite(s, &concRemark{}, concDelete(&concAuthor{ID: 1}), concDelete(&concRemark{}, []uint{1, 2, 3}))
		require.Equal(t, "[1 2 3]", s.deleted(&concRemark{}))
	})
	t.Run("and neither do a deletion and a create under several of the rows that it takes", func(t *testing.T) {
		s := company(t)
		opposite(s, &concMember{}, concDelete(&concTeam{ID: 1}),
			concCreate(&[]concNote{{ID: 1, MemberID: 1}, {ID: 2, MemberID: 2}, {ID: 3, MemberID: 3}}))
		require.Equal(t, "[]", s.live(&concNote{}))
	})
	t.Run("and neither do a deletion of several rows, level by level, and a create under them", func(t *testing.T) {
		s := press(t)
		opposite(s, &concAuthor{}, concDelete(&concAuthor{}, "name = ''"),
			concCreate(&[]concArticle{{ID: 7, AuthorID: concKey(1)}, {ID: 8, AuthorID: concKey(2)}, {ID: 9, AuthorID: concKey(3)}}))
		require.Equal(t, "[]", s.live(&concArticle{}))
	})
	t.Run("and neither do a deletion and a create under two of its levels", func(t *testing.T) {
		s := newConcStage(t, append([]any{&concStamp{}}, concCompany...)...)
		s.eachStatement(func(n int) *concStop {
			s.createCompany()
			return s.pair(n, concCreate(&concStamp{MemberID: 111, OrgID: 1}), concDelete(&concOrg{ID: 1}), softdelete.ErrParentDeleted)
		})
	})
}
