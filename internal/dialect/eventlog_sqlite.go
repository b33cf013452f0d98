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
	begin:   beginnings{latest: "max", within: func(statement string) []string { return []string{statement} }},
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
	instant:      func(at time.Time) string { return at.Format("2006-01-02 15:04:05.999999999-07:00") },
	context:      sqliteContext,
	contextTable: "CREATE TABLE " + sqliteContext + " (id integer PRIMARY KEY, context text NOT NULL)",
	fragment:     sqliteFragment,
	member:       func(data string) string { return "(" + data + " -> j.key)" },
	maskSince:    3_38, // with ->
	dataText:     func(data, name string) string { return "CAST(" + data + " ->> " + name + " AS TEXT)" },
	object: func(data, value string) string {
		return "(SELECT json_group_object(j.key, json(" + value + ")) FROM json_each(" + data + ") AS j)"
	},
}

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
		number := "CASE WHEN CAST(CAST(" + column + " AS TEXT) AS NUMERIC) IS " + column + ` THEN '"' || CAST(` + column + ` AS TEXT) || '"' ELSE `
		own = "WHEN 'text' THEN json_quote(" + column + ") WHEN 'integer' THEN " + number + `'{"integer":"' || ` + column + ` || '"}' END WHEN 'real' THEN ` +
			number + `'{"real":"' || printf('%!.17g', ` + column + `) || '"}' END`
	}
	return "CASE typeof(" + column + ") WHEN 'null' THEN 'null' " + own + ` WHEN 'integer' THEN '{"integer":"' || ` + column +
		` || '"}' WHEN 'real' THEN '{"real":"' || printf('%!.17g', ` + column + `) || '"}' WHEN 'text' THEN '{"text":' || json_quote(` + column +
		`) || '}' ELSE '{"blob":"' || lower(hex(` + column + `)) || '"}' END`
}

// sqliteNames are the names of the triggers that write a log.
func sqliteNames(l *Log) []string {
	return []string{l.Events + "_created", l.Events + "_deleted", l.Events + "_updated", l.Events + "_moved"}
}

func sqliteLog(d *Dialect, l *Log) []LogObject {
	events := l.quote(l.Events)
	// write inserts the event that the expressions give. LIMIT keeps the database from writing out an expression wherever its
	// name stands, which would make every statement slow to prepare.
	write := func(row, kind, content, whole, changes, deletion, from string) string {
		last := func(column string) string {
			return fmt.Sprintf("(SELECT l.%s FROM %s AS l WHERE l.row_key = %s ORDER BY l.version DESC LIMIT 1)", column, events, d.LogKey(l, row))
		}
		return fmt.Sprintf(`INSERT INTO %[1]s (%[2]s)
SELECT e.row_key, coalesce(e.last, 0) + 1, e.type,
 CASE WHEN e.type = 'updated' AND (e.last IS NULL OR e.former = 'removed') THEN 'row' ELSE e.content END,
 CASE WHEN e.content = 'change' AND e.former <> 'removed' THEN e.changes ELSE e.whole END,
 coalesce(json_extract(c.context, '$.actor'), ''), coalesce(json_extract(c.context, '$.reason'), ''),
 CASE e.type WHEN 'deleted' THEN json_extract(c.context, '$.deletion') WHEN 'restored' THEN coalesce(e.deletion_id,
  (SELECT d.deletion_id FROM %[1]s AS d WHERE d.row_key = e.row_key AND d.type = 'deleted' ORDER BY d.version DESC LIMIT 1)) END,
 max(coalesce(json_extract(c.context, '$.moment'), json_extract(c.context, '$.at')), coalesce(e.former_at, ''))
FROM (SELECT k.*, CASE WHEN k.type = 'updated' THEN 'change' ELSE %[9]s END AS content FROM (SELECT %[3]s AS row_key, %[4]s AS last, %[5]s AS former, %[12]s AS former_at,
 %[6]s AS type, %[7]s AS whole, %[8]s AS changes, %[10]s AS deletion_id%[11]s LIMIT 1) AS k) AS e, `+sqliteContext+` AS c
WHERE e.type <> 'updated' OR e.changes <> '{}';
`, events, eventColumns, d.LogKey(l, row), last("version"), last("content"), kind, whole, changes, "'"+content+"'", deletion, from, last("at"))
	}
	before, after := make([]string, len(l.Columns)), make([]string, len(l.Columns))
	var named []string
	for i, c := range l.Columns {
		before[i], after[i] = fmt.Sprint("f.o", i), fmt.Sprint("f.n", i)
		named = append(named, fmt.Sprintf("%s AS o%d, %s AS n%d", sqliteFragment(c, "OLD"), i, sqliteFragment(c, "NEW"), i))
	}
	oldRow, newRow := l.image(d.fragments(l, "OLD")), l.image(d.fragments(l, "NEW"))
	created := write("NEW", `(SELECT CASE WHEN json_extract(context, '$.restores') IS NULL THEN 'created' ELSE 'restored' END FROM `+sqliteContext+`)`,
		"row", newRow, "NULL", "NULL", "")
	erases := func(otherwise string) string {
		return l.erases("(SELECT json_extract(context, '$.erases') FROM "+sqliteContext+")", otherwise)
	}
	deleted := write("OLD", erases("'deleted'"), "removed", oldRow, "NULL", "NULL", "")
	keyChanged := d.LogKey(l, "OLD") + " <> " + d.LogKey(l, "NEW")
	updated := write("NEW", erases(l.transition("OLD", "NEW")), "row", l.image(after), l.changes(before, after), l.mark("OLD"),
		" FROM (SELECT "+strings.Join(named, ",\n ")+" LIMIT 1) AS f")
	key := make([]string, len(l.Key))
	for i, c := range l.Key {
		key[i] = c.Quoted
	}
	var objects []LogObject
	for i, trigger := range []struct{ event, when, body string }{
		{"INSERT", "", created},
		{"DELETE", "", deleted},
		{"UPDATE", " AND NOT (" + keyChanged + ")", updated},
		{"UPDATE OF " + strings.Join(key, ", "), " AND (" + keyChanged + ")", deleted + created},
	} {
		name := sqliteNames(l)[i]
		create := fmt.Sprintf("CREATE TRIGGER %s AFTER %s ON %s WHEN EXISTS (SELECT 1 FROM "+sqliteContext+")%s\nBEGIN\n%s%sEND",
			l.quote(name), trigger.event, l.quote(l.Table), trigger.when, l.listing(), trigger.body)
		objects = append(objects, LogObject{Name: name, Text: create, Create: []string{"DROP TRIGGER IF EXISTS " + l.quote(name), create}})
	}
	return objects
}
