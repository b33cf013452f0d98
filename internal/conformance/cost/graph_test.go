package cost_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Graphs whose models are many and whose ways are many more.

// ring fills each of a graph's tables with two rows, of which each refers to those with its number in three other tables.
func ring(t *testing.T, db *gorm.DB, models []any) {
	t.Helper()
	for _, model := range models {
		stmt := &gorm.Statement{DB: db}
		require.NoError(t, stmt.Parse(model))
		var columns, first, second string
		for _, name := range stmt.Schema.DBNames {
			if name[0] == 'f' || name[0] == 'p' {
				columns, first, second = columns+", "+name, first+", 1", second+", 2"
			}
		}
		fixture.Exec(t, db, "INSERT INTO "+stmt.Table+" (id"+columns+") VALUES (1"+first+"), (2"+second+")")
	}
}

// graphDatabase opens a database with models and no foreign keys between them.
func graphDatabase(t *testing.T, database *testdb.Database, models []any) (db *gorm.DB, compiled time.Duration) {
	t.Helper()
	db = database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
	start := time.Now()
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
	compiled = time.Since(start)
	require.NoError(t, db.AutoMigrate(models...))
	return db, compiled
}

func TestMoreModelsAboveThanCanBeAskedForAreRefused(t *testing.T) {
	testdb.EachOf(t, testdb.RefusedJoins, func(t *testing.T, database *testdb.Database) {
		err := database.Open(t).Use(softdelete.New(softdelete.Config{Models: fixture.Veils()}))
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
	})
}

func TestALazyPredicateGrowsWithTheModelsAbove(t *testing.T) {
	testdb.EachOf(t, testdb.WideJoins, func(t *testing.T, database *testdb.Database) {
		models := fixture.Veils()
		db, _ := graphDatabase(t, database, models)
		ring(t, db, models)
		recorder := testdb.Record(db)
		seen := func() (ids []uint) {
			require.NoError(t, db.Model(models[0]).Order("id").Pluck("id", &ids).Error)
			return ids
		}
		require.Equal(t, []uint{1, 2}, seen())
		require.Less(t, len(recorder.Statements()[0]), 250*3*len(models), "the predicate is as long as there are relations")
		for _, height := range []int{1, 20, 59} {
			require.NoError(t, db.Exec("UPDATE "+fixture.Table(t, db, models[height])+" SET deleted_at = ? WHERE id = 2", time.Now()).Error)
			require.Equal(t, []uint{1}, seen(), "what is deleted %d models above hides the row", height)
			require.NoError(t, db.Exec("UPDATE "+fixture.Table(t, db, models[height])+" SET deleted_at = NULL").Error)
			require.Equal(t, []uint{1, 2}, seen())
		}
	})
}

// A way up over every strategy that keeps deleted rows, by keys of several kinds.
type (
	highLeaf struct {
		ID     uint
		StemID int32
		Stem   *highStem `softdelete:"lazy"`
	}
	highStem struct {
		ID         int32
		BranchCode string
		Branch     *highBranch `gorm:"foreignKey:BranchCode;references:Code" softdelete:"lazy"`
		State      string      `softdelete:"status"`
	}
	highBranch struct {
		Code     string `gorm:"primaryKey;size:20"`
		TrunkRow int
		TrunkCol string
		Trunk    *highTrunk `gorm:"foreignKey:TrunkRow,TrunkCol" softdelete:"lazy"`
		Gone     int64      `softdelete:"timestamp"`
	}
	highTrunk struct {
		_        struct{} `softdelete:"archive"`
		Row      int      `gorm:"primaryKey"`
		Col      string   `gorm:"primaryKey"`
		GroundID *int64
		Ground   *highGround `softdelete:"lazy"`
	}
	highGround struct {
		ID      int64
		Away    bool `softdelete:"flag"`
		WorldID uint
		World   *highWorld `softdelete:"lazy"`
	}
	highWorld struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		SkyID     *uint
		Sky       *highWorld `softdelete:"lazy"`
	}
)

