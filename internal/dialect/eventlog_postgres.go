package dialect

import (
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// postgresEvents writes events in triggers for each statement, with transition tables: a function per table writes those of
// all rows at once. A query in it sees what committed before it began, so that versions go on from those of a transaction
// that held the rows before.
var postgresEvents = eventLog{
	objects: postgresLog,
	begin:   beginnings{latest: "greatest", json: "::json", instant: "::timestamptz", within: postgresWithin},
	find: func(db *gorm.DB, l *Log) (map[string]string, error) {
		var found []foundObject
		err := db.Raw(`SELECT t.tgname AS "name", p.prosrc AS "text" FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
			WHERE t.tgrelid = to_regclass(?) AND NOT t.tgisinternal AND t.tgenabled <> 'D'`, l.quote(l.Table)).Scan(&found).Error
		objects := map[string]string{}
		for _, object := range found {
			objects[object.Name] = object.Text
		}
		return objects, err
	},
	open:     func([]*Log) (before, after string) { return "SELECT set_config('softdelete.event', ", ", true)" },
	close:    "SELECT set_config('softdelete.event', '', true)",
	instant:  func(at time.Time) string { return at.Format(time.RFC3339Nano) },
	freeze:   "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
	fragment: postgresFragment,
	member:   func(data string) string { return "(" + data + " -> j.key)::text" },
	dataText: func(data, name string) string { return "(" + data + " ->> " + name + ")" },
	object: func(data, value string) string {
		return "(SELECT coalesce('{' || string_agg(to_json(j.key)::text || ':' || " + value + ", ',' ORDER BY j.place) || '}', '{}')::json FROM json_each(" +
			data + ") WITH ORDINALITY AS j(key, value, place))"
	},
	fromJSON: func(table string) (before, after string) {
		return "json_populate_recordset(NULL::" + table + ", CAST(CAST(", " AS text) AS json))"
	},
}

// postgresFragment is a column of a row as JSON text. The form does not depend on the session only where the settings of the
// function that postgresLog makes are in force.
func postgresFragment(c LoggedColumn, alias string) string {
	column := alias + "." + c.Quoted
	switch {
	case c.Value == Whole && c.Plain:
		return "CASE WHEN " + column + " BETWEEN -9007199254740991 AND 9007199254740991 THEN " + column + "::text WHEN " + column +
			` IS NULL THEN 'null' ELSE '"' || ` + column + `::text || '"' END`
	case c.Plain, c.Value == Real, c.Value == Boolean:
		return "coalesce(to_json(" + column + ")::text, 'null')"
	case c.Value == Whole:
		return "coalesce(CASE WHEN json_typeof(to_json(" + column + ")) = 'number' AND length(" + column + "::text) < 16 THEN " + column +
			"::text WHEN json_typeof(to_json(" + column + ")) = 'number' THEN to_json(" + column + "::text)::text ELSE to_json(" + column +
			")::text END, 'null')"
	default: // numeric is a number that readers of JSON would round
		return "coalesce(CASE json_typeof(to_json(" + column + ")) WHEN 'number' THEN to_json(" + column + "::text)::text ELSE to_json(" +
			column + ")::text END, 'null')"
	}
}

// postgresSettings are in force while a log's function runs. The first three fix the form of values. The others fix the plan,
// which a session keeps: made for one row, it would compare each row with each when there are many.
const postgresSettings = " SET timezone TO 'UTC' SET bytea_output TO 'hex' SET extra_float_digits TO 1" +
	" SET enable_nestloop TO off SET enable_seqscan TO off SET jit TO off"

func postgresLog(d *Dialect, l *Log) []LogObject {
	var key []string
	for _, c := range l.Key {
		key = append(key, "r."+c.Quoted)
	}
	const oldRows, newRows = "softdelete_old", "softdelete_new"
	// write inserts the events that a query gives, with row_key, type, content, whole, changes and deletion_id.
	write := func(rows string) string {
		return fmt.Sprintf(`INSERT INTO %[1]s (%[2]s)
SELECT e.row_key, coalesce(last.version, 0) + 1, e.type,
 CASE WHEN e.type = 'updated' AND (last.version IS NULL OR last.content = 'removed') THEN 'row' ELSE e.content END,
 CASE WHEN e.content = 'change' AND last.content <> 'removed' THEN e.changes ELSE e.whole END::json,
 coalesce(context ->> 'actor', ''), coalesce(context ->> 'reason', ''),
 CASE e.type WHEN 'deleted' THEN context ->> 'deletion' WHEN 'restored' THEN coalesce(e.deletion_id,
  (SELECT d.deletion_id FROM %[1]s AS d WHERE d.row_key = e.row_key AND d.type = 'deleted' ORDER BY d.version DESC LIMIT 1)) END,
 greatest((context ->> 'at')::timestamptz, last.at)
FROM (%[3]s) AS e
LEFT JOIN LATERAL (SELECT l.version, l.content, l.at FROM %[1]s AS l WHERE l.row_key = e.row_key ORDER BY l.version DESC LIMIT 1) AS last ON true
WHERE e.type <> 'updated' OR e.changes <> '{}';
`, l.quote(l.Events), eventColumns, rows)
	}
	// rows selects whole rows from a transition table.
	rows := func(kind, content, table, further string) string {
		return fmt.Sprintf("SELECT %s AS row_key, %s AS type, '%s' AS content, %s AS whole, NULL::text AS changes, NULL::text AS deletion_id FROM %s AS r%s ORDER BY %s",
			d.LogKey(l, "r"), kind, content, l.image(d.fragments(l, "r")), table, further, strings.Join(key, ", "))
	}
	without := func(table, other string) string {
		return " WHERE NOT EXISTS (SELECT 1 FROM " + other + " AS o WHERE " + l.sameKey("o", "r") + ")"
	}
	const erases = "context ->> 'erases'"
	kind := l.erases(erases, l.transition("o", "r"))
	changed := fmt.Sprintf("SELECT c.row_key, c.type, CASE c.type WHEN 'updated' THEN 'change' ELSE 'row' END AS content, c.whole, c.changes, c.deletion_id"+
		" FROM (SELECT %s AS row_key, %s AS type, %s AS whole, %s AS changes, %s AS deletion_id FROM %s AS r JOIN %s AS o ON %s ORDER BY %s) AS c",
		d.LogKey(l, "r"), kind, l.image(d.fragments(l, "r")), l.changes(d.fragments(l, "o"), d.fragments(l, "r")), l.mark("o"), newRows, oldRows, l.sameKey("o", "r"),
		strings.Join(key, ", "))
	body := `
DECLARE context json := nullif(current_setting('softdelete.event', true), '');
BEGIN
IF context IS NULL THEN RETURN NULL; END IF;
IF TG_OP = 'INSERT' THEN
` + write(rows("CASE WHEN context ->> 'restores' IS NULL THEN 'created' ELSE 'restored' END", "row", newRows, "")) + `ELSIF TG_OP = 'DELETE' THEN
` + write(rows(l.erases(erases, "'deleted'"), "removed", oldRows, "")) + `ELSE
IF EXISTS (SELECT 1 FROM ` + oldRows + " AS r" + without(oldRows, newRows) + `) THEN
` + write(rows("'deleted'", "removed", oldRows, without(oldRows, newRows))) +
		write(rows("'created'", "row", newRows, without(newRows, oldRows))) + `END IF;
` + write(changed) + `END IF;
RETURN NULL;
END
`
	function := l.quote(functionName(l.Events))
	table := l.quote(l.Table)
	create := "CREATE OR REPLACE FUNCTION " + function + "() RETURNS trigger LANGUAGE plpgsql" +
		postgresSettings + " AS" + dollarQuoted(body)
	var objects []LogObject
	for _, trigger := range []struct{ name, event, tables string }{
		{"softdelete_created", "INSERT", "NEW TABLE AS " + newRows},
		{"softdelete_deleted", "DELETE", "OLD TABLE AS " + oldRows},
		{"softdelete_updated", "UPDATE", "OLD TABLE AS " + oldRows + " NEW TABLE AS " + newRows},
	} {
		objects = append(objects, LogObject{Name: trigger.name, Text: body, Create: []string{
			create,
			"DROP TRIGGER IF EXISTS " + trigger.name + " ON " + table,
			fmt.Sprintf("CREATE TRIGGER %s AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION %s()",
				trigger.name, trigger.event, table, trigger.tables, function),
		}})
		create = ""
	}
	return objects
}

// functionName is the name of the function that writes a log, in the log's schema.
func functionName(events string) string {
	schema, name := splitName(events)
	return schema + ShortName(name, "_log")
}

// dollarQuoted quotes the text of a function, which may hold any literal, so that nothing in it ends it.
func dollarQuoted(text string) string {
	tag := "$softdelete$"
	for n := 1; strings.Contains(text, tag); n++ {
		tag = fmt.Sprintf("$softdelete%d$", n)
	}
	return " " + tag + text + tag
}
