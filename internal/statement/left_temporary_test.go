package statement_test

import (
	"errors"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	leftShelf struct {
		ID        uint
		Books     []leftBook `gorm:"foreignKey:ShelfID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	leftBook struct {
		ID, ShelfID uint
		Pages       []leftPage `gorm:"foreignKey:BookID" softdelete:"cascade"`
		DeletedAt   gorm.DeletedAt
	}
	leftPage struct {
		ID, BookID uint
		DeletedAt  gorm.DeletedAt
	}
)

// madeTemporary finds the name of a temporary table in the statement that makes it.
var madeTemporary = regexp.MustCompile("^CREATE (?:TEMPORARY|TEMP) TABLE [`\"]?([a-z_0-9]+)")

// A connection of a pool goes to another caller afterwards, whose table of that name it would hide.
func TestACallThatFailsLeavesNoTemporaryTableOnItsConnection(t *testing.T) {
	failure := errors.New("failed on command")
	ways := map[string]func(db *gorm.DB, run func(*gorm.DB) error) error{
		"in GORM's transaction": func(db *gorm.DB, run func(*gorm.DB) error) error { return run(db) },
		"in its own": func(db *gorm.DB, run func(*gorm.DB) error) error {
			return run(db.Session(&gorm.Session{SkipDefaultTransaction: true}))
		},
		"in the caller's": func(db *gorm.DB, run func(*gorm.DB) error) error { return db.Transaction(run) },
		"with prepared statements": func(db *gorm.DB, run func(*gorm.DB) error) error {
			return run(db.Session(&gorm.Session{PrepareStmt: true}))
		},
		"on a connection of itself": func(db *gorm.DB, run func(*gorm.DB) error) error { return db.Connection(run) },
	}
	calls := map[string]func(db *gorm.DB) error{
		"a deletion": func(db *gorm.DB) error { return db.Delete(&leftShelf{ID: 1}).Error },
		"a removal":  func(db *gorm.DB) error { return db.Unscoped().Delete(&leftShelf{ID: 1}).Error },
		"a restore": func(db *gorm.DB) error {
			_, err := softdelete.Restore(db, &leftShelf{ID: 2})
			return err
		},
		"a removal of what is deleted": func(db *gorm.DB) error { return db.Unscoped().Delete(&leftShelf{ID: 2}).Error },
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.OneConnection(t, database.Open(t))
		models := []any{&leftShelf{}, &leftBook{}, &leftPage{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(models...))
		prepare := func() {
			database.Empty(t, db, "left_pages", "left_books", "left_shelves")
			for id := uint(1); id <= 2; id++ {
				require.NoError(t, db.Create(&leftShelf{ID: id, Books: []leftBook{{ID: id, Pages: []leftPage{{ID: id}}}}}).Error)
			}
			require.NoError(t, db.Delete(&leftShelf{ID: 2}).Error)
		}
		faults := testdb.Inject(db)
		recorder := testdb.Record(db)
		for way, in := range ways {
			for call, run := range calls {
				prepare()
				failed := "the first"
				for n := 1; failed != "" && failed != "COMMIT"; n++ {
					recorder.Reset()
					failed = ""
					faults.AroundStatement(func(number int, sql string) error {
						if number != n {
							return nil
						}
						if failed = sql; n%2 == 0 {
							return nil
						}
						return failure
					}, func(number int, _ string) error {
						if number == n && n%2 == 0 { // the answer is lost
							return failure
						}
						return nil
					})
					err := in(db, run)
					faults.Reset()
					require.Equal(t, failed == "", err == nil, "%s, %s: %s", call, way, failed)
					for _, statement := range recorder.Statements() {
						if made := madeTemporary.FindStringSubmatch(statement); made != nil {
							require.Error(t, db.Table(made[1]).Count(new(int64)).Error, "%s, %s: %s is left after %s", call, way, made[1], failed)
						}
					}
				}
			}
		}
	})
}
