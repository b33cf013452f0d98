// Package policy is what the tags of a model mean, compiled once: how its rows are deleted, the rules of its relations, the graph
// along which a deletion walks, the clock of its retention. Registry holds the policies of one database. No SQL runs here.
package policy

import (
	"context"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// Policy says what deleting a row of one model means. It is compiled once per schema; after that only parents, wards and keepers
// grow.
type Policy struct {
	Schema *schema.Schema
	// Table is the name of the table that the rows stand in, with its schema if it has one: the model's own, or one that a
	// statement names. SQLTable is the same, quoted.
	Table, SQLTable string
	Strategy        Strategy

	// The mark and its companions; nil where the model has no such field.
	ID, At, Previous, Actor, Reason *schema.Field
	AtClock                         clock

	Retain     tag.Period
	Then       string
	clockField *schema.Field // of the setting clock

	TenantField *schema.Field // of the setting tenant

	Has     []*Relation // has-one, has-many and many2many, in the order of the fields
	Belongs []*Relation // belongs-to with lazy or guard
	Guards  []*Relation // those of them with guard

	// Foreign is a field whose type deletes rows in a way of its own, as those of gorm.io/plugin/soft_delete do; nil for none.
	// Such a model takes no part in policies.
	Foreign *schema.Field

	Linked bool // the model has a many2many relation whose links are marked
	joins  []join

	// Full holds the columns whose unique index covers all rows, live those whose plain index covers only live ones.
	Full, Live map[string]bool

	Unique     []*UniqueIndex         // over live rows
	Narrowed   [][]string             // what the unique indexes over live rows are on, columns and expressions, see Target
	Whole      []*UniqueIndex         // over all rows of a model that marks them, or that keeps no deleted ones, the primary key first
	Computed   []*UniqueIndex         // on expressions, over whatever rows
	WasUnique  map[string]string      // columns whose constraint became an index, with its name
	leads      map[*schema.Field]bool // columns that an index begins with, whether it holds all rows or live ones only; see NoteLeads
	Predicates statement.Predicates
	LiveWhere  clause.Interface // predicates.live as a WHERE clause, nil for none

	Events bool         // the model has an event log
	Log    *dialect.Log // nil without

	Cascades bool      // the model has a cascade relation
	Alone    []*Policy // the policy itself, as a list

	RestoreHooks restoreHooks

	Personal *pii.Personal // what the pii tags say; nil without any

	// Canonical tells that the schema is GORM's own of the model, not one for db.Table.
	Canonical bool

	// Err is what is wrong with the model's tags; its statements fail with it.
	Err error

	*tables // what the model's policies for several tables share
	*graphs
}

// clock is how a column keeps an instant.
type clock struct {
	Kind      dialect.Clock
	Unit      time.Duration // of an Integer column
	Precision time.Duration // the finest step it keeps
}

// rule says what deleting a row does to a relation.
type rule string

const (
	ruleKeep    rule = "keep"
	RuleCascade rule = "cascade"
	RuleBlock   rule = "block"
)

// Relation is an edge between two models, from the model that owns the key to the model that refers to it.
type Relation struct {
	Name          string
	Rule          rule // of a has-one, has-many or many2many; "" on belongs-to
	lazy, guard   bool // of a belongs-to
	Parent, Child *Policy
	Keys          []KeyPair
	Fixed         []fixedValue
	// Far is the model that links lead to, of a many2many relation, FarKeys its columns and those of the links that refer to it.
	Far     *Policy
	FarKeys []KeyPair
}

// KeyPair is a parent's column and the child's column that refers to it.
type KeyPair struct{ Parent, Child *schema.Field }

// fixedValue is a column of the child that has one value in this relation: the type of a polymorphic one.
type fixedValue struct {
	Child *schema.Field
	Value string
}

// CanCarryMark tells whether a deleted row says which deletion took it.
func (p *Policy) CanCarryMark() bool { return p.ID != nil || p.At != nil }

// hasRules tells whether a deletion has more to do than this model's own rows.
func (p *Policy) hasRules() bool {
	return slices.ContainsFunc(p.Has, func(r *Relation) bool { return r.Rule != ruleKeep })
}

// deletesByItself tells whether a field's type brings its own clause for deletions. gorm.DeletedAt's is ours.
func deletesByItself(field *schema.Field) bool {
	_, deletes := reflect.New(field.IndirectFieldType).Interface().(schema.DeleteClausesInterface)
	return deletes && field.IndirectFieldType != deletedAtType
}

// Plain tells whether the model behaves as under GORM alone.
func (p *Policy) Plain() bool {
	_, none := p.Strategy.(noStrategy)
	return none && len(p.Belongs) == 0 && !p.hasRules()
}

var deletedAtType = reflect.TypeFor[gorm.DeletedAt]()

// RetentionClock is the field that the retention counts from; nil where the model keeps its deleted rows for ever.
func (p *Policy) RetentionClock() *schema.Field {
	if p.Retain == (tag.Period{}) || p.Then == "keep" {
		return nil
	}
	if p.clockField != nil {
		return p.clockField
	}
	return p.At
}

// MarkFields are the columns of an archive table beside the model's.
func (p *Policy) MarkFields() []*schema.Field {
	return []*schema.Field{p.At, p.ID, p.Actor, p.Reason}
}

// Structural tells whether a column is part of the plugin's own order of things.
func (p *Policy) Structural(field *schema.Field) bool {
	return p.Column() == field || slices.Contains([]*schema.Field{p.ID, p.At, p.Previous, p.Actor, p.Reason}, field)
}

// Creation is the field that says when a row was made; with the key it tells the row from a later one that has the same key.
func Creation(s *schema.Schema) *schema.Field {
	for _, field := range s.Fields {
		if field.DBName != "" && field.AutoCreateTime > 0 {
			return field
		}
	}
	return nil
}

// ShowsDeleted tells whether a model's value shows a deleted row.
func (p *Policy) ShowsDeleted(ctx context.Context, model reflect.Value) bool {
	column := p.Column()
	if column == nil {
		return false
	}
	value, _ := column.ValueOf(ctx, model)
	plain, ok := rowkey.PlainValue(value)
	return ok && p.Deletes(plain)
}

// ShowsDeletedIn tells the same, by what the model's table does of the value.
func (p *Policy) ShowsDeletedIn(tx statement.Session, f *statement.Folding, model reflect.Value) (bool, error) {
	column := p.Column()
	if column == nil {
		return false, nil
	}
	value, _ := column.ValueOf(tx.Statement.Context, model)
	plain, ok := rowkey.PlainValue(value)
	if !ok {
		return false, nil
	}
	return p.DeletesIn(tx, f, plain)
}

// DeletesIn tells what the model's table does of a value of the deletion column, which may take texts that differ for the same.
func (p *Policy) DeletesIn(tx statement.Session, f *statement.Folding, value any) (bool, error) {
	text, is := value.(string)
	deleted, _ := p.States()
	if p.Deletes(value) || !is || deleted == "" {
		return p.Deletes(value), nil
	}
	return f.Same(tx, p.Table, []*schema.Field{p.Column()}, []any{text}, []any{deleted})
}
