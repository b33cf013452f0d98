// Package testdb opens databases for tests. Every test gets one of its own, empty at the start and gone at the end:
//
//	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
//		db := database.Open(t)
//		recorder := testdb.Record(db)
//		faults := testdb.Inject(db)
//		…
//	})
//
// All statements of such a *gorm.DB pass a tap between database/sql and the driver, where a [Recorder] keeps them and
// [Faults] fails them on command. [NothingLeft] looks for what a call that failed has left behind; every test ends with it.
//
// SQLite is always there. PostgreSQL is looked for once per process, in this order: the server that the environment
// variable SOFTDELETE_POSTGRES_DSN names; a server on this machine's port 5432 that lets us in without a password; a
// server started from installed programs, which ends with the process. Without any, its tests are skipped, unless
// SOFTDELETE_REQUIRE, a list separated by commas, contains "postgres": then they fail. This says what a run would have:
//
//	go run ./internal/testdb/databases
//
// MySQL, or MariaDB, is looked for in the same way, by SOFTDELETE_MYSQL_DSN in the form of github.com/go-sql-driver/mysql and on
// port 3306; its name is "mysql". The user makes databases and sees the sessions of others. SOFTDELETE_MYSQL_STATEMENTS names a file
// for what is sent to it.
//
// SOFTDELETE_DATABASES, a list too, leaves out what is not in it.
//
// Tests are thorough where SOFTDELETE_LONG is set; see [Long].
//
// Any number of test processes may run at the same time: they take turns at a server that has too few connections for all.
package testdb

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// databasesVariable names the environment variable with the databases that tests run on, all without it.
const databasesVariable = "SOFTDELETE_DATABASES"

// requireVariable names the environment variable with the databases that must not be skipped.
const requireVariable = "SOFTDELETE_REQUIRE"

// kind is a database product.
type kind struct {
	name     string
	driver   string // as database/sql knows it
	rowLocks bool   // several transactions write at once
	schemas  bool   // GORM's migrator reaches tables in schemas
	// schema is how one is made beside that of the database.
	schema schemaSQL
	// connections is how many a pool may have at the most; 0 means any number.
	connections int
	// full tells whether a connection was refused because there are too many; nil if that does not happen.
	full      func(error) bool
	dialector func(pool gorm.ConnPool) gorm.Dialector
	// about says which version it is and where it was found. It returns an error where create does.
	about func() (string, error)
	// create makes an empty database that lasts as long as the test, and returns its DSN. It returns an error if there is
	// no server on this machine; anything else that goes wrong ends the test.
	create func(t testing.TB) (dsn string, err error)
	// left lists what is open in the database: transactions, and locks of sessions.
	left func(dsn string) ([]string, error)
	// sever ends all connections in a transaction from the server's side; nil where there is none.
	sever func(dsn string) error
	// workersDSN is a DSN whose sessions can be told from those of another, workers counts them and may end them; nil where there
	// is no server.
	workersDSN func(dsn string) string
	workers    func(dsn string, end bool) (int, error)
	// session asks for the number of a session, and waits tells whether the session with a number, or anySession of the database,
	// waits for a lock; nil where there is no server.
	session string
	waits   func(dsn string, session int64) (bool, error)
	// empty are the statements, for one session, that remove all rows of tables that refer to each other.
	empty func(tables []string) []string
	// writesAlone is true where a write does not begin with WITH.
	writesAlone bool
	// locksAllRead is true where a statement locks all rows that it reads to find those that it writes.
	locksAllRead bool
	// reads is how many rows the session of db has read; nil where it does not count them.
	reads func(db *gorm.DB) (int64, error)
	// lettered makes all texts of a table differ where a letter does; nil where they do anyway.
	lettered func(db *gorm.DB, table string) error
	// onlyChanged is true where an UPDATE does not count rows that stay as they are.
	onlyChanged bool
	// collects is true where statements are written to the file of [statementsVariable].
	collects bool
}

// kinds are the databases that there are. A new one is a file beside sqlite.go and a name here.
var kinds = []kind{sqliteKind, postgresKind, mysqlKind}

// chosen are those that [Each] runs on.
func chosen(list string) []kind {
	if list == "" {
		return kinds
	}
	return slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return !required(k.name, list) })
}

// kindOf finds a database by its name.
func kindOf(name string) (kind, bool) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return kind{}, false
	}
	return kinds[i], true
}

// Database is an empty database that belongs to one test.
type Database struct {
	// Name is "sqlite", "postgres" or "mysql".
	Name string
	// DSN opens the database without this package: nothing is recorded, nothing fails on command.
	DSN string

	kind kind
}

// Each runs a test once per database, as a subtest with its name, on a database of its own. A database that this machine
// does not have is skipped.
func Each(t *testing.T, run func(t *testing.T, database *Database)) {
	t.Helper()
	eachThat(t, func(kind) bool { return true }, run)
}

