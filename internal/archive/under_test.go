package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	underFolder struct {
		_     struct{}    `softdelete:"archive"`
		Code  string      `gorm:"primaryKey;size:40"`
		Notes []underNote `gorm:"foreignKey:FolderCode" softdelete:"cascade"`
	}
	underNote struct {
		_          struct{} `softdelete:"archive"`
		ID         uint
		FolderCode string `gorm:"type:text"` // longer than an index of some databases takes
	}
)

func TestAnArchiveHasAnIndexByWhichItsRowsAreFoundUnderTheirParents(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		const archive, index = "under_notes_archive", "idx_under_notes_archive_folder_code_deletion_id"
		db := database.Open(t, &gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{})))
		models := []any{&underNote{}, &underFolder{}} // who refers first
		require.NoError(t, db.AutoMigrate(models...))
		require.True(t, db.Migrator().HasIndex(archive, index))

		// One that was made before.
		require.NoError(t, db.Migrator().DropIndex(archive, index))
		require.False(t, db.Migrator().HasIndex(archive, index))
		require.NoError(t, db.AutoMigrate(models...))
		require.True(t, db.Migrator().HasIndex(archive, index))
		statements, err := softdelete.DDL(db, models...)
		require.NoError(t, err)
		require.Empty(t, statements)

		require.NoError(t, db.Create(&underFolder{Code: "a", Notes: []underNote{{ID: 1}, {ID: 2}}}).Error)
		require.NoError(t, db.Delete(&underFolder{Code: "a"}).Error)
		require.Zero(t, fixture.Rows(t, db, "under_notes"))
		_, err = softdelete.Restore(db, &underFolder{Code: "a"})
		require.NoError(t, err)
		require.Equal(t, 2, fixture.Rows(t, db, "under_notes"))
	})
}
