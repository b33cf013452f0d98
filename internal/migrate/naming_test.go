package migrate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	// calledOwner and calledNote have the names that the application's naming strategy gives them.
	calledOwner struct {
		_         struct{} `softdelete:"events;retain:1d"`
		ID        uint
		FullName  string `pii:"fixed:[erased]"`
		EMail     string `gorm:"uniqueIndex"`
		CreatedAt time.Time
		DeletedAt gorm.DeletedAt
		Notes     []calledNote `gorm:"foreignKey:OwnerID;constraint:-" softdelete:"cascade"`
	}
	calledNote struct {
		_       struct{} `softdelete:"archive"`
		ID      uint
		OwnerID uint
		Text    string `pii:"null"`
	}
)

func TestThePluginsTablesHaveTheirOwnNames(t *testing.T) {
	for name, strategy := range map[string]schema.Namer{
		"NoLowerCase":  schema.NamingStrategy{NoLowerCase: true},
		"NameReplacer": schema.NamingStrategy{NameReplacer: strings.NewReplacer("ID", "Number", "At", "On", "Key", "Code", "Table", "Sheet")},
		"TablePrefix":  schema.NamingStrategy{TablePrefix: "app_", SingularTable: true},
	} {
		t.Run(name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := database.Open(t, &gorm.Config{NamingStrategy: strategy})
				store, err := softdelete.DirColdStore(t.TempDir())
				require.NoError(t, err)
				models := []any{&calledOwner{}, &calledNote{}}
				require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models, Ledger: true, Holds: true, ColdStore: store})))
				require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
				require.NoError(t, db.Create([]calledOwner{
					{ID: 1, FullName: "Ann", EMail: "a@x", Notes: []calledNote{{ID: 1, Text: "a"}}}, {ID: 2, FullName: "Bob", EMail: "b@x"},
				}).Error)

				report, err := softdelete.Delete(db, &calledOwner{ID: 1})
				require.NoError(t, err)
				_, err = softdelete.RestoreDeletion(db, report.DeletionID)
				require.NoError(t, err)
				var entry softdelete.Deletion
				require.NoError(t, db.First(&entry, "id = ?", report.DeletionID).Error)
				require.NotNil(t, entry.RestoredAt)
				events, err := softdelete.History(db, &calledOwner{ID: 1})
				require.NoError(t, err)
				require.Len(t, events, 3)

				id, err := softdelete.Hold(db, &calledOwner{ID: 1}, softdelete.HoldOptions{Matter: "m"})
				require.NoError(t, err)
				_, err = softdelete.Erase(db, &calledOwner{ID: 1}, softdelete.ErasureRequest{})
				require.ErrorIs(t, err, softdelete.ErrHeld)
				require.NoError(t, softdelete.Release(db, id))
				_, err = softdelete.Erase(db, &calledOwner{ID: 1}, softdelete.ErasureRequest{})
				require.NoError(t, err)
				require.NoError(t, softdelete.VerifyCertificates(db))
				require.ErrorIs(t, db.Model(&calledOwner{ID: 1}).Update("FullName", "Ann").Error, softdelete.ErrErased)
				require.NoError(t, db.Delete(&calledOwner{ID: 2}).Error)
				_, err = softdelete.Purge(db, softdelete.PurgeOptions{})
				require.NoError(t, err)

				statements, err := softdelete.DDL(db, append(softdelete.Tables(), models...)...)
				require.NoError(t, err)
				require.Empty(t, statements, "a second migration changes nothing")
			})
		})
	}
}
