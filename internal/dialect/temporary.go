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
	// within tells that an index is made with the table, since a statement of its own would end the transaction.
	within bool
}

// TemporaryTable begins the statement that makes a temporary table of a SELECT that is to follow, and gives another that makes an index
// of it, empty where the first does that. Names are quoted; index is that of the index, columns are those in it.
func (d *Dialect) TemporaryTable(table, index string, columns ...string) (create, further string) {
	list := strings.Join(columns, ", ")
	if d.temporary.within {
		return "CREATE TEMPORARY TABLE " + table + " (KEY (" + list + ")) AS ", ""
	}
	return "CREATE TEMPORARY TABLE " + table + " AS ", "CREATE INDEX " + index + " ON " + table + " (" + list + ")"
}

// EmptyMark is an empty mark, of a type that takes others.
func (d *Dialect) EmptyMark() string { return d.temporary.mark }

// DropTemporary begins the statement that drops a temporary table, whose name follows.
func (d *Dialect) DropTemporary() string { return d.temporary.drop }
