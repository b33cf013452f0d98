package dialect

import (
	"database/sql"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
)

// postgres is PostgreSQL 12 and later. Its timestamptz keeps microseconds.
var postgres = Dialect{
	Name:      "postgres",
	Precision: time.Microsecond,

	longestName: 63,
	features: RowLocks | WritesInWith | WithBeforeWrite | PartialIndexes | AdvisoryLocks | SessionLocks | RenameIndex | AlterInPlace | AlterInTransaction |
		LowerNames | Estimates | JSONRows | TemporaryTwice | StatementChecksKeys | KeysFireTriggers | ReadsTarget |
		ConflictTargets | OuterInWith | UpdateReturning | SpoiltByErrors | RowRanges | LocksChosen,
	instantType: "timestamptz",
	length:      "length",
	textType:    "text",
	divided:     " / ",
	concat:      withBars,
	literal:     textLiteral,
	nanoseconds: func(column string) string {
		return "((extract(epoch from " + column + ") * 1000000)::bigint * 1000)"
	},
	native: func(column, nanoseconds string) string {
		// The literal takes the column's type, with or without a time zone: a cast between the two would use the session's zone.
		return "(CASE WHEN true THEN 'epoch' ELSE " + column + " END + (" + nanoseconds + " / 1000) * interval '1 microsecond')"
	},
	text:    func(expression string) string { return expression + "::text" },
	integer: func(expression string) string { return expression + "::bigint" },
	padded:  func(expression string) string { return "lpad(" + expression + "::text, 19, '0')" },
	among:   [2]string{" = ANY (ARRAY(", "))"},
	tryLock: func(number string) string { return "pg_try_advisory_xact_lock(" + number + ")" },
	notAfter: func(column string, at time.Time) string {
		return column + " <= " + moment(at.Truncate(time.Microsecond)) // a finer literal would be rounded
	},
	notBefore: func(column string, at time.Time) string {
		return column + " >= " + moment(at.Add(time.Microsecond-1).Truncate(time.Microsecond))
	},
	addresses: postgresAddresses,
	numbered:  postgresNumbered,
	locks: [...]string{
		ShareLock: " FOR SHARE", MarkLock: " FOR NO KEY UPDATE", SoleLock: " FOR UPDATE", FreeLock: " FOR UPDATE SKIP LOCKED",
		InstantLock: " FOR UPDATE NOWAIT",
	},
	transactions: sql.TxOptions{Isolation: sql.LevelReadCommitted},
	level:        "current_setting('transaction_isolation')",
	fresh:        "read committed",
	shareLock:    func(number string) string { return "pg_advisory_xact_lock_shared(" + number + ")" },
	soleLock:     func(number string) string { return "pg_advisory_xact_lock(" + number + ")" },

	sessionLock: func(number string) (lock, unlock string) {
		return "SELECT pg_try_advisory_lock(" + number + ")", "SELECT pg_advisory_unlock(" + number + ")"
	},
	migrating: "hashtextextended('softdelete:migrate:' || coalesce(current_schema(), ''), 0)",
	cleaning:  "hashtextextended('softdelete:janitor:' || coalesce(current_schema(), ''), 0)",

	keepPresent:    conflictDoNothing,
	replacePresent: conflictDoUpdate,

	referencesTo:   postgresReferences,
	referencesFrom: postgresReferencesFrom, enforcesReferences: alwaysEnforced, primaryKey: postgresPrimaryKey,
	sameName: postgresName,

	planned: "EXPLAIN ",

	server:   postgresServer,
	form:     postgresFixForm(),
	list:     postgresList,
	events:   postgresEvents,
	masks:    postgresMasks,
	keys:     postgresKeys,
	refusals: postgresRefusals,

	unseen:    postgresUnseen,
	columns:   postgresColumns,
	script:    postgresScript,
	temporary: temporary{drop: "DROP TABLE ", mark: "''"},

	exclusives: postgresExclusives,
	collations: postgresCollations,

	// A cast to name cuts a name as the database does that is longer than it keeps.
	findIndexes: func(db *gorm.DB, table Table, name string) (found []Index, err error) {
		err = db.Raw(`SELECT c.relname AS name, i.indisunique AS "unique", coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS "where",
				EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('u', 'p', 'x')) AS "constraint",
				i.indisprimary AS "primary", NOT i.indisvalid AS broken,
				(SELECT string_agg(coalesce(a.attname, ''), ? ORDER BY k.n) FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
					LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
					WHERE k.n <= i.indnkeyatts) AS listed
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			WHERE i.indrelid = to_regclass(?) AND (? = '' OR c.relname = CAST(? AS name)) ORDER BY c.relname`,
			columnSeparator, table.Quoted, name, name).Scan(&found).Error
		return found, err
	},
	indexOwner: func(db *gorm.DB, table Table, name string) (owner string, err error) {
		err = db.Raw(`SELECT coalesce(t.relname, c.relname) FROM pg_class c
			LEFT JOIN pg_index i ON i.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = i.indrelid
			WHERE c.relname = CAST(? AS name) AND i.indrelid IS DISTINCT FROM to_regclass(?) AND c.relnamespace =
			coalesce((SELECT relnamespace FROM pg_class WHERE oid = to_regclass(?)), to_regnamespace(?), current_schema()::regnamespace)`,
			name, table.Quoted, table.Quoted, namespace(table)).Scan(&owner).Error
		return owner, err
	},
}

// namespace is the quoted schema of a table, for to_regnamespace; nil where it has none.
func namespace(table Table) *string {
	schema, _, qualified := strings.Cut(table.Quoted, `"."`)
	if !qualified {
		return nil
	}
	schema += `"`
	return &schema
}

func literal(unit time.Duration) string { return strconv.FormatInt(int64(unit), 10) }
