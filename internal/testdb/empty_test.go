package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type shelf struct {
	ID    int64
	Books []volume
}

type volume struct {
	ID      int64
	ShelfID int64
}

func TestTablesThatReferToEachOtherAreEmptied(t *testing.T) {
	Each(t, func(t *testing.T, database *Database) {
		db := database.Open(t)
		require.NoError(t, db.AutoMigrate(&shelf{}, &volume{}))
		fill := func() { require.NoError(t, db.Create(&shelf{ID: 1, Books: []volume{{ID: 1}, {ID: 2}}}).Error) }
		for range 3 { // on whichever connections
			fill()
			database.Empty(t, db, "shelves", "volumes")
			for _, model := range []any{&shelf{}, &volume{}} {
				var n int64
				require.NoError(t, db.Model(model).Count(&n).Error)
				require.Zero(t, n)
			}
			require.Error(t, db.Create(&volume{ID: 7, ShelfID: 7}).Error, "foreign keys are enforced again")
		}
	})
}
