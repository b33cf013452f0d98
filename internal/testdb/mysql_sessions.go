package testdb

import (
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// session is one of a server.
type session struct {
	id          int64
	state, text string
}

func (s session) String() string { return fmt.Sprintf("session %d, %s: %s", s.id, s.state, s.text) }

// sessions are all of a database.
func (s foundMySQL) sessions(database string) ([]session, error) {
	return s.sessionsWhere("db = ?", database)
}

func (s foundMySQL) sessionsWhere(condition string, args ...any) ([]session, error) {
	return sessionsOf(s.admin.Query("SELECT id, command, COALESCE(LEFT(info, 200), '') FROM information_schema.processlist WHERE "+condition, args...))
}

func sessionsOf(rows *sql.Rows, err error) (sessions []session, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s session
		if err := rows.Scan(&s.id, &s.state, &s.text); err != nil {
			return nil, err
		}
		sessions = append(sessions, s)
	}
	return sessions, rows.Err()
}

// leftInMySQL finds sessions of a test's database that are in a transaction or have a lock with a name.
func leftInMySQL(dsn string) ([]string, error) {
	server, database, err := mysqlOf(dsn)
	if err != nil {
		return nil, err
	}
	return server.left(database)
}

func (s foundMySQL) left(database string) (left []string, err error) {
	sessions, err := s.inTransaction(database)
	if err != nil {
		return nil, err
	}
	if s.locks != "" {
		locking, err := sessionsOf(s.admin.Query(s.locks, database, workersLock(database)+"%"))
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, locking...)
	}
	for _, session := range sessions {
		left = append(left, session.String())
	}
	return left, nil
}

// Where a server tells of locks with names: MariaDB if it has loaded a plugin, MySQL unless told not to. Those that tell a worker
// are none of its own.
const (
	locksOfMariaDB = `SELECT p.id, 'has a lock', l.table_schema FROM information_schema.metadata_lock_info l
		JOIN information_schema.processlist p ON p.id = l.thread_id
		WHERE l.lock_type = 'User lock' AND p.db = ? AND l.table_schema NOT LIKE ?`
	locksOfMySQL = `SELECT t.processlist_id, 'has a lock', l.object_name FROM performance_schema.metadata_locks l
		JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id
		WHERE l.object_type = 'USER LEVEL LOCK' AND l.lock_status = 'GRANTED' AND t.processlist_db = ? AND l.object_name NOT LIKE ?`
)

// inTransaction finds the sessions of a database that are in a transaction: one that has begun, but neither read nor written a row,
// is not known to the server as such. What the server says of its engine is asked for, as the table of transactions in
// information_schema is as old as the last time that nobody had read it for a tenth of a second.
func (s foundMySQL) inTransaction(database string) ([]session, error) {
	active, _, err := s.transactions()
	if err != nil || len(active) == 0 {
		return nil, err
	}
	sessions, err := s.sessions(database)
	return slices.DeleteFunc(sessions, func(s session) bool { return !slices.Contains(active, s.id) }), err
}

// transactions gives the numbers of the sessions that have one, and of those among them that wait for a lock of a row.
func (s foundMySQL) transactions() (active, waiting []int64, err error) {
	var engine, name, status string
	if err := s.admin.QueryRow("SHOW ENGINE INNODB STATUS").Scan(&engine, &name, &status); err != nil {
		return nil, nil, err
	}
	active, waiting = activeIn(status)
	return active, waiting, nil
}

// activeIn reads the same from a status.
func activeIn(status string) (active, waiting []int64) {
	for _, transaction := range strings.Split(status, "\n---TRANSACTION ")[1:] {
		first, rest, _ := strings.Cut(transaction, "\n")
		if strings.Contains(first, "not started") {
			continue
		}
		place := threadOfSession.FindStringSubmatchIndex(rest)
		if place == nil {
			continue
		}
		number, _ := strconv.ParseInt(rest[place[2]:place[3]], 10, 64) // the pattern has digits only
		active = append(active, number)
		if lockWait.MatchString(rest[:place[0]]) {
			waiting = append(waiting, number)
		}
	}
	return active, waiting
}

var lockWait = regexp.MustCompile(`(?m)^LOCK WAIT `)

var threadOfSession = regexp.MustCompile(`(?m)^(?:MariaDB|MySQL) thread id (\d+),`)

// waitsInMySQL looks for waits for locks of rows, of whole tables, and of those that have a name.
func waitsInMySQL(dsn string, number int64) (bool, error) {
	server, database, err := mysqlOf(dsn)
	if err != nil {
		return false, err
	}
	_, rows, err := server.transactions()
	if err != nil {
		return false, err
	}
	sessions, err := server.sessions(database)
	if err != nil {
		return false, err
	}
	others, err := server.sessionsWhere("db = ? AND (state = 'User lock' OR state LIKE 'Waiting for %lock%')", database)
	sessions = slices.DeleteFunc(sessions, func(s session) bool { return !slices.Contains(rows, s.id) })
	return slices.ContainsFunc(append(sessions, others...), func(s session) bool { return number == anySession || s.id == number }), err
}
