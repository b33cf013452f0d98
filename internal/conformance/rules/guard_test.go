package rules_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type ruleMother struct {
	ID        uint
	Region    string `gorm:"uniqueIndex:rule_mother"`
	No        int    `gorm:"uniqueIndex:rule_mother"`
	DeletedAt gorm.DeletedAt
	Children  []ruleChild `gorm:"foreignKey:MotherID"`
}

type ruleChild struct {
	ID        uint
	MotherID  *uint
	Mother    *ruleMother `softdelete:"guard"`
	Text      string
	DeletedAt gorm.DeletedAt
}

// rulePaired refers to a mother by two columns that are not her key.
type rulePaired struct {
	ID           uint
	MotherRegion string
	MotherNo     int
	Mother       *ruleMother `gorm:"foreignKey:MotherRegion,MotherNo;references:Region,No" softdelete:"guard;lazy"`
	DeletedAt    gorm.DeletedAt
}

// ruleHidden has lazy alone as its policy, ruleBelow hides under a row that hides.
type ruleHidden struct {
	ID       uint
	MotherID *uint
	Mother   *ruleMother `softdelete:"lazy"`
	Text     string
	Below    []ruleBelow `gorm:"foreignKey:HiddenID"`
}

type ruleMiddle struct {
	ID        uint
	MotherID  uint
	Mother    *ruleMother `softdelete:"lazy"`
	DeletedAt gorm.DeletedAt
}

type ruleBelow struct {
	ID       uint
	HiddenID *uint
	MiddleID *uint
	Middle   *ruleMiddle `softdelete:"lazy"`
}

var ruleGuardModels = []any{&ruleMother{}, &ruleChild{}, &rulePaired{}, &ruleHidden{}, &ruleMiddle{}, &ruleBelow{}}

// ruleGuardFixture has mother 1, who is live, and mother 2, who is deleted, each with the child of her number. Child 3 has no
// mother, child 4 is a deleted one of mother 1.
func ruleGuardFixture(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: ruleGuardModels})))
	require.NoError(t, db.Migrator().DropTable(ruleGuardModels...))
	require.NoError(t, db.AutoMigrate(ruleGuardModels...))
	one, two := rulePtr(uint(1)), rulePtr(uint(2))
	// The database numbers the rows, so that new ones find a free key.
	for _, rows := range []any{
		&[]ruleMother{{Region: "n", No: 1}, {Region: "n", No: 2}},
		&[]ruleChild{{MotherID: one}, {MotherID: two}, {}, {MotherID: one, DeletedAt: ruleGone()}},
		&[]rulePaired{{MotherRegion: "n", MotherNo: 1}, {MotherRegion: "n", MotherNo: 2}, {MotherRegion: "s", MotherNo: 2}},
		&[]ruleHidden{{MotherID: one}, {MotherID: two}, {}},
		&[]ruleMiddle{{MotherID: 1}, {MotherID: 2}},
		&[]ruleBelow{{MiddleID: one}, {MiddleID: two}, {HiddenID: two}},
	} {
		require.NoError(t, db.Create(rows).Error)
	}
	require.NoError(t, db.Delete(&ruleMother{ID: 2}).Error)
	return db
}

func ruleGone() gorm.DeletedAt {
	return gorm.DeletedAt{Time: time.Date(2020, time.May, 1, 0, 0, 0, 0, time.UTC), Valid: true}
}

