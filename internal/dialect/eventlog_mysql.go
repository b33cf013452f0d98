package dialect

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"
)

// mysqlEvents writes events in triggers for each row, of which each is one statement that needs nothing of the session. The context of a
// write stands in a table, under the number of its connection, and is gone with the transaction: a variable would go back to the pool with
// the connection.
//
// A trigger cannot write to the table of the statement that fires it (error 1442), so that no event of a row comes between two others.
var mysqlEvents = eventLog{
	objects: func(d *Dialect, l *Log) []LogObject { return mysqlLog(d, l, "CREATE TRIGGER ") },
	begin: beginnings{
		latest: "greatest", moment: mysqlMoment,
		ignore: func(events string) string { return " ON DUPLICATE KEY UPDATE row_key = " + events + ".row_key" },
		within: func(statement string) []string { return []string{statement} },
	},
	find: mysqlFindLog,
	// No change of the table's triggers gets past a transaction that has named it.
	mark: func(l *Log) string {
		return "(SELECT COUNT(*) FROM " + l.quote(l.Table) + " WHERE 1 = 0) = 0 AND " + mysqlMark(l)
	},
	open:         [2]string{"REPLACE INTO " + mysqlContext + " (id, context) SELECT CONNECTION_ID(), ", " FROM DUAL WHERE "},
	close:        "DELETE FROM " + mysqlContext + " WHERE " + mysqlOwnContext,
	value:        mysqlValue,
	instant:      func(at time.Time) string { return at.Format("2006-01-02 15:04:05.000000") },
	context:      mysqlContext,
	contextTable: "CREATE TABLE " + mysqlContext + " (id bigint unsigned PRIMARY KEY, context longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL)",
	fragment:     mysqlFragment,
	differs: func(one, other string) string {
		return mysqlExactly(one) + " <> " + mysqlExactly(other)
	},
	member: func(data string) string {
		return "CONCAT(JSON_EXTRACT(" + data + ", CONCAT('$.', JSON_QUOTE(j.key))), '')"
	},
	dataText: func(data, name string) string {
		member := "JSON_EXTRACT(" + data + ", CONCAT('$.', JSON_QUOTE(" + name + ")))"
		return "(CASE WHEN JSON_TYPE(" + member + ") <> 'NULL' THEN JSON_UNQUOTE(" + member + ") END)"
	},
	object: func(data, value string) string {
		return "(SELECT COALESCE(JSON_OBJECTAGG(j.key, JSON_EXTRACT(" + value + ", '$')), '{}') FROM JSON_TABLE(JSON_KEYS(" + data +
			"), '$[*]' COLUMNS (" + mysqlQuoted("key") + " longtext CHARACTER SET utf8mb4 PATH '$')) AS j)"
	},
	hidden:   "; or grant the privilege TRIGGER on the table, without which nobody sees its triggers",
	document: mysqlRows,
	fromJSON: mysqlFromJSON,
	misread:  mysqlMisread,
}

const (
	mysqlContext    = "softdelete_event_context"
	mysqlOwnContext = "id = CONNECTION_ID()"
)

// mysqlExactly is a text that is compared by its letters.
func mysqlExactly(text string) string { return mysqlKeySQL(KeyColumn{Kind: KeyText}, text) }

// mysqlTriggers are what ends the names of the triggers that write a log.
var mysqlTriggers = []string{"_created", "_deleted", "_updated"}

// mysqlTrigger is the name of one, with its schema.
func mysqlTrigger(l *Log, suffix string) string { return functionName(l.Events, suffix) }

// mysqlMark has the times at which the triggers were made. The catalogue is read without their texts, for which the server would write a
// table to disk.
func mysqlMark(l *Log) string {
	schema, name := mysqlPlace(l.Table)
	place := "DATABASE()"
	if schema != nil {
		place = mysqlLiteral(*schema)
	}
	names := make([]string, len(mysqlTriggers))
	for i, suffix := range mysqlTriggers {
		names[i] = LastName(mysqlTrigger(l, suffix))
	}
	return "COALESCE((SELECT MD5(GROUP_CONCAT(CONCAT_WS('.', trigger_name, created) ORDER BY trigger_name)) FROM information_schema.triggers WHERE event_object_schema = " +
		place + " AND event_object_table = " + mysqlLiteral(name) + " AND trigger_name IN (" + strings.Join(quotedLiterals(names), ", ") + ")), '')"
}

