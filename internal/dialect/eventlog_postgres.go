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
	begin: beginnings{
		latest: "greatest", json: "::json", ignore: onConflict, within: postgresWithin,
		moment: func(at time.Time) string { return textLiteral(postgresInstant(at)) + "::timestamptz" },
	},
	find: func(db *gorm.DB, l *Log) (LogFound, error) {
		var found []foundObject
		var mark string
		f := LogFound{Texts: map[string]string{}}
		err := db.Raw("SELECT " + postgresMark(l)).Scan(&mark).Error
		if err == nil {
			err = db.Raw(`SELECT t.tgname AS "name", p.prosrc AS "text" FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
				WHERE t.tgrelid = to_regclass(?) AND NOT t.tgisinternal AND t.tgenabled <> 'D'`, l.quote(l.Table)).Scan(&found).Error
		}
		for _, object := range found {
			f.Texts[object.Name] = object.Text
		}
		f.Mark = mark
		return f, err
	},
	mark:     postgresMark,
	open:     [2]string{"SELECT set_config('softdelete.event', ", ", true) WHERE "},
	close:    "SELECT set_config('softdelete.event', '', true)",
	value:    func(string) Value { return Text }, // its fragment is exact for every type
	instant:  postgresInstant,
	freeze:   "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE",
	fragment: postgresFragment,
	member:   func(data string) string { return "(" + data + " -> j.key)::text" },
	dataText: func(data, name string) string { return "(" + data + " ->> " + name + ")" },
	object: func(data, value string) string {
		return "(SELECT coalesce('{' || string_agg(to_json(j.key)::text || ':' || " + value + ", ',' ORDER BY j.place) || '}', '{}')::json FROM json_each(" +
			data + ") WITH ORDINALITY AS j(key, value, place))"
	},
	document: objectRows,
	fromJSON: func(_ *Log, table string) (before, after string) {
		return "json_populate_recordset(NULL::" + table + ", CAST(CAST(", " AS text) AS json))"
	},
}

func postgresInstant(at time.Time) string { return at.Format(time.RFC3339Nano) }

// postgresMark is made of the rows of the catalogue, which no change leaves as they are.
func postgresMark(l *Log) string {
	return "coalesce((SELECT string_agg(concat_ws('.', t.oid, t.xmin, p.oid, p.xmin), ' ' ORDER BY t.oid) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid" +
		" WHERE t.tgrelid = to_regclass(" + textLiteral(l.quote(l.Table)) + ") AND t.tgname IN (" + strings.Join(quotedLiterals(append([]string{postgresTurn}, postgresTriggers...)), ", ") +
		") AND t.tgenabled <> 'D'), '')"
}

// postgresTriggers are the names of the triggers that write a log.
var postgresTriggers = []string{"softdelete_created", "softdelete_deleted", "softdelete_updated"}

// postgresTurn is the trigger that notes where a statement begins; see nestedEvents.
const postgresTurn = "softdelete_turn"

func quotedLiterals(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		list[i] = textLiteral(text)
	}
	return list
}

// postgresFragment is a column of a row as JSON text. The form does not depend on the session only where postgresForm is in
// force. The text of a type of an extension, and of an array that does not begin at 1, is read back exactly; its JSON is not.
func postgresFragment(c LoggedColumn, alias string) string {
	column := alias + "." + c.Quoted
	value, text := "to_json("+column+")", column+"::text"
	kind := strings.ToLower(c.Stored)
	if kind == "" {
		kind = strings.ToLower(c.Type)
	}
	switch {
	case strings.Contains(kind, "hstore"):
		return "coalesce(to_json(" + text + ")::text, 'null')"
	case c.Foreign: // a column that is gone is NULL; with .* the alias is never a column of its name
		value, text = "(to_json("+alias+".*) -> "+textLiteral(c.Name)+")", "(to_json("+alias+".*) ->> "+textLiteral(c.Name)+")"
	case strings.HasSuffix(kind, "]"):
		return "coalesce(CASE WHEN left(" + text + ", 1) = '[' THEN to_json(" + text + ") ELSE " + value + " END::text, 'null')"
	case c.Value == Whole && c.Plain:
		return "CASE WHEN " + column + " BETWEEN -9007199254740991 AND 9007199254740991 THEN " + text + " WHEN " + column +
			` IS NULL THEN 'null' ELSE '"' || ` + text + ` || '"' END`
	}
	number := "json_typeof(" + value + ") = 'number'"
	switch {
	case c.Value == Whole:
		return "coalesce(CASE WHEN " + number + " AND length(" + text + ") < 16 THEN " + text + " WHEN " + number + " THEN to_json(" + text +
			")::text ELSE " + value + "::text END, 'null')"
	case c.Plain, c.Value == Real, c.Value == Boolean:
		return "coalesce(" + value + "::text, 'null')"
	}
	// numeric is a number that readers of JSON would round
	return "coalesce(CASE WHEN " + number + " THEN to_json(" + text + ")::text ELSE " + value + "::text END, 'null')"
}

