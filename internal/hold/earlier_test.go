package hold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestHoldsThatEarlierVersionsPlacedAreObeyed(t *testing.T) {
	type earlierSeat struct {
		Hall string `gorm:"primaryKey"`
		Row  string `gorm:"primaryKey"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&earlierSeat{}}, Holds: true})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &earlierSeat{})...))
		require.NoError(t, db.Create(&[]earlierSeat{{"a,b", "c"}, {"a", "b,c"}}).Error)
		id, err := softdelete.Hold(db, &earlierSeat{"a,b", "c"}, softdelete.HoldOptions{Matter: "case"})
		require.NoError(t, err)
		require.NoError(t, db.Table("softdelete_holds").Where("id = ?", string(id)).Update("parts", `["a,b","c"]`).Error) // as they wrote it
		require.ErrorIs(t, db.Delete(&earlierSeat{"a,b", "c"}).Error, softdelete.ErrHeld)
		require.NoError(t, db.Delete(&earlierSeat{"a", "b,c"}).Error)
	})
}
