package dialect

import (
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
)

// postgres is PostgreSQL 12 and later. Its timestamptz keeps microseconds.
var postgres = Dialect{
	Name:      "postgres",
	Precision: time.Microsecond,
	features: RowLocks | WritesInWith | WithBeforeWrite | PartialIndexes | AdvisoryLocks | RenameIndex | DropConstraint |
		Estimates,
	nanoseconds: func(column string) string {
		return "((extract(epoch from " + column + ") * 1000000)::bigint * 1000)"
	},
	native: func(column, nanoseconds string) string {
		// The literal takes the column's type, with or without a time zone: a cast between the two would use the session's zone.
		return "(CASE WHEN true THEN 'epoch' ELSE " + column + " END + (" + nanoseconds + " / 1000) * interval '1 microsecond')"
	},
	text:     func(expression string) string { return expression + "::text" },
	integer:  func(expression string) string { return expression + "::bigint" },
	padded:   func(expression string) string { return "lpad(" + expression + "::text, 19, '0')" },
	markLock: "FOR NO KEY UPDATE",
	among:    [2]string{" = ANY (ARRAY(", "))"},
	tryLock:  func(number string) string { return "pg_try_advisory_xact_lock(" + number + ")" },

	findIndex: func(db *gorm.DB, table, name string) (*Index, error) {
		var found []Index
		err := db.Raw(`SELECT i.indisunique AS "unique", coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS "where"
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			WHERE i.indrelid = to_regclass(?) AND c.relname = ?`, regclass(table), name).Scan(&found).Error
		if err != nil || len(found) == 0 {
			return nil, err
		}
		return &found[0], nil
	},
	indexOwner: func(db *gorm.DB, table, name string) (owner string, err error) {
		err = db.Raw(`SELECT t.relname FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_class t ON t.oid = i.indrelid
			WHERE c.relname = ? AND i.indrelid <> to_regclass(?)
			AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = to_regclass(?))`,
			name, regclass(table), regclass(table)).Scan(&owner).Error
		return owner, err
	},
}

// regclass quotes a table's name, with its schema if it has one, for to_regclass.
func regclass(table string) string {
	parts := strings.Split(table, ".")
	for i, part := range parts {
		parts[i] = `"` + strings.ReplaceAll(part, `"`, `""`) + `"`
	}
	return strings.Join(parts, ".")
}

func literal(unit time.Duration) string { return strconv.FormatInt(int64(unit), 10) }
