package scope_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	stampedCard struct {
		ID        uint
		Text      string
		DeletedAt gorm.DeletedAt
		Marks     []stampedMark `gorm:"foreignKey:CardID" softdelete:"cascade"`
	}
	stampedMark struct {
		ID, CardID uint
		DeletedAt  gorm.DeletedAt
	}
	flaggedCard struct {
		ID      uint
		Text    string
		Removed bool `softdelete:"flag"`
	}
	statusCard struct {
		ID    uint
		Text  string
		State string `softdelete:"status;active:new;visible:new"`
	}
	archivedCard struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Text  string
		Marks []archivedMark `gorm:"foreignKey:CardID;constraint:-" softdelete:"cascade"`
	}
	archivedMark struct {
		_          struct{} `softdelete:"archive"`
		ID, CardID uint
	}
	hardCard struct {
		_    struct{} `softdelete:"hard"`
		ID   uint
		Text string
	}
	plainCard struct {
		ID   uint
		Text string
	}
)

// cards runs a test on each strategy, with cards 1 to 4, of which 2 and 4 are deleted where the strategy keeps deleted rows.
func cards(t *testing.T, test func(t *testing.T, db *gorm.DB, c cardKind)) {
	t.Run("timestamp", func(t *testing.T) {
		eachCard[stampedCard](t, cardKind{under: []any{&stampedMark{}}, keeps: true, updates: true}, test)
	})
	t.Run("flag", func(t *testing.T) { eachCard[flaggedCard](t, cardKind{keeps: true, updates: true}, test) })
	t.Run("status", func(t *testing.T) { eachCard[statusCard](t, cardKind{keeps: true, updates: true}, test) })
	t.Run("archive", func(t *testing.T) {
		eachCard[archivedCard](t, cardKind{keeps: true, under: []any{&archivedMark{}}}, test)
	})
	t.Run("hard", func(t *testing.T) { eachCard[hardCard](t, cardKind{updates: true}, test) })
	t.Run("no policy", func(t *testing.T) { eachCard[plainCard](t, cardKind{updates: true}, test) })
}

// cardKind is what a test knows of a strategy.
type cardKind struct {
	card           func() any
	under          []any                                                                      // models of what stands under a card
	g              func(db *gorm.DB, condition string, scopes ...func(*gorm.Statement)) error // a delete of deleted rows by the generics API
	keeps, updates bool
}

func eachCard[C any](t *testing.T, c cardKind, test func(t *testing.T, db *gorm.DB, c cardKind)) {
	c.card = func() any { return new(C) }
	c.g = func(db *gorm.DB, condition string, scopes ...func(*gorm.Statement)) error {
		_, err := gorm.G[C](db, softdelete.OnlyDeleted).Scopes(scopes...).Where(condition).Delete(t.Context())
		return err
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, append(c.under, c.card()))
		for id := 1; id <= 4; id++ {
			row := map[string]any{"id": id, "text": "old"}
			if _, status := c.card().(*statusCard); status {
				row["state"] = "new"
			}
			require.NoError(t, db.Model(c.card()).Create(row).Error)
		}
		if c.keeps {
			require.NoError(t, db.Delete(c.card(), []int{2, 4}).Error)
		}
		test(t, db, c)
	})
}

func cardIDs(t *testing.T, query *gorm.DB) (ids []int) {
	t.Helper()
	require.NoError(t, query.Order("id").Pluck("id", &ids).Error)
	return ids
}

