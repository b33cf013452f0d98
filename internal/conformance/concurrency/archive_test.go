package concurrency_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	concOrder struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Text  string
		Lines []concLine `gorm:"foreignKey:OrderID" softdelete:"cascade"`
	}
	concLine struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		OrderID uint
		Text    string
		Parts   []concPiece `gorm:"foreignKey:LineID;constraint:-" softdelete:"cascade"`
	}
	// concPiece has no foreign key that would keep it with its line.
	concPiece struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		LineID uint
	}
	// concMargin may not be live under an archived order.
	concMargin struct {
		ID        uint
		OrderID   uint
		Order     *concOrder `gorm:"constraint:-" softdelete:"guard"`
		DeletedAt gorm.DeletedAt
	}
)

var concOrders = []any{&concOrder{}, &concLine{}, &concPiece{}, &concMargin{}}

// createOrders empties the archives, and makes order 1 with the lines 11 and 12, and order 2 with line 21.
func (s *concStage) createOrders() {
	s.t.Helper()
	fixture.Exec(s.t, s.spectator, "DELETE FROM conc_orders_archive", "DELETE FROM conc_lines_archive", "DELETE FROM conc_pieces_archive")
	s.create(&concOrder{ID: 1, Text: "a", Lines: []concLine{{ID: 11, Text: "a", Parts: []concPiece{{ID: 111}}}, {ID: 12, Text: "a"}}},
		&concOrder{ID: 2, Text: "a", Lines: []concLine{{ID: 21, Text: "a", Parts: []concPiece{{ID: 211}}}}})
}

// rows lists what a query gives as one text.
func (s *concStage) rows(query string) string {
	s.t.Helper()
	var rows []string
	require.NoError(s.t, s.spectator.Raw(query).Scan(&rows).Error)
	return strings.Join(rows, " ")
}

// requireWhole checks that no row is in both tables or in none, and that no line is in another place than its order.
func (s *concStage) requireWhole(lines string) {
	s.t.Helper()
	require.Equal(s.t, "1 2", s.rows("SELECT id FROM conc_orders UNION ALL SELECT id FROM conc_orders_archive ORDER BY 1"))
	require.Equal(s.t, lines, s.rows("SELECT id FROM conc_lines UNION ALL SELECT id FROM conc_lines_archive ORDER BY 1"))
	s.requireTogether()
}

// requireTogether checks that no line and no part is live whose order or line is archived, nor archived alone.
func (s *concStage) requireTogether() {
	s.t.Helper()
	require.Equal(s.t, "111 211", s.rows("SELECT id FROM conc_pieces UNION ALL SELECT id FROM conc_pieces_archive ORDER BY 1"))
	require.Empty(s.t, s.rows("SELECT id FROM conc_lines WHERE order_id NOT IN (SELECT id FROM conc_orders)"))
	require.Empty(s.t, s.rows("SELECT id FROM conc_pieces WHERE line_id NOT IN (SELECT id FROM conc_lines)"))
	require.Empty(s.t, s.rows("SELECT id FROM conc_pieces_archive WHERE line_id IN (SELECT id FROM conc_lines)"))
}

// concTranslate gives GORM's error for the driver's.
func concTranslate(db *gorm.DB, err error) error {
	if err == nil {
		return nil
	}
	return db.Dialector.(gorm.ErrorTranslator).Translate(err)
}

func TestArchiveAgainstWritesMeanwhile(t *testing.T) { eachConc(t, testArchiveAgainstWritesMeanwhile) }

