package dialect

import (
	"strconv"
	"time"
)

// postgres is PostgreSQL 12 and later. Its timestamptz keeps microseconds.
var postgres = Dialect{
	Name:      "postgres",
	Precision: time.Microsecond,
	features:  RowLocks | WritesInWith | WithBeforeWrite | PartialIndexes | AdvisoryLocks,
	nanoseconds: func(column string) string {
		return "((extract(epoch from " + column + ") * 1000000)::bigint * 1000)"
	},
	native: func(nanoseconds string) string {
		return "(timestamptz 'epoch' + (" + nanoseconds + " / 1000) * interval '1 microsecond')"
	},
	text:    func(expression string) string { return expression + "::text" },
	integer: func(expression string) string { return expression + "::bigint" },
	padded:  func(expression string) string { return "lpad(" + expression + "::text, 19, '0')" },
	tryLock: func(number string) string { return "pg_try_advisory_xact_lock(" + number + ")" },
}

func literal(unit time.Duration) string { return strconv.FormatInt(int64(unit), 10) }
