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
	"sync/atomic"
	"weak"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
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
	config Config
	// compiling serialises the compilation of policies over all databases that share the plugin value: they may share
	// GORM's cache of schemas too.
	compiling sync.Mutex
	// instants guards the policies' lastInstant.
	instants sync.Mutex
	// engines holds the state per database, by a weak pointer to its callbacks, so that a closed database can be collected.
	engines sync.Map
}

// New makes the plugin, for db.Use. One value may serve several databases.
func New(config Config) *Plugin {
	config.Models = slices.Clone(config.Models)
	return &Plugin{config: config}
}

// pluginName is the name under which GORM knows the plugin.
const pluginName = "softdelete"

// Name implements gorm.Plugin.
func (*Plugin) Name() string { return pluginName }

// Initialize implements gorm.Plugin; db.Use calls it. It registers the callbacks and compiles Config.Models. Its error
// joins everything that is wrong with their tags, each an ErrPolicy. Calling it again for the same database does nothing.
func (p *Plugin) Initialize(db *gorm.DB) error {
	d, ok := dialect.Of(db.Dialector.Name())
	if !ok {
		return fmt.Errorf("%w: softdelete does not know the database %q", ErrUnsupported, db.Dialector.Name())
	}
	if err := checkCertificateKey(p.config.CertificateKey); err != nil {
		return err
	}
	// Sessions of one database share its callbacks, so they tell databases apart. The type is GORM's own.
	callbacks := db.Callback()
	key := weak.Make(callbacks)
	e := &engine{plugin: p, dialect: d}
	if _, known := p.engines.LoadOrStore(key, e); known {
		return nil
	}
	runtime.AddCleanup(callbacks, func(key any) { p.engines.Delete(key) }, any(key))
	err := e.compileModels(db)
	if err == nil {
		err = e.register(db)
	}
	if err != nil {
		p.engines.Delete(key)
		return err
	}
	e.wrapDialector(db)
	return nil
}

// engine is the plugin's state for one database.
type engine struct {
	plugin  *Plugin
	dialect *dialect.Dialect
	// policies holds the compiled policy of every schema that may be used, *schema.Schema to *policy. A schema is here only
	// once everything that it reaches is ready.
	policies sync.Map
	// logs holds the tables whose event log was found to be complete.
	logs sync.Map
	// personal tells that a model with a pii tag has been compiled, erasedKnown that the table of erased rows is there.
	personal, erasedKnown atomic.Bool
	// columns holds what movedColumns found, *policy to *movedColumns.
	columns sync.Map
}

// engineOf finds the plugin's state for a database.
func engineOf(db *gorm.DB) (*engine, error) {
	if db == nil || db.Config == nil {
		return nil, fmt.Errorf("%w: the *gorm.DB is nil", ErrNotRegistered)
	}
	if p, ok := db.Plugins[pluginName].(*Plugin); ok {
		if e, ok := p.engines.Load(weak.Make(db.Callback())); ok {
			return e.(*engine), nil
		}
	}
	return nil, ErrNotRegistered
}

// policyOf gives the compiled policy of a model's value.
func policyOf(db *gorm.DB, model any) (*policy, error) {
	e, err := engineOf(db)
	if err != nil {
		return nil, err
	}
	s, err := e.parse(db, model)
	if err != nil {
		return nil, err
	}
	p := e.policy(db, s)
	return p, p.err
}

// parse gives GORM's schema of a model's value.
func (e *engine) parse(db *gorm.DB, model any) (*schema.Schema, error) {
	stmt := &gorm.Statement{DB: db}
	if err := stmt.Parse(model); err != nil {
		return nil, fmt.Errorf("softdelete: GORM cannot parse %T: %w", model, err)
	}
	return stmt.Schema, nil
}

// compileModels compiles Config.Models and joins all that is wrong with them.
func (e *engine) compileModels(db *gorm.DB) error {
	var problems []error
	var schemas []*schema.Schema
	for _, model := range e.plugin.config.Models {
		s, err := e.parse(db, model)
		if err != nil {
			problems = append(problems, fmt.Errorf("%w: %w", ErrPolicy, err))
			continue
		}
		schemas = append(schemas, s)
	}
	e.compileTogether(db, schemas)
	seen := map[*policy]bool{}
	for _, s := range schemas {
		p := e.policy(db, s)
		if !seen[p] {
			seen[p] = true
			problems = append(problems, p.err)
		}
	}
	return errors.Join(problems...)
}

