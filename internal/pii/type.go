package pii

import (
	"regexp"
	"slices"
	"strings"
)

// This room reads the types of columns as databases write them: by their whole names. A name that is none of these is a type of
// its own, as arrays, ranges, intervals, enumerations and domains are.

// typeKinds are the kinds by the names of types.
var typeKinds = map[ColumnKind][]string{
	TextColumn: {
		"text", "varchar", "char", "character", "character varying", "char varying", "bpchar", "nvarchar", "nchar", "ntext", "national character",
		"national character varying", "citext", "longtext", "mediumtext", "tinytext", "clob", "string",
	},
	IntegerColumn: {
		"bigint", "int", "integer", "smallint", "tinyint", "mediumint", "int2", "int4", "int8", "bigserial", "serial", "smallserial", "serial2",
		"serial4", "serial8", "uint",
	},
	FloatColumn:   {"numeric", "decimal", "dec", "double precision", "double", "real", "float", "float4", "float8"},
	BoolColumn:    {"bool", "boolean"},
	TimeColumn:    {"timestamp", "timestamptz", "timestamp with time zone", "timestamp without time zone", "datetime", "datetimeoffset", "date"},
	BytesColumn:   {"bytea", "blob", "longblob", "mediumblob", "tinyblob", "varbinary", "binary", "bytes"},
	JsonColumn:    {"json", "jsonb"},
	UuidColumn:    {"uuid"},
	AddressColumn: {"inet", "cidr"},
}

// typeWords are the words that may stand in a type's own name; those after it say more of the column.
var typeWords = regexp.MustCompile(`^(?:double precision|timestamp with time zone|timestamp without time zone|` +
	`national character varying|national character|character varying|char varying|[^\s(]+)`)

// parentheses are what stands in parentheses, a length or an expression.
var parentheses = regexp.MustCompile(`\([^()]*\)`)

// ownName is the name of a type without its length and what more is said of the column.
func ownName(typeName string) string {
	plain, _, _ := strings.Cut(strings.ToLower(typeName), "generated always")
	for parentheses.MatchString(plain) {
		plain = parentheses.ReplaceAllString(plain, " ")
	}
	plain = strings.Join(strings.Fields(plain), " ")
	if strings.Contains(plain, "[") || slices.Contains(strings.Fields(plain), "array") {
		return plain
	}
	return typeWords.FindString(plain)
}

// kindOfType is the kind of a column of a type.
func kindOfType(typeName string) ColumnKind {
	name := ownName(typeName)
	for kind, names := range typeKinds {
		if slices.Contains(names, name) {
			return kind
		}
	}
	return OtherColumn
}