func mysqlFindLog(db *gorm.DB, l *Log) (LogFound, error) {
	var found []foundObject
	f := LogFound{Texts: map[string]string{}}
	if err := db.Raw("SELECT " + mysqlMark(l)).Scan(&f.Mark).Error; err != nil {
		return f, err
	}
	schema, name := mysqlPlace(l.Table)
	err := db.Raw(`SELECT trigger_name AS "name", action_statement AS "text" FROM information_schema.triggers
		WHERE event_object_schema = COALESCE(?, DATABASE()) AND event_object_table = ?`, schema, name).Scan(&found).Error
	for _, object := range found {
		if object.Text != "" { // as it is for who may see its name alone
			f.Texts[object.Name] = mysqlTold(object.Text)
		}
	}
	return f, err
}

// mysqlTold is the text of a trigger as the catalogue tells it, where the character set of a literal is missing.
func mysqlTold(text string) string { return strings.ReplaceAll(text, "_utf8mb4 x'", " x'") }

// mysqlContent says how events keep what is in a column.
type mysqlContent int

const (
	mysqlText mysqlContent = iota
	mysqlBoolean
	mysqlWhole
	mysqlReals
	mysqlBinary
	mysqlBits  // which the driver reads as bytes
	mysqlStamp // a time that the session's zone is reckoned into
)

// mysqlContentOf goes by the column's type, which is GORM's name for one where that is its own choice.
func mysqlContentOf(c LoggedColumn) mysqlContent {
	kind := c.Stored
	if kind == "" {
		kind = c.Type
	}
	t := mysqlType(kind)
	whole := slices.Contains(mysqlIntegers, t.name) || t.name == "boolean" || t.name == "uint" || t.name == "year"
	switch {
	case whole && c.Value == Boolean:
		return mysqlBoolean
	case whole:
		return mysqlWhole
	case t.name == "bit":
		return mysqlBits
	case t.name == "float", t.name == "double":
		return mysqlReals
	case t.name == "bytes", slices.Contains(mysqlBytes, t.name), slices.Contains(mysqlShapes, t.name):
		return mysqlBinary
	case t.name == "timestamp":
		return mysqlStamp
	}
	return mysqlText
}

// mysqlShapes are types whose values have no text of their own.
var mysqlShapes = []string{
	"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection",
}

func mysqlValue(kind string) Value {
	return map[mysqlContent]Value{mysqlWhole: Whole, mysqlReals: Real, mysqlBinary: Bytes, mysqlBits: Bytes}[mysqlContentOf(LoggedColumn{Type: kind})]
}

// mysqlFragment is a column of a row as JSON text. A time of the type timestamp is in UTC, whatever the session's zone is.
func mysqlFragment(c LoggedColumn, alias string) string {
	column := prefixed(alias, c.Quoted)
	bytes := func(hexadecimal string) string {
		return `COALESCE(CONCAT('"', ` + mysqlLiteral(`\\x`) + ", LOWER(" + hexadecimal + `), '"'), 'null')`
	}
	quoted := func(text string) string { return "COALESCE(JSON_QUOTE(CONVERT(" + text + " USING utf8mb4)), 'null')" }
	switch mysqlContentOf(c) {
	case mysqlBoolean:
		return "CASE " + column + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE COALESCE(CONCAT(" + column + ", ''), 'null') END"
	case mysqlWhole:
		number := "CONCAT(" + column + " + 0, '')" // without the zeros that some types put before it
		return "CASE WHEN " + column + " BETWEEN -9007199254740991 AND 9007199254740991 THEN " + number + " WHEN " + column +
			` IS NULL THEN 'null' ELSE CONCAT('"', ` + number + `, '"') END`
	case mysqlReals:
		return "COALESCE(CONCAT(" + column + " + 0e0, ''), 'null')"
	case mysqlBinary:
		return bytes("HEX(" + column + ")")
	case mysqlBits:
		return bytes(fmt.Sprintf("LPAD(HEX(%s + 0), %d, '0')", column, (first(mysqlType(c.Type).numbers)+7)/8*2))
	case mysqlStamp:
		return quoted(mysqlEpoch + " + INTERVAL UNIX_TIMESTAMP(" + column + ") * 1000000 MICROSECOND")
	}
	return quoted(column)
}

