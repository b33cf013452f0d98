// Package pii reads the pii tags: which columns are personal, what becomes of each when its person is erased, and whether that
// value can stand in the column. It writes the masks as SQL and in the program.
package pii

import (
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// This room reads the `pii` tags: how each personal column is erased, and what of that cannot work. It knows no SQL.

// piiKey is the struct tag key of personal data.
const piiKey = "pii"

// Personal is what the tags of one model say.
type Personal struct {
	Masked   []*MaskedColumn // in the order of the fields
	Kept     []KeptField
	Remove   bool              // rows are deleted
	Subjects []SubjectField    // columns that hold a subject's key
	Harmless map[string]bool   // columns tagged "-"
	Apart    map[string]bool   // relations tagged "-": their rows are those of others
	Tags     map[string]string // all tags by column, for the policy's hash
}

// Erases tells whether an erasure masks or deletes the model's rows.
func (d *Personal) Erases() bool { return d != nil && (len(d.Masked) > 0 || d.Remove) }

// Masks tells whether an erasure masks the field.
func (d *Personal) Masks(field *schema.Field) bool {
	return d != nil && slices.ContainsFunc(d.Masked, func(c *MaskedColumn) bool { return c.Field == field })
}

// SubjectModel is what the masks of a model are checked against.
type SubjectModel struct {
	Schema *schema.Schema
	Column *schema.Field   // the deletion column, nil for none
	Mark   []*schema.Field // the columns of a deletion's mark
	Never  bool            // rows are never deleted
	Loose  bool            // the database has dialect.LooseTexts
}

type (
	KeptField struct {
		Field *schema.Field
		Basis string
	}
	SubjectField struct {
		Field *schema.Field
		Model string       // as the tag names it
		Type  reflect.Type // of the model
	}
)

// piiBuilder gathers one model's tags; every problem is kept.
type piiBuilder struct {
	*Personal
	model    SubjectModel
	options  Options
	problems []error
}

// Options are what the tags of a model may refer to.
type Options struct {
	// Models are those that can be subjects.
	Models []any
	// Maskers are the functions that masks name.
	Maskers map[string]Masker
}

// ReadPersonal reads the model's tags; it gives nil for a model without any.
func ReadPersonal(p SubjectModel, o Options) (*Personal, []error) {
	b := &piiBuilder{
		model: p, options: o,
		Personal: &Personal{Harmless: map[string]bool{}, Apart: map[string]bool{}, Tags: map[string]string{}},
	}
	b.readModel()
	for _, field := range p.Schema.Fields {
		if text, tagged := field.Tag.Lookup(piiKey); tagged {
			b.readField(field, text)
		}
	}
	if b.Remove && p.Never {
		b.refuse("_", "rows of a never model cannot be deleted; mask its columns instead")
	}
	if b.Remove && len(p.Schema.PrimaryFields) == 0 || len(b.Masked) > 0 && len(p.Schema.PrimaryFields) == 0 {
		b.refuse("_", "a model without a primary key cannot be erased row by row; tag a field with gorm:\"primaryKey\"")
	}
	if len(b.Tags) == 0 && len(b.problems) == 0 {
		return nil, nil
	}
	return b.Personal, b.problems
}

func (b *piiBuilder) refuse(field, format string, args ...any) {
	b.problems = append(b.problems, tag.Problem(b.model.Schema, field, format, args...))
}

// readModel reads the tags of blank fields, and refuses those where GORM has no field.
func (b *piiBuilder) readModel() {
	for field := range tag.StructFields(b.model.Schema.ModelType) {
		text, tagged := field.Tag.Lookup(piiKey)
		if !tagged {
			continue
		}
		if field.Name == "_" {
			given, problems := parsePII(text)
			for _, sentence := range problems {
				b.refuse("_", "%s", sentence)
			}
			if len(problems) == 0 && given.word != Delete {
				b.refuse("_", "only pii:\"delete\" belongs on a field _, not %s", given.word)
			}
			b.Remove, b.Tags["_"] = true, text
			continue
		}
		seen := slices.ContainsFunc(b.model.Schema.Fields, func(f *schema.Field) bool {
			return f.StructField.Name == field.Name && f.Tag.Get(piiKey) == text
		})
		if !seen {
			b.refuse(field.Name, "GORM has no column for the field, so that its pii tag would protect nothing; tag the columns themselves")
		}
	}
}

func (b *piiBuilder) readField(field *schema.Field, text string) {
	given, problems := parsePII(text)
	for _, sentence := range problems {
		b.refuse(field.Name, "%s", sentence)
	}
	if len(problems) > 0 {
		return
	}
	if field.DBName == "" {
		if _, relation := b.model.Schema.Relationships.Relations[field.Name]; relation && given.word == None {
			b.Apart[field.Name], b.Tags[field.Name] = true, text
			return
		}
		b.refuse(field.Name, "the field is no column; pii \"-\" on a has-one or has-many relation leaves its rows out of an erasure, other tags belong on columns")
		return
	}
	if b.model.Schema.FieldsByDBName[field.DBName] != field {
		return
	}
	if field.PrimaryKey && given.word == Keep {
		b.refuse(field.Name, "pii %q: %s", given.word, keyStays)
		return
	}
	b.Tags[field.DBName] = text
	switch given.word {
	case None:
		b.Harmless[field.DBName] = true
	case Keep:
		b.Kept = append(b.Kept, KeptField{Field: field, Basis: given.basis})
	case Delete:
		b.refuse(field.Name, "pii \"delete\" concerns the whole row and belongs on a field _ struct{}")
	case Subject:
		b.readSubject(field, strings.TrimSpace(given.argument))
	default:
		b.readMask(field, given)
	}
}

// readMask checks a mask against the column that it is for.
func (b *piiBuilder) readMask(field *schema.Field, given parsedTag) {
	c := newColumnFacts(b.model, field, b.options.Maskers)
	if reason := c.structural(b.model); reason != "" {
		b.refuse(field.Name, "pii %q: %s", given.word, reason)
		return
	}
	m, reason := c.mask(given)
	if reason != "" {
		b.refuse(field.Name, "pii %q: %s; %s would work", given.word, reason, c.remedy())
		return
	}
	b.Masked = append(b.Masked, &MaskedColumn{Field: field, Mask: m, facts: c})
}
