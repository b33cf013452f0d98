package dialect

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// This room is about what a name means to the database.

// Unquoted is a name that stands without quotes, as the database takes it.
func (d *Dialect) Unquoted(name string) string {
	if d.Has(LowerNames) {
		return strings.ToLower(name)
	}
	return name
}

// EqualNames tells whether two tables' names, with their schemas if they have them, are the same by what they say.
func (d *Dialect) EqualNames(a, b string) bool {
	if d.Has(AnyCase) {
		return strings.EqualFold(sqliteTable(a), sqliteTable(b))
	}
	return a == b
}

// OneTable asks the database whether two names mean one table. Only names that are alike but for their schemas can.
func (d *Dialect) OneTable(db *gorm.DB, a, b string) (bool, error) {
	if d.EqualNames(a, b) || !d.EqualNames(LastName(a), LastName(b)) || d.Has(AnyCase) {
		return d.EqualNames(a, b), nil
	}
	first, err := d.SameName(db, a)
	if err != nil || first == "" {
		return false, err
	}
	second, err := d.SameName(db, b)
	return first == second, err
}

// LastName is a table's name without its schema.
func LastName(table string) string {
	_, name := splitName(table)
	return name
}

// LiveSuffix ends the name of an index that gorm:"unique" became: the constraint's own name may still be there.
const LiveSuffix = "_live"

// splitName splits a table's name behind the dot that ends its schema's.
func splitName(table string) (schema, name string) {
	dot := strings.LastIndexByte(table, '.') + 1
	return table[:dot], table[dot:]
}

// DerivedName is the name of a table beside another, in the same schema: the other's with a suffix. One that the database
// would cut is cut here, so that it stays another name.
func (d *Dialect) DerivedName(table, suffix string) string {
	schema, name := splitName(table)
	if d.longestName == 0 || len(name)+len(suffix) <= d.longestName {
		return table + suffix
	}
	return schema + ShortName(name, suffix)
}

// Kept is a table's name as the database keeps it.
func (d *Dialect) Kept(table string) string {
	schema, name := splitName(table)
	if d.longestName > 0 && len(name) > d.longestName {
		name = strings.ToValidUTF8(name[:d.longestName], "")
	}
	return schema + name
}

// ShortName makes a name with a suffix that no database finds too long. Names that begin alike stay different. It is cut
// between letters.
func ShortName(name, suffix string) string {
	const longest = 60
	if len(name)+len(suffix) > longest {
		sum := fmt.Sprintf("%x", sha256.Sum256([]byte(name)))[:8]
		name = name[:longest-len(suffix)-len(sum)] + sum
	}
	return strings.ToValidUTF8(name, "") + suffix
}

// SameSet tells whether two lists of columns have the same names, in any order and case.
func SameSet(a, b []string) bool {
	has := func(list []string, name string) bool {
		return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, name) })
	}
	return len(a) == len(b) && !slices.ContainsFunc(a, func(name string) bool { return !has(b, name) })
}
