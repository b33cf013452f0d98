package testdb

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"testing"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// sqliteKind is SQLite as applications should run it: foreign keys enforced, a write-ahead log so that readers do not stop
// the writer, and a writer that waits for another instead of failing. Only that a commit waits for the disk is left out.
var sqliteKind = kind{
	name:   "sqlite",
	driver: sqlite.DriverName,
	dialector: func(pool gorm.ConnPool) gorm.Dialector {
		return sqlite.New(sqlite.Config{Conn: pool})
	},
	create: func(t testing.TB) (string, error) {
		settings := url.Values{
			"_foreign_keys": {"on"},
			"_journal_mode": {"WAL"},
			"_busy_timeout": {"10000"}, // milliseconds
			"_synchronous":  {"OFF"},
		}
		file := url.URL{
			Scheme:   "file",
			Path:     filepath.ToSlash(filepath.Join(t.TempDir(), "test.db")),
			RawQuery: settings.Encode(),
		}
		return file.String(), nil
	},
	schema: schemaSQL{create: "ATTACH DATABASE ':memory:' AS "},
	left:   leftInSQLite,
	empty:  emptyBetween("PRAGMA foreign_keys = off", "PRAGMA foreign_keys = on"),
	about: func() (string, error) {
		pool, err := sql.Open(sqlite.DriverName, ":memory:")
		if err != nil {
			return "", err
		}
		defer pool.Close()
		var version string
		err = pool.QueryRow("SELECT sqlite_version()").Scan(&version)
		return "SQLite " + version + ", in files of their own", err
	},
}

// SQLite returns a database in a fresh file.
func SQLite(t testing.TB) *Database {
	t.Helper()
	return sqliteKind.new(t)
}
