package dialect

import (
	"fmt"
	"regexp"
	"strings"
)

// This room says what the statements of a migration need where they run one after the other without anyone who looks.

// script is what a database needs around the statements of a migration.
type script struct {
	// alone is how statements begin that no transaction takes.
	alone *regexp.Regexp
	// checks write what makes a script stop where tables that it makes anew would lose rows, or rows would refer to none; nil where
	// tables are changed in place.
	checks func(tables []string) Checks
}

// Checks are statements that stop a script: open before its transaction, begin in it before the first change, end behind the last one.
type Checks struct{ Open, Begin, End []string }

// Alone tells whether a statement cannot run in a transaction.
func (d *Dialect) Alone(statement string) bool {
	return d.script.alone != nil && d.script.alone.MatchString(statement)
}

// Checks are those for a script that makes tables anew.
func (d *Dialect) Checks(tables []string) Checks {
	if d.script.checks == nil {
		return Checks{}
	}
	return d.script.checks(tables)
}

var postgresScript = script{
	alone: regexp.MustCompile(`(?i)^\s*(?:CREATE\s+(?:UNIQUE\s+)?INDEX|DROP\s+INDEX)\s+CONCURRENTLY\b`),
}

var sqliteScript = script{checks: sqliteChecks}

// sqliteChecks count in a table whose constraints refuse. The names of these are what the database answers with. OR ROLLBACK ends the
// transaction, whoever runs the script.
func sqliteChecks(tables []string) Checks {
	const table = "temp.softdelete_checks"
	lost := make([]string, len(tables))
	for i, name := range tables {
		lost[i] = fmt.Sprintf("(SELECT count(*) FROM pragma_foreign_key_check(%s))", textLiteral(name))
	}
	checks := Checks{
		Open: []string{
			"DROP TABLE IF EXISTS " + table,
			"CREATE TEMP TABLE softdelete_checks (kind text, found integer, " +
				"CONSTRAINT `foreign keys are enforced, but must not be: run the script outside of a transaction, on one connection` " +
				"CHECK (kind <> 'enforced' OR found = 0), " +
				"CONSTRAINT `rows would refer to no row` CHECK (kind <> 'lost' OR found <= 0))",
			"INSERT INTO " + table + " SELECT 'enforced', foreign_keys FROM pragma_foreign_keys",
		},
		End: []string{"DROP TABLE " + table},
	}
	if len(tables) > 0 {
		sum := strings.Join(lost, " + ")
		checks.Begin = []string{"INSERT INTO " + table + " SELECT 'before', " + sum}
		checks.End = append([]string{"INSERT OR ROLLBACK INTO " + table + " SELECT 'lost', " + sum +
			" - (SELECT found FROM " + table + " WHERE kind = 'before')"}, checks.End...)
	}
	return checks
}
