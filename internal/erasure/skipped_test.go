package erasure_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Remarks of people under the articles of others, and replies to them.
type (
	remarkAuthor struct {
		ID        uint
		Name      string `pii:"fixed:nobody"`
		DeletedAt gorm.DeletedAt
		Remarks   []remark `gorm:"foreignKey:AuthorID" softdelete:"keep"`
	}
	remarkArticle struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Remarks    []remark `gorm:"foreignKey:ArticleID" softdelete:"cascade"`
	}
	remark struct {
		ID        uint
		ArticleID uint
		AuthorID  uint
		ReplyTo   *uint
		Text      string `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt
		Replies   []remark       `gorm:"foreignKey:ReplyTo" softdelete:"cascade"`
		Likes     []remarkLiking `gorm:"foreignKey:RemarkID" softdelete:"cascade"`
	}
	remarkLiking struct {
		ID         uint
		RemarkID   uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
)

func TestAnErasedRowStaysDeletedAndDoesNotKeepOthersFromComingBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		one := uint(1)
		setup := func(t *testing.T) (*gorm.DB, softdelete.Report) {
			db := fixture.Open(t, database, softdelete.Config{Models: []any{&remarkAuthor{}, &remarkArticle{}, &remark{}, &remarkLiking{}}})
			fixture.Exec(t, db, "DELETE FROM remark_likings", "UPDATE remarks SET reply_to = NULL", "DELETE FROM remarks", "DELETE FROM remark_articles", "DELETE FROM remark_authors", "DELETE FROM softdelete_erased_rows")
			for _, rows := range []any{
				&[]remarkAuthor{{ID: 1, Name: "Ann"}, {ID: 2, Name: "Bob"}}, &[]remarkArticle{{ID: 1}},
				&[]remark{{ID: 1, ArticleID: 1, AuthorID: 1, Text: "Ann's"}, {ID: 2, ArticleID: 1, AuthorID: 2, Text: "Bob's"}},
				&[]remark{{ID: 3, ArticleID: 1, AuthorID: 2, ReplyTo: &one, Text: "Bob's reply"}},
				&[]remarkLiking{{ID: 1, RemarkID: 1}, {ID: 2, RemarkID: 2}},
			} {
				require.NoError(t, db.Create(rows).Error)
			}
			report, err := softdelete.Delete(db, &remarkArticle{ID: 1})
			require.NoError(t, err)
			_, err = softdelete.Erase(db, &remarkAuthor{ID: 1}, softdelete.ErasureRequest{ID: t.Name()})
			require.NoError(t, err)
			return db, report
		}
		for name, restore := range map[string]func(db *gorm.DB, report softdelete.Report) (softdelete.Report, error){
			"Restore": func(db *gorm.DB, _ softdelete.Report) (softdelete.Report, error) {
				return softdelete.Restore(db, &remarkArticle{ID: 1})
			},
			"RestoreDeletion": func(db *gorm.DB, r softdelete.Report) (softdelete.Report, error) {
				return softdelete.RestoreDeletion(db, r.DeletionID)
			},
		} {
			t.Run(name, func(t *testing.T) {
				db, deleted := setup(t)
				report, err := restore(db, deleted)
				require.NoError(t, err)
				skipped := map[string]int64{}
				for _, effect := range report.Effects {
					if effect.Action == softdelete.ActionSkipped {
						skipped[effect.Table] += effect.Rows
					}
				}
				require.Equal(t, map[string]int64{"remarks": 2, "remark_likings": 1}, skipped)
				ids := func(model any) (ids []uint) {
					require.NoError(t, db.Model(model).Order("id").Pluck("id", &ids).Error)
					return ids
				}
				require.Equal(t, []uint{1}, ids(&remarkArticle{}))
				require.Equal(t, []uint{2}, ids(&remark{}), "the erased one and the reply under it stay")
				require.Equal(t, []uint{2}, ids(&remarkLiking{}))
				_, err = softdelete.Restore(db, &remark{ID: 1})
				require.ErrorIs(t, err, softdelete.ErrErased, "one that is asked for")
			})
		}
	})
}