// mysqlDiffers is the condition that a column of a row that is updated gets a value which is not exactly the one that it had.
func mysqlDiffers(c LoggedColumn) string {
	before, after := "OLD."+c.Quoted, "NEW."+c.Quoted
	if content := mysqlContentOf(c); content == mysqlText || content == mysqlBinary {
		before, after = "CAST(CONCAT("+before+", '') AS BINARY)", "CAST(CONCAT("+after+", '') AS BINARY)"
	}
	return "NOT (" + before + " <=> " + after + ")"
}

// mysqlMember is a member of the context as text, NULL where it is not there.
func mysqlMember(name string) string {
	return "JSON_UNQUOTE(JSON_EXTRACT(log_context, '$." + name + "'))"
}

// mysqlVariables are those of a trigger. The list of columns is the value of one more, since the shells mariadb and mysql leave comments out.
const mysqlVariables = `DECLARE log_context, log_data, log_changes longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
DECLARE log_key, log_before, log_deletion, log_erases, log_type, log_kind, log_held varchar(512) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
DECLARE log_version bigint;
DECLARE log_attempt int;
DECLARE log_moment, log_at datetime(6);
DECLARE CONTINUE HANDLER FOR NOT FOUND BEGIN END;
`

// mysqlAppend are statements of a trigger that append the event of log_key and log_type, of which content and data are expressions over
// log_held, what the last event has. It looks for that one without a lock, as one on what comes behind it would keep others from appending
// to the keys next to it: where the last one is not what it sees, its number is taken, and it looks again at what is there now.
func mysqlAppend(events, content, data string) string {
	last := func(lock string) string {
		return "SELECT l.version, l.content, l.at INTO log_version, log_held, log_at FROM " + events +
			" AS l WHERE l.row_key = log_key ORDER BY l.version DESC LIMIT 1" + lock + ";\n"
	}
	return `SET log_attempt = 0;
WHILE log_attempt < 2 DO
SET log_version = 0, log_held = 'removed', log_at = NULL;
IF log_attempt = 0 THEN
` + last("") + `ELSE
` + last(" FOR UPDATE") + `END IF;
SET log_kind = ` + content + `, log_attempt = log_attempt + 2;
SET log_data = ` + data + `;
BEGIN
DECLARE CONTINUE HANDLER FOR 1062 BEGIN
IF log_attempt > 2 THEN RESIGNAL; END IF;
SET log_attempt = 1;
END;
INSERT INTO ` + events + ` (` + eventColumns + `) VALUES (log_key, log_version + 1, log_type, log_kind, log_data,
 COALESCE(` + mysqlMember("actor") + `, ''), COALESCE(` + mysqlMember("reason") + `, ''), log_deletion, GREATEST(log_moment, COALESCE(log_at, log_moment)));
END;
END WHILE;
`
}

