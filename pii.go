package softdelete

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"
)

// This room reads the `pii` tags: how each personal column is erased, and what of that cannot work. It knows no SQL.

// piiKey is the struct tag key of personal data.
const piiKey = "pii"

// The words of the tag. They are the strategies that certificates and data maps name.
const (
	maskNull     = "null"
	maskZero     = "zero"
	maskFixed    = "fixed"
	maskTemplate = "template"
	maskRandom   = "random"
	maskHMAC     = "hmac"
	maskTruncate = "truncate"
	maskJSON     = "json"
	maskFunc     = "func"
	piiKeep      = "keep"
	piiNone      = "-"
	piiDelete    = "delete"
	piiSubject   = "subject"
	piiBasis     = "basis"
)

// piiWords tells which words need a value after ":".
var piiWords = map[string]bool{
	maskNull: false, maskZero: false, maskFixed: true, maskTemplate: true, maskRandom: false, maskHMAC: false,
	maskTruncate: true, maskJSON: true, maskFunc: true, piiKeep: false, piiNone: false, piiDelete: false, piiSubject: true,
	piiBasis: true,
}

// personal is what the tags of one model say.
type personal struct {
	masked   []*maskedColumn // in the order of the fields
	kept     []keptField
	remove   bool              // rows are deleted
	subjects []subjectField    // columns that hold a subject's key
	harmless map[string]bool   // columns tagged "-"
	apart    map[string]bool   // relations tagged "-": their rows are those of others
	tags     map[string]string // all tags by column, for the policy's hash
}

// erases tells whether an erasure masks or deletes the model's rows.
func (p *policy) erases() bool {
	return p.personal != nil && (len(p.personal.masked) > 0 || p.personal.remove)
}

type (
	maskedColumn struct {
		field *schema.Field
		mask  mask
	}
	keptField struct {
		field *schema.Field
		basis string
	}
	subjectField struct {
		field *schema.Field
		model string
	}
)

// mask is one way to erase a column.
type mask struct {
	word   string
	value  any        // fixed and zero: what is written
	pieces []piece    // template
	width  int        // random and hmac: digits, or bits of an integer
	unit   string     // truncate: year, month or ip
	paths  []jsonPath // json
	masker string     // func: its name
	remedy string     // a mask that would work, for errors
}

// piece is a part of a template: a text, or a placeholder of so many characters at most.
type piece struct {
	text  string
	id    bool
	width int // of {random}, in hexadecimal digits
}

// strategy names the mask in certificates and data maps: its word, and for truncate and func its argument, never a text.
func (m mask) strategy() string {
	switch m.word {
	case maskTruncate:
		return m.word + ":" + m.unit
	case maskFunc:
		return m.word + ":" + m.masker
	}
	return m.word
}

// computed tells whether the mask is a function of the value that the program has to reckon.
func (m mask) computed() bool {
	switch m.word {
	case maskHMAC, maskJSON, maskFunc:
		return true
	}
	return m.word == maskTruncate && m.unit == "ip"
}

// piiTag is one parsed tag.
type piiTag struct{ word, argument, basis string }

// parsePII reads a tag: a word, a value after the first ":", and after keep the basis, separated by ";". A text may hold a
// ";" written as "\;". Each problem is a sentence without the field's name.
func parsePII(text string) (tag piiTag, problems []string) {
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	seen := map[string]bool{}
	for _, setting := range splitSettings(text) {
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
			tag.basis = strings.TrimSpace(value)
		case tag.word != "":
			refuse("two pii strategies on one field, %s and %s; keep one", tag.word, word)
		default:
			tag.word, tag.argument = word, value
		}
		seen[word] = true
	}
	based := tag.basis != ""
	switch {
	case len(problems) > 0:
	case tag.word == "":
		refuse("the pii tag names no strategy; write null, zero, fixed:…, template:…, random, hmac, truncate:…, json:…, func:…, keep;basis:… or -")
	case tag.word == piiKeep && !based:
		refuse("pii \"keep\" needs the legal basis that the value is kept on, as in keep;basis:…")
	case tag.word != piiKeep && based:
		refuse("pii \"basis\" belongs to keep, not to %s", tag.word)
	}
	return tag, problems
}

// splitSettings splits at ";" and takes "\;" for a ";".
func splitSettings(text string) []string {
	const escaped = "\x00"
	parts := strings.Split(strings.ReplaceAll(text, `\;`, escaped), ";")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(part, escaped, ";")
	}
	return parts
}

