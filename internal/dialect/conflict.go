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

// Inserted is what an upsert was to insert in a column, for what it writes to the row that is there instead. It is for databases without
// the feature ConflictTargets, as what follows.
func (d *Dialect) Inserted(column string) string { return d.inserted(column) }

// Refuse is the value in an upsert for a column that fails the whole statement where a condition holds of the row that it meets, and
// leaves it otherwise.
func (d *Dialect) Refuse(column, condition string) string { return d.refuse(column, condition) }

// Refused tells whether a statement has failed for that.
func (d *Dialect) Refused(err error) bool { return d.refused != nil && err != nil && d.refused(err) }