// mysqlUpdated is the part of a trigger that appends the event of a row that changed in place.
func mysqlUpdated(d *Dialect, l *Log, deleted, created string) string {
	events := l.quote(l.Events)
	changes := []string{"''"}
	for _, c := range l.Columns {
		changes = append(changes, "CASE WHEN "+mysqlDiffers(c)+" THEN CONCAT("+d.String(","+jsonKey(c.Name)+":")+", "+mysqlFragment(c, "NEW")+") ELSE '' END")
	}
	const follows = "log_type = 'updated' AND log_held <> 'removed'"
	return `SET log_before = ` + d.LogKey(l, "OLD") + `;
IF log_before <> ` + d.LogKey(l, "NEW") + ` THEN
` + deleted + created + `ELSE
SET log_key = log_before;
SET log_type = ` + d.erases(l, "log_erases", l.transition("OLD", "NEW")) + `;
SET log_changes = ` + d.Concat(changes...) + `;
SET log_deletion = CASE log_type WHEN 'deleted' THEN ` + mysqlMember("deletion") + " WHEN 'restored' THEN " + l.mark("OLD") + ` END;
IF log_type = 'restored' AND log_deletion IS NULL THEN
` + mysqlBrought(events) + `END IF;
IF log_type <> 'updated' OR log_changes <> '' THEN
` + mysqlAppend(events, "CASE WHEN "+follows+" THEN 'change' ELSE 'row' END",
		"CASE WHEN "+follows+" THEN CONCAT('{', SUBSTR(log_changes, 2), '}') ELSE "+d.image(l, d.fragments(l, "NEW"))+" END") + `END IF;
END IF;
`
}

// mysqlBrought finds the deletion that took a row which comes back.
func mysqlBrought(events string) string {
	return "SELECT d.deletion_id INTO log_deletion FROM " + events + " AS d WHERE d.row_key = log_key AND d.type = 'deleted' ORDER BY d.version DESC LIMIT 1;\n"
}

func mysqlLog(d *Dialect, l *Log, create string) []LogObject {
	events := l.quote(l.Events)
	created := "SET log_key = " + d.LogKey(l, "NEW") + `, log_type = 'created', log_deletion = NULL;
IF JSON_EXTRACT(log_context, '$.restores') IS NOT NULL THEN
SET log_type = 'restored';
` + mysqlBrought(events) + `END IF;
` + mysqlAppend(events, "'"+string(Row)+"'", d.image(l, d.fragments(l, "NEW")))
	deleted := "SET log_key = " + d.LogKey(l, "OLD") + ", log_type = " + d.erases(l, "log_erases", "'deleted'") + `;
SET log_deletion = CASE log_type WHEN 'deleted' THEN ` + mysqlMember("deletion") + ` END;
` + mysqlAppend(events, "'"+string(Removed)+"'", d.image(l, d.fragments(l, "OLD")))
	var objects []LogObject
	for i, trigger := range []struct{ event, body string }{{"INSERT", created}, {"DELETE", deleted}, {"UPDATE", mysqlUpdated(d, l, deleted, created)}} {
		name := mysqlTrigger(l, mysqlTriggers[i])
		body := "BEGIN\nDECLARE log_columns longtext CHARACTER SET utf8mb4 DEFAULT " + l.listingText() + ";\n" + mysqlVariables +
			"SELECT c.context INTO log_context FROM " + mysqlContext + " AS c WHERE c." + mysqlOwnContext + `;
IF log_context IS NOT NULL THEN
SET log_erases = ` + mysqlMember("erases") + ", log_moment = COALESCE(" + mysqlMember("moment") + ", " + mysqlMember("at") + `);
` + trigger.body + `END IF;
END`
		text := fmt.Sprintf("%s%s AFTER %s ON %s FOR EACH ROW %s", create, l.quote(name), trigger.event, l.quote(l.Table), body)
		statements := []string{text}
		if create == "CREATE TRIGGER " {
			statements = []string{"DROP TRIGGER IF EXISTS " + l.quote(name), text}
		}
		objects = append(objects, LogObject{Name: LastName(name), Text: mysqlTold(body), Create: statements})
	}
	return objects
}

// mysqlRows is a list of lists of the log's columns: a name would have to be a path.
func mysqlRows(l *Log, rows []map[string]json.RawMessage) (string, error) {
	var text strings.Builder
	for i, row := range rows {
		text.WriteString(map[bool]string{true: "[[", false: ",["}[i == 0])
		for n, c := range l.Columns {
			if n > 0 {
				text.WriteByte(',')
			}
			if value, known := row[c.Name]; known {
				text.Write(value)
			} else {
				text.WriteString("null")
			}
		}
		text.WriteByte(']')
	}
	return text.String() + "]", nil
}