func TestARowHidesWithARowHighAbove(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&highWorld{}, &highGround{}, &highTrunk{}, &highBranch{}, &highStem{}, &highLeaf{}}
		db, _ := graphDatabase(t, database, models)
		two, sky := int64(2), uint(3)
		for _, row := range []any{
			&[]highWorld{{ID: 1}, {ID: 3}, {ID: 2, SkyID: &sky}},
			&[]highGround{{ID: 1, WorldID: 1}, {ID: 2, WorldID: 2}},
			&[]highTrunk{{Row: 1, Col: "a"}, {Row: 2, Col: "b", GroundID: &two}},
			&[]highBranch{{Code: "one", TrunkRow: 1, TrunkCol: "a"}, {Code: "two", TrunkRow: 2, TrunkCol: "b"}},
			&[]highStem{{ID: 1, BranchCode: "one", State: "active"}, {ID: 2, BranchCode: "two", State: "active"}},
			&[]highLeaf{{ID: 1, StemID: 1}, {ID: 2, StemID: 2}},
		} {
			require.NoError(t, db.Create(row).Error)
		}
		seen := func() (ids []uint) {
			require.NoError(t, db.Model(&highLeaf{}).Order("id").Pluck("id", &ids).Error)
			return ids
		}
		recorder := testdb.Record(db)
		require.Equal(t, []uint{1, 2}, seen())
		require.Equal(t, db.Name() != "mysql", strings.Contains(recorder.Statements()[0], "RECURSIVE"))
		for _, above := range []any{
			&highWorld{ID: 3}, &highWorld{ID: 2}, &highGround{ID: 2}, &highTrunk{Row: 2, Col: "b"}, &highBranch{Code: "two"}, &highStem{ID: 2},
		} {
			require.NoError(t, db.Delete(above).Error)
			require.Equal(t, []uint{1}, seen(), "with %T", above)
			_, err := softdelete.Restore(db, above)
			require.NoError(t, err)
			require.Equal(t, []uint{1, 2}, seen(), "%T is back", above)
		}
		var leaf highLeaf
		require.NoError(t, db.Delete(&highTrunk{Row: 2, Col: "b"}).Error)
		require.ErrorIs(t, db.Table("high_leafs AS a").First(&leaf, 2).Error, gorm.ErrRecordNotFound, "under a name that the condition has inside")
		require.NoError(t, db.Table("high_leafs AS a").First(&leaf, 1).Error)
		var stems []highStem
		require.NoError(t, db.Joins("Branch").Find(&stems).Error)
		require.Len(t, stems, 1)
		require.NoError(t, db.Unscoped().First(&highLeaf{}, 2).Error)
	})
}

// A tree by lazy, alone and with many models above.
type (
	lowFolder struct {
		ID        uint
		ParentID  *uint
		Parent    *lowFolder `softdelete:"lazy"`
		DeletedAt gorm.DeletedAt
	}
	highFolder struct {
		ID        uint
		ParentID  *uint
		Parent    *highFolder `softdelete:"lazy"`
		StemID    *int32
		Stem      *highStem `softdelete:"lazy"`
		DeletedAt gorm.DeletedAt
	}
	highFile struct {
		ID       uint
		FolderID uint
		Folder   *highFolder `softdelete:"lazy"`
	}
)

func TestARowHidesWithOneLevelOfATreeWhateverStandsAbove(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for name, models := range map[string][]any{"low": {&lowFolder{}}, "high": {&highWorld{}, &highGround{}, &highTrunk{}, &highBranch{}, &highStem{}, &highFolder{}, &highFile{}}} {
			t.Run(name, func(t *testing.T) {
				db, _ := graphDatabase(t, database, models)
				table := name + "_folders"
				fixture.Exec(t, db, "INSERT INTO "+table+" (id, parent_id) VALUES (1, NULL), (2, 1), (3, 2), (4, 3)")
				require.NoError(t, db.Exec("UPDATE "+table+" SET deleted_at = ? WHERE id = 1", time.Now()).Error)
				folders := models[slices.IndexFunc(models, func(model any) bool { return fixture.Table(t, db, model) == table })]
				var ids []uint
				recorder := testdb.Record(db)
				require.NoError(t, db.Model(folders).Order("id").Pluck("id", &ids).Error)
				require.Equal(t, []uint{3, 4}, ids, "the folder under the deleted one hides, those under that do not")
				require.Equal(t, name == "high" && db.Name() != "mysql", strings.Contains(recorder.Statements()[0], "RECURSIVE"))
				if name == "low" {
					return
				}
				fixture.Exec(t, db, "INSERT INTO high_files (id, folder_id) VALUES (1, 1), (2, 2), (3, 3), (4, 4)")
				require.NoError(t, db.Model(&highFile{}).Order("id").Pluck("id", &ids).Error)
				require.Equal(t, []uint{3, 4}, ids, "a file hides with its folder")
			})
		}
	})
}

// A way up by keys of a declared type, which no cast makes another, and by a status with a word of SQL.
type (
	codedLeaf struct {
		ID     string     `gorm:"type:uuid;primaryKey"`
		StemID string     `gorm:"type:uuid"`
		Stem   *codedStem `softdelete:"lazy"`
	}
	codedStem struct {
		ID       string       `gorm:"type:uuid;primaryKey"`
		BranchID string       `gorm:"type:uuid"`
		Branch   *codedBranch `softdelete:"lazy"`
		State    string       `softdelete:"status;deleted:taken FROM here"`
	}
	codedBranch struct {
		ID        string      `gorm:"type:uuid;primaryKey"`
		TrunkID   string      `gorm:"type:uuid"`
		Trunk     *codedTrunk `softdelete:"lazy"`
		DeletedAt gorm.DeletedAt
	}
	codedTrunk struct {
		_        struct{} `softdelete:"archive"`
		ID       string   `gorm:"type:uuid;primaryKey"`
		GroundID int64
		Ground   *codedGround `softdelete:"lazy"`
	}
	codedGround struct {
		ID      int64
		WorldID string      `gorm:"type:uuid"`
		World   *codedWorld `softdelete:"lazy"`
		Away    bool        `softdelete:"flag"`
	}
	codedWorld struct {
		ID        string `gorm:"type:uuid;primaryKey"`
		DeletedAt gorm.DeletedAt
	}
)

