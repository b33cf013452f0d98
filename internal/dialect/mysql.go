package dialect

import (
	"database/sql"
	"encoding/hex"
	"strings"
	"time"

	"gorm.io/gorm"
)

// mysql is MySQL 8.0.23 and later, on InnoDB, over connections that keep times in UTC. GORM has one name for it and for its relatives,
// which variants tell apart.
//
// A date and time has no zone there. Texts are compared by collations, and comparing those of two collations is an error unless one of
// them is less a column's than the other, or says its own: what is written here is either.
var mysql = Dialect{
	Name:      "mysql",
	Precision: time.Microsecond,

	longestName: 64,
	features: RowLocks | CompoundRecursion | RenameIndex | AlterInPlace | QualifiedTargets | StaleReads | GeneratedLive | SessionLocks |
		LockTable | LooseTexts | UnionsAnew | TemporaryStays | JSONRows | FirstIndex,
	instantType: "datetime(6)",
	textType:    "char",
	ofType:      mysqlCast,
	length:      "CHAR_LENGTH",
	divided:     " DIV ",
	concat:      func(parts []string) string { return "CONCAT(" + strings.Join(parts, ", ") + ")" },
	literal:     mysqlLiteral,
	nanoseconds: func(column string) string {
		return "(TIMESTAMPDIFF(MICROSECOND, " + mysqlEpoch + ", " + column + ") * 1000)"
	},
	native: func(_, nanoseconds string) string {
		return "(" + mysqlEpoch + " + INTERVAL (" + nanoseconds + " DIV 1000) MICROSECOND)"
	},
	// The text of a number is compared by the collation of what stands beside it, where a cast would have one of its own.
	text:    func(expression string) string { return "CONCAT(" + expression + ", '')" },
	integer: func(expression string) string { return "CAST(" + expression + " AS SIGNED)" },
	padded:  func(expression string) string { return "LPAD(" + expression + ", 19, '0')" },

	locks: [...]string{
		ShareLock: " FOR SHARE", MarkLock: " FOR UPDATE", SoleLock: " FOR UPDATE", FreeLock: " FOR UPDATE SKIP LOCKED",
		InstantLock: " FOR UPDATE NOWAIT",
	},
	transactions: sql.TxOptions{Isolation: sql.LevelReadCommitted},
	update:       mysqlUpdate,
	remove:       mysqlDelete,
	removeAs:     true,
	byKey:        " FORCE INDEX (PRIMARY)",
	inOrder:      " STRAIGHT_JOIN ",
	joined:       mysqlOne,

	keepPresent:    func(key string) string { return " ON DUPLICATE KEY UPDATE " + key + " = " + key },
	replacePresent: mysqlReplace,
	inserted:       mysqlInserted,
	refuse:         mysqlRefuse,
	refused:        mysqlRefused,

	notAfter: func(column string, at time.Time) string {
		return column + " <= " + mysqlMoment(at.Truncate(time.Microsecond))
	},
	notBefore: func(column string, at time.Time) string {
		return column + " >= " + mysqlMoment(at.Add(time.Microsecond-1).Truncate(time.Microsecond))
	},
	addresses: addresses{extent: func(*gorm.DB, string) (e Extent, ok bool, err error) { return e, false, nil }},
	numbered:  mysqlNumbered,

	timeStep: mysqlTimeStep(mysqlKeyKind(mysqlTimeDigits)),
	zoneless: true,

	unfit:    mysqlUnfit,
	writers:  mysqlWriters,
	server:   mysqlServer,
	list:     mysqlList,
	events:   mysqlEvents,
	masks:    mysqlMasks,
	keys:     mysqlKeys(time.Time.Round),
	refusals: mysqlRefusals,

	referencesTo: mysqlReferences, referencesFrom: mysqlReferencesFrom, enforcesReferences: mysqlEnforces, primaryKey: mysqlPrimaryKey,
	sameName: mysqlName,

	columns:    mysqlColumns,
	exclusives: mysqlExclusives,
	collations: mysqlCollations,

	findIndexes: mysqlIndexes,
	indexPart:   mysqlFinding,

	script:   script{alone: mysqlAlone},
	live:     mysqlLive,
	patience: mysqlPatience,
	ownType:  mysqlOwnType,
	retype: func(table, column, kind string) string {
		return "ALTER TABLE " + table + " MODIFY COLUMN " + column + " " + kind
	},

	sessionLock: mysqlSessionLock,
	migrating:   mysqlLockName("softdelete_m_"),
	cleaning:    mysqlLockName("softdelete_j_"),

	deep: mysqlDeep,
	temporary: temporary{
		drop: "DROP TEMPORARY TABLE ", mark: "CAST('' AS char(255) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin", text: "CAST('' AS char(65535) CHARACTER SET utf8mb4) COLLATE utf8mb4_bin", within: true,
		none: mysqlOne + " LEFT JOIN ",
	},
}

