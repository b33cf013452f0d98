package testdb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// Empty removes all rows of tables that refer to each other and to no others, in whatever order they are named. It truncates none,
// as the new file of a table may wait for the disk.
func (d *Database) Empty(t testing.TB, db *gorm.DB, tables ...string) {
	t.Helper()
	require.NoError(t, db.Connection(func(session *gorm.DB) error {
		for _, statement := range d.kind.empty(tables) {
			if err := session.Exec(statement).Error; err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	}))
}

// emptyBetween deletes from the tables one after another, between a statement that lets foreign keys be and one that does not.
func emptyBetween(off, on string) func(tables []string) []string {
	return func(tables []string) []string {
		statements := []string{off}
		for _, table := range tables {
			statements = append(statements, "DELETE FROM "+table)
		}
		return append(statements, on)
	}
}

// emptyPostgres deletes from all tables by one statement, at whose end foreign keys are looked at.
func emptyPostgres(tables []string) []string {
	deletions := make([]string, len(tables))
	for i, table := range tables {
		deletions[i] = fmt.Sprintf("d%d AS (DELETE FROM %s)", i, table)
	}
	return []string{"WITH " + strings.Join(deletions, ", ") + " SELECT 1"}
}
