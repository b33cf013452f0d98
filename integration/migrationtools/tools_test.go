package migrationtools_test

import (
	"database/sql"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"testing/fstest"

	mysqldriver "github.com/go-sql-driver/mysql"
	"github.com/golang-migrate/migrate/v4"
	migratedatabase "github.com/golang-migrate/migrate/v4/database"
	"github.com/golang-migrate/migrate/v4/database/mysql"
	"github.com/golang-migrate/migrate/v4/database/pgx/v5"
	"github.com/golang-migrate/migrate/v4/database/postgres"
	"github.com/golang-migrate/migrate/v4/database/sqlite3"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	pgxv5 "github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// tool runs a script of a format.
type tool struct {
	name   string
	format softdelete.ScriptFormat
	run    func(t *testing.T, database *testdb.Database, script string) error
}

// toolsOf are those that a database has.
func toolsOf(database string) []tool {
	tools := []tool{{"the driver", softdelete.ScriptPlain, runPlain}, {"goose", softdelete.ScriptGoose, runGoose}}
	if database == "postgres" {
		return append(tools, tool{"psql", softdelete.ScriptPlain, runPsql},
			tool{"golang-migrate with pgx", softdelete.ScriptGolangMigrate, runMigrate(func(pool *sql.DB) (migratedatabase.Driver, error) {
				return pgx.WithInstance(pool, &pgx.Config{})
			})},
			tool{"golang-migrate with pq", softdelete.ScriptGolangMigrate, runMigrate(func(pool *sql.DB) (migratedatabase.Driver, error) {
				return postgres.WithInstance(pool, &postgres.Config{})
			})})
	}
	if database == "mysql" { // its shell is not among them: it reads no triggers
		return append(tools, tool{"golang-migrate", softdelete.ScriptGolangMigrate, runMigrateMySQL})
	}
	return append(tools, tool{"sqlite3", softdelete.ScriptPlain, runShell},
		tool{"golang-migrate outside of a transaction", softdelete.ScriptGolangMigrate, runMigrate(func(pool *sql.DB) (migratedatabase.Driver, error) {
			return sqlite3.WithInstance(pool, &sqlite3.Config{NoTxWrap: true})
		})},
		tool{"golang-migrate in a transaction, foreign keys off", softdelete.ScriptGolangMigrate, func(t *testing.T, database *testdb.Database, script string) error {
			off := *database
			off.DSN = strings.ReplaceAll(off.DSN, "_foreign_keys=on", "_foreign_keys=off")
			return runMigrate(inTransaction)(t, &off, script)
		}})
}

func inTransaction(pool *sql.DB) (migratedatabase.Driver, error) {
	return sqlite3.WithInstance(pool, &sqlite3.Config{})
}

// pool opens a database without anything of the plugin's or GORM's.
func pool(t *testing.T, database *testdb.Database) *sql.DB {
	t.Helper()
	driver := map[string]string{"sqlite": "sqlite3", "postgres": "pgx", "mysql": "mysql"}[database.Name]
	opened, err := sql.Open(driver, database.DSN)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	return opened
}

// runPlain sends the whole text as one.
func runPlain(t *testing.T, database *testdb.Database, script string) error {
	if database.Name == "mysql" {
		database = database.Set("multiStatements=true")
	}
	_, err := pool(t, database).ExecContext(t.Context(), script)
	return err
}

func runMigrateMySQL(t *testing.T, database *testdb.Database, script string) error {
	return runMigrate(func(pool *sql.DB) (migratedatabase.Driver, error) {
		return mysql.WithInstance(pool, &mysql.Config{})
	})(t, database.Set("multiStatements=true"), script)
}

func runPsql(t *testing.T, database *testdb.Database, script string) error {
	config, err := pgxv5.ParseConfig(database.DSN)
	require.NoError(t, err)
	if _, err := exec.LookPath("psql"); err != nil {
		return runStatements(t, database, script)
	}
	command := exec.CommandContext(t.Context(), "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1")
	command.Env = append(os.Environ(), "PGHOST="+config.Host, fmt.Sprintf("PGPORT=%d", config.Port), "PGUSER="+config.User,
		"PGPASSWORD="+config.Password, "PGDATABASE="+config.Database, "PGOPTIONS=-c search_path="+config.RuntimeParams["search_path"])
	return runCommand(t, command, script)
}

// runStatements sends what psql would, where it is not installed: each statement that stands on lines of its own.
func runStatements(t *testing.T, database *testdb.Database, script string) error {
	conn, err := pool(t, database).Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	before, rest, found := strings.Cut(script, "CREATE UNIQUE INDEX CONCURRENTLY")
	parts := []string{before}
	if found {
		parts = append(parts, "CREATE UNIQUE INDEX CONCURRENTLY"+rest)
	}
	for _, part := range parts {
		if _, err := conn.ExecContext(t.Context(), part); err != nil {
			return err
		}
	}
	return nil
}

func runShell(t *testing.T, database *testdb.Database, script string) error {
	if _, err := exec.LookPath("sqlite3"); err != nil {
		return runPlain(t, database, script)
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(database.DSN, "file:"), "?")
	return runCommand(t, exec.CommandContext(t.Context(), "sqlite3", "-bail", "-cmd", "PRAGMA foreign_keys = ON", strings.Replace(path, "///", "/", 1)), script)
}

// mysqlShell is the program that MySQL brings, and MariaDB by both names; "" if there is none.
func mysqlShell() string {
	for _, name := range []string{"mysql", "mariadb"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// runMySQLShell sends what the shell would, where it is not installed: MySQL reads what its driver sends as one, too.
func runMySQLShell(t *testing.T, database *testdb.Database, script string) error {
	shell := mysqlShell()
	if shell == "" {
		return runPlain(t, database, script)
	}
	config, err := mysqldriver.ParseDSN(database.DSN)
	require.NoError(t, err)
	arguments := []string{"--no-defaults", "--batch", "--default-character-set=utf8mb4", "--user=" + config.User}
	if config.Net == "unix" {
		arguments = append(arguments, "--socket="+config.Addr)
	} else {
		host, port, err := net.SplitHostPort(config.Addr)
		require.NoError(t, err)
		arguments = append(arguments, "--protocol=tcp", "--host="+host, "--port="+port)
	}
	command := exec.CommandContext(t.Context(), shell, append(arguments, config.DBName)...)
	command.Env = append(os.Environ(), "MYSQL_PWD="+config.Passwd)
	return runCommand(t, command, script)
}

func runCommand(t *testing.T, command *exec.Cmd, script string) error {
	t.Helper()
	command.Stdin = strings.NewReader(script)
	output, err := command.CombinedOutput()
	t.Logf("%s", output)
	return err
}

func runGoose(t *testing.T, database *testdb.Database, script string) error {
	dialect := map[string]goose.Dialect{"sqlite": goose.DialectSQLite3, "postgres": goose.DialectPostgres, "mysql": goose.DialectMySQL}[database.Name]
	files := fstest.MapFS{"00001_softdelete.sql": {Data: []byte(script)}}
	provider, err := goose.NewProvider(dialect, pool(t, database), files)
	require.NoError(t, err)
	_, err = provider.Up(t.Context())
	return err
}

func runMigrate(open func(pool *sql.DB) (migratedatabase.Driver, error)) func(t *testing.T, database *testdb.Database, script string) error {
	return func(t *testing.T, database *testdb.Database, script string) error {
		t.Helper()
		files, err := iofs.New(fstest.MapFS{"1_softdelete.up.sql": {Data: []byte(script)}}, ".")
		require.NoError(t, err)
		driver, err := open(pool(t, database))
		require.NoError(t, err)
		m, err := migrate.NewWithInstance("files", files, database.Name, driver)
		require.NoError(t, err)
		err = m.Up()
		var closer io.Closer = driver
		require.NoError(t, closer.Close())
		return err
	}
}
