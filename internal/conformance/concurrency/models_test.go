package concurrency_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// A company of three levels below the root: every model is reached by one cascade relation, so that PostgreSQL deletes with
// a single statement. All children are guarded; a lease blocks its organization, a loan its member.
type (
	concOrg struct {
		ID        uint
		Name      string
		DeletedAt gorm.DeletedAt
		Teams     []concTeam  `gorm:"foreignKey:OrgID" softdelete:"cascade"`
		Leases    []concLease `gorm:"foreignKey:OrgID" softdelete:"block"`
	}
	concTeam struct {
		ID        uint
		OrgID     uint
		Org       *concOrg `softdelete:"guard"`
		DeletedAt gorm.DeletedAt
		Members   []concMember `gorm:"foreignKey:TeamID" softdelete:"cascade"`
	}
	concMember struct {
		ID         uint
		TeamID     uint
		Team       *concTeam `softdelete:"guard"`
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Notes      []concNote `gorm:"foreignKey:MemberID" softdelete:"cascade"`
		Loans      []concLoan `gorm:"foreignKey:MemberID" softdelete:"block"`
	}
	concNote struct {
		ID         uint
		MemberID   uint
		Member     *concMember `softdelete:"guard"`
		Gone       bool        `softdelete:"flag"`
		DeletionID softdelete.DeletionID
	}
	concLease struct {
		ID        uint
		OrgID     uint
		Org       *concOrg `softdelete:"guard"`
		DeletedAt gorm.DeletedAt
	}
	concLoan struct {
		ID        uint
		MemberID  uint
		Member    *concMember `softdelete:"guard"`
		DeletedAt gorm.DeletedAt
	}
)

var concCompany = []any{&concOrg{}, &concTeam{}, &concMember{}, &concNote{}, &concLease{}, &concLoan{}}

// A press with diamonds: articles stand under an author and a magazine, both of which stand under a house. Deletions reach
// articles by two relations, so that they go level by level. A prize blocks its author.
type (
	concHouse struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Authors   []concAuthor   `gorm:"foreignKey:HouseID" softdelete:"cascade"`
		Magazines []concMagazine `gorm:"foreignKey:HouseID" softdelete:"cascade"`
	}
	concAuthor struct {
		ID        uint
		HouseID   *uint
		House     *concHouse `softdelete:"guard"`
		Name      string
		DeletedAt gorm.DeletedAt
		Articles  []concArticle `gorm:"foreignKey:AuthorID" softdelete:"cascade"`
		Prizes    []concPrize   `gorm:"foreignKey:AuthorID" softdelete:"block"`
	}
	concMagazine struct {
		ID        uint
		HouseID   *uint
		House     *concHouse `softdelete:"guard"`
		Name      string
		DeletedAt gorm.DeletedAt
		Articles  []concArticle `gorm:"foreignKey:MagazineID" softdelete:"cascade"`
	}
	concArticle struct {
		ID         uint
		AuthorID   *uint
		Author     *concAuthor `softdelete:"guard"`
		MagazineID *uint
		Magazine   *concMagazine `softdelete:"guard"`
		DeletedAt  gorm.DeletedAt
		Remarks    []concRemark `gorm:"foreignKey:ArticleID" softdelete:"cascade"`
	}
	concRemark struct {
		ID        uint
		ArticleID uint
		Article   *concArticle `softdelete:"guard"`
		DeletedAt gorm.DeletedAt
	}
	concPrize struct {
		ID        uint
		AuthorID  uint
		Author    *concAuthor `softdelete:"guard"`
		DeletedAt gorm.DeletedAt
	}
)

var concPress = []any{&concHouse{}, &concAuthor{}, &concMagazine{}, &concArticle{}, &concRemark{}, &concPrize{}}

// concFolder is a tree of its own. It has no foreign key in the database, so that rows may be removed in any order.
type concFolder struct {
	ID        uint
	ParentID  *uint
	Parent    *concFolder `softdelete:"guard"`
	DeletedAt gorm.DeletedAt
	Folders   []concFolder `gorm:"foreignKey:ParentID" softdelete:"cascade"`
}

func concKey(id uint) *uint { return &id }

// live lists the keys of models' live rows, as text.
func (s *concStage) live(models ...any) string { return s.keys(true, models) }

// deleted lists the keys of models' deleted rows, as text.
func (s *concStage) deleted(models ...any) string { return s.keys(false, models) }

func (s *concStage) keys(live bool, models []any) string {
	s.t.Helper()
	texts := make([]string, len(models))
	for i, model := range models {
		condition := "deleted_at IS NOT NULL"
		if _, isNote := model.(*concNote); isNote {
			condition = "gone"
		}
		if live {
			condition = "NOT (" + condition + ")"
		}
		keys := []uint{}
		require.NoError(s.t, s.spectator.Unscoped().Model(model).Where(condition).Order("id").Pluck("id", &keys).Error)
		texts[i] = fmt.Sprint(keys)
	}
	return strings.Join(texts, " ")
}

// mark is the time of a row's deletion.
func (s *concStage) mark(model any, id uint) time.Time {
	s.t.Helper()
	var at gorm.DeletedAt
	require.NoError(s.t, s.spectator.Unscoped().Model(model).Where("id = ?", id).Pluck("deleted_at", &at).Error)
	return at.Time
}
