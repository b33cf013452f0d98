package pii

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"
)

// This room says what is known of a column that a mask is checked against.

// ColumnKind is what a column can hold, as far as masks go.
type ColumnKind string

const (
	TextColumn    ColumnKind = "text"
	IntegerColumn ColumnKind = "an integer"
	FloatColumn   ColumnKind = "a number"
	BoolColumn    ColumnKind = "a bool"
	TimeColumn    ColumnKind = "a time"
	BytesColumn   ColumnKind = "bytes"
	JsonColumn    ColumnKind = "a JSON document"
	UuidColumn    ColumnKind = "a UUID"
	AddressColumn ColumnKind = "a network address"
	OtherColumn   ColumnKind = "a type of its own"
)

// columnFacts is what a mask must respect.
type columnFacts struct {
	field    *schema.Field
	kind     ColumnKind
	size     int    // in characters; 0 for no bound
	index    string // a unique index that the column is part of, "" for none
	nullOnce bool   // the index takes NULL once only
	loose    bool   // the database has dialect.LooseTexts
	folds    bool   // the index compares an expression or a collation of the value

	maskers   map[string]Masker // by name
	checks    []columnCheck
	reference *columnReference // nil for none
}

var sizeInType = regexp.MustCompile(`\((\d+)`)

func newColumnFacts(p SubjectModel, field *schema.Field, maskers map[string]Masker) *columnFacts {
	c := &columnFacts{field: field, size: field.Size, kind: KindOf(field), loose: p.Loose, maskers: maskers}
	if match := sizeInType.FindStringSubmatch(c.typeName()); match != nil && field.GORMDataType != schema.Int && field.GORMDataType != schema.Uint {
		c.size, _ = strconv.Atoi(match[1])
	}
	if c.kind != TextColumn && c.kind != BytesColumn {
		c.size = 0
	}
	c.readIndexes(p)
	c.readConstraints(p)
	return c
}

// setType makes the column one of a type, as the database writes it.
func (c *columnFacts) setType(typeName string) {
	c.kind, c.size = kindOfType(typeName), 0
	if match := sizeInType.FindStringSubmatch(typeName); match != nil && (c.kind == TextColumn || c.kind == BytesColumn) {
		c.size, _ = strconv.Atoi(match[1])
	}
}

func (c *columnFacts) typeName() string { return typeName(c.field) }

func typeName(field *schema.Field) string { return strings.ToLower(string(field.DataType)) }

// KindOf tells what a column can hold.
func KindOf(field *schema.Field) ColumnKind {
	if field.Serializer != nil {
		if _, isJSON := field.Serializer.(schema.JSONSerializer); isJSON {
			return JsonColumn
		}
		return OtherColumn
	}
	switch field.DataType {
	case schema.String:
		return TextColumn
	case schema.Int, schema.Uint:
		return IntegerColumn
	case schema.Float:
		return FloatColumn
	case schema.Bool:
		return BoolColumn
	case schema.Time:
		return TimeColumn
	case schema.Bytes:
		return BytesColumn
	}
	return kindOfType(typeName(field))
}

// readIndexes looks for the unique indexes of the column. One that the primary key is in cannot be violated by a mask.
func (c *columnFacts) readIndexes(p SubjectModel) {
	if c.field.Unique {
		c.index = "of its own"
	}
	for _, index := range p.Schema.ParseIndexes() {
		if index.Class != "UNIQUE" {
			continue
		}
		concerned, keyed, folds := false, false, false
		for _, option := range index.Fields {
			named := option.Expression != "" && strings.Contains(strings.ToLower(option.Expression), strings.ToLower(c.field.DBName))
			concerned = concerned || option.Field == c.field || named
			keyed = keyed || option.Expression == "" && len(p.Schema.PrimaryFields) == 1 && option.Field == p.Schema.PrimaryFields[0]
			folds = folds || option.Expression != "" || option.Collate != ""
		}
		if !concerned || keyed {
			continue
		}
		c.index = index.Name
		c.folds = c.folds || folds || strings.Contains(c.typeName(), "citext")
		c.nullOnce = c.nullOnce || strings.Contains(strings.ToUpper(index.Option), "NULLS NOT DISTINCT")
	}
}

// keyStays is the reason against a tag that erases a primary key, or keeps it as if one could.
const keyStays = "a primary key cannot be masked, and stands in certificates, ledgers and logs; give the model a key that says nothing " +
	"about the person, or write pii:\"-\" where this one does not"

// structural gives a sentence for a column that no mask may change: a key, or one that says whether the row is deleted.
func (c *columnFacts) structural(p SubjectModel) string {
	if c.field.PrimaryKey {
		return keyStays
	}
	if p.Column == c.field {
		return "the column says whether the row is deleted"
	}
	if slices.Contains(p.Mark, c.field) {
		return "the column belongs to the mark of a deletion"
	}
	return ""
}
