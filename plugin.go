package softdelete

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"weak"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/migrate"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/purge"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/settings"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/write"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"
)

// Config sets up the plugin. The zero value is fine: models are then compiled at their first use.
type Config struct {
	// Models are compiled and checked by db.Use, which returns what is wrong with all of them at once; others are compiled
	// at first use. Name here every model that takes part in a relation with a rule: a restore looks for deleted parents
	// among these models and those used before.
	Models []any
	// MaxRows bounds a deletion or a restore: one that would change more rows gives ErrTooManyRows and changes nothing.
	// 0 means no bound.
	MaxRows int64
	// Ledger keeps a row per deletion in the table softdelete_deletions. Create it with
	// db.AutoMigrate(softdelete.Tables()...).
	Ledger bool
	// TenantRetention gives a tenant's own retention for a model with tenant:Field, in place of that of the tags; ok is
	// false where the tenant has none. model is the model's name, tenant the value of the field. It is asked once per tenant
	// at the start of a Purge; an error in what it gives ends the Purge before anything is removed.
	TenantRetention func(ctx context.Context, model string, tenant any) (r Retention, ok bool)
	// Holds switches legal holds on: see Hold. Create their table with db.AutoMigrate(softdelete.Tables()...).
	Holds bool
	// ColdStore keeps the rows of models with then:cold once they are purged. See DirColdStore.
	ColdStore ColdStore

	// Maskers are the functions that `pii:"func:NAME"` names.
	Maskers map[string]Masker
	// Processors are the third parties that an erasure is told to, by DispatchErasures.
	Processors []Processor
	// ErasureLedger, outside the database, remembers erasures for ReplayErasures after an older copy of the database has come
	// back. A FileLedger is one.
	ErasureLedger ErasureLedger
	// ErasureBatch is how many rows of one person an erasure masks in one transaction; 0 means 10,000. A person with more is
	// worked off in several.
	ErasureBatch int
	// CertificateKey, where it is set, signs the certificates of erasures, and VerifyCertificates asks for its signatures.
	CertificateKey ed25519.PrivateKey
}

// Plugin is the GORM plugin. Make it with New.
type Plugin struct {
	config settings.Config
	// compiling serialises the compilation of policies over all databases that share the plugin value: they may share
	// GORM's cache of schemas too.
	compiling sync.Mutex
	// instants guards the policies' lastInstant.
	instants sync.Mutex
	// engines holds the state per database, by a weak pointer to its callbacks, so that a closed database can be collected.
	engines sync.Map
}

// New makes the plugin, for db.Use. One value may serve several databases.
func New(config Config) *Plugin { return &Plugin{config: config.inner()} }

// inner is the configuration for the internals.
func (c Config) inner() settings.Config {
	inner := settings.Config{
		Models: slices.Clone(c.Models), MaxRows: c.MaxRows, Ledger: c.Ledger, Holds: c.Holds, ColdStore: innerStore(c.ColdStore),
		Maskers: c.Maskers, ErasureBatch: c.ErasureBatch, CertificateKey: c.CertificateKey,
		Processors: each(c.Processors, func(p Processor) settings.Processor { return innerProcessor{p} }),
	}
	if c.ErasureLedger != nil {
		inner.ErasureLedger = innerLedger{c.ErasureLedger}
	}
	if c.TenantRetention != nil {
		inner.TenantRetention = func(ctx context.Context, model string, tenant any) (settings.Retention, bool) {
			r, ok := c.TenantRetention(ctx, model, tenant)
			return settings.Retention(r), ok
		}
	}
	return inner
}

// Name implements gorm.Plugin.
func (*Plugin) Name() string { return policy.PluginName }

// Initialize implements gorm.Plugin; db.Use calls it. It registers the callbacks and compiles Config.Models. Its error
// joins everything that is wrong with their tags, each an ErrPolicy. Calling it again for the same database does nothing.
func (p *Plugin) Initialize(db *gorm.DB) error {
	d, ok := dialect.Of(db.Dialector.Name())
	if !ok {
		return fmt.Errorf("%w: softdelete does not know the database %q", fault.ErrUnsupported, db.Dialector.Name())
	}
	if err := certificate.CheckCertificateKey(p.config.CertificateKey); err != nil {
		return err
	}
	// Sessions of one database share its callbacks, so they tell databases apart. The type is GORM's own.
	callbacks := db.Callback()
	key := weak.Make(callbacks)
	e := &policy.Engine{Config: &p.config, Dialect: d, Compiling: &p.compiling, Instants: &p.instants}
	e.Make = func(db *gorm.DB, reached []policy.ReachedSchema) { compile(e, db, reached) }
	if _, known := p.engines.LoadOrStore(key, e); known {
		return nil
	}
	runtime.AddCleanup(callbacks, func(key any) { p.engines.Delete(key) }, any(key))
	err := compileModels(e, db)
	if err == nil {
		err = register(e, db)
	}
	if err != nil {
		p.engines.Delete(key)
		return err
	}
	migrate.WrapDialector(e, db, outward)
	return nil
}

