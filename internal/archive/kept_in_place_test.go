package archive_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// A trigger of the application may keep a row in its table, and raise no error: to GORM the row was not deleted.

type (
	keptInPlaceCrate struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		Batch   int
		Bottles []keptInPlaceBottle `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	keptInPlaceBottle struct {
		_        struct{} `softdelete:"archive;events"`
		ID       uint
		ParentID uint
		Batch    int
	}
	// keptInPlaceShelf is marked, and has archived rows under it.
	keptInPlaceShelf struct {
		ID        uint
		Batch     int
		DeletedAt gorm.DeletedAt
		Jars      []keptInPlaceJar `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	keptInPlaceJar struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID uint
		Batch    int
	}
	keptInPlaceTree struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID *uint
		Batch    int
		Branches []keptInPlaceTree `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	// keptInPlaceBox and what is in it go for good.
	keptInPlaceBox struct {
		_     struct{} `softdelete:"hard"`
		ID    uint
		Batch int
		Caps  []keptInPlaceCap `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	keptInPlaceCap struct {
		_        struct{} `softdelete:"hard"`
		ID       uint
		ParentID uint
		Batch    int
	}
	// keptInPlaceRack has trays, and these have cups.
	keptInPlaceRack struct {
		_     struct{} `softdelete:"hard"`
		ID    uint
		Batch int
		Trays []keptInPlaceTray `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	keptInPlaceTray struct {
		_        struct{} `softdelete:"hard"`
		ID       uint
		ParentID uint
		Batch    int
		Cups     []keptInPlaceCup `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
	keptInPlaceCup struct {
		_            struct{} `softdelete:"hard"`
		ID, ParentID uint
	}
	// keptInPlaceLog is a tree that goes for good.
	keptInPlaceLog struct {
		_        struct{} `softdelete:"hard"`
		ID       uint
		ParentID *uint
		Batch    int
		Logs     []keptInPlaceLog `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	}
)

var keptInPlaceModels = []any{
	&keptInPlaceCrate{}, &keptInPlaceBottle{}, &keptInPlaceShelf{}, &keptInPlaceJar{}, &keptInPlaceTree{}, &keptInPlaceBox{}, &keptInPlaceCap{},
	&keptInPlaceRack{}, &keptInPlaceTray{}, &keptInPlaceCup{}, &keptInPlaceLog{},
}

// keepRow makes a table keep a row that is deleted.
func keepRow(t *testing.T, db *gorm.DB, database *testdb.Database, table string, id int) {
	t.Helper()
	if database.Name == "sqlite" {
		fixture.Exec(t, db, fmt.Sprintf("CREATE TRIGGER keeps BEFORE DELETE ON %s WHEN OLD.id = %d BEGIN SELECT RAISE(IGNORE); END", table, id))
		return
	}
	fixture.Exec(t, db, fmt.Sprintf("CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF OLD.id = %d THEN RETURN NULL; END IF; RETURN OLD; END $$", id),
		fmt.Sprintf("CREATE TRIGGER keeps BEFORE DELETE ON %s FOR EACH ROW EXECUTE FUNCTION keep()", table))
}

// keptInPlaceCase is a deletion of rows of a table, and the table and the row that a trigger keeps.
type keptInPlaceCase struct {
	model       any
	root, under string // tables; each root row has a row under it
	unscoped    bool
	kept        string
	id          int
}

const keptInPlaceUnder = 1000 // is added to a root row's key

// newKeptInPlaceStage has so many rows of a case, all live.
func newKeptInPlaceStage(t *testing.T, database *testdb.Database, c keptInPlaceCase, rows int) *gorm.DB {
	t.Helper()
	db := fixture.Models(t, database, keptInPlaceModels)
	insert := func(table string, plus int, columns string, parent func(i int) string) {
		values := make([]string, rows)
		for i := range values {
			values[i] = fmt.Sprintf("(%d, %d%s)", plus+i+1, plus+1, parent(i+1))
		}
		fixture.Exec(t, db, "INSERT INTO "+table+" (id, batch"+columns+") VALUES "+strings.Join(values, ", "))
	}
	if c.under == "" {
		insert(c.root, 0, ", parent_id", func(int) string { return ", 9999" })
	} else {
		insert(c.root, 0, "", func(int) string { return "" })
		insert(c.under, keptInPlaceUnder, ", parent_id", func(i int) string { return fmt.Sprint(", ", i) })
	}
	keepRow(t, db, database, c.kept, c.id)
	return db
}

// delete deletes the root rows by a condition, or by the key of the one that has to do with the kept row.
func (c keptInPlaceCase) delete(db *gorm.DB, byKey bool) (softdelete.Report, error) {
	if db = db.Where("batch = 1"); byKey {
		db = db.Where("id = 7")
	}
	if c.unscoped {
		db = db.Unscoped()
	}
	return softdelete.Delete(db, c.model)
}

// eachKeptInPlace runs a test for cases on every database: of one row of a few, and of many.
func eachKeptInPlace(t *testing.T, cases map[string]keptInPlaceCase, test func(t *testing.T, db *gorm.DB, c keptInPlaceCase, rows, taken int, byKey bool)) {
	for name, c := range cases {
		for way, rows := range map[string]int{"by a key": 8, "by a condition": manyParcels} {
			t.Run(name+" "+way, func(t *testing.T) {
				testdb.EachOf(t, testdb.SilentTriggers, func(t *testing.T, database *testdb.Database) {
					taken, byKey := rows, way == "by a key"
					if byKey {
						taken = 1
					}
					test(t, newKeptInPlaceStage(t, database, c, rows), c, rows, taken, byKey)
				})
			})
		}
	}
}

func TestARowThatATriggerKeepsInItsTableIsNotDeletedAndHasNoCopyInTheArchive(t *testing.T) {
	eachKeptInPlace(t, map[string]keptInPlaceCase{
		"archived rows":               {&keptInPlaceBottle{}, "kept_in_place_bottles", "", false, "kept_in_place_bottles", 7},
		"rows under archived ones":    {&keptInPlaceCrate{}, "kept_in_place_crates", "kept_in_place_bottles", false, "kept_in_place_bottles", 1007},
		"rows under marked ones":      {&keptInPlaceShelf{}, "kept_in_place_shelves", "kept_in_place_jars", false, "kept_in_place_jars", 1007},
		"rows that go for good":       {&keptInPlaceCap{}, "kept_in_place_caps", "", false, "kept_in_place_caps", 7},
		"rows under such":             {&keptInPlaceBox{}, "kept_in_place_boxes", "kept_in_place_caps", false, "kept_in_place_caps", 1007},
		"archived rows, for good":     {&keptInPlaceBottle{}, "kept_in_place_bottles", "", true, "kept_in_place_bottles", 7},
		"rows under those, for good":  {&keptInPlaceCrate{}, "kept_in_place_crates", "kept_in_place_bottles", true, "kept_in_place_bottles", 1007},
		"rows under marked, for good": {&keptInPlaceShelf{}, "kept_in_place_shelves", "kept_in_place_jars", true, "kept_in_place_jars", 1007},
	}, func(t *testing.T, db *gorm.DB, c keptInPlaceCase, rows, taken int, byKey bool) {
		archives := func(table string) bool {
			return !c.unscoped && db.Migrator().HasTable(table+"_archive")
		}
		report, err := c.delete(db, byKey)
		require.NoError(t, err)
		for _, effect := range report.Effects {
			went := taken
			if effect.Table == c.kept {
				went--
			}
			require.EqualValues(t, went, effect.Rows, "%+v", effect)
		}
		require.Equal(t, 1, fixture.Rows(t, db, c.kept, fmt.Sprint("id = ", c.id)))
		require.Equal(t, rows-taken+1, fixture.Rows(t, db, c.kept))
		if archives(c.kept) {
			require.Equal(t, taken-1, fixture.Rows(t, db, c.kept+"_archive"))
			require.Zero(t, fixture.Rows(t, db, c.kept+"_archive", fmt.Sprint("id = ", c.id)))
		}
		if c.kept == "kept_in_place_bottles" {
			require.Equal(t, taken-1, fixture.Rows(t, db, "kept_in_place_bottles_events", "type = 'deleted'"))
		}
		again, err := c.delete(db, byKey)
		require.NoError(t, err)
		require.Zero(t, again.Rows())
		if c.unscoped || report.DeletionID == "" || c.kept == "kept_in_place_caps" {
			return
		}
		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.NoError(t, err)
		require.Equal(t, rows, fixture.Rows(t, db, c.kept))
		if archives(c.kept) {
			require.Zero(t, fixture.Rows(t, db, c.kept+"_archive"))
		}
	})
}

func TestADeletionIsRefusedWhereATriggerKeepsARowFromUnderWhichOthersGo(t *testing.T) {
	eachKeptInPlace(t, map[string]keptInPlaceCase{
		"an archived row":           {&keptInPlaceCrate{}, "kept_in_place_crates", "kept_in_place_bottles", false, "kept_in_place_crates", 7},
		"an archived row, for good": {&keptInPlaceCrate{}, "kept_in_place_crates", "kept_in_place_bottles", true, "kept_in_place_crates", 7},
		"a row that goes for good":  {&keptInPlaceBox{}, "kept_in_place_boxes", "kept_in_place_caps", false, "kept_in_place_boxes", 7},
		"a marked row, for good":    {&keptInPlaceShelf{}, "kept_in_place_shelves", "kept_in_place_jars", true, "kept_in_place_shelves", 7},
		"a row between such":        {&keptInPlaceRack{}, "kept_in_place_racks", "kept_in_place_trays", false, "kept_in_place_trays", 1007},
		"the root of a hard tree":   {&keptInPlaceLog{}, "kept_in_place_logs", "kept_in_place_logs", false, "kept_in_place_logs", 7},
		"the root of a tree":        {&keptInPlaceTree{}, "kept_in_place_trees", "kept_in_place_trees", false, "kept_in_place_trees", 7},
		"a row in a tree":           {&keptInPlaceTree{}, "kept_in_place_trees", "kept_in_place_trees", false, "kept_in_place_trees", 1007},
	}, func(t *testing.T, db *gorm.DB, c keptInPlaceCase, rows, _ int, byKey bool) {
		_, err := c.delete(db, byKey)
		require.ErrorIs(t, err, softdelete.ErrBlocked)
		require.ErrorContains(t, err, c.kept)
		require.ErrorContains(t, err, "trigger")
		tables := map[string]int{c.root: rows, c.under: rows}
		if c.root == c.under {
			tables[c.root] = 2 * rows
		}
		for table, there := range tables {
			require.Equal(t, there, fixture.Rows(t, db, table), table)
			if db.Migrator().HasTable(table + "_archive") {
				require.Zero(t, fixture.Rows(t, db, table+"_archive"), table)
			}
		}
	})
}

type (
	keptInPlaceBranch struct {
		_        struct{} `softdelete:"archive"`
		ID       uint
		ParentID *uint
		Batch    int
		Branches []keptInPlaceBranch `gorm:"foreignKey:ParentID;constraint:OnDelete:CASCADE" softdelete:"cascade"`
	}
	keptInPlaceTwig struct {
		_        struct{} `softdelete:"hard"`
		ID       uint
		ParentID *uint
		Batch    int
		Twigs    []keptInPlaceTwig `gorm:"foreignKey:ParentID;constraint:OnDelete:CASCADE" softdelete:"cascade"`
	}
)

// SQLite does not count rows that a foreign key's own action removes before the statement comes to them.
func TestATreeGoesWhereAForeignKeyRemovesItsRowsToo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&keptInPlaceBranch{}, &keptInPlaceTwig{}})
		for table, model := range map[string]any{"kept_in_place_branches": &keptInPlaceBranch{}, "kept_in_place_twigs": &keptInPlaceTwig{}} {
			fixture.Exec(t, db, "INSERT INTO "+table+" (id, batch, parent_id) VALUES (1, 1, NULL), (2, 2, 1), (3, 2, 2), (4, 1, NULL), (5, 2, 4), (6, 3, NULL)")
			report, err := softdelete.Delete(db.Where("batch = 1"), model)
			require.NoError(t, err)
			require.EqualValues(t, 2, report.Rows())
			require.Equal(t, 1, fixture.Rows(t, db, table))
		}
		require.Equal(t, 5, fixture.Rows(t, db, "kept_in_place_branches_archive"))
		_, err := softdelete.Restore(db.Where("batch = 1"), &keptInPlaceBranch{})
		require.NoError(t, err)
		require.Equal(t, 6, fixture.Rows(t, db, "kept_in_place_branches"))
	})
}
