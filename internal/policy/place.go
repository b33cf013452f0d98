package policy

import (
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is about the tables that a model's rows lie in: its own, and the archive where it has one. Rows that lie in the
// event log only have none.

// Place is a table with rows of a model.
type Place struct {
	Policy   *Policy
	Archived bool
}

// Home is where the model's live rows lie.
func (p *Policy) Home() Place { return Place{Policy: p} }

// DeletedPlace is where the model's deleted rows lie: its own table, or its archive.
func (p *Policy) DeletedPlace() Place { return Place{Policy: p, Archived: p.Archives()} }

// Places lists the tables that the model's rows lie in, its own first.
func (p *Policy) Places() []Place {
	return append([]Place{p.Home()}, p.Elsewhere()...)
}

// Looks lists the tables in the order in which a search goes through them whose statements each see what others have committed by then. A
// restore may move a row from the archive into the table that was looked through before, so that it is looked through again. What a
// deletion moves the other way is found in the archive.
func (p *Policy) Looks() []Place {
	places := p.Places()
	if len(places) > 1 && p.dialect.Has(dialect.RowLocks) {
		places = append(places, p.Home())
	}
	return places
}

// Elsewhere lists the tables beside its own that the model's rows lie in.
func (p *Policy) Elsewhere() []Place {
	if deleted := p.DeletedPlace(); deleted != p.Home() {
		return []Place{deleted}
	}
	return nil
}

// Table is the table's name.
func (t Place) Table() string {
	if t.Archived {
		return t.Policy.DeletedTable()
	}
	return t.Policy.Table
}

// Key is the columns that tell the table's rows apart: a key may be archived many times, by one deletion once.
func (t Place) Key() []*schema.Field {
	if t.Archived {
		return append(slices.Clone(t.Policy.Schema.PrimaryFields), t.Policy.ID)
	}
	return t.Policy.Schema.PrimaryFields
}

// Gone tells the deleted rows of the table; nil where it holds no others, or none.
func (t Place) Gone() statement.Predicate {
	if t.Archived {
		return nil
	}
	return t.Policy.Predicates.Deleted
}

// Log is the event log that writes to the table have; nil for none.
func (t Place) Log() *dialect.Log {
	if t.Archived {
		return nil
	}
	return t.Policy.Log
}

// Marks tells whether the mark of a deleted row, with actor and reason, stands in the table.
func (t Place) Marks() bool { return t == t.Policy.DeletedPlace() }

// Texts are the columns actor and reason that the table has.
func (t Place) Texts() (fields []*schema.Field) {
	if !t.Marks() {
		return nil
	}
	for _, field := range []*schema.Field{t.Policy.Actor, t.Policy.Reason} {
		if field != nil && !t.Policy.Personal.Masks(field) {
			fields = append(fields, field)
		}
	}
	return fields
}

// begins tells whether an index that holds all of the table's rows, or its live ones, begins with a column. An archive has none of its
// model's, but one that begins with the key, and those of ArchivedUnder.
func (t Place) begins(field *schema.Field, live bool) bool {
	if keys := t.Policy.Schema.PrimaryFields; len(keys) > 0 && keys[0] == field {
		return true
	}
	if t.Archived {
		return slices.ContainsFunc(t.Policy.ArchivedUnder(), func(columns []*schema.Field) bool { return columns[0].DBName == field.DBName })
	}
	all, begins := t.Policy.leads[field]
	return begins && (all || live)
}

// ArchivedUnder lists the columns by which rows of an archive refer to those that they go and come back with, in the order of their names.
// An index begins with each, of which that of the key is not one.
func (p *Policy) ArchivedUnder() (lists [][]*schema.Field) {
	if !p.Archives() {
		return nil
	}
	same := func(one, other *schema.Field) bool { return one.DBName == other.DBName }
	for _, r := range p.CascadeParents() {
		columns := make([]*schema.Field, len(r.Keys))
		for i, key := range r.Keys {
			columns[i] = key.Child
		}
		begins := func(other []*schema.Field) bool {
			return len(other) >= len(columns) && slices.EqualFunc(other[:len(columns)], columns, same)
		}
		kept := !slices.ContainsFunc(columns, func(field *schema.Field) bool { return !Moves(field) })
		if kept && !begins(p.Schema.PrimaryFields) && !slices.ContainsFunc(lists, begins) {
			lists = append(lists, columns)
		}
	}
	slices.SortFunc(lists, func(a, b []*schema.Field) int {
		return slices.CompareFunc(a, b, func(one, other *schema.Field) int { return strings.Compare(one.DBName, other.DBName) })
	})
	return lists
}

// Has tells whether the table has the model's column.
func (t Place) Has(field *schema.Field) bool { return !t.Archived || Moves(field) }

// Adds tells whether the table has a column for itself, beside those of the model's table.
func (t Place) Adds(column string) bool { return t.Archived && OwnColumn(column) }
