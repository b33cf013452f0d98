//go:build unix

package testdb

import (
	"os/exec"
	"os/user"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestThrowawayMySQL(t *testing.T) {
	if _, _, err := mysqlPrograms(); err != nil {
		Missing(t, "mysql", err)
	}
	own, err := startMySQL()
	require.NoError(t, err)
	server, err := newFoundMySQL(own.dsn, "")
	require.NoError(t, err)
	defer server.admin.Close()

	t.Run("a pool waits for a connection where others have them all", func(t *testing.T) {
		_, err := server.admin.Exec("CREATE USER two@localhost WITH MAX_USER_CONNECTIONS 2")
		require.NoError(t, err)
		connector, err := connectorTo(mysqlDriver, "two"+strings.TrimPrefix(own.dsn, "root"), mysqlIsFull)
		require.NoError(t, err)
		pool := openTapped(connector, &tap{})
		defer pool.Close()
		pool.SetMaxIdleConns(0)
		ended := make(chan error)
		const callers = 6
		for range callers {
			go func() { _, err := pool.Exec("DO SLEEP(0.02)"); ended <- err }()
		}
		for range callers {
			assert.NoError(t, <-ended)
		}
	})

	t.Run("a lock of a session is found", func(t *testing.T) {
		dsn := server.create(t)
		name, err := databaseIn(dsn)
		require.NoError(t, err)
		connector, err := connectorTo(mysqlDriver, dsn, nil)
		require.NoError(t, err)
		pool := openTapped(connector, &tap{})
		defer pool.Close()
		connection, err := pool.Conn(t.Context())
		require.NoError(t, err)
		left, err := server.left(name)
		require.NoError(t, err)
		require.Empty(t, left)

		_, err = connection.ExecContext(t.Context(), "DO GET_LOCK('of a session', 0)")
		require.NoError(t, err)
		require.NoError(t, connection.Close(), "it goes back to the pool, with its lock")
		left, err = server.left(name)
		require.NoError(t, err)
		require.Len(t, left, 1)
		require.Contains(t, left[0], "of a session")
	})

	t.Run("it is of an unprivileged user, on the loopback interface, and does not wait for the disk", func(t *testing.T) {
		var address, pid string
		var flush, log int
		require.NoError(t, server.admin.QueryRow("SELECT @@bind_address, @@innodb_flush_log_at_trx_commit, @@log_bin, @@pid_file").Scan(&address, &flush, &log, &pid))
		require.Equal(t, "127.0.0.1", address)
		require.Zero(t, flush+log)
		owner, err := exec.Command("stat", "-c", "%U", pid).Output()
		require.NoError(t, err)
		require.NotEqual(t, "root\n", string(owner))
		current, err := user.Current()
		require.NoError(t, err)
		if current.Uid != "0" {
			require.Equal(t, current.Username+"\n", string(owner))
		}
	})

	require.NoError(t, own.stop())
	_, err = newFoundMySQL(own.dsn, "")
	require.Error(t, err)
	require.NoDirExists(t, own.dir)
}

func TestAMySQLServerThatDoesNotStartSaysWhy(t *testing.T) {
	_, programs, err := mysqlPrograms()
	if err != nil {
		Missing(t, "mysql", err)
	}
	none := []string{programs[0], "true"} // which makes no files that the server could start with
	_, err = startServer(recipe{name: "mysql", script: mariadbScript, programs: none, owners: mysqlOwners, dsn: func(string) string { return "" }})
	require.ErrorContains(t, err, "ERROR")
}
