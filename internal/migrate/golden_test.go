package migrate_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

var update = flag.Bool("update", false, "write testdata anew")

type (
	goldenUser struct {
		ID        uint
		Email     string         `gorm:"size:100;uniqueIndex"`
		Code      string         `gorm:"size:20;unique"`
		First     string         `gorm:"size:50;uniqueIndex:golden_names"`
		Last      string         `gorm:"size:50;uniqueIndex:golden_names"`
		Full      string         `gorm:"size:20;uniqueIndex" softdelete:"full"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:90d"`
		Notes     []goldenNote   `gorm:"foreignKey:UserID" softdelete:"cascade"`
	}
	goldenNote struct {
		ID         uint
		UserID     uint
		Title      string                `gorm:"size:20;uniqueIndex"`
		Status     string                `gorm:"size:20;not null" softdelete:"status"`
		DeletionID softdelete.DeletionID `gorm:"size:64;index"`
	}
	goldenOrder struct {
		_      struct{} `softdelete:"archive"`
		Number string   `gorm:"size:30;primaryKey"`
		Text   string   `gorm:"size:200"`
		Amount int64
		Paid   *bool
	}
)

var goldenModels = []any{&goldenUser{}, &goldenNote{}, &goldenOrder{}}

// requireGolden compares statements with a file of testdata, a line each, or writes it. The collation of the database has no name there.
func requireGolden(t *testing.T, db *gorm.DB, name string, statements []string) {
	t.Helper()
	database, collation := db.Name(), "COLLATE of the database"
	if database == "mysql" {
		require.NoError(t, db.Raw("SELECT @@collation_database").Scan(&collation).Error)
	}
	file := filepath.Join("testdata", database, name+".sql")
	text := strings.ReplaceAll(strings.Join(statements, ";\n")+";\n", collation, "collation_of_the_database")
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), text)
}

func TestStatementsOfMigrationsAreThoseOfTheGoldenFiles(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{})
		for name, models := range map[string][]any{"new": goldenModels, "own": softdelete.Tables()} {
			statements, err := softdelete.DDL(db, models...)
			require.NoError(t, err)
			requireGolden(t, db, name, statements)
		}
		require.NoError(t, database.Open(t).AutoMigrate(goldenModels...), "as plain GORM")
		statements, err := softdelete.DDL(db, goldenModels...)
		require.NoError(t, err)
		requireGolden(t, db, "upgrade", statements)
		executeAll(t, db, statements)
		executeAll(t, db, requireDDL(t, db, softdelete.Tables()...))
		requireNoFurtherChange(t, db, goldenModels...)
		requireNoFurtherChange(t, db, softdelete.Tables()...)
	})
}
