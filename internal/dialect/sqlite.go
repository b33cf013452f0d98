package dialect

import "time"

// sqlite is SQLite 3.35 and later, through a driver that keeps times as text: "2006-01-02 15:04:05.999999999+00:00",
// trailing zeros of the fraction cut.
var sqlite = Dialect{
	Name:      "sqlite",
	Precision: time.Nanosecond,
	features:  WithBeforeWrite | CompoundRecursion | PartialIndexes,
	nanoseconds: func(column string) string {
		fraction := "substr(" + column + ", 21)"
		digits := "substr(CASE WHEN substr(" + column + ", 20, 1) = '.' THEN rtrim(substr(" + fraction + ", 1, " +
			"length(" + fraction + ") - 6), ' ') ELSE '' END || '000000000', 1, 9)"
		return "(CAST(strftime('%s', " + column + ") AS INTEGER) * 1000000000 + CAST(" + digits + " AS INTEGER))"
	},
	native: func(nanoseconds string) string {
		fraction := "rtrim(rtrim(printf('.%09d', " + nanoseconds + " % 1000000000), '0'), '.')"
		return "(strftime('%Y-%m-%d %H:%M:%S', " + nanoseconds + " / 1000000000, 'unixepoch') || " + fraction + " || '+00:00')"
	},
	text:    func(expression string) string { return "CAST(" + expression + " AS TEXT)" },
	integer: func(expression string) string { return "CAST(" + expression + " AS INTEGER)" },
	padded:  func(expression string) string { return "printf('%019d', " + expression + ")" },
}