func TestRuleGuardRefuses(t *testing.T) {
	one, two := rulePtr(uint(1)), rulePtr(uint(2))
	cases := map[string]func(db *gorm.DB) error{
		"Create": func(db *gorm.DB) error { return db.Create(&ruleChild{MotherID: two}).Error },
		"Create of several, one of them under a deleted parent": func(db *gorm.DB) error {
			return db.Create(&[]*ruleChild{{MotherID: one}, {}, {MotherID: two}}).Error
		},
		"CreateInBatches, the last batch": func(db *gorm.DB) error {
			return db.CreateInBatches([]ruleChild{{MotherID: one}, {MotherID: one}, {MotherID: two}}, 1).Error
		},
		"Create of a map": func(db *gorm.DB) error {
			return db.Model(&ruleChild{}).Create(map[string]any{"mother_id": 2}).Error
		},
		"Create of maps by field names": func(db *gorm.DB) error {
			return db.Model(&ruleChild{}).Create([]map[string]any{{"MotherID": 1}, {"MotherID": uint8(2)}}).Error
		},
		"Create with the deleted parent in the struct": func(db *gorm.DB) error {
			return db.Create(&ruleChild{Mother: &ruleMother{ID: 2, Region: "n", No: 2}}).Error
		},
		"Create by a composite reference": func(db *gorm.DB) error {
			return db.Create(&rulePaired{MotherRegion: "n", MotherNo: 2}).Error
		},
		"Create with the generics API": func(db *gorm.DB) error {
			return gorm.G[ruleChild](db).Create(db.Statement.Context, &ruleChild{MotherID: two})
		},
		"FirstOrCreate": func(db *gorm.DB) error {
			return db.Where(ruleChild{Text: "new", MotherID: two}).FirstOrCreate(&ruleChild{}).Error
		},
		"an upsert whose row is under it": func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(&ruleChild{ID: 1, MotherID: two}).Error
		},
		"an upsert that assigns it": func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{
				Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.Assignments(map[string]any{"mother_id": 2}),
			}).Create(&ruleChild{ID: 1, MotherID: one}).Error
		},
		"Save of a new row":   func(db *gorm.DB) error { return db.Save(&ruleChild{MotherID: two}).Error },
		"Save that re-points": func(db *gorm.DB) error { return db.Save(&ruleChild{ID: 1, MotherID: two}).Error },
		"Updates with a struct": func(db *gorm.DB) error {
			return db.Model(&ruleChild{ID: 3}).Updates(ruleChild{MotherID: two, Text: "x"}).Error
		},
		"Updates with a map": func(db *gorm.DB) error {
			return db.Model(&ruleChild{}).Where("id > 0").Updates(map[string]any{"MotherID": 2}).Error
		},
		"Update": func(db *gorm.DB) error { return db.Model(&ruleChild{ID: 1}).Update("mother_id", 2).Error },
		"Update of a part of a composite reference": func(db *gorm.DB) error {
			return db.Model(&rulePaired{}).Where("id = 1").Update("mother_no", 2).Error
		},
		"Update of the other part of a composite reference": func(db *gorm.DB) error {
			return db.Model(&rulePaired{ID: 3}).Update("mother_region", "n").Error
		},
		"Update with an expression": func(db *gorm.DB) error {
			return db.Model(&ruleChild{ID: 1}).Update("mother_id", gorm.Expr("mother_id + ?", 1)).Error
		},
		"UpdateColumn": func(db *gorm.DB) error { return db.Model(&ruleChild{ID: 1}).UpdateColumn("mother_id", 2).Error },
		"Updates with another struct": func(db *gorm.DB) error {
			return db.Model(&ruleChild{ID: 3}).Updates(struct {
				Parent *uint `gorm:"column:mother_id"`
			}{two}).Error
		},
		"Updates with a pointer to another struct": func(db *gorm.DB) error {
			return db.Model(&ruleChild{ID: 3}).Updates(&struct{ MotherID *uint }{two}).Error
		},
		"Updates with a SET clause": func(db *gorm.DB) error {
			return db.Model(&ruleChild{ID: 3}).Clauses(clause.Set{{Column: clause.Column{Name: "mother_id"}, Value: two}}).Updates(map[string]any{}).Error
		},
		"Set with the generics API": func(db *gorm.DB) error {
			_, err := gorm.G[ruleChild](db).Where("id = ?", 3).
				Set(clause.Assignment{Column: clause.Column{Name: "mother_id"}, Value: 2}).Update(db.Statement.Context)
			return err
		},
		"Set of an expression with the generics API": func(db *gorm.DB) error {
			_, err := gorm.G[ruleChild](db).Where("id = ?", 1).
				Set(clause.Assignment{Column: clause.Column{Name: "mother_id"}, Value: gorm.Expr("mother_id + 1")}).Update(db.Statement.Context)
			return err
		},
		"Association Append of a new child": func(db *gorm.DB) error {
			return db.Model(&ruleMother{ID: 2}).Association("Children").Append(&ruleChild{Text: "new"})
		},
		"Association Append of a known child": func(db *gorm.DB) error {
			return db.Model(&ruleMother{ID: 2}).Association("Children").Append(&ruleChild{ID: 3})
		},
		"Association Append of the parent": func(db *gorm.DB) error {
			return db.Model(&ruleChild{ID: 3}).Association("Mother").Append(&ruleMother{ID: 2, Region: "n", No: 2})
		},
		"Restore": func(db *gorm.DB) error {
			_, err := softdelete.Restore(db.Where("mother_id = 2"), &ruleChild{})
			return err
		},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := ruleGuardFixture(t, database)
		for name, call := range cases {
			t.Run(name, func(t *testing.T) {
				tx := db.WithContext(t.Context()).Begin()
				defer tx.Rollback()
				// Child 5 is a deleted one of the deleted mother.
				require.NoError(t, tx.Create(&ruleChild{MotherID: two, DeletedAt: ruleGone()}).Error)
				before := ruleDump(t, tx, ruleGuardModels...)
				require.ErrorIs(t, call(tx), softdelete.ErrParentDeleted)
				require.Equal(t, before, ruleDump(t, tx, ruleGuardModels...))
			})
		}
	})
}

