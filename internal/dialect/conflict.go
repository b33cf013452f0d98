package dialect

import "strings"

// This room says what becomes of a row to insert whose like is there already.

// KeepPresent ends an INSERT that leaves rows as they are that are there already; key is a column of the table's key.
func (d *Dialect) KeepPresent(key string) string { return d.keepPresent(key) }

// ReplacePresent ends an INSERT that gives rows with the same key, which some columns are, new values in others.
func (d *Dialect) ReplacePresent(key, others []string) string { return d.replacePresent(key, others) }

func conflictDoNothing(string) string { return " ON CONFLICT DO NOTHING" }

func conflictDoUpdate(key, others []string) string {
	set := make([]string, len(others))
	for i, column := range others {
		set[i] = column + " = excluded." + column
	}
	return " ON CONFLICT (" + strings.Join(key, ", ") + ") DO UPDATE SET " + strings.Join(set, ", ")
}
