package pii_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// typed is a model with one column of a type, and a mask.
func typed(typeName, mask string) any {
	return reflect.New(reflect.StructOf([]reflect.StructField{
		{Name: "ID", Type: reflect.TypeFor[uint]()},
		{Name: "Value", Type: reflect.TypeFor[string](), Tag: reflect.StructTag(fmt.Sprintf(`gorm:"type:%s" pii:%q`, typeName, mask))},
	})).Interface()
}

func TestTypesAreKnownByTheirWholeNames(t *testing.T) {
	masks := func(typeName string, list ...string) (refused []string) {
		for _, mask := range list {
			db := testdb.SQLite(t).Open(t)
			if err := db.Table("typed").Use(softdelete.New(softdelete.Config{Models: []any{typed(typeName, mask)}})); err != nil {
				require.ErrorIs(t, err, softdelete.ErrPolicy, typeName)
				refused = append(refused, mask)
			}
		}
		return refused
	}
	forms := []string{"fixed:x", "zero", "template:{id}", "random", "hmac", "truncate:ip", "truncate:year", "json:$.a"}
	for _, typeName := range []string{
		"text[]", "varchar[]", "varchar(20)[]", "integer[]", "uuid[]", "text array", "interval", "interval day", "int4range", "int8range", "numrange",
		"daterange", "tsrange", "tstzrange", "datemultirange", "char_x", "text_kind", "date_kind", "json_kind", "uuid_kind", "inet_kind", "bool_kind",
		"bigint_id", "float_kind", "bytea_kind", "timestamps", "jsonpath", "tsvector", "point", "money", "time with time zone",
	} {
		require.Equal(t, forms, masks(typeName, forms...), typeName)
		require.Empty(t, masks(typeName, "null", "-"), typeName)
	}
	for typeName, mask := range map[string]string{
		"text": "fixed:x", "varchar(20)": "fixed:x", "character varying(20)": "fixed:x", "VARCHAR(20) COLLATE C": "fixed:x", "char(4)": "fixed:x",
		"text not null": "fixed:x", "text GENERATED ALWAYS AS (lower(coalesce(other, ''))) STORED": "fixed:x", "citext": "fixed:x",
		"int unsigned": "fixed:7", "bigint": "fixed:7", "int8": "fixed:7", "numeric(10, 2)": "fixed:7", "double precision": "fixed:7",
		"timestamp(3) with time zone": "fixed:1970-01-01", "timestamp without time zone": "fixed:1970-01-01", "date": "fixed:1970-01-01",
		"jsonb": "json:$.a", "inet": "truncate:ip", "uuid": "random", "boolean": "fixed:true",
	} {
		require.Empty(t, masks(typeName, mask), typeName)
	}
}

type arrayed struct {
	ID   uint
	Tags *string `gorm:"type:text[]" pii:"null"`
	Hint string
}

func TestElementsOfAnArrayAreLookedFor(t *testing.T) {
	testdb.EachOf(t, testdb.Arrays, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&arrayed{}}})
		tags := `{"anna smith",berta}`
		require.NoError(t, db.Create(&arrayed{ID: 1, Tags: &tags, Hint: "see Anna Smith"}).Error)
		_, err := softdelete.Erase(db, &arrayed{ID: 1}, softdelete.ErasureRequest{})
		require.ErrorContains(t, err, "column hint")
		require.NoError(t, db.Model(&arrayed{ID: 1}).Update("hint", "").Error)
		_, err = softdelete.Erase(db, &arrayed{ID: 1}, softdelete.ErasureRequest{})
		require.NoError(t, err)
	})
}
