package testdb

import (
	"database/sql"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// This room looks for what a call that failed has left behind.

// leftPatience is how long that may take to go: database/sql ends a transaction whose context has ended in a goroutine of its
// own, and a server notices late that a client was killed.
const leftPatience = 10 * time.Second

// NothingLeft fails the test unless everything that was begun has an end: no connection of db's pool is in use, and no session,
// of whatever process, has a transaction or a lock in the database. It is for after a fault, a kill or a panic, and is called by
// itself at the end of every test, for each database that the test has opened.
func NothingLeft(t testing.TB, db *gorm.DB) {
	t.Helper()
	if left := leftBy(db, leftPatience); left != "" {
		t.Fatalf("left behind: %s", left)
	}
}

// leftBy says what is left once everything had so much time to go, "" for nothing.
func leftBy(db *gorm.DB, patience time.Duration) (left string) {
	tap := tapOf(db)
	pool, err := db.DB()
	if err != nil {
		return err.Error()
	}
	return patiently(patience, func() string {
		if inUse := pool.Stats().InUse; inUse > 0 {
			return fmt.Sprintf("connections in use: %d", inUse)
		}
		left, err := tap.left()
		if err != nil {
			return err.Error()
		}
		return strings.Join(left, "; ")
	})
}

// patiently asks until nothing is left, or for long enough.
func patiently(patience time.Duration, left func() string) (last string) {
	deadline := time.Now().Add(patience)
	for pause := 100 * time.Microsecond; ; pause = min(2*pause, 100*time.Millisecond) {
		if last = left(); last == "" || time.Now().After(deadline) {
			return last
		}
		time.Sleep(pause)
	}
}

// leftInSQLite finds that some connection writes, or reads what is not in the file yet: then the write-ahead log cannot be emptied.
// One that reads the file as it is stops nobody, and is not found.
func leftInSQLite(dsn string) (left []string, err error) {
	pool, err := sql.Open(sqlite.DriverName, strings.ReplaceAll(dsn, "_busy_timeout=10000", "_busy_timeout=0"))
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	var busy, pages, moved int
	if err := pool.QueryRow("PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
		return nil, err
	}
	if busy != 0 {
		left = append(left, "a transaction in the file")
	}
	return left, nil
}

// leftInPostgres finds sessions of a test's database that are in a transaction, or have an advisory lock.
func leftInPostgres(dsn string) (left []string, err error) {
	server, err := postgresServer()
	if err != nil {
		return nil, err
	}
	rows, err := server.admin.Query(`SELECT format('session %s, %s: %s', pid, state, left(query, 200)) FROM pg_stat_activity
		WHERE application_name = $1 AND (xact_start IS NOT NULL
		 OR EXISTS (SELECT 1 FROM pg_locks WHERE pg_locks.pid = pg_stat_activity.pid AND locktype = 'advisory' AND granted))`, schemaIn(dsn))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var session string
		if err := rows.Scan(&session); err != nil {
			return nil, err
		}
		left = append(left, session)
	}
	return left, rows.Err()
}

// Sever ends all connections that are in a transaction from the other side, as a server does that goes down, or an administrator.
// It returns false where the database has no other side.
func (d *Database) Sever(t testing.TB) bool {
	t.Helper()
	if d.kind.sever == nil {
		return false
	}
	if err := d.kind.sever(d.DSN); err != nil {
		t.Fatalf("sever %s: %v", d.Name, err)
	}
	return true
}

// Main runs the tests of a package, whose TestMain it is, and then what cleans up after them. It ends the process, with a failure if
// goroutines are left when all tests have ended.
func Main(m *testing.M, cleanUp ...func()) {
	code := m.Run()
	for _, clean := range cleanUp {
		clean()
	}
	if left := patiently(leftPatience, goroutinesLeft); left != "" && code == 0 {
		fmt.Fprintln(os.Stderr, "goroutines left behind:\n\n"+left)
		code = 1
	}
	os.Exit(code)
}

// ours are goroutines that a test process has anyway: those of the pools that make schemas and databases, one for each server, and of
// signals.
var ours = []string{"database/sql.(*DB).connectionOpener(", "database/sql.(*DB).connectionCleaner(", "os/signal.", "runtime.ensureSigM"}

// servers are how many a test process makes schemas or databases on at the most.
const servers = 2

// kept are goroutines that may be there in any number: what every *gorm.DB with PrepareStmt has for the rest of the process
// (internal/lru/lru.go:80, GORM 1.31), and what each idle connection to MySQL has, those of the pool that makes databases too.
var kept = []string{"gorm.io/gorm/internal/lru.", "go-sql-driver/mysql.(*mysqlConn).startWatcher"}

// goroutinesLeft gives the stacks of goroutines that are neither this one nor ours nor kept.
func goroutinesLeft() string {
	all := make([]byte, 1<<22)
	all = all[:runtime.Stack(all, true)]
	var left []string
	own := map[string]int{}
next:
	for _, stack := range strings.Split(strings.TrimSpace(string(all)), "\n\n")[1:] {
		for _, name := range ours {
			if strings.Contains(stack, name) {
				if own[name]++; own[name] <= servers {
					continue next
				}
			}
		}
		if !slices.ContainsFunc(kept, func(name string) bool { return strings.Contains(stack, name) }) {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}
