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

// Within is the condition that the instant in a native time column lies between two others, both included.
func (d *Dialect) Within(column string, from, until time.Time) string {
	both := d.NotBefore(column, from) + " AND " + d.NotAfter(column, until)
	if d.surelyWithin == nil {
		return both
	}
	return d.surelyWithin(column, from.UTC(), until.UTC(), both)
}

// moment writes an instant as a literal that takes the type of the column it is compared with.
func moment(at time.Time) string { return at.Format("'2006-01-02 15:04:05.999999999-07:00'") }

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

// textSurelyWithin reads a text once where that is enough.
func textSurelyWithin(column string, from, until time.Time, exactly string) string {
	return fmt.Sprintf("(%s <= %s AND (CAST(strftime('%%s', %s) AS INTEGER) BETWEEN %d AND %d OR %s))",
		column, moment(until.Add(zones)), column, from.Unix()+2, until.Unix()-1, exactly)
}

func textNotBefore(column string, at time.Time) string {
	rounded, seconds := "CAST(strftime('%s', "+column+") AS INTEGER)", textSeconds(column)
	return fmt.Sprintf("(%s > %d OR %s >= %d AND (%s > %d OR %s = %d AND %s >= %d))",
		rounded, at.Unix()+1, rounded, at.Unix(), seconds, at.Unix(), seconds, at.Unix(), textFraction(column), at.Nanosecond())
}
