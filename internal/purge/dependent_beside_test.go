package purge_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Rows without a retention of their own under relations that no rule makes a deletion follow.
type (
	besideClub struct {
		ID        uint
		DeletedAt gorm.DeletedAt  `softdelete:"retain:30d"`
		Members   []besideMember  `gorm:"foreignKey:ClubID"`
		Letters   []besideLetter  `gorm:"foreignKey:ClubID" softdelete:"keep"`
		Pennants  []besidePennant `gorm:"foreignKey:ClubID" softdelete:"block"`
	}
	besideMember struct {
		ID, ClubID uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Cards      []besideCard `gorm:"foreignKey:MemberID" softdelete:"cascade"`
	}
	besideCard struct {
		ID, MemberID uint
		DeletedAt    gorm.DeletedAt
	}
	besideLetter struct {
		_          struct{} `softdelete:"archive"`
		ID, ClubID uint
	}
	besidePennant struct {
		ID, ClubID uint
		DeletedAt  gorm.DeletedAt
	}
)

func TestSelectedRowsWithoutARetentionGoWithTheirParent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&besideClub{}, &besideMember{}, &besideCard{}, &besideLetter{}, &besidePennant{}}
		s := fixture.NewStage(t, database, softdelete.Config{Models: models})
		for club := uint(1); club <= 2; club++ {
			s.Add(&besideClub{
				ID: club, Members: []besideMember{{ID: club * 10, Cards: []besideCard{{ID: club}}}, {ID: club*10 + 1}},
				Letters: []besideLetter{{ID: club}}, Pennants: []besidePennant{{ID: club}},
			})
		}
		s.DeleteAgo(50*fixture.Day, &besideMember{ID: 20}) // by itself
		s.Ago(40*fixture.Day, func() {
			require.NoError(t, s.Select(clause.Associations).Delete(&[]besideClub{{ID: 1}, {ID: 2}}).Error)
		})
		report := s.Purge(softdelete.PurgeOptions{})
		require.Equal(t, []uint{2}, s.IDs(&besideClub{}), "a member who left before refers to it")
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "beside_clubs").Done)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "beside_clubs").Referenced)
		require.EqualValues(t, 2, fixture.ReportOf(t, report, "beside_members").Done)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "beside_cards").Done)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "beside_letters_archive").Done)
		require.EqualValues(t, 1, fixture.ReportOf(t, report, "beside_pennants").Done)

		require.NoError(t, s.Clauses(softdelete.OnlyDeleted).Unscoped().Delete(&besideMember{ID: 20}).Error)
		s.Purge(softdelete.PurgeOptions{})
		for _, model := range []any{&besideClub{}, &besideMember{}, &besideCard{}, &besideLetter{}, &besidePennant{}} {
			require.Empty(t, s.IDs(model))
		}
	})
}

type (
	roundGallery struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
		Painters  []roundPainter `gorm:"foreignKey:GalleryID" softdelete:"cascade"`
	}
	roundPainter struct {
		_                    struct{} `softdelete:"archive"`
		ID                   uint
		GalleryID, PictureID *uint
		Pictures             []roundPicture `gorm:"foreignKey:PainterID;constraint:-" softdelete:"keep"`
	}
	roundPicture struct {
		_         struct{} `softdelete:"archive"`
		ID        uint
		PainterID *uint
		Copyists  []roundPainter `gorm:"foreignKey:PictureID;constraint:-" softdelete:"cascade"`
	}
)

func (g *roundGallery) BeforeDelete(tx *gorm.DB) error {
	return tx.Select("Pictures").Delete(&roundPainter{ID: 1}).Error
}

func TestArchivedRowsThatAHookTookRoundOverAnotherModelGoWithTheirParent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&roundGallery{}, &roundPainter{}, &roundPicture{}}})
		one := uint(1)
		s.Add(&roundGallery{ID: 1}, &roundPainter{ID: 1, GalleryID: &one}, &roundPicture{ID: 1, PainterID: &one}, &roundPainter{ID: 2, PictureID: &one})
		s.DeleteAgo(40*fixture.Day, &roundGallery{ID: 1})
		for _, dry := range []bool{true, false} {
			report := s.Purge(softdelete.PurgeOptions{DryRun: dry})
			require.EqualValues(t, 2, fixture.ReportOf(t, report, "round_painters_archive").Eligible)
			require.EqualValues(t, 1, fixture.ReportOf(t, report, "round_pictures_archive").Eligible)
		}
		require.Zero(t, fixture.Rows(t, s.DB, "round_painters_archive")+fixture.Rows(t, s.DB, "round_pictures_archive"))
	})
}
