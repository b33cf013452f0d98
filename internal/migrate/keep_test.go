package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// kept has unique columns of which one is to be free again in deleted rows even where the others stay as they are.
type kept struct {
	ID        uint
	Email     string `gorm:"uniqueIndex"`
	Code      string `gorm:"unique"`
	Nick      string `gorm:"uniqueIndex" softdelete:"live"`
	DeletedAt gorm.DeletedAt
}

func TestUniqueIndexesThatAreToStayAsTheyAreDo(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{KeepUnique: true})
		require.NoError(t, db.AutoMigrate(&kept{}))
		requireNoFurtherChange(t, db, &kept{})
		require.NoError(t, db.Create(&kept{ID: 1, Email: "e", Code: "c", Nick: "n"}).Error)
		require.Error(t, db.Create(&kept{Email: "f", Code: "d", Nick: "n"}).Error)
		require.NoError(t, db.Delete(&kept{ID: 1}).Error)
		require.Error(t, db.Create(&kept{Email: "e", Code: "d", Nick: "n"}).Error)
		require.Error(t, db.Create(&kept{Email: "f", Code: "c", Nick: "n"}).Error)
		require.NoError(t, db.Create(&kept{Email: "f", Code: "d", Nick: "n"}).Error)
	})
}

func TestUniqueIndexesThatAnEarlierMigrationNarrowedStayNarrow(t *testing.T) {
	type kept struct {
		ID        uint
		Email     string `gorm:"uniqueIndex"`
		Code      string `gorm:"unique"`
		DeletedAt gorm.DeletedAt
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, fixture.Use(t, database, softdelete.Config{}).AutoMigrate(&kept{}))
		db := fixture.Use(t, database, softdelete.Config{KeepUnique: true})
		requireNoFurtherChange(t, db, &kept{})
		for range 2 {
			require.NoError(t, db.Create(&kept{Email: "e", Code: "c"}).Error)
			require.Error(t, db.Create(&kept{Email: "e", Code: "d"}).Error)
			require.Error(t, db.Create(&kept{Email: "f", Code: "c"}).Error)
			require.NoError(t, db.Where("email = ?", "e").Delete(&kept{}).Error)
		}
	})
}

type (
	laterParent struct {
		ID        uint
		Code      string `gorm:"size:40;uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	laterChild struct {
		ID         uint
		ParentCode string       `gorm:"size:40"`
		Parent     *laterParent `gorm:"foreignKey:ParentCode;references:Code"`
	}
)

func TestANarrowIndexIsWholeAgainOnceAForeignKeyRefersToIt(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.NoError(t, fixture.Use(t, database, softdelete.Config{}).AutoMigrate(&laterParent{}))
		db := fixture.Use(t, database, softdelete.Config{Models: []any{&laterParent{}, &laterChild{}}})
		require.NoError(t, db.AutoMigrate(&laterParent{}, &laterChild{}))
		requireNoFurtherChange(t, db, &laterParent{}, &laterChild{})
		require.NoError(t, db.Create(&laterParent{ID: 1, Code: "a"}).Error)
		require.NoError(t, db.Create(&laterChild{ParentCode: "a"}).Error)
		require.NoError(t, db.Delete(&laterParent{ID: 1}).Error)
		require.Error(t, db.Create(&laterParent{Code: "a"}).Error)
	})
}
