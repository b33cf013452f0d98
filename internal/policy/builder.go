package policy

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// OwnPolicy reads what one model's tags say about itself, without its relations. A field of the type deletionID is the one that
// says which deletion took a row.
func OwnPolicy(s *schema.Schema, r *Registry, deletionID reflect.Type) *Policy {
	d := r.Dialect
	p := &Policy{
		Schema: s, Table: s.Table, Full: map[string]bool{}, Live: map[string]bool{}, WasUnique: map[string]string{},
		tables: &tables{dialect: d}, graphs: &graphs{},
	}
	p.own = p
	b := &policyBuilder{Policy: p, dialect: d, deletionID: deletionID, keepUnique: r.KeepUnique}
	b.readModel(s.ModelType)
	for _, field := range s.Fields {
		if field.DBName != "" && s.FieldsByDBName[field.DBName] == field {
			b.readColumn(field)
		}
	}
	b.settle()
	b.Policy.Alone = []*Policy{b.Policy}
	b.Policy.Err = errors.Join(b.problems...)
	return b.Policy
}

// policyBuilder gathers a model's settings. Every problem is kept, so that all are told at once.
type policyBuilder struct {
	*Policy
	dialect    *dialect.Dialect
	deletionID reflect.Type // of the field that says which deletion took a row
	keepUnique bool
	problems   []error

	words      tag.Settings    // the model's own settings
	wordsField string          // where they stand
	column     *schema.Field   // the deletion column
	tag        tag.Settings    // its settings
	untagged   []*schema.Field // gorm.DeletedAt fields without a strategy word
	strategies []string        // the fields that name a strategy
}

func (b *policyBuilder) refuse(field, format string, args ...any) {
	b.problems = append(b.problems, tag.Problem(b.Schema, field, format, args...))
}

func (b *policyBuilder) parse(field, setting string, on tag.Carrier) tag.Settings {
	parsed, problems := tag.ParseTag(setting, on)
	for _, text := range problems {
		b.refuse(field, "%s", text)
	}
	return parsed
}

// readModel reads the tags of blank fields, those of embedded structs too.
func (b *policyBuilder) readModel(model reflect.Type) {
	for field := range tag.StructFields(model) {
		if field.Name == "_" {
			if setting, ok := field.Tag.Lookup(tag.TagKey); ok {
				b.addModelSettings("_", b.parse("_", setting, tag.OnModel))
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
	setting := field.Tag.Get(tag.TagKey)
	if setting == "" {
		return
	}
	i := slices.IndexFunc(b.Schema.Fields, func(f *schema.Field) bool {
		return f.StructField.Name == field.Name && f.Tag.Get(tag.TagKey) == setting
	})
	switch {
	case !field.IsExported():
		b.refuse(field.Name, "GORM does not see an unexported field; export it, or write model settings on a field _")
	case i < 0:
		b.refuse(field.Name, "a tag on an embedded struct is not read; write model settings on a field _ struct{}")
	case b.Schema.Fields[i].DBName == "" && !b.Schema.Fields[i].Creatable && !b.Schema.Fields[i].Updatable && !b.Schema.Fields[i].Readable:
		b.refuse(field.Name, `GORM ignores the field, by gorm:"-"; remove one of the tags`)
	}
}

// addModelSettings takes the words that concern the whole model, wherever they stand.
func (b *policyBuilder) addModelSettings(field string, setting tag.Settings) {
	for _, word := range slices.Sorted(maps.Keys(setting)) {
		value := setting[word]
		if !slices.Contains(tag.Words[word].Carriers, tag.OnModel) {
			continue
		}
		if b.words.Has(word) {
			b.refuse(field, "%q is set twice, on %s too", word, b.wordsField)
			continue
		}
		if b.words == nil {
			b.words = tag.Settings{}
		}
		b.words[word], b.wordsField = value, field
		if slices.ContainsFunc(strategies, func(s strategyWord) bool { return s.word == word }) {
			b.strategies = append(b.strategies, field)
		}
	}
}

func (b *policyBuilder) readColumn(field *schema.Field) {
	tagText, tagged := field.Tag.Lookup(tag.TagKey)
	var setting tag.Settings
	if tagged {
		setting = b.parse(field.Name, tagText, tag.OnColumn)
	}
	if field.IndirectFieldType == b.deletionID {
		b.companion(&b.ID, field, "a second DeletionID")
	}
	for _, c := range []struct {
		word string
		slot **schema.Field
	}{{"at", &b.At}, {"previous", &b.Previous}, {"actor", &b.Actor}, {"reason", &b.Reason}} {
		if setting.Has(c.word) {
			b.companion(c.slot, field, fmt.Sprintf("a second field tagged %q", c.word))
		}
	}
	if deletesByItself(field) && b.Foreign == nil {
		b.Foreign = field
	}
	b.Full[field.DBName] = setting.Has("full")
	b.Live[field.DBName] = setting.Has("live")
	b.addModelSettings(field.Name, setting)

	switch {
	case len(namedIn(setting, tag.OnColumn)) > 0:
		b.strategies = append(b.strategies, field.Name)
		if b.column != nil {
			return // told by settle
		}
		b.column, b.tag = field, setting
	case field.IndirectFieldType == deletedAtType && !setting.Has("at"):
		b.untagged = append(b.untagged, field)
		b.strategies = append(b.strategies, field.Name)
		if b.column == nil {
			b.column, b.tag = field, tag.Settings{"timestamp": ""}
			for word, value := range setting {
				b.tag[word] = value
			}
		}
	default:
		for _, s := range strategiesOf(tag.OnColumn) {
			for _, word := range s.own {
				if setting.Has(word) && !(word == "unit" && setting.Has("at")) {
					b.refuse(field.Name, "%q needs a strategy on the same field: %s", word, wordsFor(strategiesOf(tag.OnColumn), "or"))
				}
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
