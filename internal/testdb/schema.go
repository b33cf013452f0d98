package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
)

// schemaSQL are what a statement says before a schema's name that makes one, and before and behind a name that drops one with all that
// is in it; nothing where it goes with the connection.
type schemaSQL struct{ create, drop, with string }

// Schema makes an empty schema beside that of the database, which goes with the test. What MySQL calls so is a database; SQLite attaches
// one, to a connection. Its name is the server's, and so one that no other test has.
func (d *Database) Schema(t testing.TB, db *gorm.DB, name string) {
	t.Helper()
	sql := d.kind.schema
	require.NoError(t, db.Exec(sql.create+name).Error)
	if sql.drop != "" {
		t.Cleanup(func() { require.NoError(t, db.Exec(sql.drop+name+sql.with).Error) })
	}
}

// MigratesSchemas tells whether GORM's migrator reaches tables in schemas.
func (d *Database) MigratesSchemas() bool { return d.kind.schemas }