// Running are the names of the databases that [Each] runs on.
func Running() (names []string) {
	for _, k := range chosen(os.Getenv(databasesVariable)) {
		names = append(names, k.name)
	}
	return names
}

// EachWithRowLocks runs a test as [Each] does, on the databases in which several transactions write at once.
func EachWithRowLocks(t *testing.T, run func(t *testing.T, database *Database)) {
	t.Helper()
	eachThat(t, func(k kind) bool { return k.rowLocks }, run)
}

// EachWithSchemas runs a test as [Each] does, on the databases whose schemas GORM's migrator reaches: not on SQLite, where
// it does not see attached databases.
func EachWithSchemas(t *testing.T, run func(t *testing.T, database *Database)) {
	t.Helper()
	eachThat(t, func(k kind) bool { return k.schemas }, run)
}

// EachOf runs a test as [Each] does, on the databases that have what it is about.
func EachOf(t *testing.T, about Only, run func(t *testing.T, database *Database)) {
	t.Helper()
	for _, name := range about.databases {
		if _, ok := kindOf(name); !ok {
			t.Fatalf("there is no database %q, which has this: %s", name, about.because)
		}
	}
	eachThat(t, func(k kind) bool { return about.databases == nil || slices.Contains(about.databases, k.name) }, run)
}

func eachThat(t *testing.T, wanted func(kind) bool, run func(t *testing.T, database *Database)) {
	t.Helper()
	for _, kind := range chosen(os.Getenv(databasesVariable)) {
		if wanted(kind) {
			t.Run(kind.name, func(t *testing.T) { run(t, kind.new(t)) })
		}
	}
}

func (k kind) new(t testing.TB) *Database {
	t.Helper()
	dsn, err := k.create(t)
	if err != nil {
		Missing(t, k.name, err)
	}
	return &Database{Name: k.name, DSN: dsn, kind: k}
}

// Missing skips a test that needs what this machine does not have, a database or another thing with a name, or fails it if
// SOFTDELETE_REQUIRE has the name.
func Missing(t testing.TB, name string, why error) {
	t.Helper()
	if required(name, os.Getenv(requireVariable)) {
		t.Fatalf("%s requires %s: %v", requireVariable, name, why)
	}
	t.Skipf("no %s: %v", name, why)
}

// Found says of each database which version it is and where it was found, or that it is not here and what becomes of its
// tests. An error is one of a database that must be here.
func Found() (lines []string, err error) {
	return found(kinds)
}

func found(kinds []kind) (lines []string, err error) {
	for _, k := range kinds {
		about, missing := k.about()
		switch {
		case missing == nil:
		case required(k.name, os.Getenv(requireVariable)):
			about = "its tests fail: " + missing.Error()
			err = errors.Join(err, fmt.Errorf("%s requires %s: %w", requireVariable, k.name, missing))
		default:
			about = "its tests are skipped: " + missing.Error()
		}
		lines = append(lines, k.name+": "+about)
	}
	return lines, err
}

// required tells whether a list separated by commas contains the name.
func required(name, list string) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(item string) bool { return strings.TrimSpace(item) == name })
}

// Open returns a new *gorm.DB on the database, with a connection pool of its own, which is closed when t ends. It logs
// nothing unless an option sets a logger. A *gorm.Config is copied, so the same one may open several.
func (d *Database) Open(t testing.TB, options ...gorm.Option) *gorm.DB {
	t.Helper()
	pool, err := d.kind.openPool(d.DSN)
	require.NoError(t, err)
	if d.kind.connections > 0 {
		pool.SetMaxOpenConns(d.kind.connections)
		pool.SetMaxIdleConns(d.kind.connections)
	}
	var db *gorm.DB
	t.Cleanup(func() {
		if db != nil && !t.Failed() {
			if left := leftBy(db, leftPatience); left != "" {
				t.Errorf("left behind: %s", left)
			}
		}
		if err := pool.Close(); err != nil {
			t.Errorf("close %s: %v", d.Name, err)
		}
	})

	var all []gorm.Option
	for _, option := range options {
		if config, ok := option.(*gorm.Config); ok && config != nil {
			copied := *config
			option = &copied
		}
		all = append(all, option)
	}
	db, err = gorm.Open(d.kind.dialector(pool), append(all, quiet{})...)
	require.NoError(t, err)
	return db
}

// openPool opens a pool with a tap. It does not connect yet.
func (k kind) openPool(dsn string) (*sql.DB, error) {
	connector, err := connectorTo(k.driver, dsn, k.full)
	if err != nil {
		return nil, err
	}
	tap := &tap{left: func() ([]string, error) { return k.left(dsn) }}
	if k.collects {
		tap.collect = collector()
	}
	return openTapped(connector, tap), nil
}

// quiet is a gorm.Option that replaces GORM's default logger, which prints.
type quiet struct{}

func (quiet) Apply(config *gorm.Config) error {
	if config.Logger == nil {
		config.Logger = logger.Discard
	}
	return nil
}

func (quiet) AfterInitialize(*gorm.DB) error { return nil }
