package concurrency_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// While rows come back from an archive, the key of one is used again and archived again. Of two archived rows of a key a restore means
// the later one, so no earlier one may be live with a later one behind it.

type (
	// concBranch is a tree.
	concBranch struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID *uint
		Batch    int
		Round    int
		Branches []concBranch `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
	// concWatchedBranch is a tree whose rows are told that they come back.
	concWatchedBranch struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID *uint
		Batch    int
		Round    int
		Branches []concWatchedBranch `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
	concCellar struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Batch int
		Round int
		Casks []concCask `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	concCask struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID uint
		Batch    int
		Round    int
	}
	// concParcel has nothing under it.
	concParcel struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Batch int
		Round int
	}
	concWatchedParcel struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Batch int
		Round int
	}
)

// concWatched counts what a row was told: nothing may be told twice of one restore.
type concWatched struct{ told map[uint]int }

type concWatchedKey struct{}

func concTell(db *gorm.DB, id uint) error {
	if w, ok := db.Statement.Context.Value(concWatchedKey{}).(*concWatched); ok {
		w.told[id]++
	}
	return nil
}

func (b *concWatchedBranch) BeforeRestore(db *gorm.DB) error { return concTell(db, b.ID) }

func (b *concWatchedParcel) BeforeRestore(db *gorm.DB) error { return concTell(db, b.ID) }

// concAgain is a model of which rows come back, and what stands under them.
type concAgain struct {
	kinds  []any
	roots  string // their table
	under  string // the table of the rows under them; empty where there are none
	hooked bool
	row    func(id uint, batch int) any // a root row of the second round
	child  func(id uint) any            // a row of the second round that has the key of one under a root
}

func concAgainShapes() map[string]concAgain {
	return map[string]concAgain{
		"a tree": {
			kinds: []any{&concBranch{}}, roots: "conc_branches", under: "conc_branches",
			row:   func(id uint, batch int) any { return &concBranch{ID: id, Batch: batch, Round: 2} },
			child: func(id uint) any { return &concBranch{ID: id, Round: 2} },
		},
		"a tree with hooks": {
			kinds: []any{&concWatchedBranch{}}, roots: "conc_watched_branches", under: "conc_watched_branches", hooked: true,
			row:   func(id uint, batch int) any { return &concWatchedBranch{ID: id, Batch: batch, Round: 2} },
			child: func(id uint) any { return &concWatchedBranch{ID: id, Round: 2} },
		},
		"rows with others under them": {
			kinds: []any{&concCellar{}, &concCask{}}, roots: "conc_cellars", under: "conc_casks",
			row:   func(id uint, batch int) any { return &concCellar{ID: id, Batch: batch, Round: 2} },
			child: func(id uint) any { return &concCask{ID: id, ParentID: 9999, Round: 2} },
		},
		"rows alone": {
			kinds: []any{&concParcel{}}, roots: "conc_parcels",
			row: func(id uint, batch int) any { return &concParcel{ID: id, Batch: batch, Round: 2} },
		},
		"rows alone with hooks": {
			kinds: []any{&concWatchedParcel{}}, roots: "conc_watched_parcels", hooked: true,
			row: func(id uint, batch int) any { return &concWatchedParcel{ID: id, Batch: batch, Round: 2} },
		},
	}
}

// concAgainStage is the stage of such a model.
type concAgainStage struct {
	*concStage
	concAgain
}

// archive makes so many archived rows of the first round, each with one under it, in one deletion, or in two with another between them.
func (s concAgainStage) archive(rows int, apart bool) (id softdelete.DeletionID) {
	s.t.Helper()
	for _, table := range []string{s.roots, s.under} {
		if table != "" {
			require.NoError(s.t, s.spectator.Exec("DELETE FROM "+table+"_archive").Error)
		}
	}
	fixture.Exec(s.t, s.spectator, fixture.Series(s.roots+" (id, batch, round)", rows, "i, 1, 1"))
	if s.under != "" {
		fixture.Exec(s.t, s.spectator, fixture.Series(s.under+" (id, parent_id, batch, round)", rows, "1000 + i, i, 2, 1"))
	}
	s.create(s.row(9000, 3))
	model, actor := s.kinds[0], s.actor()
	remove := func(condition string) softdelete.DeletionID {
		report, err := softdelete.Delete(actor.Where(condition), model)
		require.NoError(s.t, err)
		return report.DeletionID
	}
	if apart {
		remove(fmt.Sprint("batch = 1 AND id > ", rows/2))
		remove("batch = 3")
	}
	id = remove("batch = 1")
	s.acting = 0
	return id
}

// everything lists the rows of a table and its archive that a condition selects.
func (s concAgainStage) everything(table, condition string) string {
	s.t.Helper()
	return s.rows("SELECT id FROM (SELECT id, round, batch FROM " + table + " UNION ALL SELECT id, round, batch FROM " + table + "_archive) AS a WHERE " + condition + " ORDER BY id")
}

// requireNoneLost checks that every row of the first round is in one place.
func (s concAgainStage) requireNoneLost(rows int, about string) {
	s.t.Helper()
	tables := map[string]string{s.roots: "round = 1 AND batch = 1"}
	if s.under != "" && s.under != s.roots {
		tables[s.under] = "round = 1"
	}
	for table, condition := range tables {
		for _, count := range []string{"count(*)", "count(DISTINCT id)"} {
			found := s.rows("SELECT " + count + " FROM (SELECT id, round, batch FROM " + table + " UNION ALL SELECT id, round, batch FROM " + table + "_archive) AS a WHERE " + condition)
			require.Equal(s.t, fmt.Sprint(rows), found, "%s of %s: %s", count, table, about)
		}
	}
}

// overtaken lists the keys of roots of which an earlier row is live while a later one is archived.
func (s concAgainStage) overtaken() string {
	s.t.Helper()
	return s.rows("SELECT t.id FROM " + s.roots + " AS t WHERE t.round = 1 AND t.batch = 1 AND EXISTS (SELECT 1 FROM " + s.roots + "_archive AS a WHERE a.id = t.id AND a.round = 2)")
}

// torn lists the live roots of the first round whose child of that round is archived, and the other way round.
func (s concAgainStage) torn() string {
	s.t.Helper()
	if s.under == "" {
		return ""
	}
	live := func(not string) string {
		return "EXISTS (SELECT 1 FROM " + s.roots + " AS t WHERE t.id = c.parent_id AND t.round = 1)" + not
	}
	return s.rows("SELECT 'archived ' || c.id FROM " + s.under + "_archive AS c WHERE c.round = 1 AND c.parent_id IS NOT NULL AND " + live("") +
		" UNION ALL SELECT 'live ' || c.id FROM " + s.under + " AS c WHERE c.round = 1 AND c.parent_id IS NOT NULL AND NOT " + live(""))
}

// concAgainRival uses a key again and deletes the row again.
type concAgainRival struct {
	run   func(db *gorm.DB) error
	table string
	id    uint
	meets func(c concAgainCase) bool // tells which restores it is to meet
}

// concAgainCase is a restore: of so many rows, which one deletion has taken, or two with another between them.
type concAgainCase struct {
	way   string
	rows  int
	apart bool
}

const (
	concByKey       = "by a key"
	concByCondition = "by a condition"
	concByDeletion  = "by the ID of a deletion"
)

var concAgainCases = []concAgainCase{
	{concByKey, 2, false}, {concByCondition, 2, true}, {concByCondition, 120, false}, {concByCondition, 120, true}, {concByDeletion, 2, true}, {concByDeletion, 120, false},
}

func (s concAgain) rivals() map[string]concAgainRival {
	again := func(row any) func(db *gorm.DB) error {
		return func(db *gorm.DB) error {
			if err := concTranslate(db, db.Create(row).Error); err != nil {
				return err
			}
			return db.Delete(row).Error
		}
	}
	rivals := map[string]concAgainRival{
		"the key of a row that comes back": {again(s.row(1, 9)), s.roots, 1, func(concAgainCase) bool { return true }},
		"a key that begins to fulfil the condition": {again(s.row(500, 1)), s.roots, 500, func(c concAgainCase) bool {
			return c.way == concByCondition && c.rows > 100
		}},
	}
	if s.under != "" {
		rivals["the key of a row under one"] = concAgainRival{again(s.child(1001)), s.under, 1001, func(c concAgainCase) bool { return c.apart == (c.rows > 100) }}
	}
	return rivals
}

// restore is a case's call.
func (s concAgainStage) restore(c concAgainCase, id softdelete.DeletionID) func(db *gorm.DB) error {
	switch c.way {
	case concByKey:
		return concRestore(s.row(1, 0))
	case concByCondition:
		return func(db *gorm.DB) error { return concRestore(s.kinds[0])(db.Where("batch = 1")) }
	default:
		return func(db *gorm.DB) error { _, err := softdelete.RestoreDeletion(db, id); return err }
	}
}

// meet lets a rival go on while the restore stands before its n-th statement.
func (s concAgainStage) meet(n int, c concAgainCase, rival concAgainRival) *concStop {
	s.t.Helper()
	id := s.archive(c.rows, c.apart)
	watched := &concWatched{told: map[uint]int{}}
	stop := s.pair(n, func(db *gorm.DB) error {
		return s.restore(c, id)(db.WithContext(context.WithValue(db.Statement.Context, concWatchedKey{}, watched)))
	}, rival.run, gorm.ErrDuplicatedKey, softdelete.ErrRestoreConflict)
	about := fmt.Sprint("the restore stopped before statement ", n)
	s.requireNoneLost(c.rows, about)
	require.Contains(s.t, []string{"", fmt.Sprint(rival.id)}, s.everything(rival.table, fmt.Sprint("round = 2 AND id = ", rival.id)), about)
	require.NotEmpty(s.t, s.everything(rival.table, fmt.Sprint("id = ", rival.id)), about)
	if c.way != concByDeletion { // which brings an earlier row back too
		require.Empty(s.t, s.overtaken(), about)
	}
	require.Empty(s.t, s.torn(), about)
	for id, times := range watched.told {
		require.Equal(s.t, 1, times, "row %d was told more than once: %s", id, about)
	}
	return stop
}

func TestRestoresOfArchivedRowsAgainstLaterRowsOfTheirKeys(t *testing.T) {
	eachConc(t, testRestoresOfArchivedRowsAgainstLaterRowsOfTheirKeys)
}

func testRestoresOfArchivedRowsAgainstLaterRowsOfTheirKeys(t *testing.T) {
	for name, shape := range concAgainShapes() {
		t.Run(name, func(t *testing.T) {
			for what, rival := range shape.rivals() {
				for i, c := range concAgainCases {
					if !rival.meets(c) {
						continue
					}
					t.Run(fmt.Sprint(what, ", and a restore ", c.way, " of ", c.rows, map[bool]string{true: " with others between"}[c.apart]), func(t *testing.T) {
						s := concAgainStage{newConcStage(t, shape.kinds...), shape} // a new one: the rows that many rounds leave behind cost time
						s.partOfStatements(len(name)+len(what)+i, 1, func(n int) *concStop { return s.meet(n, c, rival) })
					})
				}
			}
		})
	}
}
