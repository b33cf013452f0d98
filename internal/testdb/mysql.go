package testdb

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"gorm.io/driver/mysql"
	"gorm.io/gorm"
)

// mysqlDriver is how database/sql knows the driver that gorm.io/driver/mysql brings.
const mysqlDriver = "mysql"

// mysqlKind is MySQL, and MariaDB, which GORM knows by the same name. It has no schemas: what is called so is a database there, and
// GORM's migrator looks for tables in that of the connection alone (migrator.go:338).
var mysqlKind = kind{
	rowLocks: true,
	name:     "mysql",
	driver:   mysqlDriver,
	dialector: func(pool gorm.ConnPool) gorm.Dialector {
		// A text without a size has one, as in the driver's documentation: without it, it could be in no index.
		return mysql.New(mysql.Config{Conn: pool, DefaultStringSize: 191})
	},
	connections:  12, // more than the busiest test's workers
	schema:       schemaSQL{create: "CREATE SCHEMA ", drop: "DROP SCHEMA "},
	full:         mysqlIsFull,
	create:       createMySQLDatabase,
	left:         leftInMySQL,
	sever:        severMySQL,
	workersDSN:   workersDSNOfMySQL,
	workers:      workersInMySQL,
	session:      "SELECT CONNECTION_ID()",
	waits:        waitsInMySQL,
	empty:        emptyBetween("SET FOREIGN_KEY_CHECKS = 0", "SET FOREIGN_KEY_CHECKS = 1"),
	lettered:     letteredInMySQL,
	reads:        readsInMySQL,
	writesAlone:  true,
	locksAllRead: true,
	onlyChanged:  true,
	about:        aboutMySQL,
	collects:     true,
}

// MySQL returns a fresh database on a server of MySQL or MariaDB, or skips the test if there is none.
func MySQL(t testing.TB) *Database {
	t.Helper()
	return mysqlKind.new(t)
}

// The driver prints each connection that was ended from outside, as tests do on purpose. The caller gets an error for it anyway.
func init() {
	if err := driver.SetLogger(&driver.NopLogger{}); err != nil {
		panic(err)
	}
}

// The server's numbers of errors.
const (
	tooManyConnections       = 1040
	noSuchThread             = 1094
	syntaxError              = 1064
	tooManyOfUser            = 1203
	beyondLimitOfUser        = 1226
	connectionsAreTheLimited = "max_user_connections"
)

// hasNumber tells whether an error is the server's with one of these numbers.
func hasNumber(err error, numbers ...uint16) bool {
	var refusal *driver.MySQLError
	if !errors.As(err, &refusal) {
		return false
	}
	for _, number := range numbers {
		if refusal.Number == number {
			return true
		}
	}
	return false
}

// mysqlIsFull is true for the error of a server that has no connection left, for all or for this user.
func mysqlIsFull(err error) bool {
	return hasNumber(err, tooManyConnections, tooManyOfUser) ||
		hasNumber(err, beyondLimitOfUser) && strings.Contains(err.Error(), connectionsAreTheLimited)
}

// createMySQLDatabase makes a database with a new name, which takes less than a millisecond, and returns its DSN.
func createMySQLDatabase(t testing.TB) (string, error) {
	t.Helper()
	server, err := mysqlServer()
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
	return server.create(t), nil
}

// create makes a database that lasts as long as the test.
func (s foundMySQL) create(t testing.TB) (dsn string) {
	name := "testdb_" + strings.ToLower(rand.Text())
	_, err := s.admin.Exec("CREATE DATABASE " + name + " CHARACTER SET utf8mb4")
	require.NoError(t, err)
	t.Cleanup(func() {
		if err := s.drop(name); err != nil {
			t.Errorf("drop database %s: %v", name, err)
		}
	})
	dsn, err = mysqlDSN(s.dsn, name)
	require.NoError(t, err)
	return dsn
}

// mysqlDSN is that of a database on the server of another DSN, as applications should open it: with times, which are UTC, and with
// all of Unicode. The isolation of transactions is the server's.
func mysqlDSN(server, database string) (string, error) {
	config, err := driver.ParseDSN(server)
	if err != nil {
		return "", err
	}
	config.DBName, config.ParseTime, config.Loc = database, true, time.UTC
	if config.Params == nil {
		config.Params = map[string]string{}
	}
	config.Params["charset"] = "utf8mb4"
	return config.FormatDSN(), nil
}

// Set is the same database of MySQL over connections whose DSN has these parameters too, as "a=b&c=d", or instead of its own.
func (d *Database) Set(parameters string) *Database {
	set := *d
	if parameters != "" {
		set.DSN += "&" + parameters
	}
	return &set
}

// databaseIn is the database of a DSN.
func databaseIn(dsn string) (string, error) {
	config, err := driver.ParseDSN(dsn)
	if err != nil {
		return "", err
	}
	return config.DBName, nil
}

// mysqlOf finds the server and the database of a test's DSN.
func mysqlOf(dsn string) (foundMySQL, string, error) {
	server, err := mysqlServer()
	database, wrong := databaseIn(dsn)
	return server, database, cmp.Or(err, wrong)
}

// drop also ends the connections that a failed test has left behind: their locks would let it wait for a day.
func (s foundMySQL) drop(database string) error {
	sessions, err := s.sessions(database)
	err = errors.Join(err, s.kill(sessions))
	_, drop := s.admin.Exec("DROP DATABASE " + database)
	return errors.Join(err, drop)
}

// severMySQL ends the sessions of a DSN's database that are in a transaction, and waits until they have ended.
func severMySQL(dsn string) error {
	server, database, err := mysqlOf(dsn)
	if err != nil {
		return err
	}
	return server.sever(database)
}

func (s foundMySQL) sever(database string) error {
	var err error
	left := patiently(leftPatience, func() string {
		var sessions []session
		sessions, err = s.inTransaction(database)
		if err != nil || len(sessions) == 0 {
			return ""
		}
		err = s.kill(sessions)
		return "sessions"
	})
	if left != "" {
		err = errors.Join(err, errors.New("sessions do not end"))
	}
	return err
}

// kill ends sessions, those aside that have ended meanwhile.
func (s foundMySQL) kill(sessions []session) (err error) {
	for _, session := range sessions {
		if _, refused := s.admin.Exec(fmt.Sprintf("KILL CONNECTION %d", session.id)); !hasNumber(refused, noSuchThread) {
			err = errors.Join(err, refused)
		}
	}
	return err
}

// workersDSNOfMySQL lets each session take a lock that is named for the database and the session: the server knows nothing else
// of a session that a DSN may say and another session may ask for.
func workersDSNOfMySQL(dsn string) string {
	database, err := databaseIn(dsn)
	if err != nil {
		panic("testdb: " + err.Error())
	}
	lock := fmt.Sprintf("GET_LOCK(CONCAT('%s', CONNECTION_ID()), 0)", workersLock(database))
	return dsn + "&@worker=" + url.QueryEscape(lock)
}

func workersLock(database string) string { return database + "_worker_" }

// workersInMySQL counts the sessions of workers in a DSN's database, and ends them if it shall.
func workersInMySQL(dsn string, end bool) (n int, err error) {
	server, database, err := mysqlOf(dsn)
	if err != nil {
		return 0, err
	}
	workers, err := server.sessionsWhere("db = ? AND IS_USED_LOCK(CONCAT(?, id)) = id", database, workersLock(database))
	if err == nil && end {
		err = server.kill(workers)
	}
	return len(workers), err
}
