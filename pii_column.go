package softdelete

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"
)

// This room says what is known of a column that a mask is checked against.

// columnKind is what a column can hold, as far as masks go.
type columnKind string

const (
	textColumn    columnKind = "text"
	integerColumn columnKind = "an integer"
	floatColumn   columnKind = "a number"
	boolColumn    columnKind = "a bool"
	timeColumn    columnKind = "a time"
	bytesColumn   columnKind = "bytes"
	jsonColumn    columnKind = "a JSON document"
	uuidColumn    columnKind = "a UUID"
	addressColumn columnKind = "a network address"
	otherColumn   columnKind = "a type of its own"
)

// columnFacts is what a mask must respect.
type columnFacts struct {
	field    *schema.Field
	kind     columnKind
	size     int    // in characters; 0 for no bound
	index    string // a unique index that the column is part of, "" for none
	nullOnce bool   // the index takes NULL once only
	folds    bool   // the index compares an expression or a collation of the value

	checks    []columnCheck
	reference *columnReference // nil for none
}

var sizeInType = regexp.MustCompile(`\((\d+)`)

func newColumnFacts(p *policy, field *schema.Field) *columnFacts {
	c := newColumnSize(field)
	c.readIndexes(p)
	c.readConstraints(p)
	return c
}

// newColumnSize is the facts without the indexes and constraints, which only the compilation may ask for: GORM's reading of them races.
func newColumnSize(field *schema.Field) *columnFacts {
	c := &columnFacts{field: field, size: field.Size}
	name := strings.ToLower(string(field.DataType))
	if match := sizeInType.FindStringSubmatch(name); match != nil && field.GORMDataType != schema.Int && field.GORMDataType != schema.Uint {
		c.size, _ = strconv.Atoi(match[1])
	}
	c.kind = kindOfColumn(field, name)
	if c.kind != textColumn && c.kind != bytesColumn {
		c.size = 0
	}
	return c
}

func kindOfColumn(field *schema.Field, typeName string) columnKind {
	starts := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(typeName, prefix) })
	}
	if field.Serializer != nil {
		if _, isJSON := field.Serializer.(schema.JSONSerializer); isJSON {
			return jsonColumn
		}
		return otherColumn
	}
	switch {
	case starts("json"):
		return jsonColumn
	case starts("uuid"):
		return uuidColumn
	case starts("inet", "cidr"):
		return addressColumn
	case typeName == string(schema.String), starts("text", "varchar", "char", "nvarchar", "citext", "longtext", "mediumtext", "tinytext", "clob"):
		return textColumn
	}
	switch field.DataType {
	case schema.Int, schema.Uint:
		return integerColumn
	case schema.Float:
		return floatColumn
	case schema.Bool:
		return boolColumn
	case schema.Time:
		return timeColumn
	case schema.Bytes:
		return bytesColumn
	}
	switch {
	case starts("timestamp", "datetime", "date"):
		return timeColumn
	case starts("bigint", "int", "smallint", "tinyint", "mediumint"):
		return integerColumn
	case starts("numeric", "decimal", "double", "real", "float"):
		return floatColumn
	case starts("bool"):
		return boolColumn
	case starts("bytea", "blob", "longblob", "varbinary"):
		return bytesColumn
	}
	return otherColumn
}

// readIndexes looks for the unique indexes of the column. One that the primary key is in cannot be violated by a mask.
func (c *columnFacts) readIndexes(p *policy) {
	if c.field.Unique {
		c.index = "of its own"
	}
	for _, index := range p.schema.ParseIndexes() {
		if index.Class != "UNIQUE" {
			continue
		}
		concerned, keyed, folds := false, false, false
		for _, option := range index.Fields {
			named := option.Expression != "" && strings.Contains(strings.ToLower(option.Expression), strings.ToLower(c.field.DBName))
			concerned = concerned || option.Field == c.field || named
			keyed = keyed || option.Expression == "" && len(p.schema.PrimaryFields) == 1 && option.Field == p.schema.PrimaryFields[0]
			folds = folds || option.Expression != "" || option.Collate != ""
		}
		if !concerned || keyed {
			continue
		}
		c.index = index.Name
		c.folds = c.folds || folds || strings.Contains(strings.ToLower(string(c.field.DataType)), "citext")
		c.nullOnce = c.nullOnce || strings.Contains(strings.ToUpper(index.Option), "NULLS NOT DISTINCT")
	}
}

// structural gives a sentence for a column that no mask may change: a key, or one that says whether the row is deleted.
func (c *columnFacts) structural(p *policy) string {
	if c.field.PrimaryKey {
		return "a primary key cannot be masked; give the model a key that says nothing about the person"
	}
	if m, marks := p.marker(); marks && m.column() == c.field {
		return "the column says whether the row is deleted"
	}
	if slices.Contains([]*schema.Field{p.id, p.at, p.previous}, c.field) {
		return "the column belongs to the mark of a deletion"
	}
	return ""
}
