package cost_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// besideHouse has relations that no rule makes a deletion follow, to models of an index each that a look under it may use.
	besideHouse struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		Rooms      []besideRoom  `gorm:"foreignKey:HouseID"`
		Bills      []besideBill  `gorm:"foreignKey:HouseID"`
		Owners     []besideOwner `gorm:"foreignKey:HouseID"`
		Nowhere    []besideGhost `gorm:"foreignKey:HouseID"`
	}
	besideRoom struct {
		ID, HouseID uint
		DeletedAt   gorm.DeletedAt `gorm:"index"`
	}
	besideBill struct {
		ID         uint
		HouseID    uint `gorm:"index"`
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
	besideOwner struct {
		ID         uint
		HouseID    uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index"`
	}
	besideGhost struct {
		ID, HouseID uint
		DeletedAt   gorm.DeletedAt
	}
	// besideShed is such a house without relations.
	besideShed struct {
		ID         uint
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
	}
)

func TestARestoreLooksBesideItsGraphInTheStatementsThatItHas(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&besideHouse{}, &besideRoom{}, &besideBill{}, &besideOwner{}, &besideShed{}},
			&gorm.Config{DisableForeignKeyConstraintWhenMigrating: true})
		for _, table := range []string{"beside_rooms", "beside_bills", "beside_owners"} {
			fixture.Exec(t, db, fixture.Series(table+" (id, house_id)", 5_000, "i, i % 50"), "UPDATE "+table+" SET deleted_at = '2026-01-02 03:04:05' WHERE id < 100")
			fixture.Analyze(t, db, table)
		}
		require.NoError(t, db.Migrator().DropTable("beside_ghosts"))
		require.NoError(t, db.Create(&[]besideHouse{{ID: 7}, {ID: 8}}).Error)
		require.NoError(t, db.Create(&[]besideShed{{ID: 7}, {ID: 8}}).Error)
		recorder := testdb.Record(db)
		sent := func(one, other any) (statements []testdb.Statement) {
			for _, row := range []any{one, other} {
				require.NoError(t, db.Delete(row).Error)
				recorder.Reset()
				_, err := softdelete.Restore(db, row)
				require.NoError(t, err)
			}
			return recorder.All()
		}
		house, shed := sent(&besideHouse{ID: 7}, &besideHouse{ID: 8}), sent(&besideShed{ID: 7}, &besideShed{ID: 8})
		require.Len(t, house, len(shed)+1, "but for the table that is not there")
		text := plans(t, database, db, house)
		for _, table := range []string{"beside_rooms", "beside_bills", "beside_owners"} {
			require.Contains(t, text, table)
			require.NotRegexp(t, readsAll(table), text)
		}
	})
}
