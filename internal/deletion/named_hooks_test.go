package deletion_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// namedFolder goes with what is above it, arrives under no deleted one, and tells its hooks' log what they have seen.
type namedFolder struct {
	ID         uint
	Label      string
	ParentID   *uint
	Parent     *namedFolder  `gorm:"constraint:-" softdelete:"guard"`
	Children   []namedFolder `gorm:"foreignKey:ParentID;constraint:-" softdelete:"cascade"`
	Gone       bool          `softdelete:"flag"`
	DeletionID softdelete.DeletionID
}

// folderLog is the key under which a context holds what hooks have seen.
type folderLog struct{}

func (f *namedFolder) see(tx *gorm.DB, hook string) error {
	if log, ok := tx.Statement.Context.Value(folderLog{}).(*[]string); ok {
		*log = append(*log, hook+" "+f.Label)
	}
	return nil
}

func (f *namedFolder) BeforeDelete(tx *gorm.DB) error  { return f.see(tx, "before delete of") }
func (f *namedFolder) AfterRestore(tx *gorm.DB) error  { return f.see(tx, "after restore of") }
func (f *namedFolder) BeforeRestore(tx *gorm.DB) error { return f.see(tx, "before restore of") }

func TestHooksFlagsAndGuardsLookIntoTheNamedTable(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&namedFolder{}}})))
		require.NoError(t, db.AutoMigrate(&namedFolder{}))
		require.NoError(t, db.Create(&namedFolder{ID: 1, Label: "own", Children: []namedFolder{{ID: 2, Label: "own child"}}}).Error)
		copyTable(t, db, "named_folders", "copied")
		require.NoError(t, db.Exec("UPDATE copied SET label = CASE id WHEN 1 THEN 'copy' ELSE 'child of the copy' END").Error)
		live := func(table string) []uint { return liveIDs(t, db, table, "NOT gone") }

		var seen []string
		logged := db.WithContext(context.WithValue(t.Context(), folderLog{}, &seen))
		folder := namedFolder{ID: 1, Label: "copy"}
		require.NoError(t, logged.Table("copied").Delete(&folder).Error)
		require.Equal(t, []string{"before delete of copy", "before delete of child of the copy"}, seen)
		require.True(t, folder.Gone)
		require.Empty(t, live("copied"))
		require.Equal(t, []uint{1, 2}, live("named_folders"))

		var parent *softdelete.ParentDeletedError
		require.ErrorAs(t, db.Table("copied").Create(&namedFolder{ID: 3, ParentID: pointer(1)}).Error, &parent)
		require.NoError(t, db.Create(&namedFolder{ID: 3, ParentID: pointer(1)}).Error, "in the model's own table the folder is live")
		require.NoError(t, db.Exec("INSERT INTO copied (id, label, gone) VALUES (4, 'loose', ?)", false).Error)
		require.ErrorAs(t, db.Table("copied").Model(&namedFolder{ID: 4}).Update("parent_id", 1).Error, &parent)
		require.ErrorIs(t, db.Table("copied").Save(&namedFolder{ID: 2, Label: "stale"}).Error, softdelete.ErrRowDeleted)
		require.Equal(t, []uint{4}, live("copied"))

		seen = nil
		_, err := softdelete.Restore(logged.Table("copied"), &folder)
		require.NoError(t, err)
		require.Equal(t, []uint{1, 2, 4}, live("copied"))
		require.ElementsMatch(t, []string{
			"before restore of copy", "before restore of child of the copy", "after restore of copy", "after restore of child of the copy",
		}, seen)
		require.NoError(t, db.Table("copied").Create(&namedFolder{ID: 5, ParentID: pointer(1)}).Error)
	})
}
