package hold_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestAHoldThatHasEndedAlreadyIsRefused(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, fixture.HeldTree())
		s.AddTree(1)
		for _, until := range []time.Time{fixture.Now, fixture.Now.Add(-time.Hour), fixture.Now.In(time.FixedZone("", 9*3600)).Add(-time.Nanosecond)} {
			_, err := softdelete.Hold(s.DB, &fixture.Post{ID: 100}, softdelete.HoldOptions{Until: until})
			require.ErrorIs(t, err, gorm.ErrInvalidValue)
			require.ErrorContains(t, err, "Until is not in the future")
		}
		_, err := softdelete.Hold(s.DB, &fixture.Post{ID: 100}, softdelete.HoldOptions{Until: fixture.Now.Add(time.Second)})
		require.NoError(t, err)
	})
}
