package panics_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// GORM calls callbacks one after the other: nobody is there to end what was begun when one of another plugin's panics. With the
// default transaction that is GORM's own, and stays open as without this plugin.
func TestATransactionThatAnotherPluginHasLeftOpenByAPanicEndsWithItsStatement(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := newStage(t, database, true)
		s.fill(t)
		require.NoError(t, s.db.Callback().Delete().Before("gorm:after_delete").Register("other:delete", func(*gorm.DB) { panic(errBlown) }))
		before := s.dump(t)
		require.PanicsWithValue(t, errBlown, func() { s.db.Delete(&firm{ID: 1}) })
		require.NoError(t, s.db.Callback().Delete().Remove("other:delete"))
		require.Eventually(t, func() bool {
			runtime.GC()
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			return s.db.WithContext(ctx).Exec("UPDATE firms SET name = name").Error == nil
		}, 5*time.Second, time.Millisecond)
		require.Equal(t, before, s.dump(t))
		require.NoError(t, s.db.Delete(&firm{ID: 1}).Error)
	})
}
