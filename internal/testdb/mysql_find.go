package testdb

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/user"
	"sync"
	"time"
)

// mysqlVariable names the environment variable with the DSN of a MySQL or MariaDB server to use.
const mysqlVariable = "SOFTDELETE_MYSQL_DSN"

// foundMySQL is the server that this process uses.
type foundMySQL struct {
	dsn    string
	how    string           // it was found
	broken error            // the server was named, but does not answer
	own    *throwawayServer // kept here for the life of the process: it stops when this is collected
	admin  *sql.DB          // makes and drops databases
	place  *place           // of this process
	locks  string           // asks for the sessions of a database that have a lock with a name; "" where the server does not tell
}

// mysqlServer finds the server, once per process: the search takes time, and a server of our own should be one.
var mysqlServer = sync.OnceValues(func() (foundMySQL, error) {
	if dsn := os.Getenv(mysqlVariable); dsn != "" {
		server, err := newFoundMySQL(dsn, "which "+mysqlVariable+" names")
		if err != nil {
			server.broken = fmt.Errorf("the server that %s names: %w", mysqlVariable, err)
		}
		return server, nil
	}
	for _, dsn := range localMySQL() {
		if server, err := newFoundMySQL(dsn, "found on this machine"); err == nil {
			return server, nil
		}
	}
	own, err := startMySQL()
	if err != nil {
		return foundMySQL{}, fmt.Errorf("none is running here, none can be started (%w); name one in %s", err, mysqlVariable)
	}
	server, err := newFoundMySQL(own.dsn, "started for the tests")
	server.own = own
	return server, err
})

// newFoundMySQL connects, with patience only where the server is full, and looks whether the user may do what tests need.
func newFoundMySQL(dsn, how string) (foundMySQL, error) {
	s := foundMySQL{dsn: dsn, how: how}
	plain, err := mysqlDSN(dsn, "")
	if err != nil {
		return s, err
	}
	connector, err := connectorTo(mysqlDriver, plain, mysqlIsFull)
	if err != nil {
		return s, err
	}
	s.admin = sql.OpenDB(connector)
	s.admin.SetConnMaxIdleTime(time.Second)
	s.place = &place{locks: mysqlLocks{}, lock: placesLock, patience: placesPatience}
	if err := s.accepts(); err != nil {
		return s, errors.Join(err, s.admin.Close())
	}
	if s.has("SELECT 1 FROM information_schema.plugins WHERE plugin_name = 'METADATA_LOCK_INFO' AND plugin_status = 'ACTIVE'") {
		s.locks = locksOfMariaDB
	} else if s.has("SELECT 1 FROM performance_schema.setup_instruments WHERE name = 'wait/lock/metadata/sql/mdl' AND enabled = 'YES'") {
		s.locks = locksOfMySQL
	}
	return s, nil
}

// has tells whether a query gives a row.
func (s foundMySQL) has(query string) bool {
	var one int
	return s.admin.QueryRow(query).Scan(&one) == nil
}

// accepts makes and drops a database, and asks for the sessions of all users.
func (s foundMySQL) accepts() error {
	const name = "testdb_accepts"
	_, create := s.admin.Exec("CREATE DATABASE IF NOT EXISTS " + name)
	_, drop := s.admin.Exec("DROP DATABASE IF EXISTS " + name)
	_, look := s.inTransaction(name)
	return cmp.Or(create, drop, look)
}

// aboutMySQL never shows the DSN, which may have a password.
func aboutMySQL() (string, error) {
	server, err := mysqlServer()
	if err = cmp.Or(err, server.broken); err != nil {
		return "", err
	}
	var product, version, host string
	var port int
	err = server.admin.QueryRow(`SELECT IF(VERSION() LIKE '%MariaDB%', 'MariaDB', 'MySQL'), SUBSTRING_INDEX(VERSION(), '-', 1), @@hostname, @@port`).
		Scan(&product, &version, &host, &port)
	about := fmt.Sprintf("%s %s, %s: %s, port %d", product, version, server.how, host, port)
	if server.locks == "" {
		about += "; locks of sessions are not seen there: it has neither the plugin metadata_lock_info nor performance_schema"
	}
	return about, err
}

// localMySQL lists what a server on this machine may let us in by, without a password.
func localMySQL() (dsns []string) {
	users := []string{"root", "mysql"}
	if current, err := user.Current(); err == nil && current.Username != "root" {
		users = append([]string{current.Username}, users...)
	}
	for _, address := range []string{
		"unix(/run/mysqld/mysqld.sock)", "unix(/var/lib/mysql/mysql.sock)", "unix(/tmp/mysql.sock)", "tcp(127.0.0.1:3306)",
	} {
		for _, user := range users {
			dsns = append(dsns, user+"@"+address+"/")
		}
	}
	return dsns
}