func testArchiveAgainstWritesMeanwhile(t *testing.T) {
	s := newConcStage(t, concOrders...)
	remove := concDelete(&concOrder{ID: 1})
	var changed, inserted int64
	change := func(model any, id uint) func(db *gorm.DB) error {
		return func(db *gorm.DB) error {
			result := db.Model(model).Where("id = ?", id).Update("text", "changed")
			changed = result.RowsAffected
			return result.Error
		}
	}
	insert := func(db *gorm.DB) error {
		result := db.Create(&concLine{ID: 13, OrderID: 1, Text: "a"})
		inserted = result.RowsAffected
		return concTranslate(db, result.Error)
	}
	restore := func(db *gorm.DB) error { _, err := softdelete.Restore(db, &concOrder{ID: 1}); return err }
	requireChanged := func(table string, id string) {
		t.Helper()
		text := s.rows("SELECT text FROM " + table + " WHERE id = " + id + " UNION ALL SELECT text FROM " + table + "_archive WHERE id = " + id)
		require.Equal(t, map[int64]string{0: "a", 1: "changed"}[changed], text)
	}
	both := func(name string, first, second func(db *gorm.DB) error, check func(), allowed ...error) {
		for _, order := range []struct {
			name string
			a, b func(db *gorm.DB) error
		}{{"first", first, second}, {"second", second, first}} {
			t.Run(name+": the archiving call is the "+order.name, func(t *testing.T) {
				s.eachStatement(func(n int) *concStop {
					s.createOrders()
					changed, inserted = 0, 0
					stop := s.pair(n, order.a, order.b, allowed...)
					check()
					return stop
				})
			})
		}
	}
	both("a changed order", remove, change(&concOrder{}, 1), func() {
		s.requireWhole("11 12 21")
		requireChanged("conc_orders", "1")
		require.Equal(t, "2", s.rows("SELECT id FROM conc_orders"))
	})
	both("a changed line", remove, change(&concLine{}, 12), func() {
		s.requireWhole("11 12 21")
		requireChanged("conc_lines", "12")
		require.Equal(t, "21", s.rows("SELECT id FROM conc_lines"))
	})
	both("a line that is moved to another order", remove, func(db *gorm.DB) error {
		return db.Model(&concLine{}).Where("id = 12").Update("order_id", 2).Error
	}, func() { s.requireWhole("11 12 21") })
	both("a line with parts that is moved into the order", remove, func(db *gorm.DB) error {
		return concTranslate(db, db.Model(&concLine{}).Where("id = 21").Update("order_id", 1).Error)
	}, func() { s.requireWhole("11 12 21") }, gorm.ErrForeignKeyViolated, softdelete.ErrBlocked)
	both("a line with parts that the condition no longer fits", concDelete(&concLine{}, "text = ?", "a"), change(&concLine{}, 11), func() {
		s.requireWhole("11 12 21")
		requireChanged("conc_lines", "11")
	}, softdelete.ErrBlocked)
	both("a new line", remove, insert, func() {
		s.requireWhole(map[int64]string{0: "11 12 21", 1: "11 12 13 21"}[inserted])
		require.Equal(t, "2", s.rows("SELECT id FROM conc_orders"))
	}, gorm.ErrForeignKeyViolated)
	both("another deletion of a part", remove, concDelete(&concLine{}, "order_id IN (1, 2)"), func() {
		s.requireWhole("11 12 21")
		require.Empty(t, s.rows("SELECT id FROM conc_lines"))
	})
	both("the same by condition", concDelete(&concOrder{}, "id < 9"), remove, func() {
		s.requireWhole("11 12 21")
		require.Empty(t, s.rows("SELECT id FROM conc_orders"))
	})
	both("a restore", remove, restore, func() { s.requireWhole("11 12 21") })
	both("a guarded child", remove, func(db *gorm.DB) error {
		result := db.Create(&concMargin{ID: 1, OrderID: 1})
		inserted = result.RowsAffected
		return result.Error
	}, func() {
		s.requireWhole("11 12 21")
		require.Equal(t, map[int64]string{0: "", 1: "1"}[inserted], s.rows("SELECT id FROM conc_margins"))
	}, softdelete.ErrParentDeleted)
	both("an upsert of what goes", remove, func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&concOrder{ID: 1, Text: "changed"}).Error
	}, func() {
		s.requireWhole("11 12 21")
		require.Equal(t, "2", s.rows("SELECT id FROM conc_orders"))
	}, softdelete.ErrRowDeleted)
	both("an upsert of what goes that does nothing", remove, func(db *gorm.DB) error {
		return db.Clauses(clause.OnConflict{DoNothing: true}).Create(&concOrder{ID: 1, Text: "changed"}).Error
	}, func() {
		s.requireWhole("11 12 21")
		require.Equal(t, "2", s.rows("SELECT id FROM conc_orders"))
	})
	both("a stale Save of what goes", remove, func(db *gorm.DB) error { return db.Save(&concOrder{ID: 1, Text: "changed"}).Error }, func() {
		s.requireWhole("11 12 21")
		require.Equal(t, "2", s.rows("SELECT id FROM conc_orders"))
	}, softdelete.ErrRowDeleted)
}

func TestArchiveRestoresAgainstWritesMeanwhile(t *testing.T) {
	eachConc(t, testArchiveRestoresAgainstWritesMeanwhile)
}

