package softdelete_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	coldPerson struct {
		ID        uint
		Name      string `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt
		Trips     []coldTrip `gorm:"foreignKey:PersonID"`
	}
	coldTrip struct {
		ID        uint
		PersonID  uint
		Goal      string         `pii:"null"`
		DeletedAt gorm.DeletedAt `softdelete:"retain:1d;then:cold"`
	}
)

func TestACertificateSaysWhatColdStorageKeeps(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		store, err := softdelete.DirColdStore(t.TempDir())
		require.NoError(t, err)
		db := gdprOpen(t, database, softdelete.Config{Models: []any{&coldPerson{}, &coldTrip{}}, ColdStore: store})
		p := coldPerson{Name: "canary"}
		require.NoError(t, db.Create(&p).Error)
		certificate, err := softdelete.Erase(db, &p, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Contains(t, certificate.Text(), "Note: rows of cold_trips that a purge wrote to cold storage are not erased; thaw them and erase again\n")
	})
}
