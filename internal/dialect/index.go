package dialect

import (
	"regexp"
	"strings"

	"gorm.io/gorm"
)

// Index is an index as the database has it. The tags hold whatever naming strategy the caller has.
type Index struct {
	Unique bool `gorm:"column:unique"`
	// Where is its condition as the database tells it, empty where it covers all rows.
	Where string `gorm:"column:where"`
}

// Covers tells whether the index has a condition that was written like this.
func (i *Index) Covers(where string) bool { return plain(i.Where) == plain(where) }

var (
	// A negative number is told as '-1'::integer.
	numbers     = regexp.MustCompile(`'(-?\d+)'::(smallint|integer|bigint|numeric)`)
	casts       = regexp.MustCompile(`::(character varying|timestamp with(out)? time zone|double precision|("[^"]+"|[a-z_0-9]+)(\.("[^"]+"|[a-z_0-9]+))?)(\(\d+\))?(\[\])?`)
	punctuation = strings.NewReplacer("(", " ", ")", " ", `"`, "", "`", "", "!=", "<>")
)

// plain brings a condition into a form in which what was written and what the database tells are the same: without
// parentheses, quotes around names, casts, and differences in space and case outside of texts.
func plain(condition string) string {
	var plain strings.Builder
	condition = numbers.ReplaceAllString(condition, "$1")
	for i, part := range strings.Split(condition, "'") {
		if i%2 == 0 {
			part = casts.ReplaceAllString(strings.ToLower(part), "")
			part = " " + strings.Join(strings.Fields(punctuation.Replace(part)), " ") + " "
		} else {
			part = "'" + part + "'"
		}
		plain.WriteString(part)
	}
	return strings.Join(strings.Fields(plain.String()), " ")
}

// Table is a table to look up: its name alone, and quoted with its schema if it has one.
type Table struct{ Name, Quoted string }

// FindIndex gives the index of a name on a table, nil where the table has none of this name.
func (d *Dialect) FindIndex(db *gorm.DB, table Table, name string) (*Index, error) {
	return d.findIndex(db, table, name)
}

// IndexOwner gives the other table that has an index of a name, where names of indexes are shared between tables; empty
// where there is none.
func (d *Dialect) IndexOwner(db *gorm.DB, table Table, name string) (string, error) {
	return d.indexOwner(db, table, name)
}
