package dialect

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// This room says how MySQL has LiveColumn, and what else a migration needs there: each of its statements ends the transaction.

var mysqlLive = live{
	column: mysqlQuoted(LiveColumn),
	condition: func(db *gorm.DB, table Table) (condition string, there bool, err error) {
		var found []string
		place, name := mysqlPlace(table.Name)
		err = db.Raw("SELECT COALESCE(generation_expression, '') FROM information_schema.columns WHERE "+mysqlThere+" AND column_name = ?",
			place, name, LiveColumn).Scan(&found).Error
		if err != nil || len(found) == 0 {
			return "", false, err
		}
		return liveCondition(found[0]), true, nil
	},
	// The column takes no room, so that adding it changes the table's definition only; it is not added together with an index, which
	// would write the whole table anew.
	add: func(table Table, condition string) string {
		return "ALTER TABLE " + table.Quoted + " ADD COLUMN " + mysqlLiveColumn(condition) + ", ALGORITHM=INSTANT"
	},
	change: func(table Table, condition string) string {
		return "ALTER TABLE " + table.Quoted + " MODIFY COLUMN " + mysqlLiveColumn(condition)
	},
	exchange: mysqlExchange,
	drop:     func(table Table, quoted string) string { return "DROP INDEX " + quoted + " ON " + table.Quoted },
	rename: func(table Table, former, name string) string {
		return "ALTER TABLE " + table.Quoted + " RENAME INDEX " + former + " TO " + name
	},
	dropColumn: func(table Table, column string, indexes []string) string {
		return "ALTER TABLE " + table.Quoted + " DROP INDEX " + strings.Join(indexes, ", DROP INDEX ") + ", DROP COLUMN " + column
	},
	keySize: mysqlKeySize,
	longest: 3072 - 1, // the last part has one
	alike:   mysqlAlike,
	anyWay:  func(statement string) string { return mysqlWay.ReplaceAllString(statement, "") },
	wayless: func(err error) bool { // a table of another engine, or an index on hashes, which MariaDB keeps in a column that it hides
		found, ok := asMySQL(err)
		return ok && (found.number == 1845 || found.number == 1846)
	},
}

// mysqlWay ends a statement that says how a table is to be changed.
var mysqlWay = regexp.MustCompile(`, ALGORITHM=\w+(, LOCK=\w+)?$`)

func mysqlAlike(db *gorm.DB, one, other, collation string) (alike bool, err error) {
	if collation == "" {
		if err := db.Raw("SELECT @@collation_database").Scan(&collation).Error; err != nil {
			return false, err
		}
	}
	err = db.Raw("SELECT " + mysqlCollated(mysqlLiteral(one), collation) + " = " + mysqlCollated(mysqlLiteral(other), collation)).Scan(&alike).Error
	return alike, err
}

func mysqlLiveColumn(condition string) string {
	return mysqlQuoted(LiveColumn) + " tinyint GENERATED ALWAYS AS (IF(" + condition + ", 1, NULL)) VIRTUAL INVISIBLE"
}

// mysqlExchange drops and adds in one statement, so that there is no moment between them. USING BTREE keeps MariaDB from making an index
// on hashes of a key that is too long.
func mysqlExchange(indexes []UniqueKey) string {
	var parts []string
	for _, index := range indexes {
		if index.Replaces {
			parts = append(parts, "DROP KEY "+index.Name)
		}
		add := "ADD UNIQUE KEY " + index.Name + " ?"
		if index.Narrow {
			add += " USING BTREE"
		}
		if index.Options != "" {
			add += " " + index.Options
		}
		parts = append(parts, add)
	}
	return strings.Join(append(parts, "ALGORITHM=INPLACE", "LOCK=NONE"), ", ")
}

// mysqlKeyBytes is how many bytes values of types have that have no length.
var mysqlKeyBytes = map[string]int{
	"tinyint": 1, "boolean": 1, "smallint": 2, "mediumint": 3, "int": 4, "bigint": 8, "float": 4, "double": 8, "date": 3, "year": 1, "uuid": 16,
	"inet6": 16, "inet4": 4,
}

// mysqlKeySize takes letters for four bytes each, as those of utf8mb4 may have.
func mysqlKeySize(kind string, letters int) (bytes int, ok bool) {
	t := mysqlType(kind)
	each := 1
	if slices.Contains(mysqlTexts, t.name) {
		each = 4
	}
	if letters > 0 {
		return letters * each, true
	}
	switch {
	case mysqlSizes[t.name] > 0, t.name == "json", strings.HasPrefix(t.name, "geom"), t.name == "point":
		return 0, false
	case slices.Contains(mysqlTexts, t.name), slices.Contains(mysqlBytes, t.name):
		return first(t.numbers) * each, true
	case mysqlKeyBytes[t.name] > 0:
		return mysqlKeyBytes[t.name], true
	case t.name == "decimal":
		return first(t.numbers)/2 + 4, true
	}
	return 8, true // times, bits, names of an enumeration
}

var mysqlPatience = patience{
	limit: "SELECT @@SESSION.lock_wait_timeout",
	set:   func(seconds int64) string { return fmt.Sprintf("SET SESSION lock_wait_timeout = %d", seconds) },
	gaveUp: func(err error) bool {
		found, ok := asMySQL(err)
		return ok && found.number == 1205
	},
}

// mysqlLockName is a name for locks of sessions that use the same database, of at most 64 letters.
func mysqlLockName(prefix string) string { return "CONCAT('" + prefix + "', SHA1(DATABASE()))" }

func mysqlSessionLock(name string) (lock, unlock string) {
	return "SELECT GET_LOCK(" + name + ", 0)", "SELECT COALESCE(RELEASE_LOCK(" + name + "), 0)"
}

// mysqlOwnType compares the texts of the plugin's own tables byte by byte, and gives those that an index is on a length. JSON stays the text
// that it is: a column of that type orders its keys anew.
func mysqlOwnType(dataType string, size int, indexed bool) string {
	const most = 512 // letters, of which an index takes one column beside numbers
	kind := "longtext"
	switch {
	case dataType == "time":
		return "datetime(6)"
	case dataType != "string" && dataType != "text" && dataType != "json":
		return ""
	case size > 0 && size <= 1<<14:
		kind = fmt.Sprintf("varchar(%d)", size)
	case indexed:
		kind = fmt.Sprintf("varchar(%d)", most)
	}
	return kind + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
}
