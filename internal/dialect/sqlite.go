package dialect

import (
	"strings"
	"time"

	"gorm.io/gorm"
)

// sqlite is SQLite 3.38 and later, through a driver that keeps times as text, trailing zeros of the fraction cut:
// "2006-01-02 15:04:05.999999999+00:00", or "2006-01-02T15:04:05.999999999Z" with a driver that is written in Go.
var sqlite = Dialect{
	Name:      "sqlite",
	Precision: time.Nanosecond,
	features: WithBeforeWrite | CompoundRecursion | PartialIndexes | AlterInTransaction | AnyCase | TemporaryTwice | StatementChecksKeys | KeysFireTriggers | ReadsTarget |
		ConflictTargets | OuterInWith | UpdateReturning | RowRanges | LocksChosen,
	instantType: "text",
	length:      "length",
	textType:    "text",
	divided:     " / ",
	concat:      withBars,
	literal:     textLiteral,
	nanoseconds: func(column string) string {
		rest := "substr(" + column + ", 20)" // the fraction, if any, and the zone
		// strftime would round the fraction, maybe up to the next second. The number 0.… ends where the zone begins.
		seconds := "strftime('%s', substr(" + column + ", 1, 19) || ltrim(" + rest + ", '.0123456789'))"
		fraction := "round(CAST('0' || " + rest + " AS REAL) * 1000000000)"
		return "(CAST(" + seconds + " AS INTEGER) * 1000000000 + CAST(" + fraction + " AS INTEGER))"
	},
	native: func(column, nanoseconds string) string {
		// In the form that the column's former value has: instants are compared as text.
		byT := "substr(" + column + ", 11, 1) = 'T'"
		format := "CASE WHEN " + byT + " THEN '%Y-%m-%dT%H:%M:%S' ELSE '%Y-%m-%d %H:%M:%S' END"
		fraction := "rtrim(rtrim(printf('.%09d', " + nanoseconds + " % 1000000000), '0'), '.')"
		zone := "CASE WHEN " + byT + " THEN 'Z' ELSE '+00:00' END"
		return "(strftime(" + format + ", " + nanoseconds + " / 1000000000, 'unixepoch') || " + fraction + " || " + zone + ")"
	},
	text:    func(expression string) string { return "CAST(" + expression + " AS TEXT)" },
	integer: func(expression string) string { return "CAST(" + expression + " AS INTEGER)" },
	padded:  func(expression string) string { return "printf('%019d', " + expression + ")" },

	server:   sqliteServer,
	list:     sqliteList,
	events:   sqliteEvents,
	masks:    sqliteMasks,
	keys:     sqliteKeys,
	refusals: sqliteRefusals,

	keepPresent:    conflictDoNothing,
	replacePresent: conflictDoUpdate,

	notAfter:     textNotAfter,
	notBefore:    textNotBefore,
	surelyWithin: textSurelyWithin,
	isTime:       textIsTimeSince,
	addresses:    sqliteAddresses,
	numbered:     sqliteNumbered,
	deferKeys:    "PRAGMA defer_foreign_keys = ON",

	referencesTo:   sqliteReferences,
	referencesFrom: sqliteReferencesFrom, enforcesReferences: sqliteEnforces, primaryKey: sqlitePrimaryKey,
	sameName: sqliteName,

	columns:   sqliteColumns,
	script:    sqliteScript,
	temporary: temporary{drop: "DROP TABLE ", mark: "''"},

	exclusives: sqliteExclusives,
	collations: sqliteCollations,

	findIndexes: func(db *gorm.DB, table Table, name string) (found []Index, err error) {
		// Until the end, "where" is the whole statement that made the index.
		err = db.Raw(`SELECT l.name AS name, l."unique" AS "unique", coalesce(m.sql, '') AS "where", l.origin = 'u' AS "constraint",
				l.origin = 'pk' AS "primary", false AS broken,
				(SELECT group_concat(column_name, ?) FROM (SELECT coalesce(c.name, '') AS column_name FROM pragma_index_info(l.name) c ORDER BY c.seqno)) AS listed
			FROM pragma_index_list(?) l JOIN sqlite_master m ON m.type = 'index' AND m.name = l.name
			WHERE ? = '' OR l.name = ? ORDER BY l.name`, columnSeparator, table.Name, name, name).Scan(&found).Error
		for i := range found {
			found[i].Where = condition(found[i].Where)
		}
		return found, err
	},
	indexOwner: func(db *gorm.DB, table Table, name string) (owner string, err error) {
		err = db.Raw("SELECT tbl_name FROM sqlite_master WHERE type = 'index' AND name = ? AND tbl_name <> ?", name, table.Name).Scan(&owner).Error
		return owner, err
	},

	rebuild: rebuild{
		enforced: func(db *gorm.DB) (on bool, err error) {
			err = db.Raw("PRAGMA foreign_keys").Scan(&on).Error
			return on, err
		},
		enforce: func(on bool) string {
			if on {
				return "PRAGMA foreign_keys = ON"
			}
			return "PRAGMA foreign_keys = OFF"
		},
		referrers: func(db *gorm.DB, table string) (list []Referrer, err error) {
			err = db.Raw(`SELECT m.name AS "table", f."from" AS "column" FROM sqlite_master m, pragma_foreign_key_list(m.name) f
				WHERE m.type = 'table' AND m.name <> ? AND lower(f."table") = lower(?) ORDER BY 1, 2`, table, table).Scan(&list).Error
			return list, err
		},
		violations: func(db *gorm.DB, table string) (rows int64, err error) {
			err = db.Raw("SELECT count(*) FROM pragma_foreign_key_check(?)", table).Scan(&rows).Error
			return rows, err
		},
		definitions: func(db *gorm.DB) (statements []string, err error) {
			err = db.Raw("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND sql NOT LIKE 'CREATE VIRTUAL %' " +
				"ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, CASE type WHEN 'trigger' THEN rowid END, name").Scan(&statements).Error
			return statements, err
		},
		attached:      sqliteAttached,
		counter:       sqliteCounter,
		setCounter:    sqliteSetCounter,
		lenient:       sqliteLenient,
		withoutUnique: sqliteWithoutUnique,
		empty:         ":memory:",
	},
}

// condition is what stands behind WHERE in a CREATE INDEX, empty where there is none.
func condition(statement string) string {
	const word = "where"
	for i := range Unquoted(statement) {
		end := i + len(word)
		if i > 0 && end < len(statement) && !inWord(statement[i-1]) && strings.EqualFold(statement[i:end], word) && !inWord(statement[end]) {
			return strings.TrimSpace(statement[end:])
		}
	}
	return ""
}

func inWord(c byte) bool {
	return c == '_' || c == '$' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
