package erasure_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	zonedPerson struct {
		ID        uint
		Name      *string `pii:"null"`
		DeletedAt gorm.DeletedAt
		Visits    []zonedVisit `gorm:"foreignKey:PersonID"`
		Trips     []zonedTrip  `gorm:"foreignKey:PersonID"`
		Scans     []zonedScan  `gorm:"foreignKey:PersonID"`
	}
	zonedVisit struct {
		PersonID uint      `gorm:"primaryKey;autoIncrement:false"`
		At       time.Time `gorm:"primaryKey"`
		Note     *string   `pii:"null"`
	}
	zonedTrip struct {
		_        struct{}  `pii:"delete"`
		PersonID uint      `gorm:"primaryKey;autoIncrement:false"`
		At       time.Time `gorm:"primaryKey"`
		Note     string
	}
	zonedScan struct {
		_        struct{} `pii:"delete"`
		Sum      []byte   `gorm:"primaryKey"`
		PersonID uint
		Note     string
	}
)

func TestErasedRowsAreKnownByKeysOfTimesAndBytesInSessionsOfAnyZone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		pool, err := db.DB()
		require.NoError(t, err)
		pool.SetMaxOpenConns(1)
		zone := func(name string) {
			if database.Name == "postgres" {
				require.NoError(t, db.Exec("SET TIME ZONE '"+name+"'").Error)
			}
		}
		models := []any{&zonedPerson{}, &zonedVisit{}, &zonedTrip{}, &zonedScan{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		name, at := "canary", time.Date(2026, 3, 29, 1, 30, 0, 123456000, time.FixedZone("", 7200))
		person := zonedPerson{
			ID: 1, Name: &name, Visits: []zonedVisit{{At: at, Note: &name}}, Trips: []zonedTrip{{At: at, Note: name}},
			Scans: []zonedScan{{Sum: []byte("abc"), Note: name}, {Sum: []byte{0, 255, '\\'}, Note: name}},
		}
		require.NoError(t, db.Create(&person).Error)
		zone("Asia/Tokyo")
		_, err = softdelete.Erase(db, &zonedPerson{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		zone("America/New_York")
		require.ErrorIs(t, db.Model(&zonedVisit{PersonID: 1, At: at}).Update("note", "x").Error, softdelete.ErrErased)
		require.ErrorIs(t, db.Save(&person.Visits[0]).Error, softdelete.ErrErased)
		require.ErrorIs(t, db.Save(&person.Trips[0]).Error, softdelete.ErrErased)
		for _, scan := range person.Scans {
			require.ErrorIs(t, db.Save(&scan).Error, softdelete.ErrErased)
		}
		require.NoError(t, db.Save(&zonedTrip{PersonID: 1, At: at.Add(time.Second)}).Error, "another row")
		require.NoError(t, db.Save(&zonedScan{Sum: []byte("abd"), PersonID: 1}).Error)
		certificate, err := softdelete.Erase(db, &zonedPerson{ID: 1}, softdelete.ErasureRequest{ID: "again"})
		require.NoError(t, err)
		for _, table := range certificate.Tables {
			require.Zero(t, table.Masked, table.Table)
		}
	})
}
