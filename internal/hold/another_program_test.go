package hold_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// A person has notes that are marked, cards without a policy and bills that are archived.
type (
	heldPerson struct {
		ID        uint
		Name      string `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt
		Notes     []heldNote `gorm:"foreignKey:PersonID" softdelete:"cascade"`
		Cards     []heldCard `gorm:"foreignKey:PersonID;constraint:OnDelete:SET NULL"`
		Papers    []heldBill `gorm:"foreignKey:PersonID" softdelete:"cascade"`
	}
	heldNote struct {
		ID        uint
		PersonID  *uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
	heldCard struct {
		ID       uint
		PersonID *uint
	}
	heldBill struct {
		_        struct{} `softdelete:"archive;retain:30d"`
		ID       uint
		PersonID *uint
	}
)

func heldModels() []any {
	return []any{&heldPerson{}, &heldNote{}, &heldCard{}, &heldBill{}}
}

// addHeldPerson adds a person with one row under each relation, all of the same key.
func addHeldPerson(t *testing.T, db *gorm.DB, id uint) {
	t.Helper()
	require.NoError(t, db.Create(&heldPerson{ID: id, Name: "Ann Example"}).Error)
	require.NoError(t, db.Create(&heldNote{ID: id, PersonID: &id}).Error)
	require.NoError(t, db.Create(&heldCard{ID: id, PersonID: &id}).Error)
	require.NoError(t, db.Create(&heldBill{ID: id, PersonID: &id}).Error)
}

// The program that destroys knows nothing of holds when it starts: their table is made, and a hold placed, by another one.
func TestHoldsThatAnotherProgramPlacedAreObeyed(t *testing.T) {
	for _, early := range []bool{true, false} {
		for fact, destroy := range map[string]func(s *fixture.Stage) error{
			"hard delete":             func(s *fixture.Stage) error { return s.Unscoped().Delete(&heldNote{ID: 1}).Error },
			"hard delete of the root": func(s *fixture.Stage) error { return s.Unscoped().Delete(&heldPerson{ID: 1}).Error },
			"hard delete in a transaction": func(s *fixture.Stage) error {
				return s.Transaction(func(tx *gorm.DB) error { return tx.Unscoped().Delete(&heldNote{ID: 1}).Error })
			},
			"delete without a policy": func(s *fixture.Stage) error { return s.DB.Delete(&heldCard{ID: 1}).Error },
			"delete of a value":       func(s *fixture.Stage) error { return s.DB.Delete(heldCard{ID: 1}).Error },
			"delete by condition":     func(s *fixture.Stage) error { return s.Where("id = 1").Delete(&heldCard{}).Error },
			"without GORM's transaction": func(s *fixture.Stage) error {
				return s.Session(&gorm.Session{SkipDefaultTransaction: true}).Delete(&heldCard{ID: 1}).Error
			},
			"erasure": func(s *fixture.Stage) error {
				_, err := softdelete.Erase(s.DB, &heldPerson{ID: 1}, softdelete.ErasureRequest{})
				return err
			},
		} {
			t.Run(fact, func(t *testing.T) {
				testdb.Each(t, func(t *testing.T, database *testdb.Database) {
					config := softdelete.Config{Models: heldModels()}
					s := &fixture.Stage{DB: fixture.Use(t, database, config), T: t}
					other := fixture.Use(t, database, config)
					require.NoError(t, s.AutoMigrate(heldModels()...))
					if early { // it looks once while the table is missing
						require.NoError(t, s.DB.Delete(&heldCard{ID: 9}).Error)
						require.NoError(t, s.Unscoped().Delete(&heldNote{ID: 9}).Error)
					}
					require.NoError(t, other.AutoMigrate(softdelete.Tables()...))
					addHeldPerson(t, other, 1)
					require.NoError(t, other.Delete(&heldBill{ID: 1}).Error)
					id, err := softdelete.Hold(other, &heldPerson{ID: 1}, softdelete.HoldOptions{Matter: "case 7"})
					require.NoError(t, err)
					err = destroy(s)
					require.ErrorIs(t, err, softdelete.ErrHeld)
					require.ErrorContains(t, err, string(id))
					for _, model := range []any{&heldPerson{}, &heldNote{}, &heldCard{}} {
						require.Equal(t, []uint{1}, s.IDs(model))
					}
					require.NoError(t, softdelete.Release(s.DB, id))
					require.NoError(t, destroy(s))
				})
			})
		}
	}
}

func TestAPurgeObeysHoldsThatAnotherProgramPlaced(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		config := softdelete.Config{Models: heldModels()}
		s := fixture.NewStage(t, database, config)
		other := fixture.Use(t, database, config)
		addHeldPerson(t, s.DB, 1)
		addHeldPerson(t, s.DB, 2)
		s.DeleteAgo(40*fixture.Day, &[]heldNote{{ID: 1}, {ID: 2}})
		s.DeleteAgo(40*fixture.Day, &[]heldBill{{ID: 1}, {ID: 2}})
		_, err := softdelete.Hold(other, &heldPerson{ID: 1}, softdelete.HoldOptions{Matter: "case 7"})
		require.NoError(t, err)
		report := s.Purge(softdelete.PurgeOptions{})
		for _, table := range []string{"held_notes", "held_bills_archive"} {
			m := fixture.ReportOf(t, report, table)
			require.Equal(t, [3]int64{2, 1, 1}, [3]int64{m.Eligible, m.Done, m.Held}, table)
		}
		require.Equal(t, []uint{1}, s.IDs(&heldNote{}))
	})
}

func TestAMissingTableOfHoldsIsAnErrorWhereTheyAreRequired(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, required := range []bool{true, false} {
			s := &fixture.Stage{DB: fixture.Use(t, database, softdelete.Config{Models: heldModels(), Holds: required}), T: t}
			require.NoError(t, s.AutoMigrate(heldModels()...))
			addHeldPerson(t, s.DB, 1)
			for fact, destroy := range map[string]func() error{
				"hard delete":  func() error { return s.Unscoped().Delete(&heldNote{ID: 1}).Error },
				"plain delete": func() error { return s.DB.Delete(&heldCard{ID: 1}).Error },
				"purge":        func() error { _, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{}); return err },
				"unlinking":    func() error { return s.Model(&heldBill{ID: 1}).Update("person_id", nil).Error },
			} {
				if err := destroy(); required {
					require.ErrorIs(t, err, softdelete.ErrUnsupported, fact)
					require.ErrorContains(t, err, "softdelete_holds is not there; create it with db.AutoMigrate(softdelete.Tables()...)", fact)
				} else {
					require.NoError(t, err, fact)
				}
			}
			require.NoError(t, s.Migrator().DropTable(heldModels()...))
		}
	})
}
