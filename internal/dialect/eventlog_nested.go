package dialect

import (
	"fmt"
	"strings"
)

// This room is for triggers of the application that write to a table with a log, on PostgreSQL. They fire for each row of a
// statement, and the log's for the statement, after them: what they write is logged before what they are fired by. So a statement
// that finds such events of its rows makes room for its own before them. The setting softdelete.nested lists where they begin:
// how deep in triggers they were written, their table, and the ID of the first, or of one before it.

// nestedEvents are the parts of a log's function that do so.
type nestedEvents struct {
	declare, before, after string
	events                 string
}

const (
	// nestedEntries are the entries of the setting.
	nestedEntries = "(SELECT split_part(p, '/', 1)::integer AS depth, split_part(p, '/', 2) AS relation, split_part(p, '/', 3)::bigint AS first" +
		" FROM unnest(string_to_array(current_setting('softdelete.nested', true), ' ')) AS p) AS n"
	// ownEvent tells whether an event was written by this transaction, whatever savepoint it was in: all others that can be seen
	// have ended. An event's xmin has the lower half of its transaction's number.
	ownEvent = "txid_status(txid_current() - ((((txid_current() - %[1]s.xmin::text::bigint) & 4294967295) # 2147483648) - 2147483648)) = 'in progress'"
)

func postgresNested(events, oldKeys, newKeys string) nestedEvents {
	own := func(alias string) string { return alias + ".id >= first AND " + fmt.Sprintf(ownEvent, alias) }
	// A new row comes where it was not there and the next event says that it is; a BEFORE trigger may have removed it first.
	present := "n.type <> 'created' AND NOT (n.type = 'restored' AND context ->> 'restores' IS NOT NULL)"
	n := nestedEvents{events: events}
	n.declare = "first bigint; own bigint; nested text[];\n"
	n.before = fmt.Sprintf(`IF pg_trigger_depth() > 1 THEN own := (SELECT coalesce(max(e.id), 0) + 1 FROM %[1]s AS e); END IF;
IF current_setting('softdelete.nested', true) <> '' THEN
first := (SELECT min(n.first) FROM %[2]s WHERE n.depth > pg_trigger_depth() AND n.relation = TG_RELID::text);
IF first IS NOT NULL THEN
IF TG_OP = 'INSERT' THEN
nested := ARRAY(SELECT DISTINCT e.row_key FROM %[1]s AS e WHERE %[3]s AND e.row_key IN (%[5]s));
UPDATE %[1]s AS e SET version = -e.version WHERE e.row_key = ANY(nested) AND %[3]s AND e.version >= (SELECT min(n.version) FROM %[1]s AS n
 WHERE n.row_key = e.row_key AND %[6]s AND %[7]s AND
 coalesce((SELECT b.content FROM %[1]s AS b WHERE b.row_key = n.row_key AND b.version < n.version ORDER BY b.version DESC LIMIT 1), 'removed') = 'removed');
ELSE
IF TG_OP = 'DELETE' THEN
nested := ARRAY(SELECT DISTINCT e.row_key FROM %[1]s AS e WHERE %[3]s AND e.row_key IN (%[4]s));
ELSE
nested := ARRAY(SELECT DISTINCT e.row_key FROM %[1]s AS e WHERE %[3]s AND e.row_key IN (%[4]s UNION ALL %[5]s));
END IF;
UPDATE %[1]s AS e SET version = -e.version WHERE e.row_key = ANY(nested) AND %[3]s;
END IF;
END IF;
END IF;
`, events, nestedEntries, own("e"), oldKeys, newKeys, own("n"), present)
	n.after = fmt.Sprintf(`IF nested IS NOT NULL THEN
UPDATE %[1]s AS e SET version = n.version FROM (SELECT l.id, coalesce((SELECT max(b.version) FROM %[1]s AS b WHERE b.row_key = l.row_key AND b.version > 0), 0)
 + row_number() OVER (PARTITION BY l.row_key ORDER BY l.version DESC) AS version FROM %[1]s AS l WHERE l.row_key = ANY(nested) AND l.version < 0) AS n WHERE e.id = n.id;
END IF;
IF own IS NOT NULL AND NOT EXISTS (SELECT 1 FROM %[2]s WHERE n.depth = pg_trigger_depth() AND n.relation = TG_RELID::text) THEN
PERFORM set_config('softdelete.nested', concat_ws(' ', nullif(current_setting('softdelete.nested', true), ''),
 concat_ws('/', pg_trigger_depth(), TG_RELID, own)), true);
END IF;
`, events, nestedEntries)
	return n
}

// turn notes where a statement begins: what was written in triggers before is not nested in it, but in those around it.
func (nestedEvents) turn(l *Log) LogObject {
	function, table := l.quote(functionName(l.Events, "_turn")), l.quote(l.Table)
	body := fmt.Sprintf(`
BEGIN
PERFORM set_config('softdelete.nested', coalesce((SELECT string_agg(concat_ws('/', o.depth, o.relation, o.first), ' ') FROM (
 SELECT CASE n.relation WHEN TG_RELID::text THEN least(n.depth, pg_trigger_depth()) ELSE n.depth END AS depth, n.relation, min(n.first) AS first
 FROM %s GROUP BY 1, 2) AS o WHERE o.depth > 1), ''), true);
RETURN NULL;
END
`, nestedEntries)
	return LogObject{Name: postgresTurn, Text: body, Helps: true, Create: []string{
		"CREATE OR REPLACE FUNCTION " + function + "() RETURNS trigger LANGUAGE plpgsql AS" + dollarQuoted(body),
		"DROP TRIGGER IF EXISTS " + postgresTurn + " ON " + table,
		strings.Join([]string{
			"CREATE TRIGGER", postgresTurn, "BEFORE INSERT OR UPDATE OR DELETE ON", table,
			"FOR EACH STATEMENT WHEN (current_setting('softdelete.nested', true) <> '') EXECUTE FUNCTION", function + "()",
		}, " "),
	}}
}
