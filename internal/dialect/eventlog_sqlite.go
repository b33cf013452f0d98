package dialect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// sqliteEvents writes events in triggers for each row. The context of a write stands in a table, which is empty whenever a
// transaction ends.
var sqliteEvents = eventLog{
	objects: sqliteLog,
	begin: beginnings{
		latest: "max", ignore: onConflict, within: func(statement string) []string { return []string{statement} },
		moment: func(at time.Time) string { return textLiteral(sqliteInstant(at)) },
	},
	find: func(db *gorm.DB, l *Log) (LogFound, error) {
		var found []Attached
		f := LogFound{Texts: map[string]string{}}
		err := db.Raw("SELECT " + sqliteMark(l)).Scan(&f.Mark).Error
		if err == nil {
			err = db.Raw("SELECT type, name, sql FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?) ORDER BY rowid", l.Table).Scan(&found).Error
		}
		names := sqliteNames(l)
		for _, object := range found {
			if slices.Contains(names, object.Name) {
				f.Texts[object.Name] = object.SQL
			} else if len(f.Texts) > 0 {
				f.Late = append(f.Late, object)
			}
		}
		return f, err
	},
	mark:         sqliteMark,
	open:         [2]string{"INSERT INTO " + sqliteContext + " (id, context) SELECT 1, ", " WHERE "},
	opened:       " ON CONFLICT (id) DO UPDATE SET context = excluded.context",
	value:        sqliteValue,
	close:        "DELETE FROM " + sqliteContext,
	instant:      sqliteInstant,
	context:      sqliteContext,
	contextTable: "CREATE TABLE " + sqliteContext + " (id integer PRIMARY KEY, context text NOT NULL)",
	fragment:     sqliteFragment,
	member:       func(data string) string { return "(" + data + " -> j.key)" },
	dataText:     func(data, name string) string { return "CAST(" + data + " ->> " + name + " AS TEXT)" },
	object: func(data, value string) string {
		return "(SELECT json_group_object(j.key, json(" + value + ")) FROM json_each(" + data + ") AS j)"
	},
}

func sqliteInstant(at time.Time) string { return at.Format("2006-01-02 15:04:05.999999999-07:00") }

const sqliteContext = "softdelete_event_context"

// sqliteMark has the number that every change of a schema raises, and what a change that was undone would not bring back. GORM
// makes a table anew for many a change of it, which loses the triggers.
func sqliteMark(l *Log) string {
	return "(SELECT schema_version FROM pragma_schema_version) || (SELECT '.' || count(*) || '.' || total(length(CAST(sql AS BLOB))) FROM sqlite_master" +
		" WHERE type = 'trigger' AND name IN (" + strings.Join(quotedLiterals(sqliteNames(l)), ", ") + "))"
}

// sqliteValue goes by what a column of the type keeps.
func sqliteValue(kind string) Value {
	if strings.Contains(strings.ToUpper(kind), "INT") {
		return Whole
	}
	return map[string]Value{"real": Real, "blob": Bytes}[affinity(kind)]
}

