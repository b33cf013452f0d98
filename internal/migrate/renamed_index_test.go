package migrate_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// movedUser has an index by its tag, one over several columns, and one that comes with a constraint.
type movedUser struct {
	ID        uint
	Email     string `gorm:"size:50;uniqueIndex:moved_email"`
	First     string `gorm:"size:50;uniqueIndex:moved_names"`
	Last      string `gorm:"size:50;uniqueIndex:moved_names"`
	Code      string `gorm:"size:50;uniqueIndex:moved_code"`
	DeletedAt gorm.DeletedAt
}

func TestARenamedIndexStaysUniqueAmongLiveRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&movedUser{}})
		create := func(id uint) error {
			return db.Create(&movedUser{ID: id, Email: "e", First: "f", Last: "l", Code: "c"}).Error
		}
		require.NoError(t, create(1))
		require.NoError(t, db.Delete(&movedUser{ID: 1}).Error)
		require.NoError(t, create(2))
		for former, name := range map[string]string{"moved_email": "another_email", "moved_names": "another `quoted` one"} {
			if database.Name != "mysql" {
				name = "another_" + former
			}
			require.NoError(t, db.Migrator().RenameIndex(&movedUser{}, former, name))
			require.False(t, db.Migrator().HasIndex(&movedUser{}, former))
			require.True(t, db.Migrator().HasIndex(&movedUser{}, name))
		}
		require.Error(t, create(3), "live rows are unique")
		require.NoError(t, db.Delete(&movedUser{ID: 2}).Error)
		require.NoError(t, create(3), "deleted ones are not")
	})
}

func TestAColumnGoesWithWhatIsUniqueByItAlone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&movedUser{}})
		if database.Name == "sqlite" { // which drops no column of an index
			require.NoError(t, db.Migrator().DropIndex(&movedUser{}, "moved_code"))
		}
		require.NoError(t, db.Migrator().DropColumn(&movedUser{}, "Code"))
		require.False(t, db.Migrator().HasColumn(&movedUser{}, "code"))
		require.False(t, db.Migrator().HasIndex(&movedUser{}, "moved_code"))
		require.True(t, db.Migrator().HasIndex(&movedUser{}, "moved_email"))
		require.NoError(t, db.AutoMigrate(&movedUser{}))
		require.True(t, db.Migrator().HasIndex(&movedUser{}, "moved_code"))
		statements, err := softdelete.DDL(db, &movedUser{})
		require.NoError(t, err)
		require.Empty(t, statements)
	})
}
