package purge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for the janitor, which purges on a schedule. It starts no goroutine: Run is the caller's.

// defaultEvery is how often a janitor purges where JanitorConfig does not say.
const defaultEvery = time.Hour

// JanitorConfig sets up a Janitor, as the root's does.
type JanitorConfig struct {
	Every time.Duration
	Purge Request
	// Dispatch delivers what third parties have to be told; nil for nothing.
	Dispatch func(db *gorm.DB) error
	Logger   *slog.Logger
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

// Run purges at once and then every JanitorConfig.Every, and delivers erasures where it is to, until ctx ends; it then returns the
// context's error.
func (j *Janitor) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		j.tell(ctx, "softdelete: the purge failed", j.turn(ctx))
		if j.config.Dispatch != nil && ctx.Err() == nil {
			// Others may deliver at the same time: this needs no lease, and must not wait for a long purge of another janitor.
			j.tell(ctx, "softdelete: not all erasures could be told to third parties", j.config.Dispatch(statement.InWork(j.db, ctx)))
		}
		wait(ctx, j.config.Every-rand.N(j.config.Every/10+1))
	}
	return ctx.Err()
}

// tell logs an error, unless the context's end is the reason.
func (j *Janitor) tell(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		j.config.Logger.ErrorContext(ctx, what, slog.Any("error", j.config.Outward(err)))
	}
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
	if !j.purger.janitor.TryLock() {
		j.config.Logger.DebugContext(ctx, "softdelete: another janitor purges")
		return nil
	}
	defer j.purger.janitor.Unlock()
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
			slog.Int64("no_clock", m.NoClock), slog.String("reasons", strings.Join(m.Reasons, "; ")), slog.Duration("took", time.Since(start)))
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		err = errors.Join(err, cause)
	}
	return err
}
