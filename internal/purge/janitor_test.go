package purge_test

import (
	"bytes"
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// janLog keeps what a logger writes.
type janLog struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (l *janLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *janLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *janLog) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// newJanStage has three notes whose retention is over. It can be made again on the same database, as another process.
func newJanStage(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Open(t, database, fixture.Notes())
	return db
}

func janFill(t *testing.T, db *gorm.DB) {
	t.Helper()
	gone := gorm.DeletedAt{Time: time.Now().AddDate(-1, 0, 0), Valid: true}
	require.NoError(t, db.Create(&[]fixture.Note{{DeletedAt: gone}, {DeletedAt: gone}, {DeletedAt: gone}}).Error)
}

func janCount(t *testing.T, db *gorm.DB) (rows int64) {
	t.Helper()
	require.NoError(t, db.Unscoped().Model(&fixture.Note{}).Count(&rows).Error)
	return rows
}

func TestJanitorPurgesOnScheduleUntilItsContextEnds(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newJanStage(t, database)
		janFill(t, db)
		var log janLog
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- softdelete.NewJanitor(db, softdelete.JanitorConfig{Every: 20 * time.Millisecond, Logger: log.logger()}).Run(ctx)
		}()
		for range 2 {
			require.Eventually(t, func() bool { return janCount(t, db) == 0 }, 10*time.Second, 5*time.Millisecond)
			janFill(t, db)
		}
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
		require.Contains(t, log.String(), "model=Note table=notes action=purge")
		require.Regexp(t, "done=[1-6]", log.String())
		require.NotContains(t, log.String(), "level=ERROR")
		pool, err := db.DB()
		require.NoError(t, err)
		require.Eventually(t, func() bool {
			return runtime.NumGoroutine() <= before+1+pool.Stats().OpenConnections // one of a driver's for each
		}, 5*time.Second, 10*time.Millisecond, "no goroutine is left")
	})
}

func TestJanitorsOfAFleetPurgeOneAtATime(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		first, second := newJanStage(t, database), newJanStage(t, database)
		janFill(t, first)
		var log janLog
		purging, goOn := make(chan struct{}), make(chan struct{})
		var once sync.Once
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error)
		go func() {
			ended <- softdelete.NewJanitor(first, softdelete.JanitorConfig{Every: 10 * time.Millisecond, Logger: log.logger(), Purge: softdelete.PurgeOptions{
				Batch: 1, Progress: func(softdelete.PurgeProgress) { once.Do(func() { close(purging); <-goOn }) },
			}}).Run(ctx)
		}()
		<-purging
		other, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer stop()
		var passed janLog
		err := softdelete.NewJanitor(second, softdelete.JanitorConfig{Every: 10 * time.Millisecond, Logger: passed.logger()}).Run(other)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Contains(t, passed.String(), "another janitor purges")
		require.NotContains(t, passed.String(), "done=")
		require.EqualValues(t, 2, janCount(t, second))
		close(goOn)
		require.Eventually(t, func() bool { return janCount(t, second) == 0 }, 10*time.Second, 5*time.Millisecond)
		cancel()
		<-ended

		janFill(t, second)
		again, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		config := softdelete.JanitorConfig{Every: 10 * time.Millisecond, Logger: passed.logger(), Purge: softdelete.PurgeOptions{
			Progress: func(p softdelete.PurgeProgress) {
				if p.Done == 3 {
					stop()
				}
			},
		}}
		require.ErrorIs(t, softdelete.NewJanitor(second, config).Run(again), context.Canceled)
		require.Zero(t, janCount(t, second), "the lease was given back")
	})
}

func TestJanitorOutlivesTheDeathOfTheHolder(t *testing.T) {
	now := time.Now()
	database := testdb.SQLite(t)
	db := fixture.Open(t, database, fixture.Notes(), &gorm.Config{NowFunc: func() time.Time { return now }})
	janFill(t, db)
	require.NoError(t, db.Exec("INSERT INTO softdelete_leases VALUES ('janitor', 'dead', ?)", now.Add(50*time.Second).UnixNano()).Error)
	turn := func() {
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer stop()
		_ = softdelete.NewJanitor(db, softdelete.JanitorConfig{Every: time.Hour, Logger: (&janLog{}).logger()}).Run(ctx)
	}
	turn()
	require.EqualValues(t, 3, janCount(t, db))
	now = now.Add(51 * time.Second)
	turn()
	require.Zero(t, janCount(t, db))
}

func TestJanitorTellsWhatFails(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		require.ErrorIs(t, softdelete.NewJanitor(database.Open(t), softdelete.JanitorConfig{}).Run(t.Context()), softdelete.ErrNotRegistered)
		db := newJanStage(t, database)
		require.NoError(t, db.Exec("DROP TABLE notes").Error)
		log := turns(t, db, 4, softdelete.JanitorConfig{}) // each tells of itself twice
		require.Equal(t, 2, strings.Count(log, "level=ERROR"), "it goes on")
		require.Contains(t, log, "notes of Note is not there")
	})
}
