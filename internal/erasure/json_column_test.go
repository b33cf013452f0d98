package erasure_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// jsonColumns keeps one document in every Go type that a JSON column may have.
type jsonColumns struct {
	ID     uint
	Raw    json.RawMessage  `gorm:"type:json" pii:"json:$.name"`
	Maybe  *json.RawMessage `gorm:"type:json" pii:"json:$.name"`
	Plain  json.RawMessage  `pii:"json:$.name"`
	Bytes  []byte           `gorm:"type:json" pii:"json:$.name"`
	Text   string           `gorm:"type:json" pii:"json:$.name"`
	Object map[string]any   `gorm:"serializer:json" pii:"json:$.name"`
}

func TestErasedJSONColumnsStayReadable(t *testing.T) {
	const document, erased = `{"name":"Jane","size":1}`, `{"name":null,"size":1}`
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&jsonColumns{}}})
		raw := json.RawMessage(document)
		row := jsonColumns{
			Raw: raw, Maybe: &raw, Plain: raw, Bytes: []byte(document), Text: document, Object: map[string]any{"name": "Jane", "size": 1},
		}
		require.NoError(t, db.Create(&row).Error)

		_, err := softdelete.Erase(db, &row, softdelete.ErasureRequest{})
		require.NoError(t, err)
		var got jsonColumns
		require.NoError(t, db.First(&got, row.ID).Error)
		for _, text := range []string{string(got.Raw), string(*got.Maybe), string(got.Plain), string(got.Bytes), got.Text} {
			require.JSONEq(t, erased, text)
		}
		require.Equal(t, map[string]any{"name": nil, "size": 1.0}, got.Object)
	})
}
