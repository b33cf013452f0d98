package testdb

import (
	"database/sql"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlacesOfPostgres(t *testing.T) {
	Postgres(t) // or skip
	server, err := postgresServer()
	require.NoError(t, err)
	testPlaces(t, postgresLocks{}, server.admin)
}

func TestPlacesOfMySQL(t *testing.T) {
	MySQL(t) // or skip
	server, err := mysqlServer()
	require.NoError(t, err)
	testPlaces(t, mysqlLocks{}, server.admin)
}

func testPlaces(t *testing.T, locks sessionLocks, admin *sql.DB) {
	connections, err := admin.Conn(t.Context())
	require.NoError(t, err)
	n, err := locks.connections(t.Context(), connections)
	require.NoError(t, err)
	require.Positive(t, n)
	require.NoError(t, connections.Close())

	lock := int(rand.Int32())
	process := func(patience time.Duration) *place {
		return &place{locks: locks, lock: lock, limit: 2, patience: patience}
	}
	first, second, third := process(time.Minute), process(time.Minute), process(time.Minute)

	require.NoError(t, first.enter(admin))
	require.NoError(t, first.enter(admin), "a process with a place does not wait")
	require.NoError(t, second.enter(admin))

	entered := make(chan error)
	go func() { entered <- third.enter(admin) }()
	stillWaits := func(why string) {
		t.Helper()
		select {
		case err := <-entered:
			require.Fail(t, why, "%v", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
	stillWaits("there are two places")

	impatient := process(time.Millisecond)
	require.NoError(t, impatient.enter(admin))
	require.Nil(t, impatient.session, "it goes on without a place")
	require.NoError(t, impatient.leave())
	require.Zero(t, impatient.patience, "and does not wait again")

	require.NoError(t, first.leave())
	stillWaits("the first has a second database")
	require.NoError(t, first.leave())
	require.NoError(t, <-entered)
	require.NotNil(t, third.session)

	go func() { entered <- first.enter(admin) }()
	stillWaits("there are two places")
	again := make(chan error)
	go func() { again <- errors.Join(third.leave(), third.enter(admin)) }()
	require.NoError(t, <-entered, "who leaves and comes back at once is not quicker than who waits")
	require.NoError(t, first.leave())
	require.NoError(t, <-again)
	require.NoError(t, third.leave())
	require.NoError(t, second.leave())
}

func TestPlacesFitTheServer(t *testing.T) {
	require.Equal(t, 5, placesOf(97), "PostgreSQL's own setting")
	require.Equal(t, 1, placesOf(10))
}
