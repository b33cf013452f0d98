package dialect

import (
	"regexp"
	"strings"
	"time"

	"gorm.io/gorm"
)

// Index is an index as the database has it. The tags hold whatever naming strategy the caller has.
type Index struct {
	Name   string `gorm:"column:name"`
	Unique bool   `gorm:"column:unique"`
	// Where is its condition as the database tells it, empty where it covers all rows.
	Where string `gorm:"column:where"`
	// Constraint tells that it came with a UNIQUE constraint of the table, and goes with it only.
	Constraint bool `gorm:"column:constraint"`
	// Primary tells that it is the primary key's.
	Primary bool `gorm:"column:primary"`
	// Broken tells that it was not built to its end.
	Broken bool `gorm:"column:broken"`
	// Listed are its columns, "" for an expression, joined by columnSeparator.
	Listed string `gorm:"column:listed"`
}

// columnSeparator stands between the names of columns that a query gives as one text.
const columnSeparator = "\x1f"

// Columns are the columns of the index in order, "" for an expression.
func (i *Index) Columns() []string { return strings.Split(i.Listed, columnSeparator) }

// Covers tells whether the index has a condition that was written like this.
func (i *Index) Covers(where string) bool {
	zone := zoneOf(i.Where)
	return plain(i.Where, zone) == plain(where, zone)
}

// timeLiteral is a text that is a time. A database tells one in the zone of its session, however it was written.
var timeLiteral = regexp.MustCompile(`^(\d{4}-\d\d-\d\d)(?:[ T](\d\d:\d\d:\d\d(?:\.\d+)?))?([+-]\d\d(?::?\d\d)?|Z)?$`)

// zoneOf is the zone of the first time in a condition that has one; UTC without any.
func zoneOf(condition string) string {
	for part := range strings.SplitSeq(condition, "'") {
		if found := timeLiteral.FindStringSubmatch(part); found != nil && found[3] != "" {
			return found[3]
		}
	}
	return "Z"
}

// sameTime is one form of a time, whatever its zone; one without is in the given one. Other texts stay as they are.
func sameTime(text, zone string) string {
	found := timeLiteral.FindStringSubmatch(text)
	if found == nil {
		return text
	}
	if found[2] == "" {
		found[2] = "00:00:00"
	}
	if found[3] != "" {
		zone = found[3]
	}
	if zone = strings.ReplaceAll(zone, ":", ""); len(zone) == len("+09") {
		zone += "00"
	}
	at, err := time.Parse("2006-01-02 15:04:05.999999999 Z0700", found[1]+" "+found[2]+" "+zone)
	if err != nil {
		return text
	}
	return at.UTC().Format(time.RFC3339Nano)
}

var (
	// A negative number is told as '-1'::integer.
	numbers     = regexp.MustCompile(`'(-?\d+)'::(smallint|integer|bigint|numeric)`)
	casts       = regexp.MustCompile(`::(character varying|timestamp with(out)? time zone|double precision|("[^"]+"|[a-z_0-9]+)(\.("[^"]+"|[a-z_0-9]+))?)(\(\d+\))?(\[\])?`)
	punctuation = strings.NewReplacer("(", " ", ")", " ", `"`, "", "`", "", "!=", "<>")
)

// plain brings a condition into a form in which what was written and what the database tells are the same: without
// parentheses, quotes around names, casts, and differences in space and case outside of texts.
func plain(condition, zone string) string {
	var plain strings.Builder
	condition = numbers.ReplaceAllString(condition, "$1")
	for i, part := range strings.Split(condition, "'") {
		if i%2 == 0 {
			part = casts.ReplaceAllString(strings.ToLower(part), "")
			part = " " + strings.Join(strings.Fields(punctuation.Replace(part)), " ") + " "
		} else {
			part = "'" + sameTime(part, zone) + "'"
		}
		plain.WriteString(part)
	}
	return strings.Join(strings.Fields(plain.String()), " ")
}

// IndexPart is a column of a type in an index that rows are found by: of a text that is longer than an index takes, its beginning.
func (d *Dialect) IndexPart(column, kind string) string {
	if d.indexPart == nil {
		return column
	}
	return d.indexPart(column, kind)
}

// Table is a table to look up: its name alone, and quoted with its schema if it has one.
type Table struct{ Name, Quoted string }

// FindIndex gives the index of a name on a table, nil where the table has none of this name.
func (d *Dialect) FindIndex(db *gorm.DB, table Table, name string) (*Index, error) {
	found, err := d.findIndexes(db, table, name)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// Indexes lists the indexes of a table by their names, those of constraints included.
func (d *Dialect) Indexes(db *gorm.DB, table Table) ([]Index, error) {
	return d.findIndexes(db, table, "")
}

// IndexOwner gives the other table that has an index of a name, where names of indexes are shared between tables; empty
// where there is none.
func (d *Dialect) IndexOwner(db *gorm.DB, table Table, name string) (string, error) {
	if d.indexOwner == nil {
		return "", nil
	}
	return d.indexOwner(db, table, name)
}

// SharesIndexNames tells whether the tables of a schema share the names of their indexes.
func (d *Dialect) SharesIndexNames() bool { return d.indexOwner != nil }
