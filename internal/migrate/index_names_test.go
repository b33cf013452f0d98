package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type indexNamed struct {
	ID        uint
	Code      string `gorm:"size:20;uniqueIndex"`
	Two       string `gorm:"size:20;uniqueIndex:index_named_pair"`
	Three     int    `gorm:"uniqueIndex:index_named_pair"`
	Four      string `gorm:"size:20;unique"`
	Plain     string `gorm:"size:20;index"`
	DeletedAt gorm.DeletedAt
}

func TestAnIndexThatIsRenamedStaysUniqueAmongLiveRows(t *testing.T) {
	for by, value := range map[string]any{"by the model": &indexNamed{}, "by the table's name": "index_nameds"} {
		t.Run(by, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := fixture.Use(t, database, softdelete.Config{})
				require.NoError(t, db.AutoMigrate(&indexNamed{}))
				row := func() *indexNamed { return &indexNamed{Code: "a", Two: "a", Four: "a"} }
				first := row()
				require.NoError(t, db.Create(first).Error)
				require.NoError(t, db.Delete(first).Error)
				require.NoError(t, db.Create(row()).Error, "two rows share the values, of which one is deleted")
				m := db.Migrator()
				for old, other := range map[string]string{
					"idx_index_nameds_code": "other_code", "index_named_pair": "other_pair", "idx_index_nameds_plain": "other_plain",
				} {
					require.NoError(t, m.RenameIndex(value, old, other))
					require.True(t, m.HasIndex(value, other))
					require.False(t, m.HasIndex(value, old))
				}
				require.Error(t, db.Create(&indexNamed{Code: "a", Two: "b", Four: "b"}).Error)
				require.Error(t, db.Create(&indexNamed{Code: "c", Two: "a", Four: "c"}).Error)
				require.NoError(t, db.Where("code = ?", "a").Delete(&indexNamed{}).Error)
				require.NoError(t, db.Create(row()).Error)
			})
		})
	}
}

func TestAColumnIsDroppedWithTheIndexThatIsUniqueAmongLiveRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{})
		require.NoError(t, db.AutoMigrate(&indexNamed{}))
		for _, value := range []string{"a", "b"} { // which share no value in what is left of another index
			require.NoError(t, db.Create(&indexNamed{Code: value, Two: value, Four: value}).Error)
		}
		m := db.Migrator()
		require.NoError(t, m.DropColumn(&indexNamed{}, "Four"))
		require.NoError(t, m.DropColumn(&indexNamed{}, "code"))
		for _, column := range []string{"four", "code"} {
			require.False(t, m.HasColumn(&indexNamed{}, column))
		}
		require.True(t, m.HasIndex(&indexNamed{}, "index_named_pair"))
	})
}