func testArchiveRestoresAgainstWritesMeanwhile(t *testing.T) {
	s := newConcStage(t, concOrders...)
	restore := func(db *gorm.DB) error { _, err := softdelete.Restore(db, &concOrder{ID: 1}); return err }
	line := func(db *gorm.DB) error { _, err := softdelete.Restore(db, &concLine{ID: 11}); return err }
	create := func(db *gorm.DB) error { return concTranslate(db, db.Create(&concOrder{ID: 1, Text: "new"}).Error) }
	for name, pair := range map[string][2]func(db *gorm.DB) error{
		"two restores": {restore, restore},
		"a new deletion of a line and its restore": {concDelete(&concLine{ID: 11}), line},
		"a restore and one that uses the key":      {restore, create},
		"one that uses the key and a restore":      {create, restore},
		"a restore and a deletion of a line":       {restore, concDelete(&concLine{ID: 12})},
		"a restore and a new deletion of all":      {restore, concDelete(&concOrder{ID: 1})},
		"a new deletion of all and a restore":      {concDelete(&concOrder{ID: 1}), restore},
	} {
		t.Run(name, func(t *testing.T) {
			s.eachStatement(func(n int) *concStop {
				s.createOrders()
				require.NoError(t, s.actor().Delete(&concOrder{ID: 1}).Error)
				stop := s.pair(n, pair[0], pair[1], softdelete.ErrRestoreConflict, gorm.ErrDuplicatedKey, softdelete.ErrParentDeleted)
				require.Equal(t, "11 12 21", s.rows("SELECT id FROM conc_lines UNION ALL SELECT id FROM conc_lines_archive ORDER BY 1"))
				s.requireTogether()
				require.Contains(t, []string{"1", "1 1"}, s.rows("SELECT id FROM conc_orders WHERE id = 1 UNION ALL SELECT id FROM conc_orders_archive WHERE id = 1"))
				require.Equal(t, "1", s.rows("SELECT DISTINCT id FROM conc_orders WHERE id = 1 UNION SELECT id FROM conc_orders_archive WHERE id = 1"))
				return stop
			})
		})
	}
}

func TestArchivedRowsThatGoForGoodAgainstTheirRestore(t *testing.T) {
	eachConc(t, testArchivedRowsThatGoForGoodAgainstTheirRestore)
}

func testArchivedRowsThatGoForGoodAgainstTheirRestore(t *testing.T) {
	s := newConcStage(t, concOrders...)
	remove := func(value any) func(db *gorm.DB) error {
		return func(db *gorm.DB) error { return db.Clauses(softdelete.OnlyDeleted).Unscoped().Delete(value).Error }
	}
	for name, pair := range map[string][2]func(db *gorm.DB) error{
		"a line and all":                 {remove(&concLine{ID: 11}), concRestore(&concOrder{ID: 1})},
		"all and a line":                 {concRestore(&concOrder{ID: 1}), remove(&concLine{ID: 11})},
		"all":                            {remove(&concOrder{ID: 1}), concRestore(&concOrder{ID: 1})},
		"those of a key, live or not":    {concRemove(&concOrder{ID: 1}), concRestore(&concOrder{ID: 1})},
		"a restore and those of its key": {concRestore(&concOrder{ID: 1}), concRemove(&concOrder{ID: 1})},
	} {
		t.Run(name, func(t *testing.T) {
			s.eachStatement(func(n int) *concStop {
				s.createOrders()
				require.NoError(t, s.actor().Delete(&concOrder{ID: 1}).Error)
				s.acting = 0
				stop := s.pair(n, pair[0], pair[1])
				for _, orphans := range []string{
					"SELECT id FROM conc_lines WHERE order_id NOT IN (SELECT id FROM conc_orders)", "SELECT id FROM conc_pieces WHERE line_id NOT IN (SELECT id FROM conc_lines)",
					"SELECT id FROM conc_lines_archive WHERE order_id NOT IN (SELECT id FROM conc_orders_archive)",
					"SELECT id FROM conc_pieces_archive WHERE line_id NOT IN (SELECT id FROM conc_lines_archive)",
					"SELECT id FROM conc_lines WHERE id = 11 AND NOT EXISTS (SELECT 1 FROM conc_pieces WHERE line_id = 11)",
					"SELECT id FROM conc_orders WHERE id = 1 AND NOT EXISTS (SELECT 1 FROM conc_lines WHERE id = 12)",
				} {
					require.Empty(t, s.rows(orphans), "stopped before statement %d: %s", n, orphans)
				}
				return stop
			})
		})
	}
}
