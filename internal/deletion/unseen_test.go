package deletion_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	unseenHard struct {
		_     struct{} `softdelete:"hard"`
		ID    uint
		Lines []unseenLine `gorm:"foreignKey:HardID;constraint:OnDelete:CASCADE" softdelete:"cascade"`
	}
	unseenLine struct {
		_          struct{} `softdelete:"hard"`
		ID, HardID uint
	}
	unseenArchived struct {
		_  struct{} `softdelete:"archive"`
		ID uint
	}
	unseenMarked struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	// unseenParent stays, and what it takes along does not.
	unseenParent struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Children   []unseenChild `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	unseenChild struct {
		_            struct{} `softdelete:"archive"`
		ID, ParentID uint
	}
)

// unseenDeletions are deletions in which rows leave a table.
var unseenDeletions = []struct {
	fact, table string
	delete      func(db *gorm.DB, id uint) error
}{
	{"a hard model", "unseen_hards", func(db *gorm.DB, id uint) error { return db.Delete(&unseenHard{ID: id}).Error }},
	{"by a condition", "unseen_hards", func(db *gorm.DB, id uint) error { return db.Where("id = ?", id).Delete(&unseenHard{}).Error }},
	{"an archived model", "unseen_archiveds", func(db *gorm.DB, id uint) error { return db.Delete(&unseenArchived{ID: id}).Error }},
	{"a marked one for good", "unseen_markeds", func(db *gorm.DB, id uint) error { return db.Unscoped().Delete(&unseenMarked{ID: id}).Error }},
	{"an archived child", "unseen_children", func(db *gorm.DB, id uint) error { return db.Delete(&unseenParent{ID: id}).Error }},
	{"a child for good", "unseen_children", func(db *gorm.DB, id uint) error { return db.Unscoped().Delete(&unseenParent{ID: id}).Error }},
	{"in a transaction", "unseen_hards", func(db *gorm.DB, id uint) error {
		return db.Transaction(func(tx *gorm.DB) error { return tx.Delete(&unseenHard{ID: id}).Error })
	}},
	{"in a transaction that goes on", "unseen_hards", func(db *gorm.DB, id uint) (err error) {
		return errors.Join(db.Transaction(func(tx *gorm.DB) error {
			err = tx.Delete(&unseenHard{ID: id}).Error
			return nil
		}), err)
	}},
}

func TestADeletionByWhichTheDatabaseWouldReachHiddenRowsIsRefused(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{
			&unseenHard{}, &unseenLine{}, &unseenArchived{}, &unseenMarked{}, &unseenParent{}, &unseenChild{},
		}})
		tables := []string{"unseen_hards", "unseen_archiveds", "unseen_markeds", "unseen_parents"}
		actions := []string{"CASCADE", "SET NULL", "SET DEFAULT"}
		for _, table := range tables {
			fixture.Exec(t, db, "INSERT INTO "+table+" (id) SELECT generate_series(1, 1000)")
		}
		fixture.Exec(t, db, "INSERT INTO unseen_children (id, parent_id) SELECT i, i FROM generate_series(1, 1000) AS i")
		for i, c := range unseenDeletions {
			for j, action := range actions {
				notes := fmt.Sprintf("notes_%d_%d", i, j)
				fixture.Exec(
					t, db, "CREATE TABLE "+notes+" (tenant int, at bigint DEFAULT 1000 CONSTRAINT at_"+notes+" REFERENCES "+c.table+" ON DELETE "+action+")",
					"ALTER TABLE "+notes+" ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON "+notes+" USING (tenant = 1)",
				)
			}
		}
		role := fixture.Role(t, db, "ALL")
		for i, c := range unseenDeletions {
			for j, action := range actions {
				said := c.fact + " " + action
				notes, first := fmt.Sprintf("notes_%d_%d", i, j), uint(i*100+j*10)
				shown, hidden, free := first+1, first+2, first+3
				fixture.Exec(t, db, fmt.Sprintf("INSERT INTO %[1]s VALUES (1, %[2]d), (1, %[3]d), (1, %[3]d), (2, %[3]d)", notes, shown, hidden))
				all := func() (text string) {
					var rows []string
					require.NoError(t, db.Raw("SELECT n::text FROM "+notes+" AS n ORDER BY 1").Scan(&rows).Error)
					for _, table := range append(tables, "unseen_children", "unseen_archiveds_archive", "unseen_children_archive") {
						text += fmt.Sprint(table, fixture.Rows(t, db, table, "id = ?", hidden), " ")
					}
					return text + fmt.Sprint(rows, fixture.Rows(t, db, "unseen_parents", "deleted_at IS NOT NULL"))
				}
				before := all()
				fixture.As(t, db, role, func(db *gorm.DB) {
					err := c.delete(db, hidden)
					require.ErrorIs(t, err, softdelete.ErrUnsupported, said)
					require.ErrorContains(t, err, "hides rows of the table "+notes+" from this role", said)
					require.ErrorContains(t, err, "foreign key at_"+notes, said)
					require.ErrorContains(t, err, "1 of them", said)
				})
				require.Equal(t, before, all(), said)
				fixture.As(t, db, role, func(db *gorm.DB) {
					require.NoError(t, c.delete(db, free), "nothing refers to it: "+said)
					require.NoError(t, c.delete(db, shown), "what refers to it shows: "+said)
				})
				require.NoError(t, c.delete(db, hidden), "a superuser sees all: "+said)
				require.Zero(t, fixture.Rows(t, db, c.table, "id IN ?", []uint{shown, hidden, free}), said)
			}
		}
	})
}

func TestHiddenRowsBehindRowsThatShowKeepADeletionFromThem(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&unseenHard{}, &unseenLine{}}})
		fixture.Exec(
			t, db, "INSERT INTO unseen_hards (id) SELECT generate_series(1, 9)", "INSERT INTO unseen_lines (id, hard_id) VALUES (1, 1), (2, 2), (3, 3)",
			"CREATE TABLE letters (id bigint PRIMARY KEY, at bigint REFERENCES unseen_hards ON DELETE CASCADE, also bigint REFERENCES unseen_lines ON DELETE CASCADE)",
			"CREATE TABLE stamps (tenant int, at bigint REFERENCES letters ON DELETE CASCADE) PARTITION BY RANGE (tenant)",
			"CREATE TABLE stamps_all PARTITION OF stamps FOR VALUES FROM (0) TO (9)",
			"ALTER TABLE stamps ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON stamps USING (tenant = 1)",
			"ALTER TABLE letters ENABLE ROW LEVEL SECURITY", "CREATE POLICY every ON letters USING (true)",
			"ALTER TABLE unseen_lines ENABLE ROW LEVEL SECURITY", "CREATE POLICY every ON unseen_lines USING (true)",
			"INSERT INTO letters VALUES (1, 1, 1), (2, 2, 2), (3, 3, NULL)", "INSERT INTO stamps VALUES (1, 1), (2, 2)",
		)
		fixture.As(t, db, fixture.Role(t, db, "ALL"), func(db *gorm.DB) {
			require.NoError(t, db.Delete(&unseenHard{ID: 1}).Error, "a row that goes by two keys goes once")
			require.ErrorContains(t, db.Delete(&unseenHard{ID: 2}).Error, "the table stamps")
			require.NoError(t, db.Delete(&unseenHard{ID: 3}).Error)
		})
		require.Equal(t, []int{1, 1, 1, 7}, []int{
			fixture.Rows(t, db, "unseen_lines"), fixture.Rows(t, db, "letters"), fixture.Rows(t, db, "stamps"), fixture.Rows(t, db, "unseen_hards"),
		})
	})
}

func TestHiddenRowsAreToldFromThoseThatMoveAndThoseThatInherit(t *testing.T) {
	testdb.EachOf(t, testdb.RowPolicies, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&unseenHard{}, &unseenLine{}}})
		fixture.Exec(
			t, db, "INSERT INTO unseen_hards (id) SELECT generate_series(1, 9)",
			// A row that gets the default moves to another partition.
			"CREATE TABLE places (tenant int, at bigint DEFAULT 9 REFERENCES unseen_hards ON DELETE SET DEFAULT) PARTITION BY LIST (at)",
			"CREATE TABLE places_left PARTITION OF places FOR VALUES IN (9)", "CREATE TABLE places_of PARTITION OF places DEFAULT",
			"ALTER TABLE places ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON places USING (tenant = 1)",
			"INSERT INTO places VALUES (1, 1), (1, 2), (2, 2)",
			// Those that inherit show in the table and do not have its key.
			"CREATE TABLE labels (id bigint PRIMARY KEY, tenant int, at bigint REFERENCES unseen_hards ON DELETE CASCADE)",
			"CREATE TABLE labels_more () INHERITS (labels)", "CREATE TABLE pins (id bigint, at bigint REFERENCES unseen_hards)", "CREATE TABLE pins_more () INHERITS (pins)",
			"CREATE TABLE strings (at bigint REFERENCES labels ON DELETE SET NULL)",
			"ALTER TABLE labels ENABLE ROW LEVEL SECURITY", "CREATE POLICY own ON labels USING (tenant = 1)",
			"INSERT INTO labels VALUES (1, 1, 3), (2, 1, 4), (3, 2, 4)", "INSERT INTO labels_more VALUES (4, 1, 3), (5, 1, 4)",
			"INSERT INTO strings VALUES (1)", "INSERT INTO pins_more VALUES (1, 3), (2, 5)",
		)
		fixture.As(t, db, fixture.Role(t, db, "ALL"), func(db *gorm.DB) {
			require.NoError(t, db.Delete(&unseenHard{ID: 1}).Error)
			require.ErrorContains(t, db.Delete(&unseenHard{ID: 2}).Error, "1 of them")
			preview, err := softdelete.Preview(db, &unseenHard{ID: 3})
			require.NoError(t, err)
			require.Empty(t, preview.Blockers)
			report, err := softdelete.Delete(db, &unseenHard{ID: 3})
			require.NoError(t, err)
			require.Equal(t, fixture.WithoutKeys(preview.Effects), report.Effects)
			require.Equal(t, []int64{1, 1, 1}, []int64{report.Effects[0].Rows, report.Effects[1].Rows, report.Effects[2].Rows})
			require.ErrorContains(t, db.Delete(&unseenHard{ID: 4}).Error, "1 of them")
			require.NoError(t, db.Delete(&unseenHard{ID: 5}).Error)
		})
		require.Equal(t, []int{2, 2, 2, 2}, []int{
			fixture.Rows(t, db, "ONLY labels"), fixture.Rows(t, db, "labels_more"), fixture.Rows(t, db, "pins"), fixture.Rows(t, db, "places", "at = 2"),
		})
	})
}