// sqliteFragment is a column of a row as JSON text. Any column may hold a value of any class: one that is not the class of
// its column's values is an object that names it.
func sqliteFragment(c LoggedColumn, alias string) string {
	column := alias + "." + c.Quoted
	integer := "WHEN 'integer' THEN CASE WHEN " + column + " BETWEEN -9007199254740991 AND 9007199254740991 THEN CAST(" + column +
		` AS TEXT) ELSE '"' || ` + column + ` || '"' END`
	finite := column + " BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308"
	other := "json_object(typeof(" + column + "), CASE typeof(" + column + ") WHEN 'blob' THEN lower(hex(" + column + ")) WHEN 'real' THEN printf('%!.17g', " +
		column + ") ELSE CAST(" + column + " AS TEXT) END)"
	var own string
	switch c.Value {
	case Boolean:
		own = "WHEN 'integer' THEN CASE " + column + " WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE CAST(" + column + " AS TEXT) END"
	case Whole:
		own = integer
	case Real:
		own = integer + " WHEN 'real' THEN CASE WHEN " + finite + " THEN printf('%!.17g', " + column + `) ELSE '{"real":"' || ` + column + ` || '"}' END`
	case Bytes:
		own = `WHEN 'blob' THEN '"\\x' || lower(hex(` + column + `)) || '"'`
	default: // a decimal's digits, where they are all of it
		own = "WHEN 'text' THEN json_quote(" + column + ")"
		other = "CASE WHEN typeof(" + column + ") <> 'blob' AND CAST(CAST(" + column + " AS TEXT) AS NUMERIC) IS " + column + ` THEN '"' || CAST(` + column +
			` AS TEXT) || '"' ELSE ` + other + " END"
	}
	return "CASE typeof(" + column + ") " + own + " WHEN 'null' THEN 'null' ELSE " + other + " END"
}

// sqliteDiffers is the condition that a column of a row that is updated gets a value which is not exactly the one that it had.
func sqliteDiffers(c LoggedColumn) string {
	return "NEW." + c.Quoted + " IS NOT OLD." + c.Quoted + " COLLATE BINARY OR typeof(NEW." + c.Quoted + ") <> typeof(OLD." + c.Quoted + ")"
}

// sqliteNames are the names of the triggers that write a log.
func sqliteNames(l *Log) []string {
	return []string{l.Events + "_created", l.Events + "_deleted", l.Events + "_updated", l.Events + "_moved"}
}

// inContext is an expression over the context of the write, as c.context.
func inContext(expression string) string {
	return "(SELECT " + expression + " FROM " + sqliteContext + " AS c)"
}

// contextMember is a member of the context inside inContext.
func contextMember(name string) string { return "json_extract(c.context, '$." + name + "')" }

// sqliteEvent is the statement of a trigger that writes the event of a row, OLD or NEW: the expressions are those of its type,
// content, data and deletion. They are VALUES, of which each asks the log for what it needs: a SELECT that reads the table which
// it inserts into would be kept in a temporary table, for each row, and that costs more than all of them.
func (d *Dialect) sqliteEvent(l *Log, row, kind, content, data, deletion string) string {
	events, key := l.quote(l.Events), d.LogKey(l, row)
	return fmt.Sprintf(`INSERT INTO %[1]s (%[2]s)
VALUES (%[3]s, coalesce((SELECT max(l.version) FROM %[1]s AS l WHERE l.row_key = %[3]s), 0) + 1,
 %[4]s,
 %[5]s,
 %[6]s,
 coalesce(%[7]s, ''), coalesce(%[8]s, ''),
 %[9]s,
 max(%[10]s, coalesce(%[11]s, '')));
`, events, eventColumns, key, kind, content, data, inContext(contextMember("actor")), inContext(contextMember("reason")), deletion,
		inContext("coalesce("+contextMember("moment")+", "+contextMember("at")+")"), sqliteLast(events, key, "at"))
}

// sqliteLast is a column of the last event of a key.
func sqliteLast(events, key, column string) string {
	return fmt.Sprintf("(SELECT l.%s FROM %s AS l WHERE l.row_key = %s ORDER BY l.version DESC LIMIT 1)", column, events, key)
}

