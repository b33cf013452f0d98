package softdelete

import (
	"context"
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
// janitors on one database one purges at a time, and the others pass their turn: the purging one holds a lease in the
// database, a lock of its session where the database has such locks, else a row of the table softdelete_leases. The lease
// ends with its holder's session, or when the holder has not renewed it for a minute. A purge that fails is logged, and tried
// again at the next turn. Without the plugin Run returns ErrNotRegistered.
func (j *Janitor) Run(ctx context.Context) error {
	d, err := databaseOfAll(j.db, "Janitor")
	if err != nil {
		return err
	}
	inner := d.purger.Janitor(j.db, purge.JanitorConfig{
		Every: j.config.Every, Purge: j.config.Purge.inner(), Logger: j.config.Logger, Outward: outward,
	})
	return outward(inner.Run(ctx))
}
