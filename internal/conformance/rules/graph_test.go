package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// rulFolder stands in folders of its own kind.
type rulFolder struct {
	ID        uint
	ParentID  *uint
	DeletedAt gorm.DeletedAt
	Children  []rulFolder `gorm:"foreignKey:ParentID" softdelete:"cascade"`
}

// rulFirm and rulOwner own each other, and have different marks.
type rulFirm struct {
	ID        uint
	OwnerID   *uint
	DeletedAt gorm.DeletedAt
	Owners    []rulOwner `gorm:"foreignKey:FirmID" softdelete:"cascade"`
}

type rulOwner struct {
	ID         uint
	FirmID     *uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Firms      []rulFirm `gorm:"foreignKey:OwnerID" softdelete:"cascade"`
}

// rulRock, rulPaper and rulScissors are a ring of three, with different marks.
type rulRock struct {
	ID         uint
	ScissorsID *uint
	DeletedAt  gorm.DeletedAt
	Papers     []rulPaper `gorm:"foreignKey:RockID" softdelete:"cascade"`
}

type rulPaper struct {
	ID         uint
	RockID     *uint
	Gone       bool `softdelete:"flag"`
	DeletionID softdelete.DeletionID
	Scissors   []rulScissors `gorm:"foreignKey:PaperID" softdelete:"cascade"`
}

type rulScissors struct {
	ID      uint
	PaperID *uint
	Gone    int64     `softdelete:"timestamp;unit:ms"`
	Rocks   []rulRock `gorm:"foreignKey:ScissorsID" softdelete:"cascade"`
}

// rulTop leads to rulBottom by two ways.
type rulTop struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Lefts     []rulLeft  `gorm:"foreignKey:TopID" softdelete:"cascade"`
	Rights    []rulRight `gorm:"foreignKey:TopID" softdelete:"cascade"`
}

type rulLeft struct {
	ID, TopID uint
	DeletedAt gorm.DeletedAt
	Bottoms   []rulBottom `gorm:"foreignKey:LeftID" softdelete:"cascade"`
}

type rulRight struct {
	ID, TopID uint
	DeletedAt gorm.DeletedAt
	Bottoms   []rulBottom `gorm:"foreignKey:RightID" softdelete:"cascade"`
}

type rulBottom struct {
	ID              uint
	LeftID, RightID *uint
	DeletedAt       gorm.DeletedAt
}

// rulOpenCycle opens a database with models whose foreign keys are a ring: models and relations in turn. GORM cannot make
// such tables with their keys at once.
func rulOpenCycle(t *testing.T, database *testdb.Database, ring ...any) *gorm.DB {
	t.Helper()
	config := gorm.Config{DisableForeignKeyConstraintWhenMigrating: true}
	db := database.Open(t, &config)
	var models []any
	for i := 0; i < len(ring); i += 2 {
		models = append(models, ring[i])
	}
	fixture.Register(t, db, models...)
	for i, model := range models {
		require.NoError(t, db.Migrator().CreateConstraint(model, ring[2*i+1].(string)))
	}
	return db
}

func rulRef(id uint) *uint { return &id }

// rulDeleted deletes and gives the effects, after checking that Preview foretells them.
func rulDeleted(t *testing.T, db *gorm.DB, row any) []softdelete.Effect {
	t.Helper()
	preview, err := softdelete.Preview(db, row)
	require.NoError(t, err)
	require.Empty(t, preview.Blockers)
	report, err := softdelete.Delete(db, row)
	require.NoError(t, err)
	fixture.Foresaw(t, preview.Effects, report.Effects)
	return report.Effects
}

// rulRestored restores and gives the effects, after checking that PreviewRestore foretells them.
func rulRestored(t *testing.T, db *gorm.DB, row any) []softdelete.Effect {
	t.Helper()
	preview, err := softdelete.PreviewRestore(db, row)
	require.NoError(t, err)
	report, err := softdelete.Restore(db, row)
	require.NoError(t, err)
	fixture.Foresaw(t, preview.Effects, report.Effects)
	return report.Effects
}

