package purge

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	mathrand "math/rand/v2"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the janitor, which purges on a schedule. It starts no goroutine: Run is the caller's.

// defaultEvery is how often a janitor purges where JanitorConfig does not say.
const defaultEvery = time.Hour

// JanitorConfig sets up a Janitor, as the root's does.
type JanitorConfig struct {
	Every  time.Duration
	Purge  Request
	Logger *slog.Logger
	// Outward turns what a refusal holds into the error that callers know.
	Outward func(error) error
}

// Janitor purges on a schedule.
type Janitor struct {
	purger *Purger
	db     *gorm.DB
	config JanitorConfig
}

// Janitor makes a janitor; Run sets it to work.
func (purger *Purger) Janitor(db *gorm.DB, c JanitorConfig) *Janitor {
	if c.Every <= 0 {
		c.Every = defaultEvery
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return &Janitor{purger: purger, db: db, config: c}
}

// Run purges at once and then every JanitorConfig.Every, until ctx ends; it then returns the context's error.
func (j *Janitor) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := j.turn(ctx); err != nil && ctx.Err() == nil {
			j.config.Logger.ErrorContext(ctx, "softdelete: the purge failed", slog.Any("error", j.config.Outward(err)))
		}
		wait(ctx, j.config.Every-mathrand.N(j.config.Every/10+1))
	}
	return ctx.Err()
}

// wait sleeps unless the context ends.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// turn purges once, if no other janitor does.
func (j *Janitor) turn(ctx context.Context) (err error) {
	db := statement.InWork(j.db, ctx)
	lease, ours, err := takeLease(ctx, j.purger.Session(db))
	if err != nil {
		return fmt.Errorf("the lease: %w", err)
	}
	if !ours {
		j.config.Logger.DebugContext(ctx, "softdelete: another janitor purges")
		return nil
	}
	// The lease is given back when ctx has ended too.
	defer func() { err = errors.Join(err, lease.giveBack(context.WithoutCancel(ctx))) }()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	options := j.config.Purge
	options.Progress = func(p Progress) {
		if err := lease.renew(ctx); err != nil {
			stop(err) // another janitor may purge by now
		}
		if j.config.Purge.Progress != nil {
			j.config.Purge.Progress(p)
		}
	}
	start := time.Now()
	report, err := j.purger.Purge(statement.InWork(j.db, ctx), options)
	for _, m := range report.Models {
		j.config.Logger.InfoContext(ctx, "softdelete: purged", slog.String("model", m.Model), slog.String("table", m.Table),
			slog.String("action", m.Action), slog.Bool("dry_run", options.DryRun), slog.Int64("eligible", m.Eligible),
			slog.Int64("done", m.Done), slog.Int64("held", m.Held), slog.Int64("referenced", m.Referenced), slog.Int64("erased", m.Erased), slog.Int64("failed", m.Failed),
			slog.Int64("no_clock", m.NoClock), slog.Duration("took", time.Since(start)))
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = errors.Join(err, cause)
	}
	return err
}

// lease is the right to purge.
type lease interface {
	// renew fails where the lease is lost.
	renew(ctx context.Context) error
	giveBack(ctx context.Context) error
}

// takeLease asks for the right to purge; ours is false where another has it.
func takeLease(ctx context.Context, db statement.Session) (l lease, ours bool, err error) {
	if db.Dialect.Has(dialect.AdvisoryLocks) {
		return takeSessionLease(ctx, db)
	}
	return takeRowLease(ctx, db)
}

// leaseName is the name of the only lease there is.
const leaseName = "janitor"

// sessionLease is a lock of a database session. It ends with the session, however its holder dies.
type sessionLease struct {
	connection *sql.Conn
	unlock     string
}

func takeSessionLease(ctx context.Context, db statement.Session) (lease, bool, error) {
	pool, err := db.DB.DB()
	if err != nil {
		return nil, false, err
	}
	connection, err := pool.Conn(ctx)
	if err != nil {
		return nil, false, err
	}
	hash := fnv.New64a()
	hash.Write([]byte("softdelete_" + leaseName))
	number := strconv.FormatInt(int64(hash.Sum64()), 10)
	var ours bool
	lock, unlock := db.Dialect.SessionLock(number)
	err = connection.QueryRowContext(ctx, lock).Scan(&ours)
	if err != nil || !ours {
		return nil, false, errors.Join(err, connection.Close())
	}
	return &sessionLease{connection: connection, unlock: unlock}, true, nil
}

func (l *sessionLease) renew(ctx context.Context) error { return l.connection.PingContext(ctx) }

func (l *sessionLease) giveBack(ctx context.Context) error {
	_, err := l.connection.ExecContext(ctx, l.unlock)
	if err != nil {
		// A session that keeps the lock must not go back to the pool.
		_ = l.connection.Raw(func(any) error { return driver.ErrBadConn })
	}
	return errors.Join(err, l.connection.Close())
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
