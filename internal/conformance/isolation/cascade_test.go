package isolation_test

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Shelves with every kind of rows under them, and nothing that would refuse.
type (
	isoShelf struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Books     []isoBook `gorm:"foreignKey:ShelfID" softdelete:"cascade"`
	}
	isoBook struct {
		ID        uint
		ShelfID   uint
		Shelf     *isoShelf `softdelete:"guard"`
		DeletedAt gorm.DeletedAt
	}
	isoBranch struct {
		ID        uint
		ParentID  *uint
		DeletedAt gorm.DeletedAt
		Branches  []isoBranch `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	}
	isoFile struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Pages []isoPage `gorm:"foreignKey:FileID" softdelete:"cascade"`
	}
	isoPage struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		FileID *uint
	}
	isoStack struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Sheets    []isoSheet `gorm:"foreignKey:StackID" softdelete:"cascade"`
	}
	isoSheet struct {
		ID        uint
		StackID   uint
		DeletedAt gorm.DeletedAt
	}
	isoTopic struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Words     []isoWord `gorm:"many2many:iso_topic_words" softdelete:"cascade"`
	}
	isoWord      struct{ ID uint }
	isoTopicWord struct {
		IsoTopicID uint `gorm:"primaryKey"`
		IsoWordID  uint `gorm:"primaryKey"`
		DeletedAt  gorm.DeletedAt
	}
	// isoLeaf has nothing under it that a deletion takes.
	isoLeaf struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Notes     []isoNote `gorm:"foreignKey:LeafID" softdelete:"keep"`
	}
	isoNote struct {
		ID        uint
		LeafID    uint
		DeletedAt gorm.DeletedAt
	}
)

func (isoSheet) BeforeDelete(*gorm.DB) error { return nil }

// cascaded is a row that takes others, and one that comes under it.
type cascaded struct {
	root, child any
}

func cascades() map[string]cascaded {
	one := uint(1)
	return map[string]cascaded{
		"rows that guard":        {root: &isoShelf{ID: 1}, child: &isoBook{ID: 9, ShelfID: 1}},
		"rows of its own table":  {root: &isoBranch{ID: 1}, child: &isoBranch{ID: 9, ParentID: &one}},
		"rows that are archived": {root: &isoFile{ID: 1}, child: &isoPage{ID: 9, FileID: &one}},
		"rows with hooks":        {root: &isoStack{ID: 1}, child: &isoSheet{ID: 9, StackID: 1}},
		"links of a join table":  {root: &isoTopic{ID: 1}, child: &isoTopicWord{IsoTopicID: 1, IsoWordID: 9}},
	}
}

// ways are the forms of a call that deletes row 1.
func ways() map[string]func(db *gorm.DB, c cascaded) error {
	return map[string]func(db *gorm.DB, c cascaded) error{
		"by its key":     func(db *gorm.DB, c cascaded) error { return db.Delete(c.root).Error },
		"by a condition": func(db *gorm.DB, c cascaded) error { return db.Where("id = 1 OR id = 77").Delete(c.root).Error },
		"of several":     func(db *gorm.DB, c cascaded) error { return db.Delete(c.root, []int{1, 2, 3}).Error },
		"by the plugin's function": func(db *gorm.DB, c cascaded) error {
			_, err := softdelete.Delete(db, c.root)
			return err
		},
		"for good": func(db *gorm.DB, c cascaded) error { return db.Unscoped().Delete(c.root).Error },
	}
}

var isoShelfModels = []any{
	&isoShelf{}, &isoBook{}, &isoBranch{}, &isoFile{}, &isoPage{}, &isoStack{}, &isoSheet{}, &isoWord{}, &isoTopic{}, &isoTopicWord{}, &isoLeaf{}, &isoNote{},
}

func isoShelves(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.SetupJoinTable(&isoTopic{}, "Words", &isoTopicWord{}))
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: isoShelfModels})))
	require.NoError(t, db.AutoMigrate(isoShelfModels...))
	return db
}

// isoEmpty removes all rows.
func isoEmpty(t *testing.T, db *gorm.DB) {
	t.Helper()
	for _, model := range slices.Backward(isoShelfModels) {
		require.NoError(t, db.Session(&gorm.Session{AllowGlobalUpdate: true}).Unscoped().Delete(model).Error)
	}
	fixture.Exec(t, db, "DELETE FROM iso_pages_archive", "DELETE FROM iso_files_archive")
	require.NoError(t, db.Create(&isoWord{ID: 9}).Error)
}

func TestACascadeInACallersTransactionTakesWhatCameMeanwhileOrIsRefused(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		db, other := isoShelves(t, database), isoShelves(t, database)
		for fact := range cascades() {
			for way, remove := range ways() {
				for _, level := range isoLevels(database) {
					t.Run(fmt.Sprintf("%s, %s at %s", fact, way, level), func(t *testing.T) {
						isoEmpty(t, db)
						c := cascades()[fact]
						require.NoError(t, db.Create(c.root).Error)
						tx := db.Begin(&sql.TxOptions{Isolation: level})
						require.NoError(t, tx.Error)
						defer tx.Rollback()
						require.NoError(t, tx.Exec("SELECT 1 FROM iso_leafs").Error) // it has a snapshot now
						require.NoError(t, other.Create(c.child).Error)
						err := remove(tx, c)
						if isoExact(database, level) {
							require.NoError(t, err)
							require.NoError(t, tx.Commit().Error)
							requireGone(t, other, c)
							return
						}
						require.ErrorIs(t, err, softdelete.ErrUnsupported)
						require.ErrorContains(t, err, isoNames[level])
						require.NoError(t, tx.Create(&isoLeaf{ID: 1}).Error, "the caller's transaction goes on")
						require.NoError(t, tx.Commit().Error)
						require.NoError(t, other.Take(c.root).Error, "the row is live")
						require.NoError(t, other.Take(c.child).Error, "and so is what came under it")
					})
				}
			}
		}
	})
}

// requireGone checks that neither the row nor what came under it is live.
func requireGone(t *testing.T, db *gorm.DB, c cascaded) {
	t.Helper()
	require.ErrorIs(t, db.Take(c.root).Error, gorm.ErrRecordNotFound)
	require.ErrorIs(t, db.Take(c.child).Error, gorm.ErrRecordNotFound)
}

func TestADefaultLevelDoesNotReachACascade(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		db, other := isoShelves(t, database), isoShelves(t, database)
		pool, err := db.DB()
		require.NoError(t, err)
		pool.SetMaxOpenConns(1)
		for fact := range cascades() {
			for level, name := range isoNames {
				t.Run(fact+" at "+name, func(t *testing.T) {
					isoEmpty(t, db)
					c := cascades()[fact]
					require.NoError(t, db.Create(c.root).Error)
					require.NoError(t, db.Exec(isoDefault(database, level)).Error)
					require.NoError(t, other.Create(c.child).Error)
					require.NoError(t, db.Delete(c.root).Error)
					requireGone(t, other, c)

					tx := db.Begin()
					require.NoError(t, tx.Error)
					defer tx.Rollback()
					if err := tx.Delete(c.root).Error; isoExact(database, level) {
						require.NoError(t, err)
					} else {
						require.ErrorIs(t, err, softdelete.ErrUnsupported, "a transaction that the caller begins is of the default level")
					}
				})
			}
		}
	})
}

func TestADeletionThatTakesNoOtherRowsWorksAtEveryLevel(t *testing.T) {
	testdb.EachWithRowLocks(t, func(t *testing.T, database *testdb.Database) {
		db, other := isoShelves(t, database), isoShelves(t, database)
		for _, level := range isoLevels(database) {
			t.Run(level.String(), func(t *testing.T) {
				isoEmpty(t, db)
				require.NoError(t, db.Create(&isoLeaf{ID: 1}).Error)
				require.NoError(t, db.Create(&isoPage{ID: 1}).Error)
				tx := db.Begin(&sql.TxOptions{Isolation: level})
				defer tx.Rollback()
				require.NoError(t, tx.Exec("SELECT 1 FROM iso_leafs").Error)
				require.NoError(t, other.Create(&isoNote{ID: 1, LeafID: 1}).Error)
				require.NoError(t, tx.Delete(&isoLeaf{ID: 1}).Error)
				require.NoError(t, tx.Delete(&isoPage{ID: 1}).Error)
				require.NoError(t, tx.Commit().Error)
				require.NoError(t, other.Take(&isoNote{}).Error)
			})
		}
	})
}