func TestRuleOnTrees(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulFolder{})
		//	1 ─ 2 ─ 4 ─ 6
		//	│   └── 5
		//	└ 3       7 is its own parent, 8 → 9 → 10 → 8 is a ring
		for _, row := range []rulFolder{
			{ID: 1},
			{ID: 2, ParentID: rulRef(1)},
			{ID: 3, ParentID: rulRef(1)},
			{ID: 4, ParentID: rulRef(2)},
			{ID: 5, ParentID: rulRef(2)},
			{ID: 6, ParentID: rulRef(4)},
			{ID: 7},
			{ID: 8},
			{ID: 9, ParentID: rulRef(8)},
			{ID: 10, ParentID: rulRef(9)},
		} {
			require.NoError(t, db.Create(&row).Error)
		}
		require.NoError(t, db.Model(&rulFolder{ID: 7}).Update("parent_id", 7).Error)
		require.NoError(t, db.Model(&rulFolder{ID: 8}).Update("parent_id", 10).Error)
		effects := func(action softdelete.Action, below int64) []softdelete.Effect {
			list := []softdelete.Effect{{Table: "rul_folders", Action: action, Rows: 1}}
			if below > 0 {
				list = append(list, softdelete.Effect{Table: "rul_folders", Relation: "Children", Parent: "rul_folders", Action: action, Rows: below})
			}
			return list
		}

		t.Run("a deletion takes the branch, and stops at what was deleted earlier", func(t *testing.T) {
			require.Equal(t, effects(softdelete.ActionDeleted, 1), rulDeleted(t, db, &rulFolder{ID: 4}))
			require.Equal(t, effects(softdelete.ActionDeleted, 1), rulDeleted(t, db, &rulFolder{ID: 2}))
			require.Equal(t, effects(softdelete.ActionDeleted, 1), rulDeleted(t, db, &rulFolder{ID: 1}))
			require.Equal(t, []string{"10", "7", "8", "9"}, rulKeys[rulFolder](t, db))
		})

		t.Run("each restore brings back its own branch", func(t *testing.T) {
			_, err := softdelete.Restore(db, &rulFolder{ID: 2})
			require.ErrorIs(t, err, softdelete.ErrParentDeleted)
			require.Equal(t, effects(softdelete.ActionRestored, 1), rulRestored(t, db, &rulFolder{ID: 1}))
			require.Equal(t, []string{"1", "10", "3", "7", "8", "9"}, rulKeys[rulFolder](t, db))
			require.Equal(t, effects(softdelete.ActionRestored, 1), rulRestored(t, db, &rulFolder{ID: 2}))
			require.Equal(t, effects(softdelete.ActionRestored, 1), rulRestored(t, db, &rulFolder{ID: 4}))
			require.Len(t, rulKeys[rulFolder](t, db), 10)
		})

		t.Run("a row under itself and a ring end, each row once", func(t *testing.T) {
			require.Equal(t, effects(softdelete.ActionDeleted, 0), rulDeleted(t, db, &rulFolder{ID: 7}))
			require.Equal(t, effects(softdelete.ActionDeleted, 2), rulDeleted(t, db, &rulFolder{ID: 9}))
			require.Equal(t, effects(softdelete.ActionRestored, 0), rulRestored(t, db, &rulFolder{ID: 7}))
			require.Equal(t, effects(softdelete.ActionRestored, 2), rulRestored(t, db, &rulFolder{ID: 8}), "from any row of the ring")
			require.Len(t, rulKeys[rulFolder](t, db), 10)
		})

		t.Run("a condition that matches parents and children counts each once", func(t *testing.T) {
			report, err := softdelete.Delete(db.Where("id IN ?", []uint{1, 4, 6}), &rulFolder{})
			require.NoError(t, err)
			require.Equal(t, []softdelete.Effect{
				{Table: "rul_folders", Action: softdelete.ActionDeleted, Rows: 3},
				{Table: "rul_folders", Relation: "Children", Parent: "rul_folders", Action: softdelete.ActionDeleted, Rows: 3},
			}, report.Effects)
			_, err = softdelete.RestoreDeletion(db, report.DeletionID)
			require.NoError(t, err)
			require.Len(t, rulKeys[rulFolder](t, db), 10)
		})

		t.Run("Unscoped removes the branch, deleted rows too", func(t *testing.T) {
			require.NoError(t, db.Delete(&rulFolder{ID: 4}).Error)
			tx := db.Unscoped().Delete(&rulFolder{ID: 1})
			require.NoError(t, tx.Error)
			require.EqualValues(t, 1, tx.RowsAffected)
			require.NoError(t, db.Unscoped().Delete(&rulFolder{ID: 8}).Error)
			require.NoError(t, db.Unscoped().Delete(&rulFolder{ID: 7}).Error)
			require.Empty(t, rulKeys[rulFolder](t, db.Unscoped()))
		})
	})
}

