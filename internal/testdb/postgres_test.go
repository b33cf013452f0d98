package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

func TestPostgresSchemaIsDropped(t *testing.T) {
	outside := Postgres(t).Open(t)
	var schema string
	t.Run("even while a transaction is open in it", func(t *testing.T) {
		forgotten, err := gorm.Open(postgres.Open(Postgres(t).DSN))
		require.NoError(t, err)
		require.NoError(t, forgotten.AutoMigrate(&note{}))
		require.NoError(t, forgotten.Raw("SELECT current_schema()").Scan(&schema).Error)
		require.NoError(t, forgotten.Begin().Create(&note{Text: "a"}).Error)
	})
	var left bool
	require.NoError(t, outside.Raw("SELECT to_regnamespace(?) IS NOT NULL", schema).Scan(&left).Error)
	require.False(t, left)
}

func TestWithParameters(t *testing.T) {
	parameters := map[string]string{"search_path": "s", "application_name": "s"}
	require.Equal(t, "postgres:///test?application_name=s&host=%2Ftmp&search_path=s",
		withParameters("postgres:///test?host=/tmp&search_path=public", parameters))
	require.Equal(t, "host=/tmp dbname=test application_name=s search_path=s",
		withParameters("host=/tmp dbname=test", parameters))
}

func TestPostgresCommitsDoNotWaitForTheDisk(t *testing.T) {
	var setting string
	require.NoError(t, Postgres(t).Open(t).Raw("SHOW synchronous_commit").Scan(&setting).Error)
	require.Equal(t, "off", setting)
}
