package concurrency_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

// concRow names a row of the press.
type concRow struct {
	model string
	id    uint
}

// concRoot is a row that a deletion began at, and its mark.
type concRoot struct {
	concRow
	at time.Time
}

// concForest remembers what the deletions of a press began at.
type concForest struct {
	mu    sync.Mutex // guards the rest
	roots map[concRoot]bool
	ids   []softdelete.DeletionID
}

func newConcForest() *concForest { return &concForest{roots: map[concRoot]bool{}} }

// concNew makes the models of the press by name.
var concNew = map[string]func(id uint) any{
	"house":    func(id uint) any { return &concHouse{ID: id} },
	"author":   func(id uint) any { return &concAuthor{ID: id} },
	"magazine": func(id uint) any { return &concMagazine{ID: id} },
	"article":  func(id uint) any { return &concArticle{ID: id} },
	"remark":   func(id uint) any { return &concRemark{ID: id} },
	"prize":    func(id uint) any { return &concPrize{ID: id} },
}

// delete is a call that deletes rows of a model, all those with the keys at once.
func (f *concForest) delete(model string, ids ...uint) func(db *gorm.DB) error {
	return concOwn(func(db *gorm.DB) error {
		value := concNew[model](ids[0])
		if len(ids) > 1 {
			db, value = db.Where("id IN ?", ids), concNew[model](0)
		}
		report, err := softdelete.Delete(db, value)
		if err != nil {
			return err
		}
		f.mu.Lock()
		defer f.mu.Unlock()
		f.ids = append(f.ids, report.DeletionID)
		for _, id := range ids {
			f.roots[concRoot{concRow{model, id}, report.At.UTC()}] = true
		}
		return nil
	})
}

// restore is a call that restores a row of a model.
func (f *concForest) restore(model string, id uint) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { return concRestore(concNew[model](id))(db) }
}

// restoreDeletion is a call that restores the n-th last deletion.
func (f *concForest) restoreDeletion(n int) func(db *gorm.DB) error {
	return concOwn(func(db *gorm.DB) error {
		f.mu.Lock()
		ids := f.ids
		f.mu.Unlock()
		if n >= len(ids) {
			return nil
		}
		_, err := softdelete.RestoreDeletion(db, ids[len(ids)-1-n])
		return err
	})
}

// concState is a row as it stands in the database.
type concState struct {
	at      gorm.DeletedAt
	parents []concRow // whose deletion takes it, or which guard it
	takers  int       // how many of them take it, they come first
}

// read gives all rows of the press.
func (f *concForest) read(t *testing.T, db *gorm.DB) map[concRow]concState {
	t.Helper()
	rows := map[concRow]concState{}
	add := func(model string, id uint, at gorm.DeletedAt, takes bool, parents ...any) {
		state := concState{at: at}
		for i := 0; i < len(parents); i += 2 {
			key, ok := parents[i+1].(uint)
			if pointer, isPointer := parents[i+1].(*uint); isPointer && pointer != nil {
				key, ok = *pointer, true
			}
			if ok {
				state.parents = append(state.parents, concRow{parents[i].(string), key})
			}
		}
		if takes {
			state.takers = len(state.parents)
		}
		rows[concRow{model, id}] = state
	}
	var houses []concHouse
	var authors []concAuthor
	var magazines []concMagazine
	var articles []concArticle
	var remarks []concRemark
	var prizes []concPrize
	for _, list := range []any{&houses, &authors, &magazines, &articles, &remarks, &prizes} {
		require.NoError(t, db.Unscoped().Find(list).Error)
	}
	for _, r := range houses {
		add("house", r.ID, r.DeletedAt, true)
	}
	for _, r := range authors {
		add("author", r.ID, r.DeletedAt, true, "house", r.HouseID)
	}
	for _, r := range magazines {
		add("magazine", r.ID, r.DeletedAt, true, "house", r.HouseID)
	}
	for _, r := range articles {
		add("article", r.ID, r.DeletedAt, true, "author", r.AuthorID, "magazine", r.MagazineID)
	}
	for _, r := range remarks {
		add("remark", r.ID, r.DeletedAt, true, "article", r.ArticleID)
	}
	for _, r := range prizes {
		add("prize", r.ID, r.DeletedAt, false, "author", r.AuthorID)
	}
	return rows
}

// began tells whether a restore must name a row to bring it back: the deletion whose mark it has began at it, or RestoreDeletion has
// passed it on to a deletion that took a parent which guards it, whether that has come back since or not.
func (f *concForest) began(rows map[concRow]concState, row concRow) bool {
	at := rows[row].at.Time.UTC()
	if f.roots[concRoot{row, at}] {
		return true
	}
	return slices.ContainsFunc(rows[row].parents[rows[row].takers:], func(guard concRow) bool { return f.tookAt(rows, guard, at) })
}

// tookAt tells whether a deletion of that time began at a row, or at one above it that takes it.
func (f *concForest) tookAt(rows map[concRow]concState, row concRow, at time.Time) bool {
	return f.roots[concRoot{row, at}] ||
		slices.ContainsFunc(rows[row].parents[:rows[row].takers], func(above concRow) bool { return f.tookAt(rows, above, at) })
}

// requireConsistent checks that no live row stands under a deleted parent, and that the mark of every deleted row is that of
// a deletion which began at it, or which a parent that takes it carries too.
func (f *concForest) requireConsistent(t *testing.T, db *gorm.DB, message ...any) {
	t.Helper()
	rows := f.read(t, db)
	for row, state := range rows {
		belongs := f.began(rows, row)
		for i, parent := range state.parents {
			above := rows[parent].at
			require.False(t, !state.at.Valid && above.Valid, "%v is live under %v, which is deleted %v", row, parent, message)
			belongs = belongs || i < state.takers && above.Valid && above.Time.Equal(state.at.Time)
		}
		require.True(t, !state.at.Valid || belongs, "%v has a mark that neither it nor a parent was deleted with: %v %v",
			row, state.at.Time, message)
	}
}

// requireRestorable restores the rows that deletions began at, and checks that this brings back all rows.
func (f *concForest) requireRestorable(t *testing.T, db *gorm.DB) {
	t.Helper()
	for range 3 { // a row comes back only once its parents have
		for _, model := range []string{"house", "author", "magazine", "article", "remark", "prize"} {
			for row, state := range f.read(t, db) {
				if row.model == model && state.at.Valid && f.began(f.read(t, db), row) {
					require.NoError(t, f.restore(row.model, row.id)(db), "%v", row)
				}
			}
		}
	}
	var deleted []string
	for row, state := range f.read(t, db) {
		if state.at.Valid {
			deleted = append(deleted, fmt.Sprint(row))
		}
	}
	require.Empty(t, deleted)
}