// mysqlFromJSON reads all columns as text, and makes of it what the driver is to read as something else.
func mysqlFromJSON(l *Log, _ string) (before, after string) {
	columns, paths := make([]string, len(l.Columns)), make([]string, len(l.Columns))
	for i, c := range l.Columns {
		text := fmt.Sprintf("c%d", i)
		columns[i] = mysqlDecoded(c, "j."+text) + " AS " + c.Quoted
		paths[i] = fmt.Sprintf("%s longtext CHARACTER SET utf8mb4 PATH '$[%d]' NULL ON EMPTY ERROR ON ERROR", text, i)
	}
	return "(SELECT " + strings.Join(columns, ", ") + " FROM JSON_TABLE(", ", '$[*]' COLUMNS (" + strings.Join(paths, ", ") + ")) AS j) AS softdelete_rows"
}

// mysqlMisread gives the place of the column whose value is none of its type, where an error of reading mysqlFromJSON says so: those of
// mysqlDecoded name the text that was to become one, and those of lists and objects the column of JSON_TABLE.
func mysqlMisread(err error) (place int, ok bool) {
	found, _ := asMySQL(err)
	name := ""
	switch {
	case mysqlRefused(err):
		name = firstMatch(mysqlMisreadText, found.message)
	case found.number == 4178 || found.number == 3666: // MariaDB's number and MySQL's
		name = firstMatch(mysqlMisreadColumn, found.message)
	}
	place, err = strconv.Atoi(name)
	return place, err == nil
}

var (
	mysqlMisreadText   = regexp.MustCompile("`j`\\.`c(\\d+)`")
	mysqlMisreadColumn = regexp.MustCompile(`column '(?:[^']*\.)?c(\d+)'`)
)

// mysqlDecoded is what a column had, of the text that an event keeps. Functions and casts give zero, NULL or the beginning of a text
// that is none of the type, as one may be from before the column had it; that is an error here.
func mysqlDecoded(c LoggedColumn, text string) string {
	integer := func(kind string) string {
		number := "CAST(" + text + " AS " + kind + ")"
		return mysqlRefuse(number, text+" NOT REGEXP '^-?[0-9]+$' OR CONCAT("+number+", '') <> "+text)
	}
	instant := func(kind string) string {
		cast := "CAST(" + text + " AS " + kind + ")"
		return mysqlRefuse(cast, text+" NOT REGEXP '^[0-9]+-[0-9]+-[0-9]+( [0-9:.]+)?$' OR "+cast+" IS NULL AND "+text+" NOT LIKE '0000-%'")
	}
	switch mysqlContentOf(c) {
	case mysqlBoolean:
		return "CASE " + text + " WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE " + integer("SIGNED") + " END"
	case mysqlWhole:
		if t := mysqlType(c.Type); t.unsigned || t.name == "uint" {
			return integer("UNSIGNED")
		}
		return integer("SIGNED")
	case mysqlReals:
		return mysqlRefuse("("+text+" + 0e0)", text+" NOT REGEXP '^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)(e[-+]?[0-9]+)?$'")
	case mysqlBinary, mysqlBits:
		bytes := "UNHEX(SUBSTR(" + text + ", 3))"
		return mysqlRefuse(bytes, "LEFT("+text+", 2) <> "+mysqlLiteral(`\x`)+" OR "+bytes+" IS NULL AND "+text+" IS NOT NULL")
	case mysqlStamp:
		return "FROM_UNIXTIME(TIMESTAMPDIFF(MICROSECOND, " + mysqlEpoch + ", " + instant("datetime(6)") + ") * 0.000001)"
	}
	switch t := mysqlType(c.Type); {
	case t.name == "datetime", t.name == "time" && c.Plain:
		return instant("datetime(6)")
	case t.name == "date":
		return instant("date")
	}
	return text
}