func TestRuleOnADeepTree(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulFolder{})
		const depth = 300
		rows := []rulFolder{{ID: 1}}
		for id := uint(2); id <= depth; id++ {
			rows = append(rows, rulFolder{ID: id, ParentID: rulRef(id - 1)})
		}
		require.NoError(t, db.CreateInBatches(&rows, 100).Error)
		recorder := testdb.Record(db)
		require.EqualValues(t, depth-1, rulDeleted(t, db, &rulFolder{ID: 1})[1].Rows)
		require.Less(t, len(recorder.Statements()), 15+database.StatementsPerWrite(), "no statement per level")
		require.EqualValues(t, depth-1, rulRestored(t, db, &rulFolder{ID: 1})[1].Rows)
	})
}

func TestRuleOnACycleOfTwoModels(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpenCycle(t, database, &rulFirm{}, "Owners", &rulOwner{}, "Firms")
		require.NoError(t, db.Create(&rulFirm{ID: 1}).Error)
		require.NoError(t, db.Create(&[]rulOwner{{ID: 1, FirmID: rulRef(1)}, {ID: 2, FirmID: rulRef(1)}}).Error)
		require.NoError(t, db.Create(&[]rulFirm{{ID: 2, OwnerID: rulRef(1)}, {ID: 3, OwnerID: rulRef(2)}, {ID: 4}}).Error)
		require.NoError(t, db.Create(&[]rulOwner{{ID: 3, FirmID: rulRef(3)}, {ID: 4, FirmID: rulRef(4)}}).Error)
		require.NoError(t, db.Model(&rulFirm{ID: 1}).Update("owner_id", 3).Error) // the ring closes

		require.NoError(t, db.Delete(&rulOwner{ID: 2}).Error) // with firms 3 and 1, owners 3 and 1, firm 2
		require.Equal(t, []string{"4"}, rulKeys[rulFirm](t, db))
		require.Equal(t, []string{"4"}, rulKeys[rulOwner](t, db))
		require.Equal(t, []softdelete.Effect{
			{Table: "rul_owners", Action: softdelete.ActionRestored, Rows: 1},
			{Table: "rul_firms", Relation: "Firms", Parent: "rul_owners", Action: softdelete.ActionRestored, Rows: 3},
			{Table: "rul_owners", Relation: "Owners", Parent: "rul_firms", Action: softdelete.ActionRestored, Rows: 2},
		}, rulRestored(t, db, &rulOwner{ID: 2}))

		require.NoError(t, db.Delete(&rulFirm{ID: 2}).Error)
		require.Equal(t, []softdelete.Effect{
			{Table: "rul_firms", Action: softdelete.ActionDeleted, Rows: 1},
			{Table: "rul_owners", Relation: "Owners", Parent: "rul_firms", Action: softdelete.ActionDeleted, Rows: 3},
			{Table: "rul_firms", Relation: "Firms", Parent: "rul_owners", Action: softdelete.ActionDeleted, Rows: 1},
		}, rulDeleted(t, db, &rulFirm{ID: 1}))
		rulRestored(t, db, &rulFirm{ID: 1})
		require.Equal(t, []string{"1", "3", "4"}, rulKeys[rulFirm](t, db))
		rulRestored(t, db, &rulFirm{ID: 2})
	})
}