func suggestPII(word string) string {
	best, distance := "", 3
	for _, candidate := range slices.Sorted(maps.Keys(piiWords)) {
		if d := editDistance(word, candidate); d < distance && len(candidate) > 1 {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// Masker computes what a personal value is replaced by, for `pii:"func:NAME"`. It gets the field's Go value. What it returns
// must not tell who the person is; an error stops the erasure, and its text is not passed on.
type Masker = func(ctx context.Context, value any) (any, error)

// piiBuilder gathers one model's tags; every problem is kept.
type piiBuilder struct {
	*personal
	policy   *policy
	config   *Config
	problems []error
}

// readPersonal reads the model's tags; it gives nil for a model without any.
func readPersonal(p *policy, config *Config) (*personal, []error) {
	b := &piiBuilder{
		policy: p, config: config,
		personal: &personal{harmless: map[string]bool{}, apart: map[string]bool{}, tags: map[string]string{}},
	}
	b.readModel()
	for _, field := range p.schema.Fields {
		if text, tagged := field.Tag.Lookup(piiKey); tagged {
			b.readField(field, text)
		}
	}
	if b.remove && p.never() {
		b.refuse("_", "rows of a never model cannot be deleted; mask its columns instead")
	}
	if b.remove && len(p.schema.PrimaryFields) == 0 || len(b.masked) > 0 && len(p.schema.PrimaryFields) == 0 {
		b.refuse("_", "a model without a primary key cannot be erased row by row; tag a field with gorm:\"primaryKey\"")
	}
	if len(b.tags) == 0 && len(b.problems) == 0 {
		return nil, nil
	}
	return b.personal, b.problems
}

func (b *piiBuilder) refuse(field, format string, args ...any) {
	b.problems = append(b.problems, problem(b.policy.schema, field, format, args...))
}

// readModel reads the tags of blank fields, and refuses those where GORM has no field.
func (b *piiBuilder) readModel() {
	for field := range structFields(b.policy.schema.ModelType) {
		text, tagged := field.Tag.Lookup(piiKey)
		if !tagged {
			continue
		}
		if field.Name == "_" {
			tag, problems := parsePII(text)
			for _, sentence := range problems {
				b.refuse("_", "%s", sentence)
			}
			if len(problems) == 0 && tag.word != piiDelete {
				b.refuse("_", "only pii:\"delete\" belongs on a field _, not %s", tag.word)
			}
			b.remove, b.tags["_"] = true, text
			continue
		}
		seen := slices.ContainsFunc(b.policy.schema.Fields, func(f *schema.Field) bool {
			return f.StructField.Name == field.Name && f.Tag.Get(piiKey) == text
		})
		if !seen {
			b.refuse(field.Name, "GORM has no column for the field, so that its pii tag would protect nothing; tag the columns themselves")
		}
	}
}

func (b *piiBuilder) readField(field *schema.Field, text string) {
	tag, problems := parsePII(text)
	for _, sentence := range problems {
		b.refuse(field.Name, "%s", sentence)
	}
	if len(problems) > 0 {
		return
	}
	if field.DBName == "" {
		if _, relation := b.policy.schema.Relationships.Relations[field.Name]; relation && tag.word == piiNone {
			b.apart[field.Name], b.tags[field.Name] = true, text
			return
		}
		b.refuse(field.Name, "the field is no column; pii \"-\" on a has-one or has-many relation leaves its rows out of an erasure, other tags belong on columns")
		return
	}
	if b.policy.schema.FieldsByDBName[field.DBName] != field {
		return
	}
	b.tags[field.DBName] = text
	switch tag.word {
	case piiNone:
		b.harmless[field.DBName] = true
	case piiKeep:
		b.kept = append(b.kept, keptField{field: field, basis: tag.basis})
	case piiDelete:
		b.refuse(field.Name, "pii \"delete\" concerns the whole row and belongs on a field _ struct{}")
	case piiSubject:
		b.readSubject(field, strings.TrimSpace(tag.argument))
	default:
		b.readMask(field, tag)
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
	b.subjects = append(b.subjects, subjectField{field: field, model: name})
}

// readMask checks a mask against the column that it is for.
func (b *piiBuilder) readMask(field *schema.Field, tag piiTag) {
	c := newColumnFacts(b.policy, field)
	if reason := c.structural(b.policy); reason != "" {
		b.refuse(field.Name, "pii %q: %s", tag.word, reason)
		return
	}
	m, reason := c.mask(tag, b.config)
	if reason != "" {
		b.refuse(field.Name, "pii %q: %s; %s would work", tag.word, reason, c.remedy(b.policy))
		return
	}
	m.remedy = c.remedy(b.policy)
	b.masked = append(b.masked, &maskedColumn{field: field, mask: m})
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
