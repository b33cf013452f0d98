package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// faultTeam has members, which stand under it by a guard and a cascade.
type (
	faultTeam struct {
		Hall      string `gorm:"primaryKey"`
		Number    int    `gorm:"primaryKey;autoIncrement:false"`
		DeletedAt gorm.DeletedAt
		Members   []faultMember `gorm:"foreignKey:TeamHall,TeamNumber;references:Hall,Number" softdelete:"cascade"`
	}
	faultMember struct {
		ID         uint
		TeamHall   string
		TeamNumber int
		Team       *faultTeam `gorm:"foreignKey:TeamHall,TeamNumber;references:Hall,Number" softdelete:"guard"`
		Name       string     `pii:"fixed:erased"`
		DeletedAt  gorm.DeletedAt
	}
)

func faultOpen(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	models := []any{&faultTeam{}, &faultMember{}}
	db := fixture.Open(t, database, softdelete.Config{Models: models, Holds: true})
	require.NoError(t, db.Create(&faultTeam{Hall: "east", Number: 1, Members: []faultMember{{ID: 1, Name: "canary"}}}).Error)
	return db
}

func TestARowUnderADeletedParentSaysWhichParent(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := faultOpen(t, database)
		require.NoError(t, db.Delete(&faultTeam{Hall: "east", Number: 1}).Error)
		_, restored := softdelete.Restore(db, &faultMember{ID: 1})
		for name, err := range map[string]error{
			"create":  db.Create(&faultMember{ID: 2, TeamHall: "east", TeamNumber: 1}).Error,
			"wrapped": fmt.Errorf("the application: %w", db.Create(&faultMember{ID: 2, TeamHall: "east", TeamNumber: 1}).Error),
			"joined":  errors.Join(errors.New("first"), db.Create(&faultMember{ID: 2, TeamHall: "east", TeamNumber: 1}).Error),
			"inside":  db.Transaction(func(tx *gorm.DB) error { return tx.Create(&faultMember{ID: 2, TeamHall: "east", TeamNumber: 1}).Error }),
			"restore": restored,
		} {
			require.ErrorIs(t, err, softdelete.ErrParentDeleted, name)
			var parent *softdelete.ParentDeletedError
			require.ErrorAs(t, err, &parent, name)
			require.Equal(t, "fault_teams", parent.Table, name)
			require.Equal(t, "east,1", parent.Key, name)
			require.Contains(t, []string{"Team", "Members"}, parent.Relation, name)
			require.Contains(t, err.Error(), parent.Error(), name)
		}
	})
}

func TestAHeldRowSaysWhichHolds(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := faultOpen(t, database)
		id, err := softdelete.Hold(db, &faultTeam{Hall: "east", Number: 1}, softdelete.HoldOptions{Matter: "case 7", PlacedBy: "Ann of legal"})
		require.NoError(t, err)
		_, erased := softdelete.Erase(db, &faultMember{ID: 1}, softdelete.ErasureRequest{})
		for name, err := range map[string]error{
			"hard delete":     db.Unscoped().Delete(&faultTeam{Hall: "east", Number: 1}).Error,
			"of a row under":  db.Unscoped().Delete(&faultMember{ID: 1}).Error,
			"with the report": func() error { _, err := softdelete.Delete(db.Unscoped(), &faultMember{ID: 1}); return err }(),
			"erasure":         erased,
		} {
			require.ErrorIs(t, err, softdelete.ErrHeld, name)
			var held *softdelete.HeldError
			require.ErrorAs(t, err, &held, name)
			require.Len(t, held.Holds, 1, name)
			require.Equal(t, id, held.Holds[0].ID, name)
			require.Equal(t, "east,1", held.Holds[0].Key, name)
			require.Equal(t, "Ann of legal", held.Holds[0].PlacedBy, name)
			require.Contains(t, err.Error(), string(id), name)
			require.Contains(t, err.Error(), "case 7", name)
			require.NotContains(t, err.Error(), "Ann", "the text does not say who placed it")
		}
	})
}

func TestAnErasedRowSaysWhichRow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := faultOpen(t, database)
		_, err := softdelete.Erase(db, &faultMember{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		_, restored := softdelete.Restore(db, &faultMember{ID: 1})
		for name, err := range map[string]error{
			"update":  db.Unscoped().Model(&faultMember{ID: 1}).Update("name", "canary").Error,
			"restore": restored,
		} {
			require.ErrorIs(t, err, softdelete.ErrErased, name)
			var row *softdelete.ErasedError
			require.ErrorAs(t, err, &row, name)
			require.Equal(t, "fault_members", row.Table, name)
			require.Equal(t, "1", row.Key, name)
			require.NotContains(t, err.Error(), "canary", name)
		}
	})
}

func TestErrorsOfCallersHaveATextToo(t *testing.T) {
	for text, err := range map[string]error{
		"softdelete: the parent row is deleted: the row with key 1 in table t": &softdelete.ParentDeletedError{Table: "t", Relation: "R", Key: "1"},
		"softdelete: the row is erased: the row with key 1 in table t":         &softdelete.ErasedError{Table: "t", Key: "1"},
		`softdelete: the row is under a legal hold: hold a, matter "x"; hold b, matter ""`: &softdelete.HeldError{
			Holds: []softdelete.HoldInfo{{ID: "a", Matter: "x", PlacedBy: "Ann"}, {ID: "b"}},
		},
		"softdelete: the row is under a legal hold": &softdelete.HeldError{},
	} {
		require.EqualError(t, err, text)
	}
}
