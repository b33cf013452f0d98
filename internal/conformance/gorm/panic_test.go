package gorm_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Values of every shape in every statement: what plain GORM takes without a panic, the plugin takes without one too.

type (
	shapeParent struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Children  []shapeChild `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
		Tags      []shapeTag   `gorm:"many2many:shape_links;constraint:-"`
	}
	shapeTag   struct{ ID uint }
	shapeChild struct {
		ID        uint
		ParentID  *uint
		Parent    *shapeParent `gorm:"foreignKey:ParentID;constraint:-" softdelete:"guard"`
		Name      string       `pii:"fixed:erased"`
		Slug      *string      `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	shapeFiled struct {
		_        struct{} `softdelete:"archive;events"`
		ID       uint
		ParentID *uint
		Name     string
	}
	shapeHard struct {
		_        struct{} `softdelete:"hard"`
		ID       uint
		ParentID *uint
		Parent   *shapeParent `gorm:"foreignKey:ParentID;constraint:-" softdelete:"lazy"`
		Name     string
	}
	shapeFlag struct {
		ID         uint
		ParentID   *uint
		Name       string
		Gone       bool `softdelete:"flag"`
		DeletionID softdelete.DeletionID
	}
)

// shapesOf are the shapes of a model's value.
func shapesOf[T any](row T) map[string]any {
	pointer, none := &row, (*T)(nil)
	other := row
	return map[string]any{
		"a pointer": &other, "a value": row, "a slice": []T{row}, "a pointer to a slice": &[]T{row}, "a slice of pointers": []*T{pointer},
		"a pointer to a slice of pointers": &[]*T{pointer}, "an array": [1]T{row}, "a pointer to an array": &[1]T{row},
		"a pointer to a pointer": &pointer, "a nil pointer": none, "an empty slice": []T{}, "a pointer to an empty slice": &[]T{},
		"a nil slice": []T(nil), "a slice with a nil pointer": []*T{nil}, "a slice of anything": []any{pointer}, "nil": nil,
	}
}

// shapeStatements are the statements that take a value.
var shapeStatements = map[string]func(db *gorm.DB, value any) error{
	"Create":                 func(db *gorm.DB, v any) error { return db.Create(v).Error },
	"Create in batches":      func(db *gorm.DB, v any) error { return db.CreateInBatches(v, 2).Error },
	"an upsert":              func(db *gorm.DB, v any) error { return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(v).Error },
	"an upsert of nothing":   func(db *gorm.DB, v any) error { return db.Clauses(clause.OnConflict{DoNothing: true}).Create(v).Error },
	"Save":                   func(db *gorm.DB, v any) error { return db.Save(v).Error },
	"Save of selected":       func(db *gorm.DB, v any) error { return db.Select("Name").Save(v).Error },
	"Unscoped Save":          func(db *gorm.DB, v any) error { return db.Unscoped().Save(v).Error },
	"Updates":                func(db *gorm.DB, v any) error { return db.Updates(v).Error },
	"Updates of all":         func(db *gorm.DB, v any) error { return db.Select("*").Updates(v).Error },
	"Updates by condition":   func(db *gorm.DB, v any) error { return db.Where("id = 1").Updates(v).Error },
	"Model and Update":       func(db *gorm.DB, v any) error { return db.Model(v).Update("name", "x").Error },
	"Model and UpdateColumn": func(db *gorm.DB, v any) error { return db.Model(v).UpdateColumn("name", "x").Error },
	"Model and a map":        func(db *gorm.DB, v any) error { return db.Model(v).Updates(map[string]any{"name": "x"}).Error },
	"Model, where and a map": func(db *gorm.DB, v any) error {
		return db.Model(v).Where("id = 1").Updates(map[string]any{"parent_id": 1}).Error
	},
	"Delete":              func(db *gorm.DB, v any) error { return db.Delete(v).Error },
	"Delete by condition": func(db *gorm.DB, v any) error { return db.Delete(v, "id = 1").Error },
	"Model and Delete":    func(db *gorm.DB, v any) error { return db.Model(v).Where("id = 1").Delete(v).Error },
	"Unscoped Delete":     func(db *gorm.DB, v any) error { return db.Unscoped().Delete(v).Error },
	"Select and Delete":   func(db *gorm.DB, v any) error { return db.Select(clause.Associations).Delete(v).Error },
	"Find":                func(db *gorm.DB, v any) error { return db.Find(v).Error },
	"First":               func(db *gorm.DB, v any) error { return db.First(v).Error },
	"Model and Count":     func(db *gorm.DB, v any) error { var n int64; return db.Model(v).Count(&n).Error },
	"FirstOrCreate":       func(db *gorm.DB, v any) error { return db.FirstOrCreate(v).Error },
	"FirstOrInit":         func(db *gorm.DB, v any) error { return db.FirstOrInit(v).Error },
	"Where a value":       func(db *gorm.DB, v any) error { return db.Where(v).Find(&[]map[string]any{}).Error },
	"a dry run of Delete": func(db *gorm.DB, v any) error { return db.Session(&gorm.Session{DryRun: true}).Delete(v).Error },
	"a dry run of Save":   func(db *gorm.DB, v any) error { return db.Session(&gorm.Session{DryRun: true}).Save(v).Error },
}