func TestADeleteOfTheBinTakesDeletedRowsOnly(t *testing.T) {
	cards(t, func(t *testing.T, db *gorm.DB, c cardKind) {
		bin := db.Unscoped().Clauses(softdelete.OnlyDeleted).Session(&gorm.Session{})
		live := cardIDs(t, db.Model(c.card()))
		for name, remove := range map[string]func(db *gorm.DB) error{
			"Delete with a value":     func(db *gorm.DB) error { return db.Delete(c.card(), 1).Error },
			"Delete with a condition": func(db *gorm.DB) error { return db.Where("id IN (1, 3)").Or("text = 'none'").Delete(c.card()).Error },
			"generics":                func(db *gorm.DB) error { return c.g(db, "id = 1", func(stmt *gorm.Statement) { stmt.Unscoped = true }) },
			"softdelete.Delete": func(db *gorm.DB) error {
				_, err := softdelete.Delete(db.Where("id = 1"), c.card())
				return err
			},
		} {
			require.NoError(t, remove(bin), name)
			require.Equal(t, live, cardIDs(t, db.Model(c.card())), "%s: live rows stay", name)
		}
		require.ErrorIs(t, bin.Delete(c.card()).Error, gorm.ErrMissingWhereClause)
		if !c.keeps {
			return
		}
		report, err := softdelete.Preview(bin.Where("id <= 2"), c.card())
		require.NoError(t, err)
		require.EqualValues(t, 1, report.Rows())
		require.Equal(t, []int{2, 4}, cardIDs(t, bin.Model(c.card())))

		gone := bin.Where("id <= ?", 2).Delete(c.card())
		require.NoError(t, gone.Error)
		require.EqualValues(t, 1, gone.RowsAffected)
		require.Equal(t, []int{4}, cardIDs(t, bin.Model(c.card())))
		require.NoError(t, bin.Session(&gorm.Session{AllowGlobalUpdate: true}).Delete(c.card()).Error)
		require.Empty(t, cardIDs(t, bin.Model(c.card())))
		require.Equal(t, live, cardIDs(t, db.Unscoped().Model(c.card())))
	})
}

func TestAnUpdateOfTheBinReachesDeletedRowsOnly(t *testing.T) {
	cards(t, func(t *testing.T, db *gorm.DB, c cardKind) {
		bin := db.Unscoped().Clauses(softdelete.OnlyDeleted).Session(&gorm.Session{})
		for name, update := range map[string]func(db *gorm.DB) *gorm.DB{
			"Update":       func(db *gorm.DB) *gorm.DB { return db.Update("text", "new") },
			"Updates":      func(db *gorm.DB) *gorm.DB { return db.Updates(map[string]any{"text": "new"}) },
			"UpdateColumn": func(db *gorm.DB) *gorm.DB { return db.UpdateColumn("text", "new") },
		} {
			require.NoError(t, db.Unscoped().Model(c.card()).Where("id > 0").UpdateColumn("text", "old").Error)
			updated := update(bin.Model(c.card()).Where("id > ?", 0))
			if !c.updates {
				require.ErrorIs(t, updated.Error, softdelete.ErrUnsupported, name)
				require.ErrorContains(t, updated.Error, "archive", name)
				continue
			}
			require.NoError(t, updated.Error, name)
			want := []int{}
			if c.keeps {
				want = []int{2, 4}
			}
			require.Equal(t, want, cardIDs(t, db.Unscoped().Model(c.card()).Where("text = 'new'")), name)
			require.EqualValues(t, len(want), updated.RowsAffected, name)
		}
	})
}

func TestAWriteWithAViewAndWithoutUnscopedIsRefused(t *testing.T) {
	cards(t, func(t *testing.T, db *gorm.DB, c cardKind) {
		all := cardIDs(t, db.Unscoped().Model(c.card()))
		for name, view := range map[string]*gorm.DB{
			"OnlyDeleted": db.Clauses(softdelete.OnlyDeleted).Session(&gorm.Session{}),
			"WithDeleted": db.Clauses(softdelete.WithDeleted).Session(&gorm.Session{}),
		} {
			_, reported := softdelete.Delete(view.Where("id > 0"), c.card())
			_, previewed := softdelete.Preview(view.Where("id > 0"), c.card())
			refused := []error{
				view.Delete(c.card(), 2).Error,
				view.Where("id > 0").Delete(c.card()).Error,
				view.Model(c.card()).Where("id > 0").Update("text", "new").Error,
				view.Model(c.card()).Where("id > 0").UpdateColumn("text", "new").Error,
				view.Table("cards").Where("id > 0").Updates(map[string]any{"text": "new"}).Error,
				reported, previewed,
			}
			if name == "OnlyDeleted" {
				refused = append(refused, c.g(db, "id > 0"))
			} else {
				refused = refused[:4:4]
			}
			for i, err := range refused {
				require.ErrorIs(t, err, softdelete.ErrUnsupported, "%s, %d", name, i)
				require.ErrorContains(t, err, name)
			}
		}
		require.Equal(t, all, cardIDs(t, db.Unscoped().Model(c.card())))
		require.Empty(t, cardIDs(t, db.Unscoped().Model(c.card()).Where("text = 'new'")))
	})
}