// models lists the policies of Config.Models that are ready, in their order.
func (e *engine) models(db *gorm.DB) ([]*policy, error) {
	var list []*policy
	for _, model := range e.plugin.config.Models {
		p, err := policyOf(db, model)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list, nil
}

// policy gives a schema's policy, compiling it and everything that it reaches at first use. GORM reads a schema's clauses
// without a lock, so that all of them are patched before any is published.
func (e *engine) policy(db *gorm.DB, s *schema.Schema) *policy {
	if p, ok := e.policies.Load(s); ok {
		return p.(*policy)
	}
	e.compileTogether(db, []*schema.Schema{s})
	p, _ := e.policies.Load(s)
	return p.(*policy)
}

// compileTogether compiles the schemas that are not yet, and everything that they reach.
func (e *engine) compileTogether(db *gorm.DB, schemas []*schema.Schema) {
	compiled := func(s *schema.Schema) bool {
		_, ok := e.policies.Load(s)
		return ok
	}
	schemas = slices.DeleteFunc(slices.Clone(schemas), compiled)
	if len(schemas) == 0 {
		return
	}
	// This waits for schemas that another goroutine is parsing, which must not happen under the lock.
	canonical := func(s *schema.Schema) *schema.Schema {
		parsed, err := e.parse(db, reflect.New(s.ModelType).Interface())
		if err != nil {
			return s
		}
		return parsed
	}
	reached := reachable(schemas, canonical)
	e.plugin.compiling.Lock()
	defer e.plugin.compiling.Unlock()
	if !slices.ContainsFunc(schemas, func(s *schema.Schema) bool { return !compiled(s) }) {
		return
	}
	e.compile(db, reached)
}

// compile makes the policies of the schemas and publishes them. The caller holds the lock.
func (e *engine) compile(db *gorm.DB, reached []reachedSchema) {
	policies := make(map[*schema.Schema]*policy, len(reached))
	var fresh []*policy
	for _, r := range reached {
		p := patchedPolicy(r.schema)
		if known, ok := e.policies.Load(r.schema); ok {
			p = known.(*policy)
		}
		if p == nil {
			p = ownPolicy(r.schema, e.dialect)
			e.readPersonal(p)
			p.canonical = r.canonical
			p.err = errors.Join(p.err, e.checkRetention(p))
			fresh = append(fresh, p)
		}
		if p.personal != nil {
			e.personal.Store(true)
		}
		policies[r.schema] = p
	}
	lookUp := func(s *schema.Schema) *policy { return policies[s] }
	for _, p := range fresh {
		p.err = errors.Join(p.err, errors.Join(p.link(lookUp)...))
	}
	quote := func(name string) string { return quoteName(db, name) }
	for _, p := range fresh {
		p.err = errors.Join(p.err, errors.Join(p.check()...))
		p.predicates = p.strategy.predicates(quote)
		p.liveWhere = whereOf(p.predicates.live)
		if p.events {
			p.log = p.newLog(quote)
		}
		p.restoreHooks = findRestoreHooks(p.schema)
	}
	for _, p := range fresh {
		p.predicates.lazy = p.lazyPredicate(quote)
		slices.SortStableFunc(p.guards, lockedFirst)
	}
	for _, p := range fresh {
		if p.canonical {
			for _, r := range p.has {
				if r.rule == ruleCascade {
					r.child.addParent(r)
				}
			}
			for _, r := range p.guards {
				r.parent.addWard(r)
			}
		}
		if p.err == nil {
			patch(p, db.NamingStrategy, references(db, p.schema, reached))
		}
	}
	for s, p := range policies {
		e.policies.Store(s, p)
	}
}

// patch puts the model's filter into GORM's schema, in place of gorm.DeletedAt's own clauses. Its clause for deletions stays:
// it does nothing where the plugin has built the statement, and marks the row where db.Use has failed and the plugin does
// not run.
func patch(p *policy, namer schema.Namer, referenced [][]string) {
	s := p.schema
	foreign := func(c clause.Interface) bool {
		switch c.(type) {
		case gorm.SoftDeleteQueryClause, gorm.SoftDeleteUpdateClause:
			return true
		}
		return false
	}
	s.QueryClauses = slices.DeleteFunc(slices.Clone(s.QueryClauses), foreign)
	s.UpdateClauses = slices.DeleteFunc(slices.Clone(s.UpdateClauses), foreign)
	s.QueryClauses = append(s.QueryClauses, &scopeClause{
		policy: p, visible: whereOf(p.predicates.reads()), deleted: whereOf(p.predicates.deleted),
	})
	s.UpdateClauses = append(s.UpdateClauses, &scopeClause{policy: p, visible: p.liveWhere, writes: true})
	narrowIndexes(p, namer, referenced)
}

// patchedPolicy is the policy that another database with the same cache of schemas has put into the schema.
func patchedPolicy(s *schema.Schema) *policy {
	for _, c := range s.QueryClauses {
		if c, ok := c.(*scopeClause); ok {
			return c.policy
		}
	}
	return nil
}
