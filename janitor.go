package softdelete

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/purge"
)

// JanitorConfig sets up a Janitor.
type JanitorConfig struct {
	// Every is the time between two purges, an hour by default. A tenth of it is left to chance, so that the runners of a
	// fleet do not all ask at once.
	Every time.Duration
	// Purge says what to purge. DryRun makes a janitor that only reports.
	Purge PurgeOptions
	// Dispatch delivers erasures to third parties too, each turn, as DispatchErasures does; not where Purge is a DryRun.
	Dispatch bool
	// Logger gets a line per model and purge, and every error; slog.Default() by default. Lines hold names and numbers.
	Logger *slog.Logger
}

// Janitor purges on a schedule. Make it with NewJanitor.
type Janitor struct {
	db     *gorm.DB
	config JanitorConfig
}

// NewJanitor makes a janitor; Run sets it to work.
func NewJanitor(db *gorm.DB, c JanitorConfig) *Janitor {
	return &Janitor{db: db, config: c}
}

// Run purges at once and then every JanitorConfig.Every, until ctx ends; it then returns the context's error. In a fleet of
// janitors on one schema one purges at a time, and the others pass their turn: the purging one holds a lease in the
// database, a lock of its session where the database has such locks, else a row of the table softdelete_leases. The lease
// ends with its holder's session, or when the holder has not renewed it for a minute. It takes a connection of the pool for itself, where
// that may have more than one. With Dispatch, erasures are then delivered to third parties, also by those that pass their turn to purge.
// What fails is logged, and tried again at the next turn. Without the plugin Run returns ErrNotRegistered, on a server that is too old,
// or none that the plugin knows, ErrUnsupported.
func (j *Janitor) Run(ctx context.Context) error {
	d, err := databaseOfAll(j.db, "Janitor")
	if err != nil && (d == nil || errors.Is(err, ErrUnsupported)) { // without a connection, the next turn may have one
		return err
	}
	config := purge.JanitorConfig{Every: j.config.Every, Purge: j.config.Purge.inner(), Logger: j.config.Logger}
	config.Outward = func(err error) error { return d.outward(j.db, err) }
	if j.config.Dispatch && !j.config.Purge.DryRun {
		config.Dispatch = d.chain.Dispatch
	}
	return d.outward(j.db, d.purger.Janitor(j.db, config).Run(ctx))
}