// sqliteUpdated is the statement that writes the event of a row that changed in place, and the condition that there is one.
func (d *Dialect) sqliteUpdated(l *Log, brought string) (statement, condition string) {
	erased := contextMember("erases") + " IS " + textLiteral(l.Table)
	var parts, differ []string
	for _, c := range l.Columns {
		differ = append(differ, sqliteDiffers(c))
		parts = append(parts, "CASE WHEN "+sqliteDiffers(c)+" THEN ',"+jsonName(c.Name)+":' || "+sqliteFragment(c, "NEW")+" ELSE '' END")
	}
	// follows tells that the event has the changes to what the events before give.
	follows := inContext("NOT (" + erased + ") AND " + sqliteLast(l.quote(l.Events), d.LogKey(l, "NEW"), "content") + " <> '" + string(Removed) + "'")
	changed, deletion := strings.Join(differ, " OR "), "NULL"
	if l.Live != nil {
		transition := l.transition("OLD", "NEW")
		follows = transition + " = 'updated' AND " + follows
		changed += " OR " + transition + " <> 'updated'"
		deletion = "CASE " + transition + " WHEN 'updated' THEN NULL WHEN 'deleted' THEN " + inContext("CASE WHEN NOT ("+erased+") THEN "+contextMember("deletion")+" END") +
			"\n ELSE " + inContext("CASE WHEN NOT ("+erased+") THEN coalesce("+l.mark("OLD")+", "+brought+") END") + " END"
	}
	condition = "(" + changed + " OR EXISTS (SELECT 1 FROM " + sqliteContext + " AS c WHERE " + erased + "))"
	return d.sqliteEvent(l, "NEW", inContext(d.erases(l, contextMember("erases"), l.transition("OLD", "NEW"))),
		"CASE WHEN "+follows+" THEN '"+string(Change)+"' ELSE '"+string(Row)+"' END",
		"CASE WHEN "+follows+" THEN '{' || substr("+strings.Join(parts, "\n || ")+", 2) || '}'\n ELSE "+d.image(l, d.fragments(l, "NEW"))+" END", deletion), condition
}

func sqliteLog(d *Dialect, l *Log) []LogObject {
	restores, erases := contextMember("restores"), contextMember("erases")
	// brought is the deletion that took a row which comes back.
	brought := fmt.Sprintf("(SELECT d.deletion_id FROM %s AS d WHERE d.row_key = %s AND d.type = 'deleted' ORDER BY d.version DESC LIMIT 1)",
		l.quote(l.Events), d.LogKey(l, "NEW"))
	created := d.sqliteEvent(l, "NEW", inContext("CASE WHEN "+restores+" IS NULL THEN 'created' ELSE 'restored' END"), "'"+string(Row)+"'",
		d.image(l, d.fragments(l, "NEW")), inContext("CASE WHEN "+restores+" IS NOT NULL THEN "+brought+" END"))
	deleted := d.sqliteEvent(l, "OLD", inContext(d.erases(l, erases, "'deleted'")), "'"+string(Removed)+"'",
		d.image(l, d.fragments(l, "OLD")), inContext("CASE WHEN "+erases+" IS NOT "+textLiteral(l.Table)+" THEN "+contextMember("deletion")+" END"))
	updated, isUpdated := d.sqliteUpdated(l, brought)
	keyChanged := d.LogKey(l, "OLD") + " <> (" + d.LogKey(l, "NEW") + ") COLLATE BINARY"
	key := make([]string, len(l.Key))
	for i, c := range l.Key {
		key[i] = c.Quoted
	}
	var objects []LogObject
	for i, trigger := range []struct{ event, when, body string }{
		{"INSERT", "", created},
		{"DELETE", "", deleted},
		{"UPDATE", " AND NOT (" + keyChanged + ")\n AND " + isUpdated, updated},
		{"UPDATE OF " + strings.Join(key, ", "), " AND (" + keyChanged + ")", deleted + created},
	} {
		name := sqliteNames(l)[i]
		create := fmt.Sprintf("CREATE TRIGGER %s AFTER %s ON %s WHEN EXISTS (SELECT 1 FROM "+sqliteContext+")%s\nBEGIN\n%s%sEND",
			l.quote(name), trigger.event, l.quote(l.Table), trigger.when, l.listing(), trigger.body)
		objects = append(objects, LogObject{Name: name, Text: create, Create: []string{"DROP TRIGGER IF EXISTS " + l.quote(name), create}})
	}
	return objects
}
