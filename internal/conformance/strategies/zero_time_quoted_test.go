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

// quotedBook writes its time in quotes, as a test of GORM's own does.
type quotedBook struct {
	ID        uint
	DeletedAt gorm.DeletedAt `gorm:"zeroValue:'1970-01-01 00:00:01'"`
}

func TestAZeroTimeInQuotesIsTheTime(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&quotedBook{}})
		require.NoError(t, db.Create(&[]quotedBook{{ID: 1}, {ID: 2}}).Error)
		fixture.Exec(t, db, "UPDATE quoted_books SET deleted_at = '1970-01-01 00:00:01' WHERE id = 2")
		count := func() (n int64) {
			require.NoError(t, db.Model(&quotedBook{}).Count(&n).Error)
			return n
		}
		require.EqualValues(t, 2, count(), "NULL is live, and so is the time")
		for id := uint(1); id <= 2; id++ {
			book := quotedBook{ID: id}
			require.NoError(t, db.Delete(&book).Error)
			require.True(t, book.DeletedAt.Time.After(time.Unix(2, 0)))
		}
		require.Zero(t, count())
		_, err := softdelete.Restore(db, &quotedBook{ID: 2})
		require.NoError(t, err)
		require.EqualValues(t, 1, count())
	})
}
