package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	assignedAuthor struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	assignedBook struct {
		ID       uint
		AuthorID uint
		Author   *assignedAuthor `softdelete:"guard"`
		ISBN     string          `gorm:"column:isbn"`
		Reader   string          `pii:"fixed:[erased]"`
	}
	// What a request brings, with names of its own.
	assignedInput struct {
		Parent uint   `gorm:"column:author_id"`
		Person string `gorm:"column:reader"`
	}
)

// An update reaches a guard under every name that GORM takes for a column.
func TestAssignmentsAreGuardedUnderEveryName(t *testing.T) {
	const stale = "Jane"
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&assignedAuthor{}, &assignedBook{}}})
		gone, here := assignedAuthor{}, assignedAuthor{}
		require.NoError(t, db.Create(&gone).Error)
		require.NoError(t, db.Create(&here).Error)
		require.NoError(t, db.Delete(&gone).Error)

		book := func() *gorm.DB { return db.Model(&assignedBook{}).Where("id = ?", 1000) }
		updates := []struct {
			name   string
			update func(parent uint, reader string) error
		}{
			{"a map by columns", func(parent uint, reader string) error {
				return book().Updates(map[string]any{"author_id": parent, "reader": reader}).Error
			}},
			{"a map by fields", func(parent uint, reader string) error {
				return book().Updates(map[string]any{"AuthorID": parent, "Reader": reader}).Error
			}},
			{"a map by names that the naming strategy knows", func(parent uint, reader string) error {
				return book().Updates(map[string]any{"authorId": parent, "READER": reader}).Error
			}},
			{"a pointer to a map", func(parent uint, reader string) error {
				return book().Updates(&map[string]any{"authorId": parent, "READER": reader}).Error
			}},
			{"another struct", func(parent uint, reader string) error {
				return book().Updates(assignedInput{Parent: parent, Person: reader}).Error
			}},
			{"a pointer to another struct", func(parent uint, reader string) error {
				return book().Updates(&assignedInput{Parent: parent, Person: reader}).Error
			}},
			{"a SET clause", func(parent uint, reader string) error {
				set := clause.Assignments(map[string]any{"author_id": parent, "reader": reader})
				return book().Clauses(set).Updates(map[string]any{}).Error
			}},
			{"assignments of the generics API", func(parent uint, reader string) error {
				_, err := gorm.G[assignedBook](db).Where("id = ?", 1000).Set(
					clause.Assignment{Column: clause.Column{Name: "author_id"}, Value: parent},
					clause.Assignment{Column: clause.Column{Name: "reader"}, Value: reader},
				).Update(t.Context())
				return err
			}},
		}
		read := func() (b assignedBook) {
			require.NoError(t, db.First(&b, 1000).Error)
			return b
		}
		fresh := func(t *testing.T) assignedBook {
			for _, table := range []string{"assigned_books", "softdelete_erased_rows"} {
				require.NoError(t, db.Exec("DELETE FROM "+table).Error)
			}
			require.NoError(t, db.Create(&assignedBook{ID: 1000, AuthorID: here.ID, ISBN: "1", Reader: stale}).Error)
			return read()
		}
		for _, tc := range updates {
			t.Run(tc.name+" points no live row to a deleted parent", func(t *testing.T) {
				before := fresh(t)
				require.ErrorIs(t, tc.update(gone.ID, stale), softdelete.ErrParentDeleted)
				require.Equal(t, before, read())
			})
			t.Run(tc.name+" fills no erased column", func(t *testing.T) {
				before := fresh(t)
				_, err := softdelete.Erase(db, &before, softdelete.ErasureRequest{})
				require.NoError(t, err)
				before = read()
				require.ErrorIs(t, tc.update(here.ID, stale), softdelete.ErrErased)
				require.Equal(t, before, read())
			})
			t.Run(tc.name+" writes what is allowed", func(t *testing.T) {
				fresh(t)
				require.NoError(t, tc.update(here.ID, "Joe"))
				require.Equal(t, "Joe", read().Reader)
			})
		}

		t.Run("a create from a map is guarded under every name", func(t *testing.T) {
			for _, name := range []string{"author_id", "AuthorID", "authorId"} {
				err := db.Model(&assignedBook{}).Create(map[string]any{name: gone.ID, "isbn": "2", "reader": ""}).Error
				require.ErrorIs(t, err, softdelete.ErrParentDeleted, name)
				require.NoError(t, db.Model(&assignedBook{}).Create(map[string]any{name: here.ID, "isbn": "2", "reader": ""}).Error)
			}
		})
	})
}
