package dialect

import (
	"fmt"
	"time"
)

// This room is for what a log writes of rows that are older than it.

// beginnings is how a database writes such events.
type beginnings struct {
	// latest is the function that gives the latest of several instants, json a cast to that type.
	latest, json string
	// moment is an instant as the log has it.
	moment func(at time.Time) string
	// ignore ends a statement that leaves out events whose version is there.
	ignore func(events string) string
	// within gives the statements that execute one with values in the form that triggers give them.
	within func(statement string) []string
}

// Baseline are statements that log rows without events as they are.
func (d *Dialect) Baseline(l *Log, at time.Time) []string {
	b := d.events.begin
	return b.within(fmt.Sprintf(`INSERT INTO %[1]s (%[2]s)
SELECT %[3]s, 1, 'baseline', '%[4]s', %[5]s%[6]s, '', '', NULL, %[7]s FROM %[8]s AS r
WHERE NOT EXISTS (SELECT 1 FROM %[1]s AS e WHERE e.row_key = %[3]s)%[9]s`,
		l.quote(l.Events), eventColumns, d.LogKey(l, "r"), Row, "("+d.image(l, d.fragments(l, "r"))+")", b.json, d.moment(at), l.quote(l.Table),
		b.ignore(l.quote(l.Events))))
}

// LogGained are statements that log the values of columns which a log has gained, of the rows that have events.
func (d *Dialect) LogGained(l *Log, gained []LoggedColumn, at time.Time) []string {
	b := d.events.begin
	of := *l
	of.Columns = gained
	last := func(column string) string {
		return fmt.Sprintf("(SELECT l.%s FROM %s AS l WHERE l.row_key = %s ORDER BY l.version DESC LIMIT 1) AS last_%s", column, l.quote(l.Events), d.LogKey(l, "r"), column)
	}
	return b.within(fmt.Sprintf(`INSERT INTO %[1]s (%[2]s)
SELECT k.row_key, k.last_version + 1, 'updated', '%[3]s', k.data%[4]s, '', '', NULL, %[5]s(%[6]s, k.last_at)
FROM (SELECT %[7]s AS row_key, %[8]s AS data, %[9]s, %[10]s, %[11]s FROM %[12]s AS r) AS k
WHERE k.last_version IS NOT NULL AND k.last_content <> '%[13]s'%[14]s`,
		l.quote(l.Events), eventColumns, Change, b.json, b.latest, d.moment(at), d.LogKey(l, "r"), d.image(&of, d.fragments(&of, "r")),
		last("version"), last("content"), last("at"), l.quote(l.Table), Removed, b.ignore(l.quote(l.Events))))
}

// moment is an instant as the log has it.
func (d *Dialect) moment(at time.Time) string {
	return d.events.begin.moment(at.UTC().Truncate(d.Precision))
}

// onConflict leaves out what conflicts with anything.
func onConflict(string) string { return " ON CONFLICT DO NOTHING" }

// postgresWithin executes a statement with the settings that fix the form of values, in a function that is gone with the session.
func postgresWithin(statement string) []string {
	const function = "pg_temp.softdelete_begin()"
	return []string{
		"CREATE OR REPLACE FUNCTION " + function + " RETURNS void LANGUAGE sql" + postgresForm + " AS" +
			dollarQuoted(statement),
		"SELECT " + function,
		"DROP FUNCTION " + function,
	}
}