// mariadb is MariaDB 10.6 and later.
var mariadb = func() Dialect {
	d := mysql
	d.features |= ReadTablesOnly // a crash in st_select_lex_unit::prepare, of MariaDB 10.11.19
	d.locks[ShareLock] = " LOCK IN SHARE MODE"
	d.server = mariadbServer
	d.deep = mariadbDeep
	d.masks.randomSince = 10_10 // with RANDOM_BYTES
	d.keys = mysqlKeys(time.Time.Truncate)
	d.events.objects = func(d *Dialect, l *Log) []LogObject { return mysqlLog(d, l, "CREATE OR REPLACE TRIGGER ") }
	return d
}()

// mysqlEpoch is the instant 0.
const mysqlEpoch = "TIMESTAMP'1970-01-01 00:00:00.000000'"

// mysqlMoment writes a time as a literal.
func mysqlMoment(at time.Time) string {
	return at.UTC().Format("TIMESTAMP'2006-01-02 15:04:05.000000'")
}

// mysqlLiteral writes a text with a backslash by its bytes: whether that begins an escape depends on a setting of the session. Its
// collation is said, since it would be that of the character set.
func mysqlLiteral(text string) string {
	if strings.ContainsAny(text, "\\\x00") {
		return "_utf8mb4 x'" + hex.EncodeToString([]byte(text)) + "' COLLATE utf8mb4_bin"
	}
	return textLiteral(text)
}

// mysqlMost is the greatest integer there is. What is greater is an error in every mode of the server, which IGNORE does not make a warning
// of (https://dev.mysql.com/doc/refman/8.4/en/out-of-range-and-overflow.html).
const mysqlMost = "18446744073709551615"

// mysqlRefuse is an expression, but an error where a condition holds.
func mysqlRefuse(expression, condition string) string {
	return "CASE WHEN ((" + condition + ") IS TRUE) + " + mysqlMost + " > 0 THEN " + expression + " END"
}

func mysqlRefused(err error) bool {
	found, _ := asMySQL(err)
	return found.number == 1690 && strings.Contains(found.message, mysqlMost)
}

func mysqlInserted(column string) string { return "VALUES(" + column + ")" } // AS new is MySQL's alone

func mysqlReplace(_, others []string) string {
	set := make([]string, len(others))
	for i, column := range others {
		set[i] = column + " = " + mysqlInserted(column)
	}
	return " ON DUPLICATE KEY UPDATE " + strings.Join(set, ", ")
}

// mysqlOne is a table of one row. A write that joins one looks its rows up by what sub-queries give; any other would ask the sub-queries
// of each row of the table.
const mysqlOne = "(SELECT 1 AS softdelete_one) AS softdelete_one"

func mysqlUpdate(table, other string) (open, from string) {
	if other == "" {
		other = mysqlOne
	}
	return "UPDATE " + table + ", " + other + " SET ", ""
}

func mysqlDelete(table, way string) string {
	return "DELETE " + table + " FROM " + table + way + ", " + mysqlOne
}
