package testdb

import (
	"cmp"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/user"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	schema:   schemaSQL{create: "CREATE SCHEMA ", drop: "DROP SCHEMA ", with: " CASCADE"},
	name:     "postgres",
	driver:   postgresDriver,
	dialector: func(pool gorm.ConnPool) gorm.Dialector {
		return postgres.New(postgres.Config{Conn: pool})
	},
	connections: 12, // more than the busiest test's workers
	full:        isFull,
	create:      createSchema,
	left:        leftInPostgres,
	sever:       severPostgres,
	workersDSN:  workersDSNOfPostgres,
	workers:     workersInPostgres,
	session:     "SELECT pg_backend_pid()",
	waits:       waitsInPostgres,
	empty:       emptyPostgres,
	reads:       readsInPostgres,
	about:       aboutPostgres,
}

// Postgres returns a fresh schema on a PostgreSQL server, or skips the test if there is none.
func Postgres(t testing.TB) *Database {
	t.Helper()
	return postgresKind.new(t)
}

// isFull is true for the error of a server that has no connection left.
func isFull(err error) bool { return hasState(err, "53300") }

// hasState tells whether an error is the server's with a code.
func hasState(err error, code string) bool {
	var refusal interface{ SQLState() string }
	return errors.As(err, &refusal) && refusal.SQLState() == code
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
	require.NoError(t, server.place.enter(server.admin))
	t.Cleanup(func() {
		if err := server.place.leave(); err != nil {
			t.Errorf("leave the server: %v", err)
		}
	})

	schema := "testdb_" + strings.ToLower(rand.Text())
	_, err = server.admin.Exec("CREATE SCHEMA " + schema)
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := dropSchema(server.admin, schema); err != nil {
			t.Errorf("drop schema %s: %v", schema, err)
		}
		sweep(server.admin)
	})
	return withParameters(server.dsn, map[string]string{
		"search_path":        schema,
		"application_name":   schema,
		"synchronous_commit": "off", // a commit need not wait for the disk
		"jit":                "off", // compiling a plan takes longer than all the rest
	}), nil
}

// dropped counts the schemas that this process has dropped.
var dropped atomic.Int64

// sweep gives back, now and then, what dropped schemas have left in the catalogue. A server that does not do it by itself would read more
// of it with each test. One that may not be swept stays as it is.
func sweep(admin *sql.DB) {
	const now = 40
	if dropped.Add(1)%now == 0 {
		_, _ = admin.Exec("VACUUM (SKIP_LOCKED, TRUNCATE false) pg_attribute, pg_class, pg_depend, pg_index, pg_type, pg_constraint, pg_trigger, " +
			"pg_proc, pg_statistic, pg_attrdef, pg_shdepend, pg_description")
	}
}

// schemaIn finds in a DSN of createSchema's the schema that it is of.
func schemaIn(dsn string) string { return schemaName.FindString(dsn) }

var schemaName = regexp.MustCompile(`testdb_[0-9a-z]+`)

// severPostgres ends the sessions of a schema's DSN that are in a transaction, and waits until they have ended. One that is idle has a
// transaction of the server's for a moment, when it learns of what others have changed in the catalog (sinval.c, ProcessCatchupInterrupt).
func severPostgres(dsn string) error {
	server, err := postgresServer()
	if err != nil {
		return err
	}
	left := patiently(leftPatience, func() string {
		var ended int
		err = server.admin.QueryRow("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND xact_start IS NOT NULL AND state <> 'idle'", schemaIn(dsn)).Scan(&ended)
		if err != nil || ended == 0 {
			return ""
		}
		return "sessions"
	})
	if left != "" {
		err = errors.New("sessions do not end")
	}
	return err
}

// workersDSNOfPostgres gives the sessions a name of their own.
func workersDSNOfPostgres(dsn string) string {
	name := schemaIn(dsn)
	return strings.Replace(dsn, "application_name="+name, "application_name="+workersName(name), 1)
}

func workersName(schema string) string { return schema + "_worker" }

// workersInPostgres counts the sessions of workers in a schema's DSN, and ends them if it shall.
func workersInPostgres(dsn string, end bool) (n int, err error) {
	server, err := postgresServer()
	if err != nil {
		return 0, err
	}
	counted := "*"
	if end {
		counted = "pg_terminate_backend(pid)"
	}
	err = server.admin.QueryRow("SELECT count("+counted+") FROM pg_stat_activity WHERE application_name = $1", workersName(schemaIn(dsn))).Scan(&n)
	return n, err
}

