package testdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Test processes that run at the same time, as those of `go test ./...` do, share the connections of one server. It has a
// number of places, and a process takes one while it has databases there: so many processes as can have their fill at once.
// The others wait for their turn. A place is an advisory lock of the server's, so that it is free again however the process
// ends. A process that has one may open further databases without waiting, so that no two can wait for each other.

const (
	// connectionsPerProcess is what a process uses at the most, with the tests that Go runs in parallel on a few cores.
	connectionsPerProcess = 14
	// spareConnections are left to those that wait for a place, one for each, and to others.
	spareConnections = 25
	// placesPatience is how long a process waits for a place. Afterwards it goes on without: a connection may still be free.
	placesPatience = 4 * time.Minute
	placesLock     = 0x50f7de1
	// placesTurn is the second half of the key of the lock that gives the turn to take a place.
	placesTurn = -1
)

// placesOf is how many places a server has that lets in so many connections.
func placesOf(connections int) int {
	return max(1, (connections-spareConnections)/connectionsPerProcess)
}

// place is that of this process on a server.
type place struct {
	lock     int // the first half of the locks' keys
	limit    int // how many places there are; 0 means what fits
	patience time.Duration

	mu        sync.Mutex // guards the rest
	databases int
	session   *sql.Conn // holds the lock; nil without a place
}

// enter takes a place, unless the process has one.
func (p *place) enter(server *sql.DB) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.databases == 0 {
		if err := p.take(server); err != nil {
			return err
		}
	}
	p.databases++
	return nil
}

// leave gives the place back when the process has no database left.
func (p *place) leave() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.databases--; p.databases > 0 || p.session == nil {
		return nil
	}
	_, err := p.session.ExecContext(context.Background(), "SELECT pg_advisory_unlock_all()")
	err = errors.Join(err, p.session.Close())
	p.session = nil
	return err
}

func (p *place) take(server *sql.DB) error {
	ctx := context.Background()
	session, err := server.Conn(ctx)
	if err != nil {
		return err
	}
	if p.limit == 0 {
		p.limit, err = placesOn(ctx, session)
		if err != nil {
			return errors.Join(err, session.Close())
		}
	}
	deadline := time.Now().Add(p.patience)
	taken, err := p.queue(ctx, session)
	for ; err == nil && !taken && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		taken, err = p.takeAny(ctx, session)
	}
	switch {
	case err != nil:
		return errors.Join(err, session.Close())
	case taken:
		p.session = session
		_, err = session.ExecContext(ctx, "SELECT pg_advisory_unlock($1, $2)", p.lock, placesTurn)
		return err
	default:
		p.patience = 0 // one wait is enough for a process
		_, err = session.ExecContext(ctx, "SELECT pg_advisory_unlock_all()")
		return errors.Join(err, session.Close())
	}
}

// queue waits for the turn to take a place: who leaves one and wants one again at once must not be quicker than who waits.
func (p *place) queue(ctx context.Context, session *sql.Conn) (taken bool, err error) {
	_, err = session.ExecContext(ctx, fmt.Sprintf("SET lock_timeout = %d", max(1, p.patience.Milliseconds())))
	if err != nil {
		return false, err
	}
	_, err = session.ExecContext(ctx, "SELECT pg_advisory_lock($1, $2)", p.lock, placesTurn)
	if _, reset := session.ExecContext(ctx, "RESET lock_timeout"); reset != nil {
		return false, errors.Join(err, reset)
	}
	if err != nil && !hasState(err, "55P03") { // which says that the wait was too long
		return false, err
	}
	return p.takeAny(ctx, session)
}

// placesOn asks a server how many places it has.
func placesOn(ctx context.Context, session *sql.Conn) (places int, err error) {
	var connections int
	err = session.QueryRowContext(ctx,
		"SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int").Scan(&connections)
	return placesOf(connections), err
}

// takeAny tries the places, beginning with any.
func (p *place) takeAny(ctx context.Context, session *sql.Conn) (taken bool, err error) {
	first := rand.N(p.limit)
	for i := range p.limit {
		err = session.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1, $2)", p.lock, (first+i)%p.limit).Scan(&taken)
		if taken || err != nil {
			return taken, err
		}
	}
	return false, nil
}
