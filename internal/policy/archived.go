package policy

import (
	"slices"
	"strings"
	"sync/atomic"

	"gorm.io/gorm/schema"
)

// This room asks which row of a primary key counts: an archive may have the key many times, and a live row may have it again.
// Rows are told by their aliases; quote quotes names. Where a place has a key once, there is nothing to ask, and the text is
// empty.

const (
	liveAlias  = "softdelete_live"
	laterAlias = "softdelete_later"
	otherAlias = "softdelete_other"
)

// equal is the condition that two rows have the same values.
func equal(fields []*schema.Field, one, other string, quote func(string) string) string {
	parts := make([]string, len(fields))
	for i, field := range fields {
		parts[i] = one + "." + quote(field.DBName) + " = " + other + "." + quote(field.DBName)
	}
	return strings.Join(parts, " AND ")
}

// live is the condition that a live row has the values of an archived one.
func (t Place) live(fields []*schema.Field, alias string, quote func(string) string) string {
	return "EXISTS (SELECT 1 FROM " + quote(t.Policy.Table) + " AS " + quote(liveAlias) + " WHERE " + equal(fields, quote(liveAlias), alias, quote) + ")"
}

// numbering tells whether an archive has the column by which its rows are numbered. One that an earlier version made has it once
// AutoMigrate has run; until then the deletions order its rows, which are in the order of the clocks that they were made by.
type numbering struct{ missing atomic.Bool }

// Numbered notes whether the archive has its number, for those that look at its columns.
func (s ArchiveStrategy) Numbered(yes bool) { s.numbering.missing.Store(!yes) }

// order is the column by which one archived row comes after another.
func (t Place) order() string {
	if s, ok := t.Policy.Archive(); ok && s.numbering.missing.Load() {
		return t.Policy.ID.DBName
	}
	return ArchiveIDColumn
}

// Number is the column of the number that each row of an archive has for itself; ok is false where there is none.
func (t Place) Number() (column string, ok bool) {
	return ArchiveIDColumn, t.Archived && t.order() == ArchiveIDColumn
}

// LockOrder is the columns by whose order rows of the place are locked: archived ones one after another, as they mostly lie in the table.
func (t Place) LockOrder() []string {
	if number, ok := t.Number(); ok {
		return []string{number}
	}
	var columns []string
	for _, field := range t.Key() {
		columns = append(columns, field.DBName)
	}
	return columns
}

// other is the condition that another archived row has the key; how compares a column of it with the row's.
func (t Place) other(name, how, column, alias string, quote func(string) string) string {
	id := "." + quote(column)
	name = quote(name)
	return "EXISTS (SELECT 1 FROM " + quote(t.Table()) + " AS " + name + " WHERE " + equal(t.Policy.Schema.PrimaryFields, name, alias, quote) +
		" AND " + name + id + how + alias + id + ")"
}

// Unused is the condition that no live row has the key of a row of the place.
func (t Place) Unused(alias string, quote func(string) string) string {
	if !t.Archived {
		return ""
	}
	return "NOT " + t.Used(alias, quote)
}

// Used is the condition that a live row has the key of a row of an archive.
func (t Place) Used(alias string, quote func(string) string) string {
	return t.live(t.Policy.Schema.PrimaryFields, alias, quote)
}

// Latest is the condition that a row is the last one of its key. It is not max: the database would look for that among all the
// rows of the deletion.
func (t Place) Latest(alias string, quote func(string) string) string {
	if !t.Archived {
		return ""
	}
	return "NOT " + t.Overtaken(alias, quote)
}

// Overtaken is the condition that a row of an archive is not the last one of its key.
func (t Place) Overtaken(alias string, quote func(string) string) string {
	return t.other(laterAlias, " > ", t.order(), alias, quote)
}

// Shared is the condition that another row, live or archived, has the key.
func (t Place) Shared(alias string, quote func(string) string) string {
	if !t.Archived {
		return ""
	}
	return "(" + t.live(t.Policy.Schema.PrimaryFields, alias, quote) + " OR " + t.other(otherAlias, " <> ", t.Policy.ID.DBName, alias, quote) + ")"
}

// Taken is the condition that another archived row with the key of one carries a mark.
func (t Place) Taken(alias, mark string, quote func(string) string) string {
	if !t.Archived {
		return ""
	}
	name := quote(otherAlias)
	return "EXISTS (SELECT 1 FROM " + quote(t.Table()) + " AS " + name + " WHERE " + equal(t.Policy.Schema.PrimaryFields, name, alias, quote) +
		" AND " + name + "." + quote(t.Policy.ID.DBName) + " = " + mark + ")"
}

// Copies counts the rows of the place that have the key of one.
func (t Place) Copies(alias string, quote func(string) string) string {
	if !t.Archived {
		return "1"
	}
	return "(SELECT count(*) FROM " + quote(t.Table()) + " AS " + quote(otherAlias) + " WHERE " +
		equal(t.Policy.Schema.PrimaryFields, quote(otherAlias), alias, quote) + ")"
}

// ArchivedParent is the condition that an archived row, as alias, is the deleted parent of rows that refer to it: neither its
// key nor what they refer to it by is that of a live row, and no later one of its key took its place.
func (r *Relation) ArchivedParent(alias string, quote func(string) string) string {
	t := r.Parent.DeletedPlace()
	if !t.Archived {
		return ""
	}
	var referred []*schema.Field
	for _, key := range r.Keys {
		referred = append(referred, key.Parent)
	}
	gone := t.Unused(alias, quote)
	if !slices.Equal(referred, r.Parent.Schema.PrimaryFields) {
		gone += " AND NOT " + t.live(referred, alias, quote) + " AND " + t.Latest(alias, quote)
	}
	return gone
}