func TestTheBinTakesWhatStandsUnderItsRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&stampedCard{}, &stampedMark{}, &archivedCard{}, &archivedMark{}})
		bin := db.Unscoped().Clauses(softdelete.OnlyDeleted).Session(&gorm.Session{})

		require.NoError(t, db.Create([]stampedCard{{ID: 1, Marks: []stampedMark{{ID: 11}}}, {ID: 2, Marks: []stampedMark{{ID: 21}}}}).Error)
		require.NoError(t, db.Delete(&stampedCard{ID: 2}).Error)
		require.NoError(t, bin.Where("id > 0").Delete(&stampedCard{}).Error)
		require.Equal(t, []int{1}, cardIDs(t, db.Unscoped().Model(&stampedCard{})))
		require.Equal(t, []int{11}, cardIDs(t, db.Unscoped().Model(&stampedMark{})))

		require.NoError(t, db.Create([]archivedCard{{ID: 1, Marks: []archivedMark{{ID: 11}}}, {ID: 2, Marks: []archivedMark{{ID: 21}}}}).Error)
		require.NoError(t, db.Delete(&archivedCard{}, []int{1, 2}).Error)
		// A key that is used again: what stands under it may be the live row's, or that of the archived one that stays.
		require.NoError(t, db.Create(&archivedCard{ID: 1, Text: "again", Marks: []archivedMark{{ID: 12}}}).Error)
		require.NoError(t, bin.Where("id > 0").Delete(&archivedCard{}).Error)
		require.Equal(t, []int{1}, cardIDs(t, db.Unscoped().Model(&archivedCard{})))
		require.Equal(t, []int{12}, cardIDs(t, db.Model(&archivedMark{})), "a live card's marks stay")
		require.Equal(t, []int{11, 12}, cardIDs(t, db.Unscoped().Model(&archivedMark{})))

		require.NoError(t, db.Delete(&archivedCard{ID: 1}).Error)
		require.NoError(t, bin.Where("text = ?", "none").Delete(&archivedCard{}).Error)
		require.NoError(t, bin.Delete(&archivedCard{ID: 1}).Error)
		require.Empty(t, cardIDs(t, db.Unscoped().Model(&archivedCard{})))
		require.Empty(t, cardIDs(t, db.Unscoped().Model(&archivedMark{})))
	})
}

func TestAHeldRowStaysInTheBin(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Holds: true, Models: []any{&stampedCard{}, &stampedMark{}, &archivedCard{}, &archivedMark{}}})
		require.NoError(t, db.AutoMigrate(softdelete.Tables()...))
		require.NoError(t, db.AutoMigrate(&stampedCard{}, &stampedMark{}, &archivedCard{}, &archivedMark{}))
		bin := db.Unscoped().Clauses(softdelete.OnlyDeleted).Session(&gorm.Session{})
		for _, card := range []any{&stampedCard{ID: 1}, &archivedCard{ID: 1}} {
			require.NoError(t, db.Create(card).Error)
			_, err := softdelete.Hold(db, card, softdelete.HoldOptions{Matter: "M-1", PlacedBy: "legal"})
			require.NoError(t, err)
			require.NoError(t, db.Delete(card).Error)
			require.ErrorIs(t, bin.Where("id = 1").Delete(card).Error, softdelete.ErrHeld)
			require.Equal(t, []int{1}, cardIDs(t, bin.Model(card)))
		}
	})
}

func TestASubQueryOfAnArchivedModelSaysItselfWhichRowsItShows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&archivedCard{}, &archivedMark{}})
		require.NoError(t, db.Create([]archivedCard{{ID: 1}, {ID: 2}}).Error)
		require.NoError(t, db.Delete(&archivedCard{ID: 2}).Error)
		derived := func(inner *gorm.DB) *gorm.DB {
			return db.Table("(?) AS c", inner.Model(&archivedCard{})).Model(&archivedCard{})
		}
		require.Equal(t, []int{2}, cardIDs(t, derived(db.Clauses(softdelete.OnlyDeleted))))
		require.ErrorIs(t, derived(db.Unscoped()).Clauses(softdelete.OnlyDeleted).Find(&[]archivedCard{}).Error, softdelete.ErrUnsupported)
	})
}