func TestARowHidesWithARowHighAboveByKeysOfADeclaredType(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&codedWorld{}, &codedGround{}, &codedTrunk{}, &codedBranch{}, &codedStem{}, &codedLeaf{}}
		db, _ := graphDatabase(t, database, models)
		id := []string{"00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"}
		for i := range id {
			for _, row := range []any{
				&codedWorld{ID: id[i]}, &codedGround{ID: int64(i + 1), WorldID: id[i]}, &codedTrunk{ID: id[i], GroundID: int64(i + 1)},
				&codedBranch{ID: id[i], TrunkID: id[i]}, &codedStem{ID: id[i], BranchID: id[i], State: "active"}, &codedLeaf{ID: id[i], StemID: id[i]},
			} {
				require.NoError(t, db.Create(row).Error)
			}
		}
		seen := func() (ids []string) {
			require.NoError(t, db.Model(&codedLeaf{}).Order("id").Pluck("id", &ids).Error)
			return ids
		}
		recorder := testdb.Record(db)
		require.Equal(t, id, seen())
		require.Equal(t, db.Name() != "mysql", strings.Contains(recorder.Statements()[0], "RECURSIVE"))
		for _, above := range []any{
			&codedWorld{ID: id[1]}, &codedGround{ID: 2}, &codedTrunk{ID: id[1]}, &codedBranch{ID: id[1]}, &codedStem{ID: id[1]},
		} {
			require.NoError(t, db.Delete(above).Error)
			require.Equal(t, id[:1], seen(), "with %T", above)
			_, err := softdelete.Restore(db, above)
			require.NoError(t, err)
			require.Equal(t, id, seen(), "%T is back", above)
		}
	})
}

// diamond gives a graph's root row with a number.
func diamond(id uint) *fixture.Diamond00 { return &fixture.Diamond00{Facet: fixture.Facet{ID: id}} }

// longest is how many letters what is sent may have that has so many where one statement finds rows and writes them. Where temporary tables
// stand between, these are made, filled and dropped by statements of their own.
func longest(database *testdb.Database, letters int) int {
	if database.StatementsPerWrite() > 1 {
		return letters + letters/3
	}
	return letters
}

func TestADeleteInAWideGraphIsAsLongAsItsRelations(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := fixture.Diamonds()
		db, _ := graphDatabase(t, database, models)
		ring(t, db, models)
		recorder := testdb.Record(db)
		require.NoError(t, db.Delete(diamond(2)).Error)
		length := 0
		for _, s := range recorder.Statements() {
			length += len(s)
		}
		require.Less(t, length, longest(database, 100_000))
		for _, model := range models {
			var ids []uint
			require.NoError(t, db.Model(model).Pluck("id", &ids).Error)
			require.Equal(t, []uint{1}, ids, "%T", model)
		}
		recorder.Reset()
		fixture.Exec(t, db, "UPDATE diamond01 SET p1 = 5", "UPDATE diamond02 SET p2 = 5", "UPDATE diamond03 SET p3 = 5")
		recorder.Reset()
		require.NoError(t, db.Delete(diamond(1)).Error)
		require.Less(t, len(recorder.Statements()), 12+database.StatementsPerWrite(), "where nothing is, nothing is looked for")
	})
}

func TestWalksOverAWideGraphAreAsLongAsItsRelations(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := fixture.Diamonds()
		db, _ := graphDatabase(t, database, models)
		ring(t, db, models)
		recorder := testdb.Record(db)
		foreseen, err := softdelete.Preview(db, diamond(2))
		require.NoError(t, err)
		deleted, err := softdelete.Delete(db, diamond(2))
		require.NoError(t, err)
		fixture.Foresaw(t, foreseen.Effects, deleted.Effects)
		require.Len(t, deleted.Effects, len(models))
		foreseen, err = softdelete.PreviewRestore(db, diamond(2))
		require.NoError(t, err)
		restored, err := softdelete.Restore(db, diamond(2))
		require.NoError(t, err)
		fixture.Foresaw(t, foreseen.Effects, restored.Effects)
		require.Len(t, restored.Effects, len(models))
		for _, s := range recorder.Statements() {
			require.Less(t, len(s), 800*3*len(models), "as long as there are relations, not ways")
			if strings.HasPrefix(s, "SELECT (SELECT count(*)") {
				require.NotContains(t, s, "held", "no row is held by another parent: none is asked for")
			}
		}
		for _, model := range models {
			require.Zero(t, fixture.Rows(t, db, fixture.Table(t, db, model), "deleted_at IS NOT NULL"))
		}
	})
}