// postgresSettings are in force while a log's function runs. Those after the form of values fix the plan, which a session keeps:
// made for one row, it would compare each row with each when there are many.
var postgresSettings = postgresForm + " SET enable_nestloop TO off SET enable_seqscan TO off SET jit TO off"

// postgresContext are the variables of a log's function that have the members of the context, which are read once.
var postgresContext = []struct{ name, kind, value string }{
	{"acts", "text", "coalesce(context ->> 'actor', '')"},
	{"why", "text", "coalesce(context ->> 'reason', '')"},
	{"deletion", "text", "context ->> 'deletion'"},
	{"restores", "boolean", "context ->> 'restores' IS NOT NULL"},
	{"erases", "text", "context ->> 'erases'"},
	{"moment", "timestamptz", "coalesce(context ->> 'moment', context ->> 'at')::timestamptz"},
}

// postgresDiffers is the condition that a column of a row that is updated gets a value that JSON tells from the one that it had. What
// has the same text has the same JSON, which takes longer to make.
func postgresDiffers(c LoggedColumn) string {
	differs := postgresFragment(c, "o") + " <> " + postgresFragment(c, "r")
	switch before, after := "o."+c.Quoted, "r."+c.Quoted; {
	case c.Foreign:
		return differs
	case c.Value == Whole && c.Plain:
		return before + " IS DISTINCT FROM " + after + " AND " + differs
	default:
		return before + `::text COLLATE "C" IS DISTINCT FROM ` + after + `::text COLLATE "C" AND ` + differs
	}
}

// postgresUpdated inserts the events of rows that changed in place. A row's JSON is made only where no event before gives what has
// not changed.
func postgresUpdated(d *Dialect, l *Log, insert func(e postgresEvent) string, newRows, oldRows, order string) string {
	parts := make([]string, len(l.Columns))
	for i, c := range l.Columns {
		parts[i] = "CASE WHEN " + postgresDiffers(c) + " THEN '," + jsonName(c.Name) + ":' || " + postgresFragment(c, "r") + " ELSE '' END"
	}
	const follows = "e.type = 'updated' AND last.content <> 'removed'"
	return insert(postgresEvent{
		key: d.LogKey(l, "r"), content: "CASE WHEN " + follows + " THEN 'change' ELSE 'row' END",
		data: "CASE WHEN " + follows + " THEN e.changes ELSE " + d.image(l, d.fragments(l, "r")) + " END", mark: l.mark("o"),
		from: fmt.Sprintf("%s AS r JOIN %s AS o ON %s CROSS JOIN LATERAL (SELECT %s AS type, '{' || substr(%s, 2) || '}' AS changes OFFSET 0) AS e",
			newRows, oldRows, l.sameKey("o", "r"), d.erases(l, "erases", l.transition("o", "r")), strings.Join(parts, "\n || ")),
		where: "WHERE e.type <> 'updated' OR e.changes <> '{}' ", order: order,
	})
}

// postgresEvent are the expressions of an event over the rows of from, which has one e that gives its type.
type postgresEvent struct{ key, content, data, mark, from, where, order string }

// insertPostgres gives the statement that inserts events.
func insertPostgres(events string) func(e postgresEvent) string {
	return func(e postgresEvent) string {
		return fmt.Sprintf(`INSERT INTO %[1]s (%[2]s)
SELECT %[3]s, coalesce(last.version, 0) + 1, e.type, %[4]s, (%[5]s)::json, acts, why,
 CASE e.type WHEN 'deleted' THEN deletion WHEN 'restored' THEN coalesce(%[6]s,
  (SELECT d.deletion_id FROM %[1]s AS d WHERE d.row_key = %[3]s AND d.type = 'deleted' AND d.version > 0 ORDER BY d.version DESC LIMIT 1)) END,
 greatest(moment, last.at)
FROM %[7]s
LEFT JOIN LATERAL (SELECT l.version, l.content, l.at FROM %[1]s AS l WHERE l.row_key = %[3]s AND l.version > 0 ORDER BY l.version DESC LIMIT 1) AS last ON true
%[8]sORDER BY %[9]s;
`, events, eventColumns, e.key, e.content, e.data, e.mark, e.from, e.where, e.order)
	}
}

