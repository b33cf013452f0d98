package testdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"testing"

	"github.com/stretchr/testify/require"
)

// preparing is a driver whose connections execute nothing with arguments unless it was prepared, as some drivers do.
type preparing struct{ driver.Driver }

func (p preparing) Open(dsn string) (driver.Conn, error) {
	inner, err := p.Driver.Open(dsn)
	if err != nil {
		return nil, err
	}
	return preparingConn{inner.(modernConn)}, nil
}

type preparingConn struct{ modernConn }

func (preparingConn) ExecContext(context.Context, string, []driver.NamedValue) (driver.Result, error) {
	return nil, driver.ErrSkip
}

func (preparingConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return nil, driver.ErrSkip
}

func TestStatementsThatTheDriverWantsPrepared(t *testing.T) {
	dsn := SQLite(t).DSN
	plain, err := sql.Open(sqliteKind.driver, dsn)
	require.NoError(t, err)
	require.NoError(t, plain.Close())

	tap := &tap{inner: preparing{plain.Driver()}}
	recorder := &Recorder{}
	tap.attach(recorder)
	pool := sql.OpenDB(tappedConnector{tap: tap, connect: func(context.Context) (driver.Conn, error) {
		return tap.inner.Open(dsn)
	}})
	defer pool.Close()

	_, err = pool.Exec("CREATE TABLE notes (text TEXT)")
	require.NoError(t, err)
	result, err := pool.Exec("INSERT INTO notes VALUES (?), (?)", "a", "b")
	require.NoError(t, err)
	affected, err := result.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 2, affected)
	var text string
	require.NoError(t, pool.QueryRow("SELECT text FROM notes WHERE text > ?", "a").Scan(&text))
	require.Equal(t, "b", text)

	require.Len(t, recorder.All(), 3, "each passes once")
	require.Equal(t, 3, tap.faults.Count())
}

func TestBufferedRowsTellTheSameOfTheirColumns(t *testing.T) {
	Each(t, func(t *testing.T, database *Database) {
		db := withNotes(t, database)
		require.NoError(t, db.Create(&[]note{{Text: "a"}, {Text: "b"}}).Error)

		type description struct {
			Name, DatabaseType, ScanType string
			Nullable, KnowsNullable      bool
			Length                       int64
			HasLength                    bool
		}
		describe := func() (descriptions []description) {
			rows, err := db.Raw("SELECT id, text FROM notes ORDER BY id").Rows()
			require.NoError(t, err)
			defer rows.Close()
			types, err := rows.ColumnTypes()
			require.NoError(t, err)
			for _, column := range types {
				d := description{Name: column.Name(), DatabaseType: column.DatabaseTypeName(), ScanType: column.ScanType().String()}
				d.Nullable, d.KnowsNullable = column.Nullable()
				d.Length, d.HasLength = column.Length()
				descriptions = append(descriptions, d)
			}
			return descriptions
		}
		plain := describe()
		Inject(db).AfterStatement(func(int, string) error { return nil })
		require.Equal(t, plain, describe())
		require.Equal(t, []string{"a", "b"}, texts(t, db))
	})
}
