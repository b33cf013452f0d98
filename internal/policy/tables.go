package policy

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// This room is about models whose rows stand in several tables: the model's own, and others of the same columns that
// statements name by db.Table. Each has a policy, made from that of the model's own table.

// tables is what the policies of one model share.
type tables struct {
	own *Policy // that of the model's own table

	// parents are the cascade relations into this model, of the models compiled so far. A model that is compiled later may
	// add its own.
	parents atomic.Pointer[[]*Relation]
	// wards are the guard relations of other models to this one, likewise.
	wards atomic.Pointer[[]*Relation]
	// keepers are the other relations into this model, likewise.
	keepers atomic.Pointer[[]*Relation]

	// LastInstant is the latest time that this process gave to a deletion of the model; the plugin's instants guards it.
	LastInstant time.Time

	dialect *dialect.Dialect
	quote   func(name string) string

	mux   sync.Mutex // guards named
	named map[string]*Policy
}

// What makes a table's name that of its archive and of its event log.
const (
	archiveSuffix = "_archive"
	eventsSuffix  = "_events"
)

// besides is the name of a table that stands beside one of the model's.
func (p *Policy) besides(table, suffix string) string { return p.dialect.DerivedName(table, suffix) }

// beside lists the tables that stand beside the model's own, with what they are.
func (p *Policy) beside() map[string]string {
	list := map[string]string{}
	if p.Archives() {
		list[p.DeletedTable()] = "archive"
	}
	if p.Events {
		list[p.besides(p.Table, eventsSuffix)] = "event log"
	}
	return list
}

// CheckTables tells what is wrong with a policy among others: its archive or event log is another model's table, or its table is
// the archive or event log of one that was compiled before.
func (p *Policy) CheckTables(others []*Policy) (problems []error) {
	if !p.Canonical {
		return nil
	}
	taken := func(owner, other *Policy) {
		for table, what := range owner.beside() {
			if p.dialect.EqualNames(p.dialect.Kept(table), p.dialect.Kept(other.Table)) {
				problems = append(problems, tag.Problem(p.Schema, "_", "table %s would be the %s of %s and the table of %s; name one of them otherwise",
					table, what, owner.Schema.Name, other.Schema.Name))
			}
		}
	}
	for _, other := range others {
		if !other.Canonical || other.Schema.ModelType == p.Schema.ModelType {
			continue
		}
		taken(p, other)
		if other.quote != nil { // compiled before
			taken(other, p)
		}
	}
	return problems
}

// mostNamed is how many of a model's other tables are remembered. A program may have one per tenant.
const mostNamed = 200

// Dialect is the database that the policy is for.
func (p *Policy) Dialect() *dialect.Dialect { return p.dialect }

// Own is the policy of the model's own table.
func (p *Policy) Own() *Policy { return p.own }

// On is the policy of the model's rows in another table: a relation of the model to itself stays in it, other models have
// theirs.
func (p *Policy) On(table string) *Policy {
	if table == p.Table {
		return p
	}
	own := p.own
	if table == own.Table {
		return own
	}
	own.mux.Lock()
	defer own.mux.Unlock()
	if named, ok := own.named[table]; ok {
		return named
	}
	if len(own.named) >= mostNamed || own.named == nil {
		own.named = map[string]*Policy{}
	}
	named := own.at(table)
	own.named[table] = named
	return named
}

// Named lists the tables beside the model's own that statements have named lately.
func (p *Policy) Named() []string {
	p.own.mux.Lock()
	defer p.own.mux.Unlock()
	return slices.Sorted(maps.Keys(p.own.named))
}

// at makes the policy of another table.
func (p *Policy) at(table string) *Policy {
	copied := *p
	n := &copied
	n.Table, n.SQLTable, n.graphs, n.Alone = table, p.quote(table), &graphs{}, nil
	n.Alone = []*Policy{n}
	moved := map[*Relation]*Relation{}
	move := func(list []*Relation) []*Relation {
		list = slices.Clone(list)
		for i, r := range list {
			if moved[r] == nil {
				moved[r] = r.on(n)
			}
			list[i] = moved[r]
		}
		return list
	}
	n.Has, n.Belongs, n.Guards = move(p.Has), move(p.Belongs), move(p.Guards)
	if s, ok := p.Archive(); ok {
		s.Table, s.numbering = p.besides(table, archiveSuffix), &numbering{}
		n.Strategy = s
	}
	if p.Log != nil {
		n.Log = p.Log.On(table, p.besides(table, eventsSuffix))
	}
	n.Predicates.Lazy = n.LazyPredicate(p.quote)
	return n
}

// on is the relation with the model's own table replaced by another.
func (r *Relation) on(p *Policy) *Relation {
	other := *r
	for _, side := range []**Policy{&other.Parent, &other.Child} {
		if *side == p.own {
			*side = p
		}
	}
	return &other
}

// Ready completes the policy once its relations are known. quote quotes names.
func (p *Policy) Ready(quote func(name string) string) {
	p.quote, p.SQLTable = quote, quote(p.Table)
	if s, ok := p.Archive(); ok && !p.Canonical { // of a table given by db.Table
		s.Table = p.besides(p.Table, archiveSuffix)
		p.Strategy = s
	}
}

// HidesItself tells whether the model's rows hide by the state of others of the same table.
func (p *Policy) HidesItself() bool {
	return slices.ContainsFunc(p.Belongs, func(r *Relation) bool { return r.lazy && r.Parent == p })
}

// RefersTo tells whether a relation of GORM's leads from the model to itself.
func (p *Policy) RefersTo(rel *schema.Relationship) bool {
	return rel.FieldSchema.ModelType == p.Schema.ModelType
}

// AddParent makes a cascade relation known to its child. Relations of another schema of the same model replace none.
func (p *Policy) AddParent(r *Relation) { grow(&p.parents, r) }

// AddWard makes a guard relation known to its parent.
func (p *Policy) AddWard(r *Relation) { grow(&p.wards, r) }

func grow(list *atomic.Pointer[[]*Relation], r *Relation) {
	grown := append(slices.Clone(known(list)), r)
	list.Store(&grown)
}

func known(list *atomic.Pointer[[]*Relation]) []*Relation {
	if relations := list.Load(); relations != nil {
		return *relations
	}
	return nil
}

// here gives the relations as those of the policy's table.
func (p *Policy) here(relations []*Relation) []*Relation {
	if p == p.own {
		return relations
	}
	moved := make([]*Relation, len(relations))
	for i, r := range relations {
		moved[i] = r.on(p)
	}
	return moved
}

// CascadeParents lists the cascade relations into the model.
func (p *Policy) CascadeParents() []*Relation { return p.here(known(&p.parents)) }

// GuardedBy lists the guard relations to the model.
func (p *Policy) GuardedBy() []*Relation { return p.here(known(&p.wards)) }
