//go:build unix

package testdb

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThrowawayServer(t *testing.T) {
	if _, err := postgresPrograms(); err != nil {
		Missing(t, "postgres", err)
	}
	server, err := startPostgres()
	require.NoError(t, err)
	require.NoError(t, accepts(server.dsn))

	t.Run("a pool waits for a connection where others have them all", func(t *testing.T) {
		admin, err := newFoundServer(server.dsn, "")
		require.NoError(t, err)
		defer admin.admin.Close()
		_, err = admin.admin.Exec("CREATE ROLE two LOGIN CONNECTION LIMIT 2")
		require.NoError(t, err)
		connector, err := connectorTo(postgresDriver, withParameters(server.dsn, map[string]string{"user": "two"}), isFull)
		require.NoError(t, err)
		pool := openTapped(connector, &tap{})
		defer pool.Close()
		pool.SetMaxIdleConns(0)
		ended := make(chan error)
		const callers = 6
		for range callers {
			go func() { _, err := pool.Exec("SELECT pg_sleep(0.02)"); ended <- err }()
		}
		for range callers {
			assert.NoError(t, <-ended)
		}
	})

	start := time.Now()
	require.NoError(t, server.stop())
	require.Less(t, time.Since(start), 10*time.Second)
	require.Error(t, accepts(server.dsn))
	require.NoDirExists(t, server.dir)
}