// EngineOf gives the plugin's state for a database; nil where it is not in use.
func (p *Plugin) EngineOf(db *gorm.DB) *policy.Engine {
	if e, ok := p.engines.Load(weak.Make(db.Callback())); ok {
		return e.(*policy.Engine)
	}
	return nil
}

// compileModels compiles Config.Models and joins all that is wrong with them.
func compileModels(e *policy.Engine, db *gorm.DB) error {
	var problems []error
	var schemas []*schema.Schema
	for _, model := range e.Config.Models {
		s, err := e.Parse(db, model)
		if err != nil {
			problems = append(problems, fmt.Errorf("%w: %w", fault.ErrPolicy, err))
			continue
		}
		schemas = append(schemas, s)
	}
	e.CompileTogether(db, schemas)
	seen := map[*policy.Policy]bool{}
	for _, s := range schemas {
		p := e.Policy(db, s)
		if !seen[p] {
			seen[p] = true
			problems = append(problems, p.Err)
		}
	}
	return errors.Join(problems...)
}

// compile makes the policies of the schemas and publishes them. The caller holds the lock.
func compile(e *policy.Engine, db *gorm.DB, reached []policy.ReachedSchema) {
	policies := make(map[*schema.Schema]*policy.Policy, len(reached))
	var fresh []*policy.Policy
	for _, r := range reached {
		p := patchedPolicy(r.Schema)
		if known, ok := e.Policies.Load(r.Schema); ok {
			p = known.(*policy.Policy)
		}
		if p == nil {
			p = policy.OwnPolicy(r.Schema, e.Dialect, reflect.TypeFor[DeletionID]())
			write.ReadPersonal(e, p)
			p.Canonical = r.Canonical
			p.Err = errors.Join(p.Err, purge.CheckRetention(e, p))
			fresh = append(fresh, p)
		}
		if p.Personal != nil {
			e.Personal.Store(true)
		}
		policies[r.Schema] = p
	}
	lookUp := func(s *schema.Schema) *policy.Policy { return policies[s] }
	for _, p := range fresh {
		p.Err = errors.Join(p.Err, errors.Join(p.Link(lookUp)...))
	}
	quote := func(name string) string { return statement.QuoteName(db, name) }
	for _, p := range fresh {
		p.Err = errors.Join(p.Err, errors.Join(p.Check()...))
		p.Predicates = p.Strategy.Predicates(quote)
		p.LiveWhere = scope.WhereOf(p.Predicates.Live)
		if p.Events {
			p.Log = p.NewLog(quote)
		}
		p.RestoreHooks = policy.FindRestoreHooks(p.Schema)
	}
	for _, p := range fresh {
		p.Predicates.Lazy = p.LazyPredicate(quote)
		slices.SortStableFunc(p.Guards, policy.LockedFirst)
	}
	for _, p := range fresh {
		if p.Canonical {
			for _, r := range p.Has {
				if r.Rule == policy.RuleCascade {
					r.Child.AddParent(r)
				}
			}
			for _, r := range p.Guards {
				r.Parent.AddWard(r)
			}
		}
		if p.Err == nil {
			patch(p, db.NamingStrategy, references(db, p.Schema, reached))
		}
	}
	for s, p := range policies {
		e.Policies.Store(s, p)
	}
}

// patch puts the model's filter into GORM's schema, in place of gorm.DeletedAt's own clauses. Its clause for deletions stays:
// it does nothing where the plugin has built the statement, and marks the row where db.Use has failed and the plugin does
// not run.
func patch(p *policy.Policy, namer schema.Namer, referenced [][]string) {
	s := p.Schema
	foreign := func(c clause.Interface) bool {
		switch c.(type) {
		case gorm.SoftDeleteQueryClause, gorm.SoftDeleteUpdateClause:
			return true
		}
		return false
	}
	s.QueryClauses = slices.DeleteFunc(slices.Clone(s.QueryClauses), foreign)
	s.UpdateClauses = slices.DeleteFunc(slices.Clone(s.UpdateClauses), foreign)
	s.QueryClauses = append(s.QueryClauses, &scope.ScopeClause{
		Policy: p, Visible: scope.WhereOf(p.Predicates.Reads()), Deleted: scope.WhereOf(p.Predicates.Deleted),
	})
	s.UpdateClauses = append(s.UpdateClauses, &scope.ScopeClause{Policy: p, Visible: p.LiveWhere, Writes: true})
	narrowIndexes(p, namer, referenced)
}

// patchedPolicy is the policy that another database with the same cache of schemas has put into the schema.
func patchedPolicy(s *schema.Schema) *policy.Policy {
	for _, c := range s.QueryClauses {
		if c, ok := c.(*scope.ScopeClause); ok {
			return c.Policy
		}
	}
	return nil
}
