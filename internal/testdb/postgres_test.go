package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPostgresSchemaIsDropped(t *testing.T) {
	outside := Postgres(t).Open(t)
	var schema string
	t.Run("even while a transaction is open in it", func(t *testing.T) {
		db := withNotes(t, Postgres(t))
		require.NoError(t, db.Raw("SELECT current_schema()").Scan(&schema).Error)
		require.NoError(t, db.Begin().Create(&note{Text: "a"}).Error)
	})
	var left bool
	require.NoError(t, outside.Raw("SELECT to_regnamespace(?) IS NOT NULL", schema).Scan(&left).Error)
	require.False(t, left)
}

func TestWithParameters(t *testing.T) {
	require.Equal(t, "postgres:///test?application_name=s&host=%2Ftmp&search_path=s",
		withParameters("postgres:///test?host=/tmp&search_path=public", "s"))
	require.Equal(t, "host=/tmp dbname=test search_path=s application_name=s", withParameters("host=/tmp dbname=test", "s"))
}