func TestRuleGuardAllows(t *testing.T) {
	one, two := rulePtr(uint(1)), rulePtr(uint(2))
	ok := func(tx *gorm.DB) (int64, error) { return tx.RowsAffected, tx.Error }
	type allowed struct {
		call func(db *gorm.DB) (int64, error)
		rows int64
	}
	cases := map[string]allowed{
		"an unrelated update of a row under a deleted parent": {func(db *gorm.DB) (int64, error) {
			return ok(db.Model(&ruleChild{ID: 2}).Update("text", "x"))
		}, 1},
		"Save of a row under a deleted parent that stays there": {func(db *gorm.DB) (int64, error) {
			var child ruleChild
			if err := db.First(&child, 2).Error; err != nil {
				return 0, err
			}
			child.Text = "saved"
			return ok(db.Save(&child))
		}, 1},
		"Updates that name the parent a row has": {func(db *gorm.DB) (int64, error) {
			return ok(db.Model(&ruleChild{ID: 2}).Updates(ruleChild{MotherID: two, Text: "y"}))
		}, 1},
		"re-pointing that no live row fulfils": {func(db *gorm.DB) (int64, error) {
			return ok(db.Model(&ruleChild{}).Where("id IN ?", []int{4, 99}).Update("mother_id", 2))
		}, 0},
		"moving away from a deleted parent, to none or to a live one": {func(db *gorm.DB) (int64, error) {
			if err := db.Model(&ruleChild{ID: 2}).Update("mother_id", nil).Error; err != nil {
				return 0, err
			}
			return ok(db.Model(&ruleChild{ID: 2}).Update("mother_id", 1))
		}, 1},
		"creating without a parent and under a live one": {func(db *gorm.DB) (int64, error) {
			return ok(db.Create(&[]ruleChild{{}, {MotherID: one}}))
		}, 2},
		"creating a row that is deleted already": {func(db *gorm.DB) (int64, error) {
			return ok(db.Create(&ruleChild{MotherID: two, DeletedAt: ruleGone()}))
		}, 1},
		"a parent that shares a part of the key with a deleted one": {func(db *gorm.DB) (int64, error) {
			return ok(db.Create(&rulePaired{MotherRegion: "s", MotherNo: 2}))
		}, 1},
		"deleting a row under a deleted parent": {func(db *gorm.DB) (int64, error) {
			return ok(db.Delete(&ruleChild{ID: 2}))
		}, 1},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := ruleGuardFixture(t, database)
		stay := allowed{func(db *gorm.DB) (int64, error) {
			return ok(db.Model(&ruleChild{}).Where("id <= 2").Update("mother_id", gorm.Expr("mother_id + 0")))
		}, 2}
		if database.CountsChanges() {
			stay.rows = 0
		}
		cases := maps.Clone(cases)
		cases["an expression that leaves the rows where they are"] = stay
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				tx := db.Begin()
				defer tx.Rollback()
				rows, err := c.call(tx)
				require.NoError(t, err)
				require.Equal(t, c.rows, rows)
			})
		}
	})
}

