package dialect

// This room is how statements begin that write rows.

// WrittenRows stands around a DELETE or UPDATE that is a table of a WITH clause: the statement around it reads what it returns
// of the rows that it wrote. It needs the feature WritesInWith.
func (d *Dialect) WrittenRows(name, returns string) (open, shut string) {
	return name + " AS (", " RETURNING " + returns + ")"
}

// Update begins an UPDATE that may read another table as well, where that is not empty; from stands behind what it sets.
func (d *Dialect) Update(table, other string) (open, from string) {
	if d.update != nil {
		return d.update(table, other)
	}
	if other != "" {
		from = " FROM " + other
	}
	return "UPDATE " + table + " SET ", from
}

// DeleteFrom begins a DELETE, up to WHERE. way says how rows are found, as ByKey does; empty for whatever the database thinks best.
func (d *Dialect) DeleteFrom(table, way string) string {
	if d.remove != nil {
		return d.remove(table, way)
	}
	return "DELETE FROM " + table + way
}

// DeleteAs stands between DELETE and FROM where the table has an alias; empty where nothing does.
func (d *Dialect) DeleteAs(alias string) string {
	if d.removeAs {
		return alias
	}
	return ""
}

// ByKey stands behind the name of a table with a primary key, whose rows are to be found by that and by nothing else; empty where a
// statement locks no others than those that it gives or writes.
func (d *Dialect) ByKey() string { return d.byKey }

// ByFound stands behind a SELECT of keys of a table, and before what says that its rows are those: they are read after it, and nothing else
// of the table is. It is there where ByKey is.
func (d *Dialect) ByFound(table string) string { return " STRAIGHT_JOIN " + table + d.byKey }

// InOrder stands between two tables in FROM of which the second is read by what the first gives; empty where the database may choose, and
// Estimates says whether it needs help.
func (d *Dialect) InOrder() string { return d.inOrder }

// Joined is a table of one row that a DELETE joins whose rows sub-queries tell; empty where a DELETE looks its rows up without one.
func (d *Dialect) Joined() string { return d.joined }

// UpdateFound begins an UPDATE of a table, up to what it sets, whose rows are looked up by the keys in another; on says which they are.
// It is there where ByKey is.
func (d *Dialect) UpdateFound(found, table, on string) string {
	return "UPDATE " + found + d.ByFound(table) + " ON " + on + " SET "
}

// DeleteFound does the same with a DELETE: what stands before its condition, in the two clauses that it has by then.
func (d *Dialect) DeleteFound(found, table, on string) (open, from string) {
	return "DELETE " + table, "FROM " + found + d.ByFound(table) + " ON " + on
}
