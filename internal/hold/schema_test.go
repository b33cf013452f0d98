package hold_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// vaultBox stands in a schema, vaultSlip under it.
type (
	vaultBox struct {
		_         struct{} `softdelete:"retain:1d"`
		ID        uint
		Name      string `pii:"fixed:[erased]"`
		DeletedAt gorm.DeletedAt
		Slips     []vaultSlip `gorm:"foreignKey:BoxID;constraint:-" softdelete:"cascade"`
	}
	vaultSlip struct {
		_         struct{} `softdelete:"retain:1d"`
		ID        uint
		BoxID     uint
		DeletedAt gorm.DeletedAt
	}
)

func (vaultBox) TableName() string  { return "vault_of_holds.boxes" }
func (vaultSlip) TableName() string { return "vault_of_holds.slips" }

// Tables of the same names on the search path are none of the plugin's business.
func TestHoldsErasuresAndPurgesInASchema(t *testing.T) {
	testdb.EachWithSchemas(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Exec("DROP SCHEMA IF EXISTS vault_of_holds CASCADE").Error)
		require.NoError(t, db.Exec("CREATE SCHEMA vault_of_holds").Error)
		t.Cleanup(func() { db.Exec("DROP SCHEMA vault_of_holds CASCADE") })
		models := []any{&vaultBox{}, &vaultSlip{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models, Holds: true})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		for id := uint(1); id <= 3; id++ {
			require.NoError(t, db.Create(&vaultBox{ID: id, Name: "Ann", Slips: []vaultSlip{{ID: id}}}).Error)
		}
		for _, table := range []string{"boxes", "slips"} {
			require.NoError(t, db.Exec("CREATE TABLE "+table+" AS SELECT * FROM vault_of_holds."+table).Error)
			t.Cleanup(func() { db.Exec("DROP TABLE " + table) })
		}
		id, err := softdelete.Hold(db, &vaultBox{ID: 1}, softdelete.HoldOptions{Matter: "m"})
		require.NoError(t, err)
		require.ErrorIs(t, db.Unscoped().Delete(&vaultSlip{ID: 1}).Error, softdelete.ErrHeld)
		certificate, err := softdelete.Erase(db, &vaultBox{ID: 3}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Equal(t, "vault_of_holds.boxes", certificate.SubjectTable)
		require.NoError(t, softdelete.VerifyCertificates(db))
		for key := uint(1); key <= 2; key++ {
			require.NoError(t, db.Delete(&vaultBox{ID: key}).Error)
		}
		for _, table := range []string{"boxes", "slips"} {
			require.NoError(t, db.Exec("UPDATE vault_of_holds."+table+" SET deleted_at = deleted_at - interval '100 hours'").Error)
		}
		ids := func(table string) (list []uint) {
			require.NoError(t, db.Raw("SELECT id FROM "+table+" ORDER BY id").Scan(&list).Error)
			return list
		}
		_, err = softdelete.Purge(db, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Equal(t, []uint{1}, ids("vault_of_holds.boxes"), "one is held")
		require.Equal(t, []uint{1}, ids("vault_of_holds.slips"))
		require.NoError(t, softdelete.Release(db, id))
		_, err = softdelete.Purge(db, softdelete.PurgeOptions{})
		require.NoError(t, err)
		require.Empty(t, ids("vault_of_holds.boxes"))
		require.Empty(t, ids("vault_of_holds.slips"))
		for _, table := range []string{"boxes", "slips"} {
			require.Equal(t, []uint{1, 2, 3}, ids(table), "the decoy is as it was")
		}
		var names []string
		require.NoError(t, db.Raw("SELECT DISTINCT name FROM boxes").Scan(&names).Error)
		require.Equal(t, []string{"Ann"}, names)
	})
}
