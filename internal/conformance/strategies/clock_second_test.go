package strategies_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// lateHouse has a DeletionID, its rooms only the time, so that the two marks are compared as instants.
type lateHouse struct {
	ID         uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Rooms      []lateRoom `gorm:"foreignKey:HouseID" softdelete:"cascade"`
}

type lateRoom struct {
	ID        uint
	HouseID   uint
	DeletedAt gorm.DeletedAt
}

func TestMarksOfTheLastMillisecondOfASecondAreTheSameInstant(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, nanoseconds := range []int{0, 1000, 999_499_000, 999_500_000, 999_999_000} {
			now := time.Date(2024, 2, 29, 23, 59, 59, nanoseconds, time.FixedZone("", 3600))
			db := fixture.Models(t, database, []any{&lateHouse{}, &lateRoom{}}, &gorm.Config{NowFunc: func() time.Time { return now }})
			house := lateHouse{Rooms: []lateRoom{{}, {}}}
			require.NoError(t, db.Create(&house).Error)
			require.NoError(t, db.Delete(&house).Error)
			_, err := softdelete.Restore(db, &house)
			require.NoError(t, err)
			var rooms int64
			require.NoError(t, db.Model(&lateRoom{}).Where("house_id = ?", house.ID).Count(&rooms).Error)
			require.EqualValues(t, 2, rooms, "at %s", now)
		}
	})
}
