package softdelete

import (
	"fmt"
	"slices"
	"sync"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/migrate"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// pluginName is the name under which GORM knows the plugin.
const pluginName = "softdelete"

// Plugin is the GORM plugin. Make it with New.
type Plugin struct {
	config Config
	// compiling serialises the compilation of policies over all databases that share the plugin value: they may share
	// GORM's cache of schemas too. So does instants for the times of deletions.
	compiling sync.Mutex
	instants  deletion.Instants
	databases databases
}

// New makes the plugin, for db.Use. One value may serve several databases.
func New(config Config) *Plugin {
	config.Models = slices.Clone(config.Models)
	return &Plugin{config: config}
}

// Name implements gorm.Plugin.
func (*Plugin) Name() string { return pluginName }

// Initialize implements gorm.Plugin; db.Use calls it. It registers the callbacks and compiles Config.Models. Its error
// joins everything that is wrong with their tags, each an ErrPolicy. A server that is too old, or only speaks like PostgreSQL or
// MySQL, is ErrUnsupported; where no server answers yet, as in a dry run, the first statement says so. Calling it again for the same database does nothing.
func (p *Plugin) Initialize(db *gorm.DB) error {
	of, err := dialect.Of(db.Dialector)
	if err != nil {
		return fmt.Errorf("%w: %w", fault.ErrUnsupported, err)
	}
	if err := migrate.RefuseLoader(db.Dialector, of); err != nil {
		return err
	}
	if err := statement.RefuseSharding(db); err != nil {
		return err
	}
	if err := certificate.CheckKey(p.config.CertificateKey); err != nil {
		return err
	}
	d := newDatabase(&p.config, statement.Variant(db, of), &p.compiling, &p.instants)
	if !p.databases.add(db, d) {
		return nil
	}
	err = d.compile(db)
	if err == nil {
		err = d.register(db)
	}
	if err != nil {
		p.databases.remove(db)
		return err
	}
	if d.migrations.Wrap(db) {
		d.holds.Look(db)
	}
	return nil
}
