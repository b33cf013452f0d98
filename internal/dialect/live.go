package dialect

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
)

// This room is for databases whose indexes cannot have a condition. There a table has a column that the database computes, the same in
// all rows that are live and NULL in others; a unique index that ends with it is one over the live rows.

// live is how such a database has that column, and the indexes with it.
type live struct {
	// condition gives what the column of a table is computed from, and whether the table has one.
	condition func(db *gorm.DB, table Table) (condition string, there bool, err error)
	// add and change are the statements that give a table the column, and that compute it anew.
	add, change func(table Table, condition string) string
	// column is the column's name, quoted, as the last part of an index.
	column string
	// exchange is the end of an ALTER TABLE that makes unique indexes, each in the place of that of its name.
	exchange func(indexes []UniqueKey) string
	// drop is a statement that drops an index.
	drop func(table Table, quoted string) string
	// rename and dropColumn are statements that give an index another name, and that drop a column with indexes.
	rename     func(table Table, former, name string) string
	dropColumn func(table Table, column string, indexes []string) string
	// keySize is how many bytes of an index a column of a type takes, or that many of its letters; ok is false where it has no place in one.
	keySize func(kind string, letters int) (bytes int, ok bool)
	longest int
	// anyWay is a statement of these without the way that it asks for, wayless tells that the database has refused that.
	anyWay  func(statement string) string
	wayless func(err error) bool
	// alike tells whether two texts are the same by a collation, empty for the database's.
	alike func(db *gorm.DB, one, other, collation string) (bool, error)
}

// UniqueKey is a unique index that is to be made.
type UniqueKey struct {
	Name string // quoted
	// Narrow tells that it is to be over the live rows.
	Narrow bool
	// Replaces tells that the table has one of the name.
	Replaces bool
	Options  string
}

// LiveCondition gives what the column that tells live rows is computed from, and whether a table has one. It needs the feature
// GeneratedLive, as what follows.
func (d *Dialect) LiveCondition(db *gorm.DB, table Table) (condition string, there bool, err error) {
	return d.live.condition(db, table)
}

// AddLive is the statement that gives a table that column; where it has one, there, it computes it anew.
func (d *Dialect) AddLive(table Table, condition string, there bool) string {
	if there {
		return d.live.change(table, condition)
	}
	return d.live.add(table, condition)
}

// LivePart is the last part of an index over the live rows.
func (d *Dialect) LivePart() string { return d.live.column }

// ExchangeKeys is a statement that makes unique indexes; what each is on stands in the place of a ?. What one replaces holds until then.
func (d *Dialect) ExchangeKeys(table Table, indexes []UniqueKey) string {
	return "ALTER TABLE " + table.Quoted + " " + d.live.exchange(indexes)
}

// AnyWay is a statement of AddLive or ExchangeKeys that lets the database write the table anew and keep writers out meanwhile, where an
// error says that it cannot do without; ok is false for any other error.
func (d *Dialect) AnyWay(statement string, err error) (again string, ok bool) {
	if d.live.wayless == nil || !d.live.wayless(err) {
		return "", false
	}
	again = d.live.anyWay(statement)
	return again, again != statement
}

// KeySize is how many bytes of an index a column of a type takes, or its first letters where they are not 0; ok is false where a
// column of the type has no place in an index.
func (d *Dialect) KeySize(kind string, letters int) (bytes int, ok bool) {
	return d.live.keySize(kind, letters)
}

// Leading is the first letters of a column, which an index of such a length is on.
func (d *Dialect) Leading(column string, letters int) string {
	return fmt.Sprintf("LEFT(%s, %d)", column, letters)
}

// LongestKey is how many bytes an index may have over the live rows.
func (d *Dialect) LongestKey() int { return d.live.longest }

// DropIndex is the statement that drops an index of a table, by its quoted name.
func (d *Dialect) DropIndex(table Table, quoted string) string {
	if d.live.drop != nil {
		return d.live.drop(table, quoted)
	}
	if i := strings.LastIndex(table.Quoted, "."); i >= 0 { // the index is in the schema of its table
		quoted = table.Quoted[:i+1] + quoted
	}
	return "DROP INDEX " + quoted
}

// RenameIndex is the statement that gives an index another name; names are quoted. It needs the feature GeneratedLive.
func (d *Dialect) RenameIndex(table Table, former, name string) string {
	return d.live.rename(table, former, name)
}

// DropColumnWith is the statement that drops a column of a table together with indexes; names are quoted. It needs the feature
// GeneratedLive.
func (d *Dialect) DropColumnWith(table Table, column string, indexes []string) string {
	return d.live.dropColumn(table, column, indexes)
}

// SameCondition tells whether a condition as the database tells it was written like this.
func SameCondition(told, written string) bool { return (&Index{Where: told}).Covers(written) }

// patience is how long a migration waits for others that use its tables.
type patience struct {
	limit  string // SELECT of the session's
	set    func(seconds int64) string
	gaveUp func(err error) bool
}

// MostPatience is how many seconds a migration waits for a table. Whoever comes after it waits as long.
const MostPatience = 10

// WaitLimit is a SELECT of how many seconds the session waits for a table; empty where that is no matter of a migration.
func (d *Dialect) WaitLimit() string { return d.patience.limit }

// SetWaitLimit is the statement that changes it.
func (d *Dialect) SetWaitLimit(seconds int64) string { return d.patience.set(seconds) }

// GaveUp tells whether an error is that of a session that has waited for another one for too long.
func (d *Dialect) GaveUp(err error) bool { return d.patience.gaveUp != nil && d.patience.gaveUp(err) }

// OwnType is the type of a column of the plugin's own tables where GORM's would not do: texts are to be kept apart exactly, and times as
// fine as the database can. It is empty elsewhere. dataType and size are GORM's, indexed tells that an index is on it.
func (d *Dialect) OwnType(dataType string, size int, indexed bool) string {
	if d.ownType == nil {
		return ""
	}
	return d.ownType(dataType, size, indexed)
}

// RetypeColumn is the statement that gives a column of a table another type; names are quoted. The database refuses to change values.
// It needs the feature AlterInPlace.
func (d *Dialect) RetypeColumn(table, column, kind string) string {
	if d.retype == nil {
		// No USING: a cast that the database would not make by itself could lose data.
		return "ALTER TABLE " + table + " ALTER COLUMN " + column + " TYPE " + kind
	}
	return d.retype(table, column, kind)
}

// CollationIn is the collation that a type says; empty where it says none.
func (d *Dialect) CollationIn(kind string) string {
	return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(strings.ToUpper(collationPattern.FindString(kind))), "COLLATE"))
}

// Alike tells whether two texts are the same by a collation, by that of the database where it is not named. It needs the feature
// GeneratedLive.
func (d *Dialect) Alike(db *gorm.DB, one, other string, c Collation) (bool, error) {
	return d.live.alike(db, one, other, c.Name)
}
