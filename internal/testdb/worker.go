package testdb

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// This room is for processes that a test starts, which are no tests themselves.

// WorkersDSN is the database's for a process that the test starts: where the database has a server, its sessions have a name of
// their own there, by which [Database.EndWorkers] finds them.
func (d *Database) WorkersDSN() string {
	name := schemaIn(d.DSN)
	if name == "" {
		return d.DSN
	}
	return strings.Replace(d.DSN, "application_name="+name, "application_name="+workersName(name), 1)
}

func workersName(schema string) string { return schema + "_worker" }

// EndWorkers ends the server's side of all that was opened by the WorkersDSN, and waits until it has ended. It tells how many
// there were, 0 where the database has no server.
func (d *Database) EndWorkers() (ended int, err error) {
	return d.workers("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1")
}

// WorkersGone waits until the server has noticed that the processes with the WorkersDSN have ended.
func (d *Database) WorkersGone() error {
	_, err := d.workers("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1")
	return err
}

// workers counts sessions until there are none, and returns the first count.
func (d *Database) workers(query string) (first int, err error) {
	if schemaIn(d.DSN) == "" {
		return 0, nil
	}
	server, err := postgresServer()
	if err != nil {
		return 0, err
	}
	first = -1
	left := patiently(6*leftPatience, func() string {
		var n int
		if err = server.admin.QueryRow(query, workersName(schemaIn(d.DSN))).Scan(&n); err != nil {
			return ""
		}
		if first < 0 {
			first = n
		}
		if n > 0 {
			return fmt.Sprintf("%d sessions of workers", n)
		}
		return ""
	})
	if left != "" {
		err = fmt.Errorf("left behind: %s", left)
	}
	return first, err
}

// OpenWorker opens, in a process that is no test, the database of that kind's name that a test has made, as [Database.Open] does.
// The caller closes the pool.
func OpenWorker(name, dsn string, options ...gorm.Option) (db *gorm.DB, pool *sql.DB, err error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return nil, nil, fmt.Errorf("there is no database %q", name)
	}
	connector, err := connectorTo(kinds[i].driver, dsn, kinds[i].full)
	if err != nil {
		return nil, nil, err
	}
	pool = openTapped(connector, func() ([]string, error) { return kinds[i].left(dsn) })
	db, err = gorm.Open(kinds[i].dialector(pool), append(options, quiet{})...)
	return db, pool, err
}
