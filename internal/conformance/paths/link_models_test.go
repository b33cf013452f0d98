package paths_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Readers and books have keys that no database makes; so have the links between them.
type (
	pathReader struct {
		Code    string     `gorm:"primaryKey"`
		Books   []pathBook `gorm:"many2many:path_loans"`
		Watched []pathBook `gorm:"many2many:path_watches"`
	}
	pathBook struct {
		Code      string `gorm:"primaryKey"`
		DeletedAt gorm.DeletedAt
	}
	// pathLoan has a status, and its former one.
	pathLoan struct {
		PathReaderCode string `gorm:"primaryKey"`
		PathBookCode   string `gorm:"primaryKey"`
		State          string `gorm:"not null;default:open" softdelete:"status;deleted:closed;active:open"`
		Was            string `softdelete:"previous"`
	}
	// pathWatch has a key of its own.
	pathWatch struct {
		ID             string `gorm:"primaryKey"`
		PathReaderCode string `gorm:"size:191;uniqueIndex:idx_path_watches_pair"`
		PathBookCode   string `gorm:"size:191;uniqueIndex:idx_path_watches_pair"`
		DeletedAt      gorm.DeletedAt
	}
)

// pathWatches counts the keys given out.
var pathWatches int

func (w *pathWatch) BeforeCreate(*gorm.DB) error {
	pathWatches++
	w.ID = fmt.Sprint("watch ", pathWatches)
	return nil
}

func TestLinksOfManyKinds(t *testing.T) {
	stage := func(t *testing.T, database *testdb.Database) *gorm.DB {
		db := database.Open(t)
		require.NoError(t, db.SetupJoinTable(&pathReader{}, "Books", &pathLoan{}))
		require.NoError(t, db.SetupJoinTable(&pathReader{}, "Watched", &pathWatch{}))
		fixture.Register(t, db, &pathReader{}, &pathBook{}, &pathLoan{}, &pathWatch{})
		require.NoError(t, db.Create(&pathReader{Code: "r"}).Error)
		require.NoError(t, db.Create(&[]pathBook{{Code: "a"}, {Code: "b"}}).Error)
		return db
	}
	association := func(db *gorm.DB, name string) *gorm.Association {
		return db.Model(&pathReader{Code: "r"}).Association(name)
	}
	rows := func(t *testing.T, db *gorm.DB, model any) (all, live int64) {
		require.NoError(t, db.Unscoped().Model(model).Count(&all).Error)
		require.NoError(t, db.Model(model).Count(&live).Error)
		return all, live
	}
	each := func(name string, run func(t *testing.T, db *gorm.DB)) {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) { run(t, stage(t, database)) })
		})
	}
	each("a link with a status is live again, with the status of a new one", func(t *testing.T, db *gorm.DB) {
		require.NoError(t, association(db, "Books").Append(&pathBook{Code: "a"}))
		require.NoError(t, db.Model(&pathLoan{}).Where("path_book_code = ?", "a").Update("state", "extended").Error)
		require.NoError(t, association(db, "Books").Delete(&pathBook{Code: "a"}))
		require.Zero(t, association(db, "Books").Count())
		require.NoError(t, association(db, "Books").Append(&pathBook{Code: "a"}, &pathBook{Code: "a"}))
		require.EqualValues(t, 1, association(db, "Books").Count())
		var loan pathLoan
		require.NoError(t, db.Take(&loan).Error)
		require.Equal(t, pathLoan{PathReaderCode: "r", PathBookCode: "a", State: "open"}, loan)
	})
	each("a link to a deleted row leaves the row deleted", func(t *testing.T, db *gorm.DB) {
		require.NoError(t, db.Delete(&pathBook{Code: "a"}).Error)
		require.NoError(t, association(db, "Books").Append(&pathBook{Code: "a"}))
		all, live := rows(t, db, &pathBook{})
		require.Equal(t, []int64{2, 1}, []int64{all, live})
		require.Zero(t, association(db, "Books").Count())
	})
	each("a link with a key of its own stays one, and is a new one after it was removed", func(t *testing.T, db *gorm.DB) {
		for range 2 {
			require.NoError(t, association(db, "Watched").Append(&pathBook{Code: "a"}))
			all, live := rows(t, db, &pathWatch{})
			require.Equal(t, []int64{1, 1}, []int64{all, live})
		}
		require.NoError(t, association(db, "Watched").Delete(&pathBook{Code: "a"}))
		require.NoError(t, association(db, "Watched").Append(&pathBook{Code: "a"}))
		all, live := rows(t, db, &pathWatch{})
		require.Equal(t, []int64{2, 1}, []int64{all, live})
		require.EqualValues(t, 1, association(db, "Watched").Count())
	})
}
