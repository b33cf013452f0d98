package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	stampedNote struct {
		ID        uint
		DeletedAt gorm.DeletedAt `gorm:"type:timestamp"`
	}
	stampedFile struct {
		_         struct{} `softdelete:"events"`
		ID        uint
		DeletedAt gorm.DeletedAt `gorm:"type:timestamp(6);comment:when it went"`
	}
)

func TestADeletionColumnIsNULLInLiveRowsWhateverTheSessionTakesATypeFor(t *testing.T) {
	testdb.EachOf(t, testdb.SettingsOfSessions, func(t *testing.T, database *testdb.Database) {
		for _, set := range []string{"explicit_defaults_for_timestamp=0", "explicit_defaults_for_timestamp=1"} {
			db := fixture.Use(t, database.Set(set), softdelete.Config{})
			models := []any{&stampedNote{}, &stampedFile{}}
			require.NoError(t, db.Migrator().DropTable(models...))
			require.NoError(t, db.AutoMigrate(models...))
			statements, err := softdelete.DDL(db, models...)
			require.NoError(t, err)
			require.Empty(t, statements, set)
			require.NoError(t, db.Create(&stampedNote{ID: 1}).Error)
			require.NoError(t, db.First(&stampedNote{}, 1).Error, set)
			require.NoError(t, db.Delete(&stampedNote{ID: 1}).Error)
			_, err = softdelete.Restore(db, &stampedNote{ID: 1})
			require.NoError(t, err)
			require.NoError(t, db.First(&stampedNote{}, 1).Error, set)
		}
	})
}
