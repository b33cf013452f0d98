package softdelete

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/purge"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room compiles models' policies, all that reach each other at once, and publishes them in GORM's schemas.

// compileModels compiles Config.Models and joins all that is wrong with them.
func compileModels(registry *policy.Registry, db *gorm.DB) error {
	var problems []error
	var schemas []*schema.Schema
	for _, model := range registry.Named() {
		s, err := policy.Parse(db, model)
		if err != nil {
			problems = append(problems, fmt.Errorf("%w: %w", fault.ErrPolicy, err))
			continue
		}
		schemas = append(schemas, s)
	}
	registry.CompileTogether(db, schemas)
	seen := map[*policy.Policy]bool{}
	for _, s := range schemas {
		p := registry.Policy(db, s)
		if !seen[p] {
			seen[p] = true
			problems = append(problems, p.Err)
		}
	}
	return errors.Join(problems...)
}

// compiler gives what compiles policies as the configuration asks.
func compiler(config *Config) policy.Compile {
	personal := pii.Options{Models: config.Models, Maskers: foreignMaskers(config.Maskers)}
	return func(registry *policy.Registry, db *gorm.DB, reached []policy.ReachedSchema) {
		compile(registry, db, reached, func(p *policy.Policy) {
			p.ReadPersonal(personal)
			p.Err = errors.Join(p.Err, purge.CheckRetention(p, config.ColdStore != nil))
		})
	}
}

// compile makes the policies of the schemas and publishes them. The caller holds the lock. read reads into a policy what depends
// on the configuration.
func compile(registry *policy.Registry, db *gorm.DB, reached []policy.ReachedSchema, read func(*policy.Policy)) {
	policies := make(map[*schema.Schema]*policy.Policy, len(reached))
	var fresh []*policy.Policy
	for _, r := range reached {
		p := registry.Compiled(r.Schema)
		if p == nil {
			p = patchedPolicy(r.Schema)
		}
		if p == nil {
			p = policy.OwnPolicy(r.Schema, registry, reflect.TypeFor[DeletionID]())
			p.Canonical = r.Canonical
			read(p)
			fresh = append(fresh, p)
		}
		policies[r.Schema] = p
	}
	all := slices.Concat(fresh, registry.All())
	for _, p := range fresh {
		p.Err = errors.Join(p.Err, errors.Join(p.CheckTables(all)...))
	}
	lookUp := func(s *schema.Schema) *policy.Policy { return policies[s] }
	for _, p := range fresh {
		p.Err = errors.Join(p.Err, errors.Join(p.Link(lookUp)...))
	}
	quote := func(name string) string { return statement.QuoteName(db, name) }
	for _, p := range fresh {
		p.Ready(quote)
		p.Err = errors.Join(p.Err, errors.Join(p.Check()...))
		p.Predicates = p.Strategy.Predicates(quote)
		p.LiveWhere = scope.WhereOf(p.Predicates.Live)
		if p.Events {
			p.Log = p.NewLog(registry.Dialect, quote)
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
				} else {
					r.Child.AddKeeper(r)
				}
			}
			for _, r := range p.Guards {
				r.Parent.AddWard(r)
			}
		}
		if p.Err == nil {
			patch(p, registry, db.NamingStrategy, references(db, p.Schema, reached))
		}
	}
	registry.Publish(policies)
}

// patch puts the model's filter into GORM's schema, in place of gorm.DeletedAt's own clauses. Its clause for deletions stays:
// it does nothing where the plugin has built the statement, and marks the row where db.Use has failed and the plugin does
// not run.
func patch(p *policy.Policy, registry *policy.Registry, namer schema.Namer, referenced [][]string) {
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
	deleted := scope.WhereOf(p.Predicates.Deleted)
	s.QueryClauses = append(s.QueryClauses, &scope.Clause{Policy: p, Visible: scope.WhereOf(p.Predicates.Reads()), Deleted: deleted})
	s.UpdateClauses = append(s.UpdateClauses, &scope.Clause{Policy: p, Visible: p.LiveWhere, Deleted: deleted, Writes: true})
	narrowIndexes(p, registry, namer, referenced)
	p.NoteLeads()
}

// patchedPolicy is the policy that another database with the same cache of schemas has put into the schema.
func patchedPolicy(s *schema.Schema) *policy.Policy {
	for _, c := range s.QueryClauses {
		if c, ok := c.(*scope.Clause); ok {
			return c.Policy
		}
	}
	return nil
}
