package concurrency_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// concWorker deletes, restores, creates and moves rows of the press at random.
type concWorker struct {
	*rand.Rand
	db     *gorm.DB
	forest *concForest
	last   *atomic.Uint64 // the last key that was given to a new row
}

// concMost is the number of rows of a model beyond which no more are created.
const concMost = 60

func (w *concWorker) step() error {
	key := func(n int) uint { return uint(w.IntN(n)) + 1 }
	models := []string{"house", "author", "magazine", "article", "article", "remark", "prize"}
	switch n := w.IntN(100); {
	case n < 30:
		model := models[w.IntN(len(models))]
		return w.forest.delete(model, w.keyOf(model))(w.db)
	case n < 40:
		model := models[1:4][w.IntN(3)]
		return w.forest.delete(model, key(4), key(4), key(4))(w.db)
	case n < 45:
		return w.forest.restoreDeletion(w.IntN(20))(w.db)
	case n < 75:
		model := models[w.IntN(len(models))]
		return w.forest.restore(model, w.keyOf(model))(w.db)
	case n < 85:
		article := uint(w.IntN(12)) + 1
		column := []string{"author_id", "magazine_id"}[w.IntN(2)]
		return w.db.Model(&concArticle{ID: article}).Update(column, key(4)).Error
	}
	id := uint(w.last.Add(1))
	if id > concMost {
		return nil
	}
	switch w.IntN(4) {
	case 0:
		return w.db.Create(&[]concArticle{
			{ID: 2 * id, AuthorID: concKey(key(4)), MagazineID: concKey(key(4))}, {ID: 2*id + 1, AuthorID: concKey(key(4))},
		}).Error
	case 1:
		return w.db.Create(&concPrize{ID: id, AuthorID: key(4)}).Error
	default:
		return w.db.Create(&[]concRemark{{ID: 2 * id, ArticleID: key(12)}, {ID: 2*id + 1, ArticleID: key(12)}}).Error
	}
}

// keyOf is the key of one of a model's first rows.
func (w *concWorker) keyOf(model string) uint {
	rows := map[string]int{"house": 2, "author": 4, "magazine": 4, "article": 12, "remark": 12, "prize": 30}
	return uint(w.IntN(rows[model])) + 1
}

func TestStress(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		handles := make([]*gorm.DB, 2)
		for i := range handles {
			handles[i] = database.Open(t).WithContext(t.Context())
			require.NoError(t, handles[i].Use(softdelete.New(softdelete.Config{Models: concPress})))
		}
		db := handles[0]
		require.NoError(t, db.AutoMigrate(concPress...))
		require.NoError(t, db.Transaction(concPlant))

		forest := newConcForest()
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		var last, again atomic.Uint64
		last.Store(20)
		seed := uint64(time.Now().UnixNano())
		deadline := time.Now().Add(time.Second)
		if testdb.Long() {
			deadline = deadline.Add(2 * time.Second)
		}
		var running sync.WaitGroup
		const workers = 8
		allowed := []error{softdelete.ErrParentDeleted, softdelete.ErrBlocked, gorm.ErrRecordNotFound}
		errs, steps := make([]error, workers), make([]int, workers)
		for i := range workers {
			w := &concWorker{Rand: rand.New(rand.NewPCG(seed, uint64(i))), db: handles[i%2], forest: forest, last: &last}
			running.Go(func() {
				for ; errs[i] == nil && time.Now().Before(deadline); steps[i]++ {
					err := w.step()
					if d.EndsTransaction(err) || errors.Is(err, errConcUndone) { // in favour of another worker, several times perhaps
						again.Add(1)
						continue
					}
					if !slices.ContainsFunc(allowed, func(e error) bool { return errors.Is(err, e) }) {
						errs[i] = err
					}
				}
			})
		}
		running.Wait()
		require.NoError(t, errors.Join(errs...), "seed %d", seed)
		t.Log("steps of the workers:", steps, "begun again:", again.Load())
		forest.requireConsistent(t, db, fmt.Sprint("seed ", seed))
		forest.requireRestorable(t, db)
	})
}

// concPlant creates two houses with two authors and two magazines each, and articles under all of them.
func concPlant(tx *gorm.DB) error {
	var errs []error
	add := func(row any) { errs = append(errs, tx.Create(row).Error) }
	for id := uint(1); id <= 2; id++ {
		add(&concHouse{ID: id})
	}
	for id := uint(1); id <= 4; id++ {
		add(&concAuthor{ID: id, HouseID: concKey(id%2 + 1)})
		add(&concMagazine{ID: id, HouseID: concKey((id + 1) / 2)})
	}
	for id := uint(1); id <= 12; id++ {
		add(&concArticle{ID: id, AuthorID: concKey(id%4 + 1), MagazineID: concKey((id + 2) / 3)})
		add(&concRemark{ID: id, ArticleID: id})
	}
	return errors.Join(errs...)
}

func TestTheRecordOfTheStressKnowsRowsThatWerePassedOnToAGuard(t *testing.T) {
	for _, again := range []bool{false, true} {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := database.Open(t).WithContext(t.Context())
			require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: concPress})))
			require.NoError(t, db.AutoMigrate(concPress...))
			require.NoError(t, db.Transaction(concPlant))
			require.NoError(t, db.Create(&concPrize{ID: 1, AuthorID: 1}).Error)

			forest := newConcForest()
			require.NoError(t, forest.delete("prize", 1)(db))
			require.NoError(t, forest.delete("house", 2)(db), "the author's")
			require.NoError(t, forest.restoreDeletion(1)(db), "the prize's, which stays under the deleted author")
			rows := forest.read(t, db)
			require.Equal(t, rows[concRow{"author", 1}].at, rows[concRow{"prize", 1}].at)
			forest.requireConsistent(t, db)
			if again {
				require.NoError(t, forest.restore("house", 2)(db))
				forest.requireConsistent(t, db, "the author is back, and does not take the prize along")
			}
			forest.requireRestorable(t, db)
		})
	}
}
