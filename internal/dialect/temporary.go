package dialect

import "strings"

// This room is for temporary tables, which the plugin keeps in a transaction what walks have found. What makes and drops them must not end
// that.

// temporary is how a database writes them.
type temporary struct {
	// drop begins the statement that drops one.
	drop string
	// mark is the value that gives a column for marks its type, of a table that is made of a SELECT.
	mark string
	// text is that for a column of texts of any length; empty where it is the same.
	text string
	// within tells that an index is made with the table, since a statement of its own would end the transaction, and so is a key that
	// SELECT * does not show: servers may refuse tables without one.
	within bool
	// none stands before a table of which no row is wanted, so that columns of a temporary table made of it take NULL.
	none string
}

// TemporaryTable begins the statement that makes a temporary table of a SELECT that is to follow, and gives another that makes an index
// of it, empty where the first does that. Names are quoted; index is that of the index, columns are those in it, none where there is to
// be none.
func (d *Dialect) TemporaryTable(table, index string, columns ...string) (create, further string) {
	list := strings.Join(columns, ", ")
	create = "CREATE TEMPORARY TABLE " + table
	switch {
	case d.temporary.within:
		keys := "softdelete_row bigint AUTO_INCREMENT PRIMARY KEY INVISIBLE"
		if list != "" {
			keys += ", KEY (" + list + ")"
		}
		return create + " (" + keys + ") AS ", ""
	case list == "":
		return create + " AS ", ""
	}
	return create + " AS ", "CREATE INDEX " + index + " ON " + table + " (" + list + ")"
}

// TemporaryLike is a statement that makes an empty temporary table with the columns of another. Names are quoted.
func (d *Dialect) TemporaryLike(table, other string) string {
	if d.temporary.within {
		return "CREATE TEMPORARY TABLE " + table + " LIKE " + other // with its keys
	}
	return "CREATE TEMPORARY TABLE " + table + " AS SELECT * FROM " + other + " WHERE 1 = 0"
}

// IndexesLongValues tells whether a value of any length may be in an index.
func (d *Dialect) IndexesLongValues() bool { return !d.temporary.within }

// NoneOf stands behind FROM, and in front of a WHERE that nothing fulfils: a temporary table that is made of the SELECT has the columns
// of the table, of which each takes NULL.
func (d *Dialect) NoneOf(table string) string {
	if d.temporary.none == "" {
		return table
	}
	return d.temporary.none + table + " ON 1 = 0"
}

// EmptyMark is an empty mark, of a type that takes others.
func (d *Dialect) EmptyMark() string { return d.temporary.mark }

// EmptyText is an empty text, of a type that takes any other.
func (d *Dialect) EmptyText() string {
	if d.temporary.text == "" {
		return d.temporary.mark
	}
	return d.temporary.text
}

// DropTemporary begins the statement that drops temporary tables, whose names follow.
func (d *Dialect) DropTemporary() string { return d.temporary.drop }

// DropAnyTemporary does the same with those that may not be there.
func (d *Dialect) DropAnyTemporary() string { return d.temporary.drop + "IF EXISTS " }

// TemporaryThere tells whether an error says that a table which was to be made is there already.
func (d *Dialect) TemporaryThere(err error) bool {
	return d.refusals.there != nil && d.refusals.there(err)
}
