package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	choicePage struct {
		ID        uint
		BookID    uint
		Book      *choiceBook
		Number    int
		DeletedAt gorm.DeletedAt
	}
	choiceNote struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		BookID uint
		Book   *choiceBook
		Number int
	}
	choiceBook struct {
		ID    uint
		Title string
	}
)

func TestARestoreObeysOrderLimitOffsetAndJoins(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&choiceBook{}, &choicePage{}, &choiceNote{}})
		require.NoError(t, db.Create(&[]choiceBook{{ID: 1, Title: "a"}, {ID: 2, Title: "b"}}).Error)
		pages := func(n int) (list []choicePage) {
			for i := 1; i <= n; i++ {
				list = append(list, choicePage{ID: uint(i), BookID: uint(1 + i%2), Number: n - i})
			}
			return list
		}(6)
		for name, model := range map[string]any{"in place": &choicePage{}, "archived": &choiceNote{}} {
			for what, c := range map[string]struct {
				scope func(*gorm.DB) *gorm.DB
				want  []uint
			}{
				"order and limit":         {func(db *gorm.DB) *gorm.DB { return db.Where("number < 5").Order("number DESC").Limit(2) }, []uint{2, 3}},
				"order, limit and offset": {func(db *gorm.DB) *gorm.DB { return db.Where("1 = 1").Order("number").Limit(2).Offset(1) }, []uint{4, 5}},
				"a relation joined": {func(db *gorm.DB) *gorm.DB {
					return db.Joins("Book").Where(db.Statement.Quote("Book.title")+" = ?", "b")
				}, []uint{1, 3, 5}},
				"a table joined, limit": {func(db *gorm.DB) *gorm.DB {
					return db.Joins("JOIN choice_books b ON b.id = book_id").Where("b.title = ?", "a").Order("number").Limit(1)
				}, []uint{6}},
				"nothing fits": {func(db *gorm.DB) *gorm.DB { return db.Where("1 = 1").Order("number").Limit(2).Offset(10) }, nil},
				"order alone":  {func(db *gorm.DB) *gorm.DB { return db.Where("number > 3").Order("number") }, []uint{1, 2}},
			} {
				t.Run(name+" "+what, func(t *testing.T) {
					fixture.Exec(t, db, "DELETE FROM choice_pages", "DELETE FROM choice_notes", "DELETE FROM choice_notes_archive")
					for _, p := range pages {
						require.NoError(t, db.Create(&choicePage{ID: p.ID, BookID: p.BookID, Number: p.Number}).Error)
						require.NoError(t, db.Create(&choiceNote{ID: p.ID, BookID: p.BookID, Number: p.Number}).Error)
					}
					require.NoError(t, db.Where("1 = 1").Delete(model).Error)
					foreseen, err := softdelete.PreviewRestore(c.scope(db), model)
					require.NoError(t, err)
					report, err := softdelete.Restore(c.scope(db), model)
					require.NoError(t, err)
					require.EqualValues(t, len(c.want), report.Rows())
					require.EqualValues(t, len(c.want), foreseen.Rows())
					var ids []uint
					require.NoError(t, db.Model(model).Order("id").Pluck("id", &ids).Error)
					require.ElementsMatch(t, c.want, ids)
				})
			}
			for _, grouped := range []*gorm.DB{db.Where("1 = 1").Group("id"), db.Where("1 = 1").Group("id").Having("id > 1")} {
				_, err := softdelete.Restore(grouped, model)
				require.ErrorIs(t, err, softdelete.ErrUnsupported)
			}
		}
	})
}
