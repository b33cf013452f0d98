package migrate_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Names of indexes that are cut: by GORM, which counts letters and cuts bytes, or by the database.
type (
	letterIndexes struct {
		ID        uint
		Email     string         `gorm:"uniqueIndex"`
		Login     string         `gorm:"uniqueIndex"`
		Nick      string         `gorm:"unique"`
		Alias     string         `gorm:"unique"`
		First     string         `gorm:"uniqueIndex:,composite:both"`
		Last      string         `gorm:"uniqueIndex:,composite:both"`
		Region    string         `gorm:"index" softdelete:"live"`
		Group     string         `gorm:"index"`
		DeletedAt gorm.DeletedAt `gorm:"index" softdelete:"retain:1d"`
	}
	letterColumns struct {
		ID        uint
		Email     string `gorm:"uniqueIndex:,composite:ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää"`
		DeletedAt gorm.DeletedAt
	}
	letterArchive struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Email string `gorm:"uniqueIndex"`
		Login string `gorm:"uniqueIndex"`
	}
)

func (letterIndexes) TableName() string { return strings.Repeat("ö", 31) }
func (letterArchive) TableName() string { return strings.Repeat("ö", 30) + "x" }

func TestNamesOfIndexesAreCutBetweenLettersAndStayDifferent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&letterIndexes{}, &letterColumns{}, &letterArchive{}}
		if database.Name == "sqlite" { // GORM's migrator reads only names of ASCII letters there
			models = models[1:2]
		}
		db := fixture.Use(t, database, softdelete.Config{Models: models})
		for range 2 {
			require.NoError(t, db.AutoMigrate(models...))
		}
		statements, err := softdelete.DDL(db, models...)
		require.NoError(t, err)
		require.Empty(t, statements)

		row := func(model any) map[string]any {
			if _, whole := model.(*letterIndexes); !whole {
				return map[string]any{"email": "a", "login": "a"}
			}
			return map[string]any{"email": "a", "login": "a", "nick": "a", "alias": "a", "first": "a", "last": "a"}
		}
		for _, model := range models {
			first, unique := row(model), []string{"email", "login", "nick", "alias", "first"}
			if _, one := model.(*letterColumns); one {
				delete(first, "login")
			}
			first["id"] = 1
			require.NoError(t, db.Model(model).Create(first).Error)
			for i, column := range unique {
				if first[column] == nil {
					continue
				}
				other := row(model)
				for name := range first {
					other[name] = name + "2"
				}
				other["id"], other[column] = 2+i, "a"
				if column == "first" {
					other["last"] = "a"
				}
				require.Error(t, db.Model(model).Create(other).Error, "%T: %s is unique among live rows", model, column)
			}
			require.NoError(t, db.Delete(model, 1).Error)
			first["id"] = 9
			require.NoError(t, db.Model(model).Create(first).Error)
			_, err := softdelete.Restore(db.Where("id = 1"), model)
			require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		}
	})
}