// waitsInPostgres looks at one session by its number, as it takes time to find whom a session waits for.
func waitsInPostgres(dsn string, session int64) (waits bool, err error) {
	server, err := postgresServer()
	if err != nil {
		return false, err
	}
	if session != anySession {
		err = server.admin.QueryRow("SELECT cardinality(pg_blocking_pids($1)) > 0", session).Scan(&waits)
		return waits, err
	}
	err = server.admin.QueryRow(`SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name IN ($1, $2)
		AND wait_event_type = 'Lock' AND cardinality(pg_blocking_pids(pid)) > 0)`, schemaIn(dsn), workersName(schemaIn(dsn))).Scan(&waits)
	return waits, err
}

// dropSchema also ends the connections that a failed test has left behind, its workers' too: their locks would let it wait forever.
func dropSchema(admin *sql.DB, schema string) error {
	_, terminate := admin.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name IN ($1, $2)", schema, workersName(schema))
	_, drop := admin.Exec("DROP SCHEMA " + schema + " CASCADE")
	return errors.Join(terminate, drop)
}

// withParameters sets parameters of the connections. A DSN is a URL or a list of keywords and values.
func withParameters(dsn string, parameters map[string]string) string {
	names := slices.Sorted(maps.Keys(parameters))
	if u, err := url.Parse(dsn); err == nil && (u.Scheme == "postgres" || u.Scheme == "postgresql") {
		query := u.Query()
		for _, name := range names {
			query.Set(name, parameters[name])
		}
		u.RawQuery = query.Encode()
		return u.String()
	}
	for _, name := range names {
		dsn += " " + name + "=" + parameters[name]
	}
	return dsn
}

// foundServer is the PostgreSQL server that this process uses.
type foundServer struct {
	dsn    string
	how    string           // it was found
	broken error            // the server was named, but does not answer
	own    *throwawayServer // kept here for the life of the process: it stops when this is collected
	admin  *sql.DB          // makes and drops schemas
	place  *place           // of this process
}

// postgresServer finds the server, once per process: the search takes time, and a server of our own should be one.
var postgresServer = sync.OnceValues(func() (foundServer, error) {
	if dsn := os.Getenv(postgresVariable); dsn != "" {
		server, err := newFoundServer(dsn, "which "+postgresVariable+" names")
		if err = cmp.Or(err, accepts(dsn)); err != nil {
			server.broken = fmt.Errorf("the server that %s names: %w", postgresVariable, err)
		}
		return server, nil
	}
	for _, dsn := range localServers() {
		if accepts(dsn) == nil {
			return newFoundServer(dsn, "found on this machine")
		}
	}
	own, err := startPostgres()
	if err != nil {
		return foundServer{}, fmt.Errorf("none is running here, none can be started (%w); name one in %s", err, postgresVariable)
	}
	server, err := newFoundServer(own.dsn, "started for the tests")
	server.own = own
	return server, err
})

// newFoundServer does not connect yet.
func newFoundServer(dsn, how string) (foundServer, error) {
	connector, err := connectorTo(postgresDriver, withParameters(dsn, map[string]string{"synchronous_commit": "off"}), isFull)
	if err != nil {
		return foundServer{}, err
	}
	admin := sql.OpenDB(connector)
	admin.SetConnMaxIdleTime(time.Second)
	return foundServer{dsn: dsn, how: how, admin: admin, place: &place{locks: postgresLocks{}, lock: placesLock, patience: placesPatience}}, nil
}

// aboutPostgres never shows the DSN, which may have a password.
func aboutPostgres() (string, error) {
	server, err := postgresServer()
	if err == nil {
		err = server.broken
	}
	if err != nil {
		return "", err
	}
	var version, database, host, port string
	err = server.admin.QueryRow(`SELECT current_setting('server_version'), current_database(),
		coalesce(host(inet_server_addr()), current_setting('unix_socket_directories')), current_setting('port')`,
	).Scan(&version, &database, &host, &port)
	return fmt.Sprintf("PostgreSQL %s, %s: database %s on %s, port %s", version, server.how, database, host, port), err
}

// accepts tries to connect, with patience only where the server is full, and looks whether schemas may be created.
func accepts(dsn string) error {
	connector, err := connectorTo(postgresDriver, withParameters(dsn, map[string]string{"connect_timeout": "10"}), isFull)
	if err != nil {
		return err
	}
	pool := sql.OpenDB(connector)
	defer pool.Close()
	var allowed bool
	err = pool.QueryRow("SELECT has_database_privilege(current_database(), 'CREATE')").Scan(&allowed)
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
