package dialect

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// This room is for masks, numbers of rows and collations on MySQL.

// mysqlRandom is so many random bytes in hexadecimal digits, new for each row.
func mysqlRandom(bytes int) string { return fmt.Sprintf("LOWER(HEX(RANDOM_BYTES(%d)))", bytes) }

// UUID() has the clock and the address of the server.
var mysqlMasks = masks{
	randomDigits: mysqlRandom(16),
	randomUUID: "CONCAT(" + mysqlRandom(4) + ", '-', " + mysqlRandom(2) + ", '-4', SUBSTR(" + mysqlRandom(2) + ", 2), '-a', SUBSTR(" +
		mysqlRandom(2) + ", 2), '-', " + mysqlRandom(6) + ")",
	randomInteger: func(bits int) string {
		return "(CAST(CONV(HEX(RANDOM_BYTES(8)), 16, 10) AS UNSIGNED) & " + strconv.FormatInt(1<<bits-1, 10) + ")"
	},
	truncateTime: func(column, columnType, unit string) string {
		format := "%Y-01-01"
		if unit == "month" {
			format = "%Y-%m-01"
		}
		kind := mysqlCast(columnType)
		if kind != "date" {
			kind = "datetime"
		}
		return "CAST(DATE_FORMAT(" + column + ", '" + format + "') AS " + kind + ")"
	},
	remnants: func(db *gorm.DB) (string, error) {
		var logs bool
		if err := db.Raw("SELECT @@log_bin").Scan(&logs).Error; err != nil {
			return "", err
		}
		notes := "old row versions stay in InnoDB's files until they are purged and their pages written again, and in its undo and redo logs"
		if logs {
			notes += "; the binary log has them until its files expire"
		}
		return notes, nil
	},
}

// mysqlNumbering is the column and the variable that rows are numbered with.
const mysqlNumbering = "softdelete_number"

var mysqlNumbered = numbered{
	kind: "bigint AUTO_INCREMENT PRIMARY KEY",
	// The primary key of a partitioned table has the columns that it is partitioned by.
	can: func(db *gorm.DB, table Table) (can bool, err error) {
		place, name := mysqlPlace(table.Name)
		err = db.Raw("SELECT NOT EXISTS (SELECT 1 FROM information_schema.partitions WHERE "+mysqlThere+" AND partition_name IS NOT NULL)", place, name).Scan(&can).Error
		return can, err
	},
	// The column has another name until it is the key, so that whoever comes after an interruption goes on: each step is there for good.
	add: func(db *gorm.DB, table Table, column, order string) error {
		place, bare := mysqlPlace(table.Name)
		var begun bool
		if err := db.Raw("SELECT EXISTS (SELECT 1 FROM information_schema.columns WHERE "+mysqlThere+" AND column_name = ?)", place, bare, mysqlNumbering).
			Scan(&begun).Error; err != nil {
			return err
		}
		name := mysqlQuoted(column)
		statements := []string{
			fmt.Sprintf("ALTER TABLE %s ADD %s bigint", table.Quoted, mysqlNumbering),
			"SET @" + mysqlNumbering + " = 0",
			fmt.Sprintf("UPDATE %[1]s SET %[2]s = (@%[2]s := @%[2]s + 1) ORDER BY %[3]s", table.Quoted, mysqlNumbering, order),
			fmt.Sprintf("ALTER TABLE %s CHANGE %s %s bigint NOT NULL AUTO_INCREMENT, ADD PRIMARY KEY (%s)", table.Quoted, mysqlNumbering, name, name),
		}
		if begun {
			statements = statements[1:]
		}
		return executeAll(db, statements...)
	},
}

// mysqlAlone are statements that end the transaction which they stand in.
var mysqlAlone = regexp.MustCompile(`(?i)^\s*(?:CREATE|ALTER|DROP|RENAME|TRUNCATE|ANALYZE|OPTIMIZE|LOCK|UNLOCK)\s+(?:TABLE|UNIQUE|INDEX|TRIGGER|VIEW)`)

// A collation takes texts for the same that differ in case or accents, or in blanks at their ends, unless its name says otherwise.
var mysqlCollations = collations{
	of: func(db *gorm.DB, table Table, columns []string) (map[string]Collation, error) {
		var rows []struct {
			Name      string  `gorm:"column:name"`
			Collation *string `gorm:"column:collation"`
		}
		place, name := mysqlPlace(table.Name)
		err := db.Raw(`SELECT column_name AS "name", collation_name AS "collation" FROM information_schema.columns WHERE `+mysqlThere+` AND column_name IN ?`,
			place, name, columns).Scan(&rows).Error
		found := map[string]Collation{}
		for _, row := range rows {
			found[row.Name] = Collation{}
			if row.Collation != nil {
				exact := strings.HasSuffix(*row.Collation, "_nopad_bin") || strings.HasSuffix(*row.Collation, "_0900_bin")
				found[row.Name] = Collation{Name: *row.Collation, Folds: !exact}
			}
		}
		return found, err
	},
	texts: func(w *listWriter, texts []any, _ ListColumn) bool {
		w.text("SELECT JSON_UNQUOTE(JSON_QUOTE(content)), number - 1") // see listedItems.value
		document, err := json.Marshal(texts)
		w.text(" FROM JSON_TABLE(")
		w.bind(string(document))
		w.text(", '$[*]' COLUMNS (number FOR ORDINALITY, content longtext CHARACTER SET utf8mb4 PATH '$')) AS listed")
		return err == nil && len(texts) > 0
	},
	// Of two columns the one that compares bytes would win.
	compared: func(text string, c Collation) string { return mysqlCollated(text, c.Name) },
}

// mysqlCollated is a text as one that is compared by a collation.
func mysqlCollated(text, collation string) string {
	letters, _, _ := strings.Cut(collation, "_")
	if strings.HasPrefix(strings.ToLower(letters), "uca") { // a name for several character sets
		letters = "utf8mb4"
	}
	return "CONVERT(" + text + " USING " + letters + ") COLLATE " + collation
}
