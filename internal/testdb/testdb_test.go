package testdb

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/schema"
)

type note struct {
	ID   int64
	Text string `gorm:"unique;size:40"`
}

// withNotes opens a database with an empty table of notes.
func withNotes(t *testing.T, database *Database, options ...gorm.Option) *gorm.DB {
	t.Helper()
	db := database.Open(t, options...)
	require.NoError(t, db.AutoMigrate(&note{}))
	return db
}

// texts lists the notes in the database, by ID.
func texts(t *testing.T, db *gorm.DB) []string {
	t.Helper()
	texts := []string{}
	require.NoError(t, db.Model(&note{}).Order("id").Pluck("text", &texts).Error)
	return texts
}

func TestEach(t *testing.T) {
	var names []string
	Each(t, func(t *testing.T, database *Database) {
		names = append(names, database.Name)

		t.Run("the database is empty, and every Open sees it", func(t *testing.T) {
			first := database.Open(t)
			require.False(t, first.Migrator().HasTable(&note{}))
			require.NoError(t, first.AutoMigrate(&note{}))
			require.NoError(t, first.Create(&note{Text: "a"}).Error)
			require.Equal(t, []string{"a"}, texts(t, database.Open(t)))
		})

		t.Run("the name is that of the dialector", func(t *testing.T) {
			require.Equal(t, database.Name, database.Open(t).Name())
		})

		t.Run("the DSN opens the same database without a tap", func(t *testing.T) {
			withNotes(t, database)
			pool, err := sql.Open(database.kind.driver, database.DSN)
			require.NoError(t, err)
			defer pool.Close()
			var count int
			require.NoError(t, pool.QueryRow("SELECT count(*) FROM notes").Scan(&count))
		})
	})
	require.Contains(t, names, "sqlite")
}

func TestEachOfRunsOnTheNamedDatabasesOnly(t *testing.T) {
	var names []string
	EachOf(t, TablesMadeAnew, func(t *testing.T, database *Database) {
		names = append(names, database.Name)
		require.Equal(t, "sqlite", database.Open(t).Name())
	})
	require.Equal(t, []string{"sqlite"}, names)
}

func TestOpen(t *testing.T) {
	database := SQLite(t)

	t.Run("options reach GORM, and a Config may be used again", func(t *testing.T) {
		config := &gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: "x_"}, PrepareStmt: true}
		for range 2 {
			db := database.Open(t, config)
			require.NoError(t, db.AutoMigrate(&note{}))
			require.True(t, db.Migrator().HasTable("x_notes"))
		}
		require.Nil(t, config.Dialector)
	})

	t.Run("nothing is logged, unless a logger is given", func(t *testing.T) {
		require.Equal(t, logger.Discard, database.Open(t).Logger)
		require.Equal(t, logger.Default, database.Open(t, &gorm.Config{Logger: logger.Default}).Logger)
		require.Equal(t, logger.Discard, database.Open(t, nil).Logger)
	})

	t.Run("the pool is closed when the test ends", func(t *testing.T) {
		var db *gorm.DB
		t.Run("inner", func(t *testing.T) { db = database.Open(t) })
		require.ErrorContains(t, db.Exec("SELECT 1").Error, "closed")
	})

	t.Run("foreign keys are enforced on SQLite", func(t *testing.T) {
		var on bool
		require.NoError(t, database.Open(t).Raw("PRAGMA foreign_keys").Scan(&on).Error)
		require.True(t, on)
	})
}

func TestRequired(t *testing.T) {
	require.False(t, required("postgres", ""))
	require.False(t, required("postgres", "postgresql,sqlite"))
	require.True(t, required("postgres", "sqlite, postgres"))
}

// verdict is a testing.TB that remembers how its test ended.
type verdict struct {
	testing.TB
	is string
}

func (v *verdict) Helper()               {}
func (v *verdict) Fatalf(string, ...any) { v.end("failed") }
func (v *verdict) Skipf(string, ...any)  { v.end("skipped") }

func (v *verdict) end(is string) {
	if v.is == "" { // the real ones do not return
		v.is = is
	}
}

func TestMissingDatabase(t *testing.T) {
	missing := kind{name: "oracle", create: func(testing.TB) (string, error) { return "", sql.ErrConnDone }}
	for list, want := range map[string]string{"": "skipped", "postgres": "skipped", "postgres,oracle": "failed"} {
		t.Setenv(requireVariable, list)
		v := &verdict{TB: t}
		missing.new(v)
		require.Equal(t, want, v.is, "%s=%s", requireVariable, list)
	}
}

func TestTheDatabasesOfARunAreThoseThatAreNamed(t *testing.T) {
	for list, want := range map[string][]string{
		"": {"sqlite", "postgres", "mysql"}, "mysql": {"mysql"}, "postgres, sqlite": {"sqlite", "postgres"}, "oracle": nil,
	} {
		t.Setenv(databasesVariable, list)
		require.Equal(t, want, Running(), list)
	}
}

func TestFound(t *testing.T) {
	list := []kind{sqliteKind, {name: "oracle", about: func() (string, error) { return "", errFull }}}
	lines, err := found(list)
	require.NoError(t, err)
	require.Regexp(t, `^sqlite: SQLite 3\.`, lines[0])
	require.Equal(t, "oracle: its tests are skipped: full", lines[1])
	t.Setenv(requireVariable, "oracle")
	lines, err = found(list)
	require.ErrorIs(t, err, errFull)
	require.Equal(t, "oracle: its tests fail: full", lines[1])
}

func BenchmarkOpen(b *testing.B) {
	for b.Loop() {
		SQLite(b).Open(b)
	}
}