// outcome is what a call ends in, a panic too.
func outcome(call func() error) (panicked any, err error) {
	defer func() { panicked = recover() }()
	return nil, call()
}

func TestNoStatementPanicsThatPlainGORMTakes(t *testing.T) {
	testdb.ExpectParseErrors(t)
	one := uint(1)
	rows := map[string]func() map[string]any{
		"shapeParent": func() map[string]any {
			return shapesOf(shapeParent{ID: 1, Children: []shapeChild{{ID: 7}}, Tags: []shapeTag{{ID: 1}}})
		},
		"shapeChild": func() map[string]any { return shapesOf(shapeChild{ID: 1, ParentID: &one, Name: "n"}) },
		"shapeFiled": func() map[string]any { return shapesOf(shapeFiled{ID: 1, ParentID: &one, Name: "n"}) },
		"shapeHard":  func() map[string]any { return shapesOf(shapeHard{ID: 1, ParentID: &one, Name: "n"}) },
		"shapeFlag":  func() map[string]any { return shapesOf(shapeFlag{ID: 1, ParentID: &one, Name: "n"}) },
		"new rows":   func() map[string]any { return shapesOf(shapeChild{Name: "n"}) },
	}
	models := []any{&shapeParent{}, &shapeTag{}, &shapeChild{}, &shapeFiled{}, &shapeHard{}, &shapeFlag{}}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: models, Holds: true})
		plain := database.Open(t)
		for _, model := range []any{&shapeParent{ID: 1}, &shapeChild{ID: 1}, &shapeFiled{ID: 1}, &shapeHard{ID: 1}, &shapeFlag{ID: 1}} {
			require.NoError(t, db.Create(model).Error)
		}
		in := func(db *gorm.DB, call func(tx *gorm.DB) error) (panicked any, err error) {
			tx := db.Begin()
			defer tx.Rollback()
			return outcome(func() error { return call(tx) })
		}
		for model, shapes := range rows {
			for _, shape := range slices.Sorted(maps.Keys(shapes())) {
				for name, statement := range shapeStatements {
					what := fmt.Sprintf("%s of %s, %s", name, model, shape)
					expected, _ := in(plain, func(tx *gorm.DB) error { return statement(tx, shapes()[shape]) })
					if expected != nil {
						continue
					}
					panicked, _ := in(db, func(tx *gorm.DB) error { return statement(tx, shapes()[shape]) })
					require.Nil(t, panicked, what)
				}
			}
		}
	})
}

func TestNoFunctionPanicsWhateverItIsGiven(t *testing.T) {
	testdb.ExpectParseErrors(t)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&tenantUser{}}, Holds: true})
		require.NoError(t, db.Create(&tenantUser{ID: 1, Email: "mail"}).Error)
		values := shapesOf(tenantUser{ID: 1})
		maps.Copy(values, map[string]any{"a text": "x", "a number": 1, "a map": map[string]any{"id": 1}, "a function": func() {}, "a channel": make(chan int)})
		for name, call := range tenantCalls {
			for shape, value := range values {
				for _, f := range []func(db *gorm.DB, row any) error{call.obeys, call.refuses} {
					if f == nil {
						continue
					}
					tx := db.Begin()
					panicked, _ := outcome(func() error {
						if name == "NewJanitor" || name == "ReplayErasures" {
							return nil // they take no row, and run for as long as they are let
						}
						return f(tx, value)
					})
					tx.Rollback()
					require.Nil(t, panicked, "%s of %s", name, shape)
				}
			}
		}
	})
}
