package purge

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the lease by which one janitor of a fleet purges at a time.

// lease is the right to purge.
type lease interface {
	// renew fails where the lease is lost.
	renew(ctx context.Context) error
	giveBack(ctx context.Context) error
}

// takeLease asks for the right to purge; ours is false where another has it.
func takeLease(ctx context.Context, db statement.Session) (l lease, ours bool, err error) {
	if db.Dialect.Has(dialect.SessionLocks) {
		return takeSessionLease(ctx, db)
	}
	return takeRowLease(ctx, db)
}

// leaseName is the name of the only lease in the table of leases.
const leaseName = "janitor"

// sessionLease is a lock of a database session, one per schema. It ends with the session, however its holder dies.
type sessionLease struct {
	session interface {
		QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	}
	lock, unlock string
	// connection is one for the lease alone; nil where the pool has no other than that by which the rows go.
	connection *sql.Conn
}

func takeSessionLease(ctx context.Context, db statement.Session) (lease, bool, error) {
	pool, err := db.DB.DB()
	if err != nil {
		return nil, false, err
	}
	l := &sessionLease{session: pool}
	l.lock, l.unlock = db.Dialect.JanitorLock()
	if pool.Stats().MaxOpenConnections != 1 {
		if l.connection, err = pool.Conn(ctx); err != nil {
			return nil, false, err
		}
		l.session = l.connection
	}
	ours, err := l.ask(ctx, l.lock)
	if err != nil || !ours {
		return nil, false, errors.Join(err, l.leave(err != nil))
	}
	return l, true, nil
}

func (l *sessionLease) ask(ctx context.Context, text string) (yes bool, err error) {
	err = l.session.QueryRowContext(ctx, text).Scan(&yes)
	return yes, err
}

// leave gives the lease's own connection back to the pool; lost tells that its session may keep the lock, and must end.
func (l *sessionLease) leave(lost bool) error {
	if l.connection == nil {
		return nil
	}
	if lost {
		_ = l.connection.Raw(func(any) error { return driver.ErrBadConn })
	}
	if err := l.connection.Close(); !lost {
		return err
	}
	return nil
}

// renew finds out whether the session is still the one that has the lock. The only connection of a pool may be another by now: it gives
// the lock back, which tells nothing where it had none, and takes it again.
func (l *sessionLease) renew(ctx context.Context) error {
	if l.connection != nil {
		return l.connection.PingContext(ctx)
	}
	if _, err := l.ask(ctx, l.unlock); err != nil {
		return err
	}
	ours, err := l.ask(ctx, l.lock)
	if err == nil && !ours {
		err = errLeaseLost
	}
	return err
}

func (l *sessionLease) giveBack(ctx context.Context) error {
	_, err := l.ask(ctx, l.unlock)
	return errors.Join(err, l.leave(err != nil))
}

var errLeaseLost = errors.New("softdelete: the lease is lost")

// leaseTime is how long a row's lease lasts unless it is renewed.
const leaseTime = time.Minute

// LeaseRow is a row of the table softdelete_leases.
type LeaseRow struct {
	Name   string `gorm:"column:name;primaryKey;size:64"`
	Holder string `gorm:"column:holder"`
	Until  int64  `gorm:"column:until"` // nanoseconds since 1970
}

// TableName implements schema.Tabler.
func (LeaseRow) TableName() string { return "softdelete_leases" }

// leaseTable is the table of leases.
var leaseTable = statement.NewOwn[LeaseRow]()

// rowLease is a lease in a row. Its holder renews it while it purges; it ends by itself when the holder has died.
type rowLease struct {
	db     statement.Session
	holder string
}

func takeRowLease(ctx context.Context, db statement.Session) (lease, bool, error) {
	var random [12]byte
	rand.Read(random[:]) //nolint:errcheck // never fails, see crypto/rand.Read
	l := &rowLease{db: db, holder: hex.EncodeToString(random[:])}
	// The row is there once and for all; who makes it does not matter.
	if err := leaseTable.InsertMissing(db.InWork(ctx), LeaseRow{Name: leaseName}); err != nil {
		return nil, false, fmt.Errorf("create its table with db.AutoMigrate(softdelete.Tables()...): %w", err)
	}
	now := db.NowFunc()
	q := leaseTable.Update(db.InWork(ctx)).Name("holder").Text(" = ").Bind(l.holder)
	q.Text(", ").Name("until").Text(" = ").Bind(now.Add(leaseTime).UnixNano())
	taken, err := q.Text(" WHERE ").Name("name").Text(" = ").Bind(leaseName).Text(" AND ").Name("until").Text(" < ").Bind(now.UnixNano()).Exec()
	return l, taken == 1, err
}

func (l *rowLease) renew(ctx context.Context) error {
	return l.set(ctx, l.db.NowFunc().Add(leaseTime))
}

func (l *rowLease) giveBack(ctx context.Context) error {
	return l.set(ctx, time.Unix(0, 0))
}

// set says until when the lease lasts, if it is still ours.
func (l *rowLease) set(ctx context.Context, until time.Time) error {
	q := leaseTable.Update(l.db.InWork(ctx)).Name("until").Text(" = ").Bind(until.UnixNano())
	set, err := q.Text(" WHERE ").Name("name").Text(" = ").Bind(leaseName).Text(" AND ").Name("holder").Text(" = ").Bind(l.holder).Exec()
	if err == nil && set == 0 {
		return errLeaseLost
	}
	return err
}