func postgresLog(d *Dialect, l *Log) []LogObject {
	var key []string
	for _, c := range l.Key {
		key = append(key, "r."+c.Quoted)
	}
	order := strings.Join(key, ", ")
	const oldRows, newRows = "softdelete_old", "softdelete_new"
	insert := insertPostgres(l.quote(l.Events))
	// whole inserts the events of whole rows from a transition table.
	whole := func(kind, content, table, where string) string {
		return insert(postgresEvent{
			key: d.LogKey(l, "r"), content: "'" + content + "'", data: d.image(l, d.fragments(l, "r")), mark: "NULL::text",
			from: table + " AS r CROSS JOIN (SELECT " + kind + " AS type) AS e", where: where, order: order,
		})
	}
	without := func(table, other string) string {
		return "WHERE NOT EXISTS (SELECT 1 FROM " + other + " AS o WHERE " + l.sameKey("o", "r") + ") "
	}
	keys := func(table string) string { return "SELECT " + d.LogKey(l, "r") + " FROM " + table + " AS r" }
	n := postgresNested(l.quote(l.Events), keys(oldRows), keys(newRows))
	declare, read := "", ""
	for _, v := range postgresContext {
		declare += v.name + " " + v.kind + "; "
		read += v.name + " := " + v.value + ";\n"
	}
	body := "\n" + l.listing() + `#variable_conflict use_variable
DECLARE context json := nullif(current_setting('softdelete.event', true), '');
` + declare + n.declare + `BEGIN
IF context IS NULL THEN RETURN NULL; END IF;
` + read + n.before + `IF TG_OP = 'INSERT' THEN
` + whole("CASE WHEN restores THEN 'restored' ELSE 'created' END", "row", newRows, "") + `ELSIF TG_OP = 'DELETE' THEN
` + whole(d.erases(l, "erases", "'deleted'"), "removed", oldRows, "") + `ELSE
IF EXISTS (SELECT 1 FROM ` + oldRows + " AS r " + without(oldRows, newRows) + `) THEN
` + whole("'deleted'", "removed", oldRows, without(oldRows, newRows)) +
		whole("'created'", "row", newRows, without(newRows, oldRows)) + `END IF;
` + postgresUpdated(d, l, insert, newRows, oldRows, order) + `END IF;
` + n.after + `RETURN NULL;
END
`
	function := l.quote(functionName(l.Events, "_log"))
	table := l.quote(l.Table)
	create := "CREATE OR REPLACE FUNCTION " + function + "() RETURNS trigger LANGUAGE plpgsql" +
		postgresSettings + " AS" + dollarQuoted(body)
	objects := []LogObject{n.turn(l)}
	for i, trigger := range []struct{ event, tables string }{
		{"INSERT", "NEW TABLE AS " + newRows},
		{"DELETE", "OLD TABLE AS " + oldRows},
		{"UPDATE", "OLD TABLE AS " + oldRows + " NEW TABLE AS " + newRows},
	} {
		name := postgresTriggers[i]
		objects = append(objects, LogObject{Name: name, Text: body, Create: []string{
			create,
			"DROP TRIGGER IF EXISTS " + name + " ON " + table,
			fmt.Sprintf("CREATE TRIGGER %s AFTER %s ON %s REFERENCING %s FOR EACH STATEMENT EXECUTE FUNCTION %s()",
				name, trigger.event, table, trigger.tables, function),
		}})
		create = ""
	}
	return objects
}

// functionName is the name of a function of a log, in the log's schema.
func functionName(events, suffix string) string {
	schema, name := splitName(events)
	return schema + ShortName(name, suffix)
}

// dollarQuoted quotes the text of a function, which may hold any literal, so that nothing in it ends it.
func dollarQuoted(text string) string {
	tag := "$softdelete$"
	for n := 1; strings.Contains(text, tag); n++ {
		tag = fmt.Sprintf("$softdelete%d$", n)
	}
	return " " + tag + text + tag
}
