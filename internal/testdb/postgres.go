package testdb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/user"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// postgresVariable names the environment variable with the DSN of a PostgreSQL server to use.
const postgresVariable = "SOFTDELETE_POSTGRES_DSN"

// postgresDriver is how database/sql knows the driver that gorm.io/driver/postgres brings.
const postgresDriver = "pgx"

// postgresKind is PostgreSQL, where a test's database is a schema: it takes milliseconds to make, CREATE DATABASE takes
// a good part of a second.
var postgresKind = kind{
	rowLocks: true,
	schemas:  true,
	name:     "postgres",
	driver:   postgresDriver,
	dialector: func(pool gorm.ConnPool) gorm.Dialector {
		return postgres.New(postgres.Config{Conn: pool})
	},
	create: createSchema,
}

// Postgres returns a fresh schema on a PostgreSQL server, or skips the test if there is none.
func Postgres(t testing.TB) *Database {
	t.Helper()
	return postgresKind.new(t)
}

// createSchema makes a schema with a new name and returns a DSN under which every table is created and found in it.
func createSchema(t testing.TB) (string, error) {
	t.Helper()
	server, err := postgresServer()
	if err != nil {
		return "", err
	}
	if server.broken != nil { // a wrong setting is never a reason to skip
		t.Fatal(server.broken)
	}
	admin, err := sql.Open(postgresDriver, server.dsn)
	require.NoError(t, err)
	admin.SetMaxIdleConns(0) // the connection would be idle for the whole test

	schema := "testdb_" + strings.ToLower(rand.Text())
	_, err = admin.Exec("CREATE SCHEMA " + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := dropSchema(admin, schema); err != nil {
			t.Errorf("drop schema %s: %v", schema, err)
		}
	})
	return withParameters(server.dsn, schema), nil
}

// dropSchema also ends the connections that a failed test has left behind: their locks would let it wait forever.
func dropSchema(admin *sql.DB, schema string) error {
	_, terminate := admin.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1", schema)
	_, drop := admin.Exec("DROP SCHEMA " + schema + " CASCADE")
	return errors.Join(terminate, drop, admin.Close())
}

// withParameters makes the schema the only one in which names are looked up, and gives the connections its name. A DSN is
// a URL or a list of keywords and values.
func withParameters(dsn, schema string) string {
	if u, err := url.Parse(dsn); err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		query := u.Query()
		query.Set("search_path", schema)
		query.Set("application_name", schema)
		u.RawQuery = query.Encode()
		return u.String()
	}
	return fmt.Sprintf("%s search_path=%s application_name=%s", dsn, schema, schema)
}

// foundServer is the PostgreSQL server that this process uses.
type foundServer struct {
	dsn    string
	broken error            // the server was named, but does not answer
	own    *throwawayServer // kept here for the life of the process: it stops when this is collected
}

// postgresServer finds the server, once per process: the search takes time, and a server of our own should be one.
var postgresServer = sync.OnceValues(func() (foundServer, error) {
	if dsn := os.Getenv(postgresVariable); dsn != "" {
		server := foundServer{dsn: dsn}
		if err := accepts(dsn); err != nil {
			server.broken = fmt.Errorf("the server that %s names: %w", postgresVariable, err)
		}
		return server, nil
	}
	for _, dsn := range localServers() {
		if accepts(dsn) == nil {
			return foundServer{dsn: dsn}, nil
		}
	}
	own, err := startPostgres()
	if err != nil {
		return foundServer{}, fmt.Errorf("none is running here, none can be started (%w); name one in %s", err, postgresVariable)
	}
	return foundServer{dsn: own.dsn, own: own}, nil
})

// accepts tries to connect, and looks whether schemas may be created.
func accepts(dsn string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	pool, err := sql.Open(postgresDriver, dsn)
	if err != nil {
		return err
	}
	defer pool.Close()
	var allowed bool
	err = pool.QueryRowContext(ctx, "SELECT has_database_privilege(current_database(), 'CREATE')").Scan(&allowed)
	if err == nil && !allowed {
		err = errors.New("the user may not create schemas")
	}
	return err
}

// localServers lists what a server on this machine may let us in by, without a password.
func localServers() []string {
	users := []string{"postgres"}
	if current, err := user.Current(); err == nil {
		users = append([]string{current.Username}, users...)
	}
	if name := os.Getenv("PGUSER"); name != "" {
		users = append([]string{name}, users...)
	}
	var dsns []string
	for _, host := range []string{"/var/run/postgresql", "/tmp", "127.0.0.1"} {
		for _, user := range users {
			for _, database := range []string{"test", "postgres"} {
				dsns = append(dsns, localDSN(host, "5432", user, database))
			}
		}
	}
	return dsns
}

// localDSN takes a directory as host for the server's socket in it.
func localDSN(host, port, user, database string) string {
	parameters := url.Values{
		"host": {host}, "port": {port}, "user": {user}, "dbname": {database}, "sslmode": {"disable"},
	}
	return "postgres:///?" + parameters.Encode()
}
