package softdelete

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"weak"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/migrate"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/purge"
	"github.com/gorm-softdelete/softdelete/internal/restore"
	"github.com/gorm-softdelete/softdelete/internal/write"
)

// database is what the plugin does in one database: one service per capability, each with the lower ones that it needs and
// with its part of the configuration.
type database struct {
	registry   *policy.Registry
	logs       *eventlog.Logs
	holds      *hold.Holds
	deleter    *deletion.Deleter
	restorer   *restore.Restorer
	guards     *write.Guards
	migrations *migrate.Migrations
	chain      *certificate.Chain
	eraser     *erasure.Eraser
	purger     *purge.Purger
}

// newDatabase puts the services together.
func newDatabase(config *Config, d *dialect.Dialect, compiling *sync.Mutex, instants *deletion.Instants) *database {
	store := innerStore(config.ColdStore)
	processors := each(config.Processors, func(p Processor) certificate.Processor { return innerProcessor{p} })
	var ledger certificate.ErasureLedger
	if config.ErasureLedger != nil {
		ledger = innerLedger{config.ErasureLedger}
	}
	registry := policy.NewRegistry(d, config.Models, compiling, compiler(config))
	registry.KeepUnique = config.KeepUnique
	columns, records := &archive.Columns{}, &erasedrow.Records{}
	holds := &hold.Holds{Registry: registry, Required: config.Holds}
	logs := &eventlog.Logs{Registry: registry, Protect: holds.Protect}
	chain := &certificate.Chain{
		Registry: registry, Records: records,
		Options: certificate.Options{Key: config.CertificateKey, Processors: processors},
	}
	eraser := &erasure.Eraser{
		Registry: registry, Logs: logs, Records: records, Holds: holds, Chain: chain,
		Options: erasure.Options{
			Batch: config.ErasureBatch, Ledger: ledger, Deletions: config.Ledger,
			ColdStore: store, TenantRetention: config.TenantRetention != nil,
		},
	}
	return &database{
		registry: registry, logs: logs, holds: holds, chain: chain, eraser: eraser,
		deleter: &deletion.Deleter{
			Registry: registry, Columns: columns, Logs: logs, Holds: holds, Instants: instants,
			Options: deletion.Options{MaxRows: config.MaxRows, Ledger: config.Ledger},
		},
		restorer: &restore.Restorer{
			Registry: registry, Columns: columns, Logs: logs, Records: records,
			Options: restore.Options{MaxRows: config.MaxRows, Ledger: config.Ledger},
		},
		guards:     &write.Guards{Registry: registry, Records: records, Columns: columns, Holds: holds},
		migrations: &migrate.Migrations{Registry: registry, Columns: columns, Holds: holds, Outward: outward, Own: Tables()},
		purger: &purge.Purger{
			Registry: registry, Columns: columns, Records: records, Holds: holds, Eraser: eraser,
			Options: purge.Options{ColdStore: store, TenantRetention: config.tenantRetention()},
		},
	}
}

// compile compiles Config.Models. It refuses a server that the plugin does not know, and masks that the server is too old for; where
// that does not answer yet, the first statement asks: see Server.
func (d *database) compile(db *gorm.DB) error {
	version, err := d.registry.Server.Look(db)
	if err != nil {
		return err
	}
	if err := compileModels(d.registry, db); err != nil {
		return err
	}
	models, err := d.registry.Models(db)
	if err != nil {
		return err
	}
	if err := d.registry.CheckEngines(db, models); err != nil {
		return err
	}
	d.registry.WarnOfWriters(db)
	return outward(d.eraser.CheckServer(version, models))
}

// tenantRetention is TenantRetention for the internals, nil without one.
func (c *Config) tenantRetention() func(ctx context.Context, model string, tenant any) (purge.Retention, bool) {
	if c.TenantRetention == nil {
		return nil
	}
	return func(ctx context.Context, model string, tenant any) (purge.Retention, bool) {
		r, ok := c.TenantRetention(ctx, model, tenant)
		return purge.Retention(r), ok
	}
}

// databases holds what the plugin has for each database that it is in use for, by a weak pointer to the database's callbacks, so
// that a closed one can be collected. Sessions of one database share the callbacks, whose type is GORM's own.
type databases struct{ byCallbacks sync.Map }

// of finds a database; nil where the plugin is not in use for it.
func (all *databases) of(db *gorm.DB) *database {
	if found, ok := all.byCallbacks.Load(weak.Make(db.Callback())); ok {
		return found.(*database)
	}
	return nil
}

// add takes a database in; false where it is there already.
func (all *databases) add(db *gorm.DB, d *database) bool {
	callbacks := db.Callback()
	key := weak.Make(callbacks)
	if _, known := all.byCallbacks.LoadOrStore(key, d); known {
		return false
	}
	runtime.AddCleanup(callbacks, func(key any) { all.byCallbacks.Delete(key) }, any(key))
	return true
}

// remove takes a database out again.
func (all *databases) remove(db *gorm.DB) { all.byCallbacks.Delete(weak.Make(db.Callback())) }

// databaseOf finds what the plugin has for a database, ErrNotRegistered where it is not in use.
func databaseOf(db *gorm.DB) (*database, error) {
	if db == nil || db.Config == nil {
		return nil, fmt.Errorf("%w: the *gorm.DB is nil", ErrNotRegistered)
	}
	if p, ok := db.Plugins[pluginName].(*Plugin); ok {
		if d := p.databases.of(db); d != nil {
			return d, d.registry.Server.Check(db)
		}
	}
	return nil, ErrNotRegistered
}

// databaseOfAll is databaseOf for a function that is about the tables of several models: it refuses one given by db.Table.
func databaseOfAll(db *gorm.DB, function string) (*database, error) {
	d, err := databaseOf(db)
	if err != nil {
		return d, err
	}
	return d, policy.NoTable(db, function)
}

// notInADryRun refuses a session that only rehearses (DryRun) to a function that would write and has no plan to show.
func notInADryRun(db *gorm.DB, function string) error {
	if !db.DryRun {
		return nil
	}
	instead := ""
	if function == "Erase" {
		instead = ", or PreviewErasure"
	}
	return fmt.Errorf("%w: softdelete.%s in a dry run, which would write nothing; call it with a session without DryRun%s", ErrUnsupported, function, instead)
}

// policyOf gives the compiled policy of a model's value.
func policyOf(db *gorm.DB, model any) (*policy.Policy, error) {
	d, err := databaseOf(db)
	if err != nil {
		return nil, err
	}
	return d.registry.Of(db, model)
}

// modifier is a clause expression that changes the statement it is put into, and writes nothing. Where the plugin is not in use
// the statement fails.
type modifier struct{ clause.Expression }

// ModifyStatement implements gorm.StatementModifier.
func (m modifier) ModifyStatement(stmt *gorm.Statement) {
	if _, err := databaseOf(stmt.DB); err != nil {
		_ = stmt.AddError(err)
		return
	}
	m.Expression.(gorm.StatementModifier).ModifyStatement(stmt)
}
