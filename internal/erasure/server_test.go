package erasure_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	drawnText struct {
		ID   uint
		Name string `pii:"random"`
	}
	drawnTemplate struct {
		ID   uint
		Name string `pii:"template:x-{random}"`
	}
	drawnNumber struct {
		ID   uint
		Name int64 `pii:"random"`
	}
	drawnUUID struct {
		ID   uint
		Name string `gorm:"type:uuid" pii:"random"`
	}
	drawnNothing struct {
		ID   uint
		Name string `pii:"template:x-{id}"`
		Code string `pii:"hmac"`
	}
)

// oldServer is a connection to PostgreSQL that says to be of an older version.
func oldServer(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	pool, err := db.DB()
	require.NoError(t, err)
	pool.SetMaxOpenConns(1)
	for _, statement := range []string{
		"CREATE SCHEMA IF NOT EXISTS older",
		"CREATE OR REPLACE FUNCTION older.version() RETURNS text LANGUAGE sql AS $$ SELECT 'PostgreSQL 12.10 on x, compiled by y, 64-bit' $$",
		"SELECT set_config('search_path', current_setting('search_path') || ', older, pg_catalog', false)",
	} {
		require.NoError(t, db.Exec(statement).Error)
	}
	return db
}

func TestRandomMasksOnAServerWithoutRandomValuesAreRefused(t *testing.T) {
	database := testdb.Postgres(t)
	for _, model := range []any{&drawnText{}, &drawnTemplate{}, &drawnNumber{}, &drawnUUID{}} {
		err := oldServer(t, database).Use(softdelete.New(softdelete.Config{Models: []any{model}}))
		require.ErrorIs(t, err, softdelete.ErrUnsupported, "%T", model)
		require.ErrorContains(t, err, ".Name: random masks need PostgreSQL 13, the server is version 12.10", "%T", model)
		require.NoError(t, database.Open(t).Use(softdelete.New(softdelete.Config{Models: []any{model}})), "%T", model)
	}
	require.NoError(t, oldServer(t, database).Use(softdelete.New(softdelete.Config{Models: []any{&drawnNothing{}}})))

	db := oldServer(t, database)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&drawnNothing{}}})))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &drawnText{})...))
	require.NoError(t, db.Create(&drawnText{ID: 1, Name: "canary"}).Error)
	_, err := softdelete.Erase(db, &drawnText{ID: 1}, softdelete.ErasureRequest{})
	require.ErrorIs(t, err, softdelete.ErrUnsupported, "a model that is compiled at its first use")
	require.ErrorContains(t, err, "PostgreSQL 13")
}
