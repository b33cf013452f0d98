//go:build unix

package testdb

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestThrowawayServer(t *testing.T) {
	if _, err := postgresPrograms(); err != nil {
		require.False(t, required("postgres", os.Getenv(requireVariable)), err)
		t.Skip(err)
	}
	server, err := startPostgres()
	require.NoError(t, err)
	require.NoError(t, accepts(server.dsn))

	start := time.Now()
	require.NoError(t, server.stop())
	require.Less(t, time.Since(start), 10*time.Second)
	require.Error(t, accepts(server.dsn))
	require.NoDirExists(t, server.dir)
}
