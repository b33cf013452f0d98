package dialect

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
)

// This room is for columns and their types on MySQL.

// mysqlPlace are the schema of a table, NULL for the session's own, and its name without that.
func mysqlPlace(table string) (schema *string, name string) {
	before, name := splitName(table)
	if before != "" {
		before = strings.TrimSuffix(before, ".")
		schema = &before
	}
	return schema, name
}

// mysqlThere is the condition that a row of a view of the catalogue is about the table of mysqlPlace.
const mysqlThere = "table_schema = COALESCE(?, DATABASE()) AND table_name = ?"

// A column that SELECT * leaves out is listed, but for the one that the plugin makes.
var mysqlColumns = columns{
	list: func(db *gorm.DB, table Table) (list []Column, err error) {
		schema, name := mysqlPlace(table.Name)
		err = db.Raw(`SELECT column_name AS "name", column_type AS "type", COALESCE(generation_expression, '') <> '' AS "generated",
			column_key = 'PRI' AS "keyed", extra LIKE '%INVISIBLE%' AS "hidden" FROM information_schema.columns
			WHERE `+mysqlThere+` AND column_name <> ? ORDER BY ordinal_position`, schema, name, LiveColumn).Scan(&list).Error
		return list, err
	},
	holds:   mysqlHolds,
	widens:  func(kind, other string) bool { return mysqlHolds(kind, other) || mysqlType(kind).name == "longtext" },
	null:    mysqlNull,
	changes: mysqlChanges,
	binary:  func(kind string) bool { return mysqlBytesTypes[kind] },
	fold:    true,
	compare: [2]string{"SELECT 1 FROM (", ") AS softdelete_columns"},
}

// mysqlNull is for TIMESTAMP, which is NOT NULL and has the present time where explicit_defaults_for_timestamp is off, as it is by default
// before MariaDB 10.10.
func mysqlNull(kind string) string {
	if words := strings.Fields(strings.ToLower(kind)); len(words) == 0 || !strings.HasPrefix(words[0], "timestamp") || slices.Contains(words, "null") {
		return kind
	}
	return kind + " NULL"
}

// mysqlBytesTypes are the driver's names of types of bytes (go-sql-driver/mysql, fields.go).
var mysqlBytesTypes = map[string]bool{
	"BINARY": true, "VARBINARY": true, "TINYBLOB": true, "BLOB": true, "MEDIUMBLOB": true, "LONGBLOB": true, "BIT": true, "GEOMETRY": true, "VECTOR": true,
}

// mysqlChanges compares texts by their letters, whatever their collations are. As a number a text is 0 that says none.
func mysqlChanges(value, kind string) string {
	cast := "CAST(" + value + " AS " + mysqlCast(kind) + ")"
	switch word, _, _ := strings.Cut(mysqlCast(kind), "("); word {
	case "char":
		exact := mysqlKeySQL(KeyColumn{Kind: KeyText}, cast)
		return "NOT (" + exact + " <=> " + mysqlKeySQL(KeyColumn{Kind: KeyText}, value) + ")"
	case "signed", "unsigned", "decimal", "double", "float":
		return "NOT COALESCE(" + cast + " = " + value + " AND CONCAT(" + value + ", '') REGEXP '^[-+0-9.eE ]+$', FALSE)"
	}
	// What is no time is NULL, which MariaDB takes for the same as it.
	return "(" + cast + " IS NULL OR " + cast + " <> " + value + ")"
}

// mysqlNames are MySQL's own names of types that have others too.
var mysqlNames = map[string]string{
	"integer": "int", "int4": "int", "int8": "bigint", "int2": "smallint", "int1": "tinyint", "int3": "mediumint", "middleint": "mediumint",
	"dec": "decimal", "numeric": "decimal", "fixed": "decimal", "double precision": "double", "real": "double", "float8": "double", "float4": "float",
	"bool": "boolean", "character varying": "varchar", "char varying": "varchar", "varcharacter": "varchar", "character": "char",
	"nvarchar": "varchar", "nchar varchar": "varchar", "nchar varying": "varchar", "national varchar": "varchar", "national varcharacter": "varchar",
	"national character varying": "varchar", "national char varying": "varchar", "nchar": "char", "national char": "char", "national character": "char",
	"long": "mediumtext", "long varchar": "mediumtext", "long char varying": "mediumtext", "long character varying": "mediumtext", "long varbinary": "mediumblob",
}

// ofAColumn are words behind a type that say something of the column.
var ofAColumn = []string{"zerofill", "null", "not", "default", "auto_increment", "primary", "key", "comment", "signed"}

// mysqlType reads a type.
func mysqlType(text string) declared {
	parts := typePattern.FindStringSubmatch(withoutCollation(strings.ToLower(strings.TrimSpace(text))))
	var t declared
	var words []string
	for _, word := range strings.Fields(parts[1] + " " + parts[3]) {
		if slices.Contains(ofAColumn, word) {
			break
		}
		if word == "unsigned" {
			t.unsigned = true
		} else {
			words = append(words, word)
		}
	}
	t.name = strings.Join(words, " ")
	if name, known := mysqlNames[t.name]; known {
		t.name = name
	}
	if parts[2] == "" {
		parts[2] = mysqlLengths[t.name]
	}
	for part := range strings.SplitSeq(parts[2], ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(part)); err == nil {
			t.numbers = append(t.numbers, n)
		}
	}
	return t.sized()
}

