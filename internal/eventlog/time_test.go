package eventlog_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestAnEventIsNeverEarlierThanTheRowsLastOne(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, now := eventStage(t, database, &eventAuthor{}, &eventBook{})
		author := eventAuthor{ID: 1, Name: "first"}
		require.NoError(t, db.Create(&author).Error)
		begin := *now
		steps := []func() error{
			func() error { return db.Model(&author).Update("name", "second").Error },
			func() error { return db.Delete(&author).Error },
			func() error { _, err := softdelete.Restore(db, &author); return err },
			func() error { return db.Unscoped().Delete(&author).Error },
			func() error { return db.Create(&eventAuthor{ID: 1, Name: "again"}).Error },
		}
		for i, step := range steps {
			*now = begin.Add([]time.Duration{time.Hour, time.Minute, 500 * time.Millisecond, 2 * time.Hour, -time.Hour}[i])
			require.NoError(t, step(), i)
		}
		events, err := softdelete.History(db, &eventAuthor{ID: 1})
		require.NoError(t, err)
		require.Len(t, events, len(steps)+1)
		for i, event := range events[1:] {
			require.False(t, event.At.Before(events[i].At), "%d: %s is before %s", i+1, event.At, events[i].At)
		}
		require.True(t, events[1].At.Equal(begin.Add(time.Hour)), "the clock's own time where it goes on")
		var then eventAuthor
		require.NoError(t, softdelete.AsOf(db, &eventAuthor{ID: 1}, begin.Add(59*time.Minute)))
		then = eventAuthor{ID: 1}
		require.NoError(t, softdelete.AsOf(db, &then, begin.Add(30*time.Minute)))
		require.Equal(t, "first", then.Name, "a state that was")
	})
}
