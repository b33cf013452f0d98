package concurrency_test

import (
	"maps"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// concCall is a call with a name.
type concCall struct {
	name string
	call func(db *gorm.DB) error
}

// TestPairsOfCalls stops each of many calls before each of its statements while another runs, and checks that neither fails
// but for a rule, and that the rows are consistent afterwards. That is thousands of rounds: see [testdb.Long].
func TestPairsOfCalls(t *testing.T) { eachConc(t, testPairsOfCalls) }

func testPairsOfCalls(t *testing.T) {
	forest := newConcForest()
	var key atomic.Uint32
	key.Store(100)
	create := func(row func(id uint) any) func(db *gorm.DB) error {
		return func(db *gorm.DB) error { return db.Create(row(uint(key.Add(1)))).Error }
	}
	var (
		deleteHouse    = concCall{"delete the house", forest.delete("house", 1)}
		deleteAuthor   = concCall{"delete author 1", forest.delete("author", 1)}
		deleteAuthors  = concCall{"delete authors 1 and 2", forest.delete("author", 2, 1)}
		deleteMagazine = concCall{"delete magazine 1", forest.delete("magazine", 1)}
		restoreHouse   = concCall{"restore the house", forest.restore("house", 1)}
		restoreAuthor  = concCall{"restore author 1", forest.restore("author", 1)}
		restoreMag     = concCall{"restore magazine 1", forest.restore("magazine", 1)}
		restoreArticle = concCall{"restore article 1", forest.restore("article", 1)}
		restoreByID    = concCall{"restore the first deletion", func(db *gorm.DB) error {
			_, err := softdelete.RestoreDeletion(db, forest.ids[0])
			return err
		}}
		createArticle = concCall{"create an article", create(func(id uint) any {
			return &concArticle{ID: id, AuthorID: concKey(1), MagazineID: concKey(1)}
		})}
		createPrize = concCall{"create a prize", create(func(id uint) any { return &concPrize{ID: id, AuthorID: 1} })}
		moveArticle = concCall{"move article 2", func(db *gorm.DB) error {
			return db.Model(&concArticle{ID: 2}).Update("author_id", 1).Error
		}}
	)
	plant := []any{
		&concHouse{ID: 1}, &concAuthor{ID: 1, HouseID: concKey(1)}, &concAuthor{ID: 2}, &concMagazine{ID: 1, HouseID: concKey(1)},
		&concMagazine{ID: 2}, &concArticle{ID: 1, AuthorID: concKey(1), MagazineID: concKey(1)},
		&concArticle{ID: 2, AuthorID: concKey(2), MagazineID: concKey(1)}, &concArticle{ID: 3, AuthorID: concKey(1), MagazineID: concKey(2)},
		&concRemark{ID: 1, ArticleID: 1}, &concRemark{ID: 2, ArticleID: 2},
	}
	for _, state := range []struct {
		name   string
		before []func(db *gorm.DB) error
		calls  []concCall
	}{
		{"where all is live", nil, []concCall{deleteHouse, deleteAuthors, deleteMagazine, createArticle, createPrize, moveArticle}},
		{
			"where an author and a magazine were deleted",
			[]func(*gorm.DB) error{forest.delete("author", 1), forest.delete("magazine", 1)},
			[]concCall{restoreAuthor, restoreMag, restoreArticle, restoreByID, deleteHouse, moveArticle},
		},
		{
			"where an author was deleted, and then the house",
			[]func(*gorm.DB) error{forest.delete("author", 1), forest.delete("house", 1)},
			[]concCall{restoreHouse, restoreAuthor, restoreByID, deleteAuthor, createArticle},
		},
	} {
		t.Run(state.name, func(t *testing.T) {
			s := newConcStage(t, concPress...)
			clear(forest.roots)
			forest.ids = nil
			s.create(plant...)
			for _, call := range state.before {
				require.NoError(t, call(s.actor().DB))
			}
			roots, ids := maps.Clone(forest.roots), forest.ids
			s.save()
			for i, first := range state.calls {
				for j, second := range state.calls {
					parts := 1
					if !testdb.Long() {
						parts = 3
					}
					s.partOfStatements(i+j, parts, func(n int) *concStop {
						s.load()
						forest.roots, forest.ids = maps.Clone(roots), ids
						stop := s.pair(n, first.call, second.call, softdelete.ErrParentDeleted, softdelete.ErrBlocked, gorm.ErrRecordNotFound)
						forest.requireConsistent(t, s.spectator, first.name, second.name, n)
						return stop
					})
				}
			}
		})
	}
}

// save keeps the rows of all tables, for load.
func (s *concStage) save() {
	s.t.Helper()
	for _, table := range s.tables() {
		require.NoError(s.t, s.spectator.Exec("DROP TABLE IF EXISTS saved_"+table).Error)
		require.NoError(s.t, s.spectator.Exec("CREATE TABLE saved_"+table+" AS SELECT * FROM "+table).Error)
	}
}

// load fills the tables, which are empty, with the rows that were saved.
func (s *concStage) load() {
	s.t.Helper()
	for _, table := range s.tables() {
		fixture.Exec(s.t, s.spectator, "INSERT INTO "+table+" SELECT * FROM saved_"+table)
	}
}
