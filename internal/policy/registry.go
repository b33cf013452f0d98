package policy

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room holds what is compiled.

// Registry holds the compiled policies of one database. It compiles a model at its first use.
type Registry struct {
	Dialect *dialect.Dialect
	Server  *statement.Server
	// Folding knows which keys the database takes for the same.
	Folding statement.Folding
	// Keyed knows by which keys rows are looked up.
	Keyed statement.Keyed
	// KeepUnique tells that unique indexes stay over all rows, but for those of fields tagged live.
	KeepUnique bool
	// models are those that the plugin was set up with.
	models []any
	// compile compiles schemas and publishes their policies. compiling is held meanwhile.
	compile   Compile
	compiling *sync.Mutex
	// policies holds the compiled policy of every schema that may be used, *schema.Schema to *Policy. A schema is here only
	// once everything that it reaches is ready.
	policies sync.Map
	// generation counts how often policies were published.
	generation atomic.Int64
	// personal tells that a model with a pii tag has been compiled.
	personal atomic.Bool
}

// Compile makes the policies of schemas that are not compiled yet, and publishes them.
type Compile func(r *Registry, db *gorm.DB, reached []ReachedSchema)

// NewRegistry makes the registry of a database. compiling serialises the compilation over all databases that share it: they
// may share GORM's cache of schemas too.
func NewRegistry(d *dialect.Dialect, models []any, compiling *sync.Mutex, compile Compile) *Registry {
	return &Registry{Dialect: d, Server: &statement.Server{Dialect: d}, models: models, compiling: compiling, compile: compile}
}

// Session is a session on the registry's database.
func (r *Registry) Session(db *gorm.DB) statement.Session {
	return statement.Session{DB: db, Dialect: r.Dialect}
}

// Parse gives GORM's schema of a model's value.
func Parse(db *gorm.DB, model any) (*schema.Schema, error) {
	stmt := &gorm.Statement{DB: db}
	if err := stmt.Parse(model); err != nil {
		return nil, fmt.Errorf("softdelete: GORM cannot parse %T: %w", model, err)
	}
	return stmt.Schema, nil
}

// Of gives the compiled policy of a model's value.
func (r *Registry) Of(db *gorm.DB, model any) (*Policy, error) {
	s, err := Parse(db, model)
	if err != nil {
		return nil, err
	}
	p := r.Policy(db, s)
	return p, p.Err
}

// Named are the models that the plugin was set up with.
func (r *Registry) Named() []any { return r.models }

// Models lists the policies of the models that the plugin was set up with, in their order.
func (r *Registry) Models(db *gorm.DB) ([]*Policy, error) {
	var list []*Policy
	for _, model := range r.models {
		p, err := r.Of(db, model)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list, nil
}

// Compiled gives a schema's policy where that is published, nil otherwise.
func (r *Registry) Compiled(s *schema.Schema) *Policy {
	if p, ok := r.policies.Load(s); ok {
		return p.(*Policy)
	}
	return nil
}

// Publish makes policies usable.
func (r *Registry) Publish(policies map[*schema.Schema]*Policy) {
	for _, p := range policies {
		if p.Personal != nil {
			r.personal.Store(true)
		}
	}
	for s, p := range policies {
		r.policies.Store(s, p)
	}
	r.generation.Add(1)
}

// Generation changes whenever policies are published: what was found by a look at all of them holds as long as it stays.
func (r *Registry) Generation() int64 { return r.generation.Load() }

// All lists the policies that are published.
func (r *Registry) All() (list []*Policy) {
	r.policies.Range(func(_, p any) bool {
		list = append(list, p.(*Policy))
		return true
	})
	return list
}

// HasPersonal tells whether a model with a pii tag has been compiled.
func (r *Registry) HasPersonal() bool { return r.personal.Load() }

// Policy gives a schema's policy, compiling it and everything that it reaches at first use. GORM reads a schema's clauses
// without a lock, so that all of them are patched before any is published.
func (r *Registry) Policy(db *gorm.DB, s *schema.Schema) *Policy {
	p := r.Compiled(s)
	if p == nil {
		r.CompileTogether(db, []*schema.Schema{s})
		p = r.Compiled(s)
	}
	if len(p.joins) > 0 {
		return r.withJoins(db, p)
	}
	return p
}

// CompileTogether compiles the schemas that are not yet, and everything that they reach.
func (r *Registry) CompileTogether(db *gorm.DB, schemas []*schema.Schema) {
	compiled := func(s *schema.Schema) bool { return r.Compiled(s) != nil }
	schemas = slices.DeleteFunc(slices.Clone(schemas), compiled)
	if len(schemas) == 0 {
		return
	}
	// This waits for schemas that another goroutine is parsing, which must not happen under the lock.
	canonical := func(s *schema.Schema) *schema.Schema {
		parsed, err := Parse(db, reflect.New(s.ModelType).Interface())
		if err != nil {
			return s
		}
		return parsed
	}
	reached := Reachable(schemas, canonical)
	r.compiling.Lock()
	defer r.compiling.Unlock()
	if !slices.ContainsFunc(schemas, func(s *schema.Schema) bool { return !compiled(s) }) {
		return
	}
	r.compile(r, db, reached)
}

// PolicyFor gives the policy of a statement's model, nil where it has none. A wrong tag fails the statement.
func (r *Registry) PolicyFor(db *gorm.DB) *Policy {
	if db.Error != nil || db.Statement.Schema == nil {
		return nil
	}
	p := r.Policy(db, db.Statement.Schema)
	if p.Err != nil {
		_ = db.AddError(p.Err)
		return nil
	}
	for _, relation := range p.Belongs {
		if relation.Parent.Err != nil { // lazy and guard ask for the parent's deleted rows
			_ = db.AddError(relation.Parent.Err)
			return nil
		}
	}
	return p
}

// Known lists the policies of the models that the plugin was set up with and of those that were used so far, by table.
func (r *Registry) Known(db *gorm.DB) []*Policy {
	named, _ := r.Models(db)
	list := r.WithUsed(named, func(a, b *Policy) bool { return a.Schema.ModelType == b.Schema.ModelType && a.Table == b.Table })
	slices.SortStableFunc(list, func(a, b *Policy) int { return strings.Compare(a.Table, b.Table) })
	return list
}

// WithUsed appends the policies of the models that were used so far, but for those that are the same as one before.
func (r *Registry) WithUsed(list []*Policy, same func(a, b *Policy) bool) []*Policy {
	r.policies.Range(func(_, value any) bool {
		p := value.(*Policy)
		if p.Err == nil && p.Canonical && !slices.ContainsFunc(list, func(other *Policy) bool { return same(other, p) }) {
			list = append(list, p)
		}
		return true
	})
	return list
}
