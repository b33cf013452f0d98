package rules_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	grantOwner struct {
		ID         uint
		Name       string         `gorm:"uniqueIndex" pii:"template:gone-{id}"`
		DeletedAt  gorm.DeletedAt `softdelete:"retain:30d"`
		DeletionID softdelete.DeletionID
		Letters    []grantLetter `gorm:"foreignKey:OwnerID" softdelete:"cascade"`
		Bills      []grantBill   `gorm:"foreignKey:OwnerID" softdelete:"block"`
	}
	grantLetter struct {
		_           struct{} `softdelete:"archive;retain:30d"`
		ID, OwnerID uint
		Text        string `pii:"fixed:gone"`
	}
	grantBill struct {
		_           struct{} `softdelete:"events"`
		ID, OwnerID uint
		Owner       *grantOwner `softdelete:"guard"`
		Sum         int
		DeletedAt   gorm.DeletedAt
	}
)

// What docs/postgresql.md says of privileges: the tables' owner migrates, and the program has no more than these.
func TestAProgramNeedsToReadAndWriteRowsOnly(t *testing.T) {
	testdb.EachOf(t, testdb.Roles, func(t *testing.T, database *testdb.Database) {
		models := []any{&grantOwner{}, &grantLetter{}, &grantBill{}}
		s := fixture.NewStage(t, database, softdelete.Config{Models: models, Ledger: true, Holds: true})
		require.NoError(t, s.AutoMigrate(softdelete.Tables()...))
		role := fixture.Role(t, s.DB, "SELECT, INSERT, UPDATE, DELETE")
		fixture.Exec(t, s.DB, "DO $$BEGIN EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM "+role+"', current_schema()); END$$")
		owner := func(db *gorm.DB, id uint, name string) {
			require.NoError(t, db.Create(&grantOwner{ID: id, Name: name, Letters: []grantLetter{{ID: id, Text: "secret"}}}).Error)
		}
		for fact, call := range map[string]func(db *gorm.DB){
			"a cascade, undone": func(db *gorm.DB) {
				owner(db, 1, "a")
				require.NoError(t, db.Delete(&grantOwner{ID: 1}).Error)
				require.NoError(t, report(softdelete.Restore(db, &grantOwner{ID: 1})))
			},
			"a guard, a block and an event log": func(db *gorm.DB) {
				owner(db, 2, "b")
				require.NoError(t, db.Create(&grantBill{ID: 2, OwnerID: 2, Sum: 1}).Error)
				require.ErrorIs(t, db.Delete(&grantOwner{ID: 2}).Error, softdelete.ErrBlocked)
				require.NoError(t, db.Model(&grantBill{ID: 2}).Update("sum", 3).Error)
				events, err := softdelete.History(db, &grantBill{ID: 2})
				require.NoError(t, err)
				require.Len(t, events, 2)
			},
			"a hold, and a purge that obeys it": func(db *gorm.DB) {
				owner(db, 3, "c")
				owner(db, 4, "d")
				id, err := softdelete.Hold(db, &grantOwner{ID: 3}, softdelete.HoldOptions{Matter: "case 7"})
				require.NoError(t, err)
				require.NoError(t, db.Delete(&[]grantOwner{{ID: 3}, {ID: 4}}).Error)
				*s.Now = s.Now.Add(40 * fixture.Day)
				_, err = softdelete.Purge(db, softdelete.PurgeOptions{})
				require.NoError(t, err)
				var left []uint
				require.NoError(t, db.Unscoped().Model(&grantOwner{}).Where("id IN ?", []uint{3, 4}).Pluck("id", &left).Error)
				require.Equal(t, []uint{3}, left)
				require.NoError(t, softdelete.Release(db, id))
			},
			"an erasure": func(db *gorm.DB) {
				owner(db, 5, "e")
				certificate, err := softdelete.Erase(db, &grantOwner{ID: 5}, softdelete.ErasureRequest{})
				require.NoError(t, err)
				require.NoError(t, softdelete.VerifyCertificates(db))
				require.NotEmpty(t, certificate.RequestID)
			},
			"a rebuild": func(db *gorm.DB) {
				_, err := softdelete.Rebuild(db, &grantBill{})
				require.NoError(t, err)
			},
		} {
			t.Run(fact, func(t *testing.T) { fixture.As(t, s.DB, role, call) })
		}
	})
}
