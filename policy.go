package softdelete

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// policy says what deleting a row of one model means. It is compiled once per schema; after that only parents and wards
// grow.
type policy struct {
	schema   *schema.Schema
	strategy strategy

	// The mark and its companions; nil where the model has no such field.
	id, at, previous, actor, reason *schema.Field
	atClock                         clock

	retain     period
	then       string
	clockField *schema.Field // of the setting clock

	tenantField *schema.Field // of the setting tenant

	has     []*relation // has-one, has-many and many2many, in the order of the fields
	belongs []*relation // belongs-to with lazy or guard
	guards  []*relation // those of them with guard

	// foreign is a field whose type deletes rows in a way of its own, as those of gorm.io/plugin/soft_delete do; nil for none.
	// Such a model takes no part in policies.
	foreign *schema.Field

	linked bool // the model has a many2many relation whose links are marked

	// full holds the columns whose unique index covers all rows, live those whose plain index covers only live ones.
	full, live map[string]bool

	unique     []*uniqueIndex    // over live rows
	wasUnique  map[string]string // columns whose constraint became an index, with its name
	predicates predicates
	liveWhere  clause.Interface // predicates.live as a WHERE clause, nil for none

	events bool         // the model has an event log
	log    *dialect.Log // nil without

	cascades bool      // the model has a cascade relation
	alone    []*policy // the policy itself, as a list

	// parents are the cascade relations into this model, of the models compiled so far. A model that is compiled later may
	// add its own.
	parents atomic.Pointer[[]*relation]
	// wards are the guard relations of other models to this one, likewise.
	wards atomic.Pointer[[]*relation]

	restoreHooks restoreHooks

	personal *personal // what the pii tags say; nil without any

	// canonical tells that the schema is GORM's own of the model, not one for db.Table.
	canonical bool

	// err is what is wrong with the model's tags; its statements fail with it.
	err error

	// lastInstant is the latest time that this process gave to a deletion of the model; the plugin's instants guards it.
	lastInstant time.Time

	graphOnce, restoreOnce sync.Once
	graph, restores        *graph
}

// clock is how a column keeps an instant.
type clock struct {
	kind      dialect.Clock
	unit      time.Duration // of an Integer column
	precision time.Duration // the finest step it keeps
}

// rule says what deleting a row does to a relation.
type rule string

const (
	ruleKeep    rule = "keep"
	ruleCascade rule = "cascade"
	ruleBlock   rule = "block"
)

// relation is an edge between two models, from the model that owns the key to the model that refers to it.
type relation struct {
	name          string
	rule          rule // of a has-one, has-many or many2many; "" on belongs-to
	lazy, guard   bool // of a belongs-to
	parent, child *policy
	keys          []keyPair
	fixed         []fixedValue
}

// keyPair is a parent's column and the child's column that refers to it.
type keyPair struct{ parent, child *schema.Field }

// fixedValue is a column of the child that has one value in this relation: the type of a polymorphic one.
type fixedValue struct {
	child *schema.Field
	value string
}

// strategy is how a model's rows leave the live set.
type strategy interface {
	// word is the tag word.
	word() string
	// predicates are the conditions that tell the model's rows apart.
	predicates(quote func(string) string) predicates
}

// marker is a strategy that marks a row in place.
type marker interface {
	strategy
	// mark adds what a deletion writes beside the companion columns, unmark lists what a restore writes.
	mark(list []assignment, p *policy, at time.Time) []assignment
	unmark(p *policy) []assignment
	// column is the deletion column, deletes tells whether a value in it, not NULL, makes the row a deleted one.
	column() *schema.Field
	deletes(value any) bool
}

// The strategies without a mark.
type (
	hardStrategy  struct{} // really deleted, rules still obeyed
	neverStrategy struct{} // never deleted
	noStrategy    struct{} // no policy: as under plain GORM
)

func (hardStrategy) word() string  { return "hard" }
func (neverStrategy) word() string { return "never" }
func (noStrategy) word() string    { return "" }

func (hardStrategy) predicates(func(string) string) predicates  { return predicates{} }
func (neverStrategy) predicates(func(string) string) predicates { return predicates{} }
func (noStrategy) predicates(func(string) string) predicates    { return predicates{} }

func (p *policy) marker() (marker, bool) { m, ok := p.strategy.(marker); return m, ok }
func (p *policy) hard() bool             { _, ok := p.strategy.(hardStrategy); return ok }
func (p *policy) never() bool            { _, ok := p.strategy.(neverStrategy); return ok }

// canCarryMark tells whether a deleted row says which deletion took it.
func (p *policy) canCarryMark() bool { return p.id != nil || p.at != nil }

// hasRules tells whether a deletion has more to do than this model's own rows.
func (p *policy) hasRules() bool {
	return slices.ContainsFunc(p.has, func(r *relation) bool { return r.rule != ruleKeep })
}

// deletesByItself tells whether a field's type brings its own clause for deletions. gorm.DeletedAt's is ours.
func deletesByItself(field *schema.Field) bool {
	_, deletes := reflect.New(field.IndirectFieldType).Interface().(schema.DeleteClausesInterface)
	return deletes && field.IndirectFieldType != deletedAtType
}

// plain tells whether the model behaves as under GORM alone.
func (p *policy) plain() bool {
	_, none := p.strategy.(noStrategy)
	return none && len(p.belongs) == 0 && !p.hasRules()
}

// problem is a tag that cannot work. Its text names the model and the field.
func problem(s *schema.Schema, field, format string, args ...any) error {
	return fmt.Errorf("%w: %s.%s: %s", ErrPolicy, s.Name, field, fmt.Sprintf(format, args...))
}

var (
	deletionIDType = reflect.TypeFor[DeletionID]()
	deletedAtType  = reflect.TypeFor[gorm.DeletedAt]()
)

// retentionClock is the field that the retention counts from; nil where the model keeps its deleted rows for ever.
func (p *policy) retentionClock() *schema.Field {
	if p.retain == (period{}) || p.then == "keep" {
		return nil
	}
	if p.clockField != nil {
		return p.clockField
	}
	return p.at
}