func TestRuleLazy(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		ids := func(t *testing.T, db *gorm.DB, model any) (ids []uint) {
			require.NoError(t, db.Model(model).Order("id").Pluck("id", &ids).Error)
			return ids
		}
		t.Run("rows hide while their parent is deleted, through a row that hides itself, and nothing is written to them", func(t *testing.T) {
			db := ruleGuardFixture(t, database)
			children := []any{&rulePaired{}, &ruleHidden{}, &ruleMiddle{}, &ruleBelow{}}
			before := ruleDump(t, db, children...)
			see := func(paired, hidden, middle, below []uint) {
				t.Helper()
				for i, want := range [][]uint{paired, hidden, middle, below} {
					require.Equal(t, want, ids(t, db, children[i]), "%T", children[i])
				}
			}
			see([]uint{1, 3}, []uint{1, 3}, []uint{1}, []uint{1, 3})
			require.NoError(t, db.Delete(&ruleMother{ID: 1}).Error)
			see([]uint{3}, []uint{3}, []uint{}, []uint{3})
			_, err := softdelete.Restore(db, &ruleMother{ID: 2})
			require.NoError(t, err)
			see([]uint{2, 3}, []uint{2, 3}, []uint{2}, []uint{2, 3})
			require.Equal(t, []uint{1, 2, 3}, ids(t, db.Unscoped(), &ruleHidden{}))
			require.Equal(t, []uint{1, 2, 3}, ids(t, db.Clauses(softdelete.WithDeleted), &ruleHidden{}))
			require.Equal(t, before, ruleDump(t, db, children...))
		})

		t.Run("First, Count, Preload and Joins do not find them", func(t *testing.T) {
			db := ruleGuardFixture(t, database)
			require.ErrorIs(t, db.First(&ruleHidden{}, 2).Error, gorm.ErrRecordNotFound)
			require.EqualValues(t, 2, ruleLive(t, db, &ruleHidden{}))
			var below []ruleBelow
			require.NoError(t, db.Unscoped().Where("id = 2").Find(&below).Error)
			require.Len(t, below, 1)
			require.NoError(t, db.Joins("Middle").Order("rule_belows.id").Find(&below).Error)
			require.Len(t, below, 2)
			require.NotNil(t, below[0].Middle)
			require.Nil(t, below[1].Middle)
		})

		t.Run("they are live: updates and deletions reach them", func(t *testing.T) {
			db := ruleGuardFixture(t, database)
			result := db.Model(&ruleHidden{ID: 2}).Update("text", "x")
			require.NoError(t, result.Error)
			require.EqualValues(t, 1, result.RowsAffected)
			result = db.Delete(&ruleMiddle{ID: 2})
			require.NoError(t, result.Error)
			require.EqualValues(t, 1, result.RowsAffected)
			_, err := softdelete.Restore(db, &ruleMother{ID: 2})
			require.NoError(t, err)
			require.Equal(t, []uint{1}, ids(t, db, &ruleMiddle{}))
			require.Equal(t, []uint{1, 3}, ids(t, db, &ruleBelow{}))
		})
	})
}
