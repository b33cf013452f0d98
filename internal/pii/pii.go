package pii

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/settings"
	"github.com/gorm-softdelete/softdelete/internal/tag"
	"gorm.io/gorm/schema"
)

// This room reads the `pii` tags: how each personal column is erased, and what of that cannot work. It knows no SQL.

// piiKey is the struct tag key of personal data.
const piiKey = "pii"

// The words of the tag. They are the strategies that certificates and data maps name.
const (
	MaskNull     = "null"
	MaskZero     = "zero"
	MaskFixed    = "fixed"
	MaskTemplate = "template"
	MaskRandom   = "random"
	MaskHMAC     = "hmac"
	MaskTruncate = "truncate"
	MaskJSON     = "json"
	MaskFunc     = "func"
	PiiKeep      = "keep"
	PiiNone      = "-"
	PiiDelete    = "delete"
	PiiSubject   = "subject"
	piiBasis     = "basis"
)

// piiWords tells which words need a value after ":".
var piiWords = map[string]bool{
	MaskNull: false, MaskZero: false, MaskFixed: true, MaskTemplate: true, MaskRandom: false, MaskHMAC: false,
	MaskTruncate: true, MaskJSON: true, MaskFunc: true, PiiKeep: false, PiiNone: false, PiiDelete: false, PiiSubject: true,
	piiBasis: true,
}

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
}

type (
	MaskedColumn struct {
		Field *schema.Field
		Mask  Mask
	}
	KeptField struct {
		Field *schema.Field
		Basis string
	}
	SubjectField struct {
		Field *schema.Field
		Model string
	}
)

// Mask is one way to erase a column.
type Mask struct {
	Word   string
	Value  any        // fixed and zero: what is written
	Pieces []Piece    // template
	Width  int        // random and hmac: digits, or bits of an integer
	Unit   string     // truncate: year, month or ip
	Paths  []jsonPath // json
	Masker string     // func: its name
	remedy string     // a mask that would work, for errors
}

// Piece is a part of a template: a text, or a placeholder of so many characters at most.
type Piece struct {
	Text  string
	Id    bool
	Width int // of {random}, in hexadecimal digits
}

// Strategy names the mask in certificates and data maps: its word, and for truncate and func its argument, never a text.
func (m Mask) Strategy() string {
	switch m.Word {
	case MaskTruncate:
		return m.Word + ":" + m.Unit
	case MaskFunc:
		return m.Word + ":" + m.Masker
	}
	return m.Word
}

// Computed tells whether the mask is a function of the value that the program has to reckon.
func (m Mask) Computed() bool {
	switch m.Word {
	case MaskHMAC, MaskJSON, MaskFunc:
		return true
	}
	return m.Word == MaskTruncate && m.Unit == "ip"
}

// piiTag is one parsed tag.
type piiTag struct{ word, argument, basis string }

// parsePII reads a tag: a word, a value after the first ":", and after keep the basis, separated by ";". A text may hold a
// ";" written as "\;". Each problem is a sentence without the field's name.
func parsePII(text string) (given piiTag, problems []string) {
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	seen := map[string]bool{}
	for _, setting := range tag.SplitSettings(text) {
		word, value, valued := strings.Cut(setting, ":")
		word = strings.ToLower(strings.TrimSpace(word))
		needs, known := piiWords[word]
		switch {
		case word == "" && !valued:
			continue // an empty tag, or a ";" at the end
		case !known:
			refuse("unknown pii setting %q%s", word, suggestPII(word))
		case needs && strings.TrimSpace(value) == "":
			refuse("pii %q needs a value, as in %s:…", word, word)
		case !needs && valued:
			refuse("pii %q takes no value", word)
		case seen[word]:
			refuse("pii %q is set twice in one tag; keep one", word)
		case word == piiBasis:
			given.basis = strings.TrimSpace(value)
		case given.word != "":
			refuse("two pii strategies on one field, %s and %s; keep one", given.word, word)
		default:
			given.word, given.argument = word, value
		}
		seen[word] = true
	}
	based := given.basis != ""
	switch {
	case len(problems) > 0:
	case given.word == "":
		refuse("the pii tag names no strategy; write null, zero, fixed:…, template:…, random, hmac, truncate:…, json:…, func:…, keep;basis:… or -")
	case given.word == PiiKeep && !based:
		refuse("pii \"keep\" needs the legal basis that the value is kept on, as in keep;basis:…")
	case given.word != PiiKeep && based:
		refuse("pii \"basis\" belongs to keep, not to %s", given.word)
	}
	return given, problems
}

