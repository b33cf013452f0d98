package mysqlgrammar

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type author struct {
	ID        int64
	Name      string `gorm:"size:40;uniqueIndex"`
	CreatedAt time.Time
	DeletedAt gorm.DeletedAt `gorm:"index"`
	Books     []book
}

type book struct {
	ID       int64
	Title    string  `gorm:"size:40;unique"`
	Price    float64 `gorm:"default:1;check:price > 0"`
	AuthorID int64
	Author   author
	Tags     []tag `gorm:"many2many:book_tags"`
}

type tag struct {
	ID   int64
	Name string `gorm:"size:40"`
}

// statementsOfGORM are sent by GORM alone, in all of its ways.
func statementsOfGORM(t *testing.T, db *gorm.DB) {
	for range 2 { // the second time it looks for what is there
		require.NoError(t, db.AutoMigrate(&author{}, &book{}, &tag{}))
	}
	require.NoError(t, db.Create(&author{ID: 1, Name: "a", Books: []book{{Title: "one", Tags: []tag{{Name: "x"}}}, {Title: "two"}}}).Error)
	for _, conflict := range []clause.OnConflict{{DoNothing: true}, {UpdateAll: true}, {DoUpdates: clause.AssignmentColumns([]string{"name"})}} {
		require.NoError(t, db.Clauses(conflict).Create(&[]author{{ID: 1, Name: "a"}, {ID: 2, Name: "b"}}).Error)
	}
	var authors []author
	require.NoError(t, db.Preload("Books.Tags").Joins("JOIN books ON books.author_id = authors.id").Distinct().Find(&authors).Error)
	require.Len(t, authors, 1)
	var books []book
	require.NoError(t, db.Joins("Author").Order("books.id DESC").Limit(1).Offset(1).Find(&books).Error)
	require.Len(t, books, 1)
	require.NoError(t, db.Save(&books[0]).Error)
	require.NoError(t, db.Model(&book{}).Where("id IN (?)", db.Model(&book{}).Select("MAX(id)")).Group("id").Having("COUNT(*) > 0").Find(&books).Error)
	require.NoError(t, db.Clauses(clause.Locking{Strength: "UPDATE", Options: "NOWAIT"}).First(&author{}, 1).Error)
	require.NoError(t, db.Model(&book{ID: 1}).Updates(map[string]any{"price": gorm.Expr("price + ?", 1)}).Error)
	failed := errors.New("failed")
	require.NoError(t, db.Transaction(func(tx *gorm.DB) error {
		require.ErrorIs(t, tx.Transaction(func(*gorm.DB) error { return failed }), failed)
		return tx.Delete(&author{}, 2).Error
	}))
	require.NoError(t, db.Unscoped().Delete(&author{}, 2).Error)
	require.NoError(t, db.Model(&book{ID: 1}).Association("Tags").Clear())
	require.NoError(t, db.Migrator().DropTable("book_tags", &book{}, &tag{}, &author{}))
}

func TestMySQLReadsWhatGORMSends(t *testing.T) {
	name := filepath.Join(t.TempDir(), "statements")
	t.Setenv("SOFTDELETE_MYSQL_STATEMENTS", name)
	statementsOfGORM(t, testdb.MySQL(t).Open(t))

	list, err := os.Open(name)
	require.NoError(t, err)
	defer list.Close()
	checked, wrong, err := grammar(t).CheckAll(list)
	require.NoError(t, err)
	require.NoError(t, errors.Join(wrong...))
	require.Greater(t, checked, 40)
}
