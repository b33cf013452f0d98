package policy_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// polLate is a model whose tag is wrong, and which nobody named in Config.Models.
type polLate struct {
	ID        uint
	Name      string
	DeletedAt gorm.DeletedAt `softdelete:"retian:90d"`
}

// polShelf is a sound model with the wrong one under it.
type polShelf struct {
	ID        uint
	LateID    *uint
	Late      *polLate
	DeletedAt gorm.DeletedAt
	Lates     []polLate `gorm:"many2many:pol_shelf_lates"`
}

func TestPolicyOfAModelOutsideConfig(t *testing.T) {
	statements := map[string]func(db *gorm.DB) error{
		"Create":           func(db *gorm.DB) error { return db.Create(&polLate{}).Error },
		"Create of a map":  func(db *gorm.DB) error { return db.Model(&polLate{}).Create(map[string]any{"Name": "a"}).Error },
		"CreateInBatches":  func(db *gorm.DB) error { return db.CreateInBatches([]polLate{{}, {}}, 1).Error },
		"Save":             func(db *gorm.DB) error { return db.Save(&polLate{ID: 1}).Error },
		"First":            func(db *gorm.DB) error { return db.First(&polLate{}).Error },
		"Find":             func(db *gorm.DB) error { return db.Find(&[]polLate{}).Error },
		"Count":            func(db *gorm.DB) error { return db.Model(&polLate{}).Count(new(int64)).Error },
		"Pluck":            func(db *gorm.DB) error { return db.Model(&polLate{}).Pluck("name", &[]string{}).Error },
		"Scan":             func(db *gorm.DB) error { return db.Model(&polLate{}).Scan(&[]polLate{}).Error },
		"Rows":             func(db *gorm.DB) error { _, err := db.Model(&polLate{}).Rows(); return err },
		"Update":           func(db *gorm.DB) error { return db.Model(&polLate{ID: 1}).Update("name", "b").Error },
		"UpdateColumn":     func(db *gorm.DB) error { return db.Model(&polLate{ID: 1}).UpdateColumn("name", "b").Error },
		"Delete":           func(db *gorm.DB) error { return db.Delete(&polLate{ID: 1}).Error },
		"Unscoped Delete":  func(db *gorm.DB) error { return db.Unscoped().Delete(&polLate{ID: 1}).Error },
		"generics":         func(db *gorm.DB) error { _, err := gorm.G[polLate](db).Find(t.Context()); return err },
		"Joins":            func(db *gorm.DB) error { return db.Joins("Late").Find(&[]polShelf{}).Error },
		"Association":      func(db *gorm.DB) error { return db.Model(&polShelf{ID: 1}).Association("Lates").Find(&[]polLate{}) },
		"Live":             func(db *gorm.DB) error { return db.Where(softdelete.Live("l", &polLate{})).Find(&[]polShelf{}).Error },
		"Delete function":  func(db *gorm.DB) error { _, err := softdelete.Delete(db, &polLate{ID: 1}); return err },
		"Preview":          func(db *gorm.DB) error { _, err := softdelete.Preview(db, &polLate{ID: 1}); return err },
		"Restore":          func(db *gorm.DB) error { _, err := softdelete.Restore(db, &polLate{ID: 1}); return err },
		"Preview, restore": func(db *gorm.DB) error { _, err := softdelete.PreviewRestore(db, &polLate{ID: 1}); return err },
		"Preload": func(db *gorm.DB) error {
			if err := db.Exec("INSERT INTO pol_lates (id) VALUES (7)").Error; err != nil {
				return err
			}
			if err := db.Exec("INSERT INTO pol_shelves (id, late_id) VALUES (7, 7)").Error; err != nil {
				return err
			}
			return db.Preload("Late").Find(&[]polShelf{}).Error
		},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, database.Open(t).AutoMigrate(&polLate{}, &polShelf{}))
		for name, run := range statements {
			t.Run(name, func(t *testing.T) {
				db := fixture.Use(t, database, softdelete.Config{})
				recorder := testdb.Record(db)
				err := run(db)
				require.ErrorIs(t, err, softdelete.ErrPolicy)
				require.ErrorContains(t, err, `polLate.DeletedAt: unknown setting "retian" (did you mean "retain"?)`)
				if name == "Preload" {
					return // the shelves themselves are read
				}
				// GORM opens its transaction before it asks any plugin.
				rest := slices.DeleteFunc(recorder.Statements(), func(sql string) bool { return sql == "BEGIN" || sql == "ROLLBACK" })
				require.Empty(t, rest)
				require.ErrorIs(t, run(db), softdelete.ErrPolicy, "the next statement fails too")
			})
		}
	})
}

// A wrong model that a deletion would reach refuses it, before anything is written.
func TestPolicyOfAModelBelow(t *testing.T) {
	type Note struct {
		ID, BookID uint
		DeletedAt  gorm.DeletedAt `softdelete:"retian:90d"`
	}
	type Book struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Notes     []Note `softdelete:"cascade"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, database.Open(t).AutoMigrate(&Book{}, &Note{}))
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&Book{}}})
		book := Book{ID: 1}
		require.NoError(t, db.Create(&book).Error)
		err := db.Delete(&book).Error
		require.ErrorIs(t, err, softdelete.ErrPolicy)
		require.ErrorContains(t, err, "Note.DeletedAt: unknown setting")
		require.False(t, book.DeletedAt.Valid)
		require.NoError(t, db.First(&Book{}, 1).Error)
	})
}

// Without the parent's policy, lazy and guard would let rows through.
func TestPolicyOfAModelAbove(t *testing.T) {
	type Book struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retian:90d"`
	}
	type Lazy struct {
		ID, BookID uint
		Book       *Book `softdelete:"lazy"`
	}
	type Guarded struct {
		ID, BookID uint
		Book       *Book `softdelete:"guard"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, database.Open(t).AutoMigrate(&Book{}, &Lazy{}, &Guarded{}))
		require.NoError(t, database.Open(t).Exec("INSERT INTO books (id) VALUES (1)").Error)
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&Lazy{}, &Guarded{}}})
		require.ErrorIs(t, db.Find(&[]Lazy{}).Error, softdelete.ErrPolicy)
		require.ErrorIs(t, db.Create(&Guarded{BookID: 1}).Error, softdelete.ErrPolicy)
	})
}

func TestPolicyAfterARefusal(t *testing.T) {
	type Good struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	type Bad struct {
		ID   uint
		Gone string `softdelete:"flag"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(&Good{}))
		require.Error(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&Good{}, &Bad{}}})))
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&Good{}}})), "the corrected call works")
		require.NoError(t, db.Create(&Good{ID: 1}).Error)
		require.NoError(t, db.Delete(&Good{ID: 1}).Error)
		_, err := softdelete.Restore(db, &Good{ID: 1})
		require.NoError(t, err)
		require.NoError(t, db.First(&Good{}, 1).Error)
	})
}