// sized is the type that a text, or bytes, of a size becomes: the smallest that keeps so many.
func (t declared) sized() declared {
	if len(t.numbers) == 0 || t.name != "text" && t.name != "blob" {
		return t
	}
	bytes := t.numbers[0]
	if t.name == "text" {
		bytes *= mysqlWidest
	}
	for _, size := range []string{"tiny", "", "medium", "long"} {
		if name := size + t.name; mysqlSizes[name] >= bytes {
			return declared{name: name}
		}
	}
	return declared{name: "long" + t.name}
}

// mysqlWidest is how many bytes a letter has in utf8mb4 at the most.
const mysqlWidest = 4

// mysqlLengths stand in parentheses where nothing does.
var mysqlLengths = map[string]string{"char": "1", "binary": "1", "bit": "1", "decimal": "10,0", "datetime": "0", "timestamp": "0", "time": "0"}

var (
	mysqlIntegers = []string{"tinyint", "smallint", "mediumint", "int", "bigint"}
	mysqlTexts    = []string{"char", "varchar", "tinytext", "text", "mediumtext", "longtext"}
	mysqlBytes    = []string{"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"}
	// mysqlSizes is how many bytes types keep that have no length.
	mysqlSizes = map[string]int{
		"tinytext": 1<<8 - 1, "text": 1<<16 - 1, "mediumtext": 1<<24 - 1, "longtext": 1<<32 - 1,
		"tinyblob": 1<<8 - 1, "blob": 1<<16 - 1, "mediumblob": 1<<24 - 1, "longblob": 1<<32 - 1,
	}
)

func mysqlHolds(kind, other string) bool {
	k, o := mysqlType(kind), mysqlType(other)
	i, j := slices.Index(mysqlIntegers, k.name), slices.Index(mysqlIntegers, o.name)
	booleans := map[string]bool{"boolean": true, "tinyint": true}
	switch {
	case booleans[k.name] && booleans[o.name]:
		return k.unsigned == o.unsigned
	case i >= 0 && j >= 0: // what stands in their parentheses is how they are shown
		return i >= j && k.unsigned == o.unsigned || i > j && !k.unsigned
	case i >= 0 && o.name == "boolean":
		return !k.unsigned
	case slices.Contains(mysqlTexts, k.name) && slices.Contains(mysqlTexts, o.name), slices.Contains(mysqlBytes, k.name) && slices.Contains(mysqlBytes, o.name):
		return mysqlLonger(k, o)
	case k.name == "decimal" && o.name == "decimal":
		return mysqlDecimals(k, o)
	case k.name != o.name:
		return k.name == "double" && o.name == "float" || k.name == "longtext" && o.name == "json" // which is one on MariaDB
	case slices.Contains([]string{"datetime", "timestamp", "time"}, k.name):
		return first(k.numbers) >= first(o.numbers)
	}
	return slices.Equal(k.numbers, o.numbers) && k.unsigned == o.unsigned && (len(k.numbers) > 0 || mysqlSame(kind, other))
}

// mysqlSame is for types whose parentheses hold no numbers, as those of enum.
func mysqlSame(kind, other string) bool {
	outside := func(text string) string {
		return strings.Join(strings.Fields(strings.ToLower(withoutCollation(text))), " ")
	}
	k, o := strings.TrimSuffix(outside(kind), " null"), strings.TrimSuffix(outside(other), " null")
	return k == o || !strings.Contains(k+o, "(") && mysqlType(k).name == mysqlType(o).name
}

// mysqlLonger compares texts, or bytes. A fixed length pads or cuts what is shorter.
func mysqlLonger(k, o declared) bool {
	size := func(t declared, letter int) int {
		if bytes, known := mysqlSizes[t.name]; known {
			return bytes
		}
		return first(t.numbers) * letter
	}
	if k.name == "char" || k.name == "binary" {
		return o.name == k.name && first(k.numbers) == first(o.numbers)
	}
	if mysqlSizes[k.name] == 0 { // it counts letters
		return mysqlSizes[o.name] == 0 && first(k.numbers) >= first(o.numbers)
	}
	if slices.Contains(mysqlBytes, k.name) {
		return size(k, 1) >= size(o, 1)
	}
	return size(k, 1) >= size(o, mysqlWidest)
}

func mysqlDecimals(k, o declared) bool {
	kept := func(t declared) (whole, behind int) {
		numbers := append(slices.Clone(t.numbers), 0)
		return numbers[0] - numbers[1], numbers[1]
	}
	whole, behind := kept(k)
	otherWhole, otherBehind := kept(o)
	return whole >= otherWhole && behind >= otherBehind && k.unsigned == o.unsigned
}

// first is the first of the numbers, 0 without any.
func first(numbers []int) int {
	if len(numbers) == 0 {
		return 0
	}
	return numbers[0]
}

// mysqlCast is the type in a CAST to what a column of a type keeps: CAST knows only some.
func mysqlCast(columnType string) string {
	t := mysqlType(columnType)
	length := ""
	if len(t.numbers) > 0 {
		length = fmt.Sprintf("(%d)", t.numbers[0])
	}
	switch {
	case t.name == "boolean", slices.Contains(mysqlIntegers, t.name), t.name == "year":
		if t.unsigned {
			return "unsigned"
		}
		return "signed"
	case t.name == "bit":
		return "unsigned"
	case t.name == "decimal":
		numbers := append(slices.Clone(t.numbers), 0)
		return fmt.Sprintf("decimal(%d,%d)", numbers[0], numbers[1])
	case t.name == "datetime", t.name == "timestamp":
		return "datetime" + length
	case t.name == "date", t.name == "double", t.name == "float":
		return t.name
	case t.name == "time":
		return "time" + length
	case slices.Contains(mysqlBytes, t.name):
		return "binary" + length
	}
	return "char" + length
}
