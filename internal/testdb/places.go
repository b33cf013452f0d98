package testdb

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Test processes that run at the same time, as those of `go test ./...` do, share the connections of one server. It has a
// number of places, and a process takes one while it has databases there: so many processes as can have their fill at once.
// The others wait for their turn. A place is a lock of a session on the server, so that it is free again however the process
// ends. A process that has one may open further databases without waiting, so that no two can wait for each other.

const (
	// connectionsPerProcess is what a process uses at the most, with the tests that Go runs in parallel on a few cores.
	connectionsPerProcess = 14
	// spareConnections are left to those that wait for a place, one for each, and to others.
	spareConnections = 25
	// placesPatience is how long a process waits for a place. Afterwards it goes on without: a connection may still be free.
	placesPatience = 4 * time.Minute
	placesLock     = 0x50f7de1
	// placesTurn is, among the numbers of places, that of the lock that gives the turn to take one.
	placesTurn = -1
)

// sessionLocks are a server's locks of two numbers, which a session has until it gives them back or ends.
type sessionLocks interface {
	// connections is how many the server lets in.
	connections(ctx context.Context, session *sql.Conn) (int, error)
	// wait takes a lock, or returns after so much time without it.
	wait(ctx context.Context, session *sql.Conn, lock, number int, patience time.Duration) error
	// try takes a lock if it is free.
	try(ctx context.Context, session *sql.Conn, lock, number int) (taken bool, err error)
	release(ctx context.Context, session *sql.Conn, lock, number int) error
	releaseAll(ctx context.Context, session *sql.Conn) error
}

// placesOf is how many places a server has that lets in so many connections.
func placesOf(connections int) int {
	return max(1, (connections-spareConnections)/connectionsPerProcess)
}

// place is that of this process on a server.
type place struct {
	locks    sessionLocks
	lock     int // the first number of the locks
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
	err := p.locks.releaseAll(context.Background(), p.session)
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
		connections, err := p.locks.connections(ctx, session)
		if err != nil {
			return errors.Join(err, session.Close())
		}
		p.limit = placesOf(connections)
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
		return p.locks.release(ctx, session, p.lock, placesTurn)
	default:
		p.patience = 0 // one wait is enough for a process
		return errors.Join(p.locks.releaseAll(ctx, session), session.Close())
	}
}

// queue waits for the turn to take a place: who leaves one and wants one again at once must not be quicker than who waits.
func (p *place) queue(ctx context.Context, session *sql.Conn) (taken bool, err error) {
	if err := p.locks.wait(ctx, session, p.lock, placesTurn, p.patience); err != nil {
		return false, err
	}
	return p.takeAny(ctx, session)
}

// takeAny tries the places, beginning with any.
func (p *place) takeAny(ctx context.Context, session *sql.Conn) (taken bool, err error) {
	first := rand.N(p.limit)
	for i := range p.limit {
		taken, err = p.locks.try(ctx, session, p.lock, (first+i)%p.limit)
		if taken || err != nil {
			return taken, err
		}
	}
	return false, nil
}
