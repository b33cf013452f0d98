package dialect

import (
	"fmt"
	"time"
)

// NotAfter is the condition that the instant in a native time column is at or before another. It is false for NULL and for
// what is no time.
func (d *Dialect) NotAfter(column string, at time.Time) string { return d.notAfter(column, at.UTC()) }

// NotBefore is the condition that the instant in a native time column is at or after another.
func (d *Dialect) NotBefore(column string, at time.Time) string { return d.notBefore(column, at.UTC()) }

// Within is the condition that the instant in a native time column lies between two others, both included. valid tells that
// the column holds nothing but times, which need no check then.
func (d *Dialect) Within(column string, from, until time.Time, valid bool) string {
	both := d.NotBefore(column, from) + " AND " + d.NotAfter(column, until)
	if d.surelyWithin == nil {
		return both
	}
	return d.surelyWithin(column, from.UTC(), until.UTC(), valid, both)
}

// IsTime is the condition that a native time column holds an instant at or after another.
func (d *Dialect) IsTime(column string, first time.Time) string {
	if d.isTime == nil {
		return d.NotBefore(column, first)
	}
	return d.isTime(column, first.UTC(), d.NotBefore(column, first))
}

// moment writes an instant as a literal that takes the type of the column it is compared with.
func moment(at time.Time) string { return at.Format("'" + timeAsText + "'") }

// zones is more than the clocks of two zones differ by, and than a day: texts that say the same instant in different forms
// and zones sort within it.
const zones = 48 * time.Hour

// textSeconds gives the whole seconds since 1970 of a time kept as text in any zone. The fraction is cut off before
// strftime reads the text: it rounds 59.9995 up to the next minute.
func textSeconds(column string) string {
	whole := "CASE WHEN substr(" + column + ", 20, 1) = '.' THEN substr(" + column + ", 1, 19) || " + textZone(column) + " ELSE " + column + " END"
	return "CAST(strftime('%s', " + whole + ") AS INTEGER)"
}

// textFraction gives the nanoseconds after the whole seconds.
func textFraction(column string) string {
	digits := "substr(" + column + ", 21, length(" + column + ") - 20 - length(" + textZone(column) + "))"
	return "CAST(substr(CASE WHEN substr(" + column + ", 20, 1) = '.' THEN " + digits + " ELSE '' END || '000000000', 1, 9) AS INTEGER)"
}

// textZone gives the zone at the end of a time kept as text.
func textZone(column string) string {
	return "CASE WHEN " + column + " LIKE '%Z' THEN 'Z' WHEN substr(" + column + ", -6, 1) IN ('+', '-') THEN substr(" + column + ", -6) ELSE '' END"
}

// textNotAfter compares texts first, which an index serves, then seconds that may be rounded, and only near the limit the
// exact instants.
func textNotAfter(column string, at time.Time) string {
	rounded, seconds := "CAST(strftime('%s', "+column+") AS INTEGER)", textSeconds(column)
	return fmt.Sprintf("(%s <= %s AND (%s < %d OR %s <= %d AND (%s < %d OR %s = %d AND %s <= %d)))", column, moment(at.Add(zones)),
		rounded, at.Unix(), rounded, at.Unix()+1, seconds, at.Unix(), seconds, at.Unix(), textFraction(column), at.Nanosecond())
}

// textSurelyWithin compares texts, and instants only near the limits.
func textSurelyWithin(column string, from, until time.Time, valid bool, exactly string) string {
	between := "CASE WHEN " + column + " BETWEEN " + moment(from.Add(zones)) + " AND " + moment(until.Add(-zones)) + " THEN "
	if valid {
		return "(" + column + " <= " + moment(until.Add(zones)) + " AND " + between + "1 ELSE " + exactly + " END)"
	}
	return "(" + column + " <= " + moment(until.Add(zones)) + " AND " + between + textIsTime(column) + " ELSE " + exactly + " END)"
}

func textIsTime(column string) string { return "julianday(" + column + ") IS NOT NULL" }

// textIsTimeSince reads exactly only what lies near the first time.
func textIsTimeSince(column string, first time.Time, exactly string) string {
	return "CASE WHEN " + column + " >= " + moment(first.Add(zones)) + " THEN " + textIsTime(column) + " ELSE " + exactly + " END"
}

func textNotBefore(column string, at time.Time) string {
	rounded, seconds := "CAST(strftime('%s', "+column+") AS INTEGER)", textSeconds(column)
	return fmt.Sprintf("(%s > %d OR %s >= %d AND (%s > %d OR %s = %d AND %s >= %d))",
		rounded, at.Unix()+1, rounded, at.Unix(), seconds, at.Unix(), seconds, at.Unix(), textFraction(column), at.Nanosecond())
}

// timeAsText is how drivers write a time into a column of text.
const timeAsText = "2006-01-02 15:04:05.999999999-07:00"