func TestRuleOnACycleOfThreeModels(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpenCycle(t, database, &rulRock{}, "Papers", &rulPaper{}, "Scissors", &rulScissors{}, "Rocks")
		require.NoError(t, db.Create(&rulRock{ID: 1}).Error)
		require.NoError(t, db.Create(&[]rulPaper{{ID: 1, RockID: rulRef(1)}, {ID: 2, RockID: rulRef(1)}}).Error)
		require.NoError(t, db.Create(&[]rulScissors{{ID: 1, PaperID: rulRef(1)}, {ID: 2, PaperID: rulRef(2)}, {ID: 3}}).Error)
		require.NoError(t, db.Create(&[]rulRock{{ID: 2, ScissorsID: rulRef(1)}, {ID: 3, ScissorsID: rulRef(3)}}).Error)
		require.NoError(t, db.Create(&rulPaper{ID: 3, RockID: rulRef(2)}).Error)
		require.NoError(t, db.Model(&rulRock{ID: 1}).Update("scissors_id", 2).Error)
		count := func(rocks, papers, scissors int) {
			t.Helper()
			require.Len(t, rulKeys[rulRock](t, db), rocks)
			require.Len(t, rulKeys[rulPaper](t, db), papers)
			require.Len(t, rulKeys[rulScissors](t, db), scissors)
		}
		require.NoError(t, db.Delete(&rulPaper{ID: 3}).Error)
		count(3, 2, 3)
		effects := rulDeleted(t, db, &rulScissors{ID: 2})
		require.Equal(t, softdelete.Effect{Table: "rul_scissors", Action: softdelete.ActionDeleted, Rows: 1}, effects[0])
		count(1, 0, 1)
		total := int64(0)
		for _, effect := range effects {
			total += effect.Rows
		}
		require.EqualValues(t, 6, total, "each row once: %v", effects)

		rulRestored(t, db, &rulScissors{ID: 2})
		count(3, 2, 3)
		_, err := softdelete.Restore(db, &rulPaper{ID: 3})
		require.NoError(t, err)

		report, err := softdelete.Delete(db, &rulRock{ID: 1})
		require.NoError(t, err)
		count(1, 0, 1)
		_, err = softdelete.RestoreDeletion(db, report.DeletionID)
		require.NoError(t, err)
		count(3, 3, 3)

		t.Run("Unscoped removes the cycle", func(t *testing.T) {
			require.NoError(t, db.Unscoped().Delete(&rulRock{ID: 1}).Error)
			require.Equal(t, []string{"3"}, rulKeys[rulRock](t, db.Unscoped()))
			require.Empty(t, rulKeys[rulPaper](t, db.Unscoped()))
		})
	})
}

func TestRuleOnADiamond(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := rulOpen(t, database, &rulTop{}, &rulLeft{}, &rulRight{}, &rulBottom{})
		require.NoError(t, db.Create(&rulTop{ID: 1, Lefts: []rulLeft{{ID: 1}}, Rights: []rulRight{{ID: 1}, {ID: 2}}}).Error)
		require.NoError(t, db.Create(&[]rulBottom{
			{ID: 1, LeftID: rulRef(1)}, {ID: 2, LeftID: rulRef(1), RightID: rulRef(1)}, {ID: 3, RightID: rulRef(2)}, {ID: 4},
		}).Error)
		effects := func(action softdelete.Action, left, right int64) []softdelete.Effect {
			return []softdelete.Effect{
				{Table: "rul_tops", Action: action, Rows: 1},
				{Table: "rul_lefts", Relation: "Lefts", Parent: "rul_tops", Action: action, Rows: 1},
				{Table: "rul_rights", Relation: "Rights", Parent: "rul_tops", Action: action, Rows: 2},
				{Table: "rul_bottoms", Relation: "Bottoms", Parent: "rul_lefts", Action: action, Rows: left},
				{Table: "rul_bottoms", Relation: "Bottoms", Parent: "rul_rights", Action: action, Rows: right},
			}
		}
		require.ElementsMatch(t, effects(softdelete.ActionDeleted, 2, 1), rulDeleted(t, db, &rulTop{ID: 1}), "a row under both sides counts once")
		require.Equal(t, []string{"4"}, rulKeys[rulBottom](t, db))
		require.ElementsMatch(t, effects(softdelete.ActionRestored, 2, 1), rulRestored(t, db, &rulTop{ID: 1}))
		require.Len(t, rulKeys[rulBottom](t, db), 4)

		require.NoError(t, db.Delete(&rulRight{ID: 1}).Error) // with bottom 2
		rulDeleted(t, db, &rulTop{ID: 1})
		rulRestored(t, db, &rulTop{ID: 1})
		require.Equal(t, []string{"1", "3", "4"}, rulKeys[rulBottom](t, db), "the other side holds it")
		rulRestored(t, db, &rulRight{ID: 1})
		require.Len(t, rulKeys[rulBottom](t, db), 4)

		require.NoError(t, db.Unscoped().Delete(&rulTop{ID: 1}).Error)
		require.Equal(t, []string{"4"}, rulKeys[rulBottom](t, db.Unscoped()))
	})
}
