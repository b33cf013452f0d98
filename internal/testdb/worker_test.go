package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSessionsOfWorkersAreToldFromOthers(t *testing.T) {
	EachWithRowLocks(t, func(t *testing.T, database *Database) {
		db := withNotes(t, database)
		require.NotEqual(t, database.DSN, database.WorkersDSN())
		require.NoError(t, database.WorkersGone(), "the test's own session is none")

		worker, pool, err := OpenWorker(database.Name, database.WorkersDSN())
		require.NoError(t, err)
		first, err := pool.Conn(t.Context())
		require.NoError(t, err)
		second, err := pool.Conn(t.Context())
		require.NoError(t, err)
		require.NoError(t, first.Close())
		require.NoError(t, second.Close())
		require.Empty(t, leftBy(worker, 0), "a session that does nothing leaves nothing behind")
		tx := worker.Begin()
		require.NoError(t, tx.Create(&note{Text: "a"}).Error)

		ended, err := database.EndWorkers()
		require.NoError(t, err)
		require.Equal(t, 2, ended)
		require.Error(t, tx.Commit().Error)
		require.NoError(t, database.WorkersGone())
		require.Empty(t, texts(t, db))

		require.NoError(t, pool.Close())
		_, pool, err = OpenWorker(database.Name, database.WorkersDSN())
		require.NoError(t, err)
		require.NoError(t, pool.Close())
		require.NoError(t, database.WorkersGone(), "a process that ends takes its sessions along")
		ended, err = database.EndWorkers()
		require.NoError(t, err)
		require.Zero(t, ended)
	})
	_, _, err := OpenWorker("oracle", "")
	require.Error(t, err)
}

func TestADatabaseInAFileHasNoSessionsOfWorkers(t *testing.T) {
	database := SQLite(t)
	require.Equal(t, database.DSN, database.WorkersDSN())
	require.NoError(t, database.WorkersGone())
	ended, err := database.EndWorkers()
	require.NoError(t, err)
	require.Zero(t, ended)
}
