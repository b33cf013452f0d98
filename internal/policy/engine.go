package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/settings"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// PluginName is the name under which GORM knows the plugin.
const PluginName = "softdelete"

// Engine is the plugin's state for one database.
type Engine struct {
	Config  *settings.Config
	Dialect *dialect.Dialect
	// Compiling and instants are the plugin's, which several databases may share.
	Compiling, Instants *sync.Mutex
	// Make compiles schemas and publishes their policies. The caller holds compiling.
	Make func(db *gorm.DB, reached []ReachedSchema)
	// Policies holds the compiled policy of every schema that may be used, *schema.Schema to *policy. A schema is here only
	// once everything that it reaches is ready.
	Policies sync.Map
	// Logs holds the tables whose event log was found to be complete.
	Logs sync.Map
	// Personal tells that a model with a pii tag has been compiled, ErasedKnown that the table of erased rows is there.
	Personal, ErasedKnown atomic.Bool
	// Columns holds what movedColumns found, *policy to *movedColumns.
	Columns sync.Map
}

// engines is the plugin.
type engines interface{ EngineOf(db *gorm.DB) *Engine }

// EngineOf finds the plugin's state for a database.
func EngineOf(db *gorm.DB) (*Engine, error) {
	if db == nil || db.Config == nil {
		return nil, fmt.Errorf("%w: the *gorm.DB is nil", fault.ErrNotRegistered)
	}
	if p, ok := db.Plugins[PluginName].(engines); ok {
		if e := p.EngineOf(db); e != nil {
			return e, nil
		}
	}
	return nil, fault.ErrNotRegistered
}

// PolicyOf gives the compiled policy of a model's value.
func PolicyOf(db *gorm.DB, model any) (*Policy, error) {
	e, err := EngineOf(db)
	if err != nil {
		return nil, err
	}
	s, err := e.Parse(db, model)
	if err != nil {
		return nil, err
	}
	p := e.Policy(db, s)
	return p, p.Err
}

// Parse gives GORM's schema of a model's value.
func (e *Engine) Parse(db *gorm.DB, model any) (*schema.Schema, error) {
	stmt := &gorm.Statement{DB: db}
	if err := stmt.Parse(model); err != nil {
		return nil, fmt.Errorf("softdelete: GORM cannot parse %T: %w", model, err)
	}
	return stmt.Schema, nil
}

// Models lists the policies of Config.Models that are ready, in their order.
func (e *Engine) Models(db *gorm.DB) ([]*Policy, error) {
	var list []*Policy
	for _, model := range e.Config.Models {
		p, err := PolicyOf(db, model)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list, nil
}

// Policy gives a schema's policy, compiling it and everything that it reaches at first use. GORM reads a schema's clauses
// without a lock, so that all of them are patched before any is published.
func (e *Engine) Policy(db *gorm.DB, s *schema.Schema) *Policy {
	if p, ok := e.Policies.Load(s); ok {
		return p.(*Policy)
	}
	e.CompileTogether(db, []*schema.Schema{s})
	p, _ := e.Policies.Load(s)
	return p.(*Policy)
}

// CompileTogether compiles the schemas that are not yet, and everything that they reach.
func (e *Engine) CompileTogether(db *gorm.DB, schemas []*schema.Schema) {
	compiled := func(s *schema.Schema) bool {
		_, ok := e.Policies.Load(s)
		return ok
	}
	schemas = slices.DeleteFunc(slices.Clone(schemas), compiled)
	if len(schemas) == 0 {
		return
	}
	// This waits for schemas that another goroutine is parsing, which must not happen under the lock.
	canonical := func(s *schema.Schema) *schema.Schema {
		parsed, err := e.Parse(db, reflect.New(s.ModelType).Interface())
		if err != nil {
			return s
		}
		return parsed
	}
	reached := Reachable(schemas, canonical)
	e.Compiling.Lock()
	defer e.Compiling.Unlock()
	if !slices.ContainsFunc(schemas, func(s *schema.Schema) bool { return !compiled(s) }) {
		return
	}
	e.Make(db, reached)
}

// PolicyFor gives the policy of a statement's model, nil where it has none. A wrong tag fails the statement.
func (e *Engine) PolicyFor(db *gorm.DB) *Policy {
	if db.Error != nil || db.Statement.Schema == nil {
		return nil
	}
	p := e.Policy(db, db.Statement.Schema)
	if p.Err != nil {
		_ = db.AddError(p.Err)
		return nil
	}
	for _, r := range p.Belongs {
		if r.Parent.Err != nil { // lazy and guard ask for the parent's deleted rows
			_ = db.AddError(r.Parent.Err)
			return nil
		}
	}
	return p
}

// Known lists the policies of Config.Models and of the models that were used so far.
func (e *Engine) Known(db *gorm.DB) []*Policy {
	list, _ := e.Models(db)
	e.Policies.Range(func(_, value any) bool {
		p := value.(*Policy)
		same := func(other *Policy) bool {
			return other.Schema.ModelType == p.Schema.ModelType && other.Table == p.Table
		}
		if p.Err == nil && p.Canonical && !slices.ContainsFunc(list, same) {
			list = append(list, p)
		}
		return true
	})
	slices.SortStableFunc(list, func(a, b *Policy) int { return strings.Compare(a.Table, b.Table) })
	return list
}

// Session is a session on the engine's database.
func (e *Engine) Session(db *gorm.DB) statement.Session {
	return statement.Session{DB: db, Dialect: e.Dialect}
}