func suggestPII(word string) string {
	best, distance := "", 3
	for _, candidate := range slices.Sorted(maps.Keys(piiWords)) {
		if d := tag.EditDistance(word, candidate); d < distance && len(candidate) > 1 {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// piiBuilder gathers one model's tags; every problem is kept.
type piiBuilder struct {
	*Personal
	model    SubjectModel
	config   *settings.Config
	problems []error
}

// ReadPersonal reads the model's tags; it gives nil for a model without any.
func ReadPersonal(p SubjectModel, config *settings.Config) (*Personal, []error) {
	b := &piiBuilder{
		model: p, config: config,
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
			if len(problems) == 0 && given.word != PiiDelete {
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
		if _, relation := b.model.Schema.Relationships.Relations[field.Name]; relation && given.word == PiiNone {
			b.Apart[field.Name], b.Tags[field.Name] = true, text
			return
		}
		b.refuse(field.Name, "the field is no column; pii \"-\" on a has-one or has-many relation leaves its rows out of an erasure, other tags belong on columns")
		return
	}
	if b.model.Schema.FieldsByDBName[field.DBName] != field {
		return
	}
	b.Tags[field.DBName] = text
	switch given.word {
	case PiiNone:
		b.Harmless[field.DBName] = true
	case PiiKeep:
		b.Kept = append(b.Kept, KeptField{Field: field, Basis: given.basis})
	case PiiDelete:
		b.refuse(field.Name, "pii \"delete\" concerns the whole row and belongs on a field _ struct{}")
	case PiiSubject:
		b.readSubject(field, strings.TrimSpace(given.argument))
	default:
		b.readMask(field, given)
	}
}

// readSubject takes a column that holds the key of a data subject.
func (b *piiBuilder) readSubject(field *schema.Field, name string) {
	names := make([]string, 0, len(b.config.Models))
	for _, model := range b.config.Models {
		names = append(names, modelName(model))
	}
	if !slices.Contains(names, name) {
		b.refuse(field.Name, "unknown subject %q; name a model of Config.Models", name)
		return
	}
	b.Subjects = append(b.Subjects, SubjectField{Field: field, Model: name})
}

// readMask checks a mask against the column that it is for.
func (b *piiBuilder) readMask(field *schema.Field, given piiTag) {
	c := newColumnFacts(b.model, field)
	if reason := c.structural(b.model); reason != "" {
		b.refuse(field.Name, "pii %q: %s", given.word, reason)
		return
	}
	m, reason := c.mask(given, b.config)
	if reason != "" {
		b.refuse(field.Name, "pii %q: %s; %s would work", given.word, reason, c.remedy())
		return
	}
	m.remedy = c.remedy()
	b.Masked = append(b.Masked, &MaskedColumn{Field: field, Mask: m})
}

// jsonPath is a way through a document: names, indexes, and every element of an array.
type jsonPath []jsonStep

type jsonStep struct {
	name  string // of an object's member, where index is memberStep
	index int    // of an array's element, or one of the two below
}

const (
	memberStep = -1
	everyStep  = -2
)

// parseJSONPath reads $.name, ["name"], [0] and [*]. It gives a sentence for a text that is none.
func parseJSONPath(text string) (path jsonPath, problem string) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok || rest == "" {
		return nil, fmt.Sprintf("%q is no JSON path; write $.name, with [*] for every element of an array", text)
	}
	for rest != "" {
		step := jsonStep{index: memberStep}
		switch {
		case rest[0] == '.':
			end := strings.IndexAny(rest[1:], ".[")
			if end < 0 {
				end = len(rest) - 1
			}
			step.name, rest = rest[1:1+end], rest[1+end:]
		case strings.HasPrefix(rest, `["`):
			end := strings.Index(rest, `"]`)
			if end < 2 {
				return nil, fmt.Sprintf("the JSON path %q has a name without an end", text)
			}
			step.name, rest = rest[2:end], rest[end+2:]
		case rest[0] == '[':
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return nil, fmt.Sprintf("the JSON path %q has a bracket without an end", text)
			}
			index := rest[1:end]
			rest = rest[end+1:]
			if index == "*" {
				step.index = everyStep
			} else if n, err := strconv.ParseUint(index, 10, 31); err == nil {
				step.index = int(n)
			} else {
				return nil, fmt.Sprintf("the JSON path %q has %q in brackets; write a number, * or a name in quotes", text, index)
			}
		default:
			return nil, fmt.Sprintf("the JSON path %q cannot be read from %q on", text, rest)
		}
		if step.index == memberStep && (step.name == "" || step.name == "*") {
			return nil, fmt.Sprintf("the JSON path %q has an empty name; every member of an object cannot be masked at once, name them", text)
		}
		path = append(path, step)
	}
	return path, ""
}
