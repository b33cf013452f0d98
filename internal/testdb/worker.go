package testdb

import (
	"database/sql"
	"fmt"

	"gorm.io/gorm"
)

// This room is for processes that a test starts, which are no tests themselves.

// WorkersDSN is the database's for a process that the test starts: where the database has a server, its sessions can be told from
// others there, and [Database.EndWorkers] finds them.
func (d *Database) WorkersDSN() string {
	if d.kind.workersDSN == nil {
		return d.DSN
	}
	return d.kind.workersDSN(d.DSN)
}

// EndWorkers ends the server's side of all that was opened by the WorkersDSN, and waits until it has ended. It tells how many
// there were, 0 where the database has no server.
func (d *Database) EndWorkers() (ended int, err error) { return d.workers(true) }

// WorkersGone waits until the server has noticed that the processes with the WorkersDSN have ended.
func (d *Database) WorkersGone() error {
	_, err := d.workers(false)
	return err
}

// workers counts sessions until there are none, and returns the first count.
func (d *Database) workers(end bool) (first int, err error) {
	if d.kind.workers == nil {
		return 0, nil
	}
	first = -1
	left := patiently(6*leftPatience, func() string {
		var n int
		if n, err = d.kind.workers(d.DSN, end); err != nil {
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
	k, ok := kindOf(name)
	if !ok {
		return nil, nil, fmt.Errorf("there is no database %q", name)
	}
	pool, err = k.openPool(dsn)
	if err != nil {
		return nil, nil, err
	}
	db, err = gorm.Open(k.dialector(pool), append(options, quiet{})...)
	return db, pool, err
}
