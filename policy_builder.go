package softdelete

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// ownPolicy reads what one model's tags say about itself, without its relations.
func ownPolicy(s *schema.Schema, d *dialect.Dialect) *policy {
	b := &policyBuilder{policy: &policy{schema: s, full: map[string]bool{}, live: map[string]bool{}, wasUnique: map[string]string{}}, dialect: d}
	b.readModel(s.ModelType)
	for _, field := range s.Fields {
		if field.DBName != "" && s.FieldsByDBName[field.DBName] == field {
			b.readColumn(field)
		}
	}
	b.settle()
	b.policy.alone = []*policy{b.policy}
	b.policy.err = errors.Join(b.problems...)
	return b.policy
}

// policyBuilder gathers a model's settings. Every problem is kept, so that all are told at once.
type policyBuilder struct {
	*policy
	dialect  *dialect.Dialect
	problems []error

	words      settings        // the model's own settings
	wordsField string          // where they stand
	column     *schema.Field   // the deletion column
	tag        settings        // its settings
	untagged   []*schema.Field // gorm.DeletedAt fields without a strategy word
	strategies []string        // the fields that name a strategy
}

func (b *policyBuilder) refuse(field, format string, args ...any) {
	b.problems = append(b.problems, problem(b.schema, field, format, args...))
}

func (b *policyBuilder) parse(field, tag string, on carrier) settings {
	parsed, problems := parseTag(tag, on)
	for _, text := range problems {
		b.refuse(field, "%s", text)
	}
	return parsed
}

// readModel reads the tags of blank fields, those of embedded structs too.
func (b *policyBuilder) readModel(model reflect.Type) {
	for field := range structFields(model) {
		if field.Name == "_" {
			if tag, ok := field.Tag.Lookup(tagKey); ok {
				b.addModelSettings("_", b.parse("_", tag, onModel))
			}
			continue
		}
		b.readNothing(field)
		_, embedded := schema.ParseTagSetting(field.Tag.Get("gorm"), ";")["EMBEDDED"]
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if (field.Anonymous || embedded) && inner.Kind() == reflect.Struct && inner != model {
			b.readModel(inner)
		}
	}
}

// readNothing refuses a tag where GORM has neither a column nor a relation: the rows would be unprotected without a word.
func (b *policyBuilder) readNothing(field reflect.StructField) {
	tag := field.Tag.Get(tagKey)
	if tag == "" {
		return
	}
	i := slices.IndexFunc(b.schema.Fields, func(f *schema.Field) bool {
		return f.StructField.Name == field.Name && f.Tag.Get(tagKey) == tag
	})
	switch {
	case !field.IsExported():
		b.refuse(field.Name, "GORM does not see an unexported field; export it, or write model settings on a field _")
	case i < 0:
		b.refuse(field.Name, "a tag on an embedded struct is not read; write model settings on a field _ struct{}")
	case b.schema.Fields[i].DBName == "" && !b.schema.Fields[i].Creatable && !b.schema.Fields[i].Updatable && !b.schema.Fields[i].Readable:
		b.refuse(field.Name, `GORM ignores the field, by gorm:"-"; remove one of the tags`)
	}
}

func structFields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// addModelSettings takes the words that concern the whole model, wherever they stand.
func (b *policyBuilder) addModelSettings(field string, tag settings) {
	for _, word := range slices.Sorted(maps.Keys(tag)) {
		value := tag[word]
		if !slices.Contains(words[word].carriers, onModel) {
			continue
		}
		if b.words.has(word) {
			b.refuse(field, "%q is set twice, on %s too", word, b.wordsField)
			continue
		}
		if b.words == nil {
			b.words = settings{}
		}
		b.words[word], b.wordsField = value, field
		if word == "archive" || word == "hard" || word == "never" {
			b.strategies = append(b.strategies, field)
		}
	}
}

func (b *policyBuilder) readColumn(field *schema.Field) {
	tagText, tagged := field.Tag.Lookup(tagKey)
	var tag settings
	if tagged {
		tag = b.parse(field.Name, tagText, onColumn)
	}
	if field.IndirectFieldType == deletionIDType {
		b.companion(&b.id, field, "a second DeletionID")
	}
	for _, c := range []struct {
		word string
		slot **schema.Field
	}{{"at", &b.at}, {"previous", &b.previous}, {"actor", &b.actor}, {"reason", &b.reason}} {
		if tag.has(c.word) {
			b.companion(c.slot, field, fmt.Sprintf("a second field tagged %q", c.word))
		}
	}
	if deletesByItself(field) && b.foreign == nil {
		b.foreign = field
	}
	b.full[field.DBName] = tag.has("full")
	b.live[field.DBName] = tag.has("live")
	b.addModelSettings(field.Name, tag)

	named := tag.has("timestamp") || tag.has("flag") || tag.has("status")
	switch {
	case named:
		b.strategies = append(b.strategies, field.Name)
		if b.column != nil {
			return // told by settle
		}
		b.column, b.tag = field, tag
	case field.IndirectFieldType == deletedAtType && !tag.has("at"):
		b.untagged = append(b.untagged, field)
		b.strategies = append(b.strategies, field.Name)
		if b.column == nil {
			b.column, b.tag = field, settings{"timestamp": ""}
			for word, value := range tag {
				b.tag[word] = value
			}
		}
	default:
		for _, word := range []string{"unit", "deleted", "active", "visible"} {
			if tag.has(word) && !(word == "unit" && tag.has("at")) {
				b.refuse(field.Name, "%q needs a strategy on the same field: timestamp, flag or status", word)
			}
		}
	}
}

func (b *policyBuilder) companion(slot **schema.Field, field *schema.Field, what string) {
	if *slot != nil {
		b.refuse(field.Name, "%s, after %s; remove one", what, (*slot).Name)
		return
	}
	*slot = field
}
