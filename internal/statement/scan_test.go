package statement_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type scanned struct {
	ID       int
	Text     string
	Short    string `gorm:"size:9"`
	Bytes    []byte
	Few      []byte  `gorm:"size:9"`
	Fraction float32 `gorm:"type:double precision"`
	At       time.Time
}

func TestRowsGiveTextsAsTextsAndBytesAsBytes(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		d, err := dialect.Of(db.Dialector)
		require.NoError(t, err)
		require.NoError(t, db.AutoMigrate(&scanned{}))
		at := time.Date(2026, 2, 3, 4, 5, 6, 7e6, time.UTC)
		require.NoError(t, db.Create(&scanned{1, "Ä text", "short", []byte("bytes"), []byte("few"), 0.5, at}).Error)
		read := func() *statement.Query { return statement.NewQuery(db, d).Text("SELECT * FROM ").Name("scanneds") }
		records, err := read().Records()
		require.NoError(t, err)
		records[0]["at"] = records[0]["at"].(time.Time).UTC()
		require.Equal(t, []map[string]any{{
			"id": int64(1), "text": "Ä text", "short": "short", "bytes": []byte("bytes"), "few": []byte("few"), "fraction": 0.5, "at": at,
		}}, records)
		values, err := read().KeyValues(7)
		require.NoError(t, err)
		require.Equal(t, []any{"Ä text", "short", []byte("bytes")}, values[0][1:4])
	})
}
