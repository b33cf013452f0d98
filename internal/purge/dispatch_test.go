package purge_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// toldPerson is a person whose erasure others are told of.
type toldPerson struct {
	ID        uint
	Name      string         `pii:"fixed:[erased]"`
	DeletedAt gorm.DeletedAt `softdelete:"retain:1d"`
}

// newTold is a database with an erased person that a third party does not know of yet. Its first calls fail. later moves the time on.
func newTold(t *testing.T, database *testdb.Database, fails int) (db *gorm.DB, party *fixture.Party, later func()) {
	t.Helper()
	party = fixture.NewParty("list", fails)
	config := softdelete.Config{Models: []any{&toldPerson{}}, Processors: []softdelete.Processor{party}}
	ahead := time.Duration(0)
	db = fixture.Open(t, database, config, &gorm.Config{NowFunc: func() time.Time { return time.Now().Add(ahead) }})
	require.NoError(t, db.Create(&toldPerson{ID: 1, Name: "canary"}).Error)
	_, err := softdelete.Erase(db, &toldPerson{ID: 1}, softdelete.ErasureRequest{ID: "ticket"})
	require.NoError(t, err)
	return db, party, func() { ahead += time.Hour }
}

// turnLog ends a janitor when one more turn than it is to have begins to tell of itself.
type turnLog struct {
	janLog
	left int
	stop context.CancelFunc
}

func (l *turnLog) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "purge") {
		if l.left--; l.left < 0 {
			l.stop()
			return len(p), nil
		}
	}
	return l.janLog.Write(p)
}

// turns lets a janitor have so many turns.
func turns(t *testing.T, db *gorm.DB, count int, config softdelete.JanitorConfig) (log string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	written := &turnLog{left: count, stop: stop}
	config.Every = time.Millisecond
	config.Logger = slog.New(slog.NewTextHandler(written, &slog.HandlerOptions{Level: slog.LevelDebug}))
	require.ErrorIs(t, softdelete.NewJanitor(db, config).Run(ctx), context.Canceled)
	return written.String()
}

func TestAJanitorDispatchesErasuresEachTurn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, party, later := newTold(t, database, 2)
		turns(t, db, 2, softdelete.JanitorConfig{})
		require.Empty(t, party.Told(), "nobody asked for it")
		turns(t, db, 2, softdelete.JanitorConfig{Dispatch: true, Purge: softdelete.PurgeOptions{DryRun: true}})
		require.Empty(t, party.Told(), "it only reports")

		log := ""
		for range 4 {
			log += turns(t, db, 1, softdelete.JanitorConfig{Dispatch: true})
			later()
		}
		require.Len(t, party.Told(), 3, "two fail, the third acknowledges, and is the last")
		require.Equal(t, 2, strings.Count(log, "level=ERROR"), log)
		require.Contains(t, log, "not all erasures could be told to third parties")
		require.NotContains(t, log, fixture.Err.Error(), "a processor's text may quote values")
		require.NotContains(t, log, "canary")
	})
}

func TestAJanitorDispatchesThoughItDoesNotPurge(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, party, later := newTold(t, database, 1)
		broken := softdelete.JanitorConfig{Dispatch: true, Purge: softdelete.PurgeOptions{Tenant: "no model has tenants"}}
		log := turns(t, db, 1, broken)
		require.Contains(t, log, "the purge failed")
		require.Len(t, party.Told(), 1)

		later()
		other := fixture.Open(t, database, fixture.Notes(), &gorm.Config{NowFunc: db.NowFunc})
		janFill(t, other)
		run(t, other, func(context.CancelFunc) {
			log := turns(t, db, 1, softdelete.JanitorConfig{Dispatch: true})
			require.Contains(t, log, "another janitor purges")
			require.Len(t, party.Told(), 2)
		})
	})
}

// unruly panics.
type unruly struct{}

func (unruly) Name() string                                          { return "unruly" }
func (unruly) Erase(context.Context, softdelete.ErasedSubject) error { panic(errors.New("canary")) }

func TestAJanitorOutlivesAPanicOfAThirdParty(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&toldPerson{}}, Processors: []softdelete.Processor{unruly{}}})
		require.NoError(t, db.Create(&toldPerson{ID: 1, Name: "name"}).Error)
		_, err := softdelete.Erase(db, &toldPerson{ID: 1}, softdelete.ErasureRequest{ID: "ticket"})
		require.NoError(t, err)
		log := turns(t, db, 1, softdelete.JanitorConfig{Dispatch: true})
		require.Contains(t, log, "unruly")
		require.NotContains(t, log, "canary")
	})
}
