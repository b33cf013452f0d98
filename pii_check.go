package softdelete

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// This room checks a mask against its column: NULL, type, size and every unique index that the column is part of. CHECK
// constraints and foreign keys are in pii_constraint.go.

// mask makes the mask that a tag asks for, or gives the reason why it cannot work.
func (c *columnFacts) mask(tag piiTag, config *Config) (mask, string) {
	m, reason := c.fitting(tag, config)
	if reason == "" {
		reason = c.broken(m)
	}
	return m, reason
}

// fitting makes the mask by the column's type, size and indexes.
func (c *columnFacts) fitting(tag piiTag, config *Config) (mask, string) {
	m := mask{word: tag.word}
	if c.kind == otherColumn && tag.word != maskNull && tag.word != maskFunc {
		return m, fmt.Sprintf("what the column holds is %s, of which only the program knows the form", c.kind)
	}
	switch tag.word {
	case maskNull:
		return m, c.checkNull()
	case maskZero:
		return c.zero(m)
	case maskFixed:
		return c.fixed(m, tag.argument)
	case maskTemplate:
		return c.template(m, tag.argument)
	case maskRandom:
		return c.random(m)
	case maskHMAC:
		return c.hmac(m)
	case maskTruncate:
		return c.truncate(m, strings.ToLower(strings.TrimSpace(tag.argument)))
	case maskJSON:
		return c.json(m, tag.argument)
	case maskFunc:
		m.masker = strings.TrimSpace(tag.argument)
		if config.Maskers[m.masker] == nil {
			return m, fmt.Sprintf("Config.Maskers has no %q", m.masker)
		}
		return m, ""
	}
	return m, "the word is no mask"
}

func (c *columnFacts) checkNull() string {
	switch {
	case c.field.NotNull:
		return "the column is NOT NULL"
	case c.nullOnce:
		return fmt.Sprintf("the unique index %s takes NULL only once", c.index)
	}
	return ""
}

// once gives the reason against a mask that leaves several rows with one value.
func (c *columnFacts) once() string {
	if c.index == "" {
		return ""
	}
	return fmt.Sprintf("the column is part of the unique index %s, so that two erased rows would collide", c.index)
}

func (c *columnFacts) zero(m mask) (mask, string) {
	if reason := c.once(); reason != "" {
		return m, reason
	}
	switch c.kind {
	case textColumn:
		m.value = ""
	case integerColumn:
		m.value = int64(0)
	case floatColumn:
		m.value = float64(0)
	case boolColumn:
		m.value = false
	case timeColumn:
		m.value = time.Time{}
	case bytesColumn:
		m.value = []byte{}
	default:
		return m, fmt.Sprintf("%s has no zero value", c.kind)
	}
	return m, ""
}

func (c *columnFacts) fixed(m mask, text string) (mask, string) {
	if reason := c.once(); reason != "" {
		return m, reason
	}
	var err error
	trimmed := strings.TrimSpace(text)
	switch c.kind {
	case textColumn:
		m.value = text
		if c.size > 0 && len([]rune(text)) > c.size {
			return m, fmt.Sprintf("the text has %d characters, the column %d", len([]rune(text)), c.size)
		}
	case integerColumn:
		var n int64
		n, err = strconv.ParseInt(trimmed, 10, 64)
		if value := reflect.New(c.field.IndirectFieldType).Elem(); err == nil && (value.CanInt() && value.OverflowInt(n) || value.CanUint() && (n < 0 || value.OverflowUint(uint64(n)))) {
			return m, fmt.Sprintf("the number does not fit %s", c.field.FieldType)
		}
		m.value = n
	case floatColumn:
		m.value, err = strconv.ParseFloat(trimmed, 64)
	case boolColumn:
		m.value, err = strconv.ParseBool(trimmed)
	case timeColumn:
		if m.value, err = time.Parse(time.DateOnly, trimmed); err != nil {
			m.value, err = time.Parse(time.RFC3339, trimmed)
		}
	default:
		return m, fmt.Sprintf("a text is not %s", c.kind)
	}
	if err != nil {
		return m, fmt.Sprintf("the value is not %s", c.kind)
	}
	return m, ""
}

const (
	longestInteger = 20 // digits of a 64-bit key, with its sign
	uuidLength     = 36
	randomDigits   = 32
	// fewestDigits keep random values and codes apart: 64 bits.
	fewestDigits = 16
)

func (c *columnFacts) random(m mask) (mask, string) {
	switch c.kind {
	case textColumn:
		m.width = randomDigits
		if c.size > 0 {
			m.width = min(m.width, c.size)
		}
		if c.index != "" && m.width < fewestDigits {
			return m, fmt.Sprintf("%d characters are too few to stay apart in the unique index %s", m.width, c.index)
		}
	case integerColumn:
		m.width = integerBits(c.field)
		if c.index != "" && m.width < 62 {
			return m, fmt.Sprintf("numbers of %d bits may collide in the unique index %s", m.width, c.index)
		}
	case uuidColumn:
	default:
		return m, fmt.Sprintf("random values are texts, integers or UUIDs, the column holds %s", c.kind)
	}
	return m, ""
}

// integerBits is how many bits a positive number in the column has.
func integerBits(field *schema.Field) int {
	bits := 63
	if field.Size > 0 {
		bits = min(bits, field.Size-1)
	}
	name := strings.ToLower(string(field.DataType))
	switch {
	case strings.HasPrefix(name, "tinyint"):
		bits = min(bits, 7)
	case strings.HasPrefix(name, "smallint"):
		bits = min(bits, 15)
	case strings.HasPrefix(name, "int"):
		if name != string(schema.Int) {
			bits = min(bits, 31)
		}
	}
	return max(bits, 1)
}

func (c *columnFacts) hmac(m mask) (mask, string) {
	if c.kind != textColumn {
		return m, fmt.Sprintf("a code is text, the column holds %s", c.kind)
	}
	m.width = 64
	if c.size > 0 {
		m.width = min(m.width, c.size)
	}
	if m.width < fewestDigits {
		return m, fmt.Sprintf("a code needs at least %d characters, the column has %d", fewestDigits, c.size)
	}
	return m, ""
}

func (c *columnFacts) truncate(m mask, unit string) (mask, string) {
	m.unit = unit
	switch unit {
	case "year", "month":
		if c.kind != timeColumn {
			return m, fmt.Sprintf("only a time has a year and a month, the column holds %s", c.kind)
		}
	case "ip":
		if c.kind != textColumn && c.kind != addressColumn {
			return m, fmt.Sprintf("an address is text, the column holds %s", c.kind)
		}
		if c.kind == addressColumn && c.field.NotNull {
			return m, "what is no address becomes NULL, and the column is NOT NULL"
		}
	default:
		return m, fmt.Sprintf("%q is unknown; year, month and ip are known", unit)
	}
	return m, c.once()
}

func (c *columnFacts) json(m mask, argument string) (mask, string) {
	if c.kind != jsonColumn && c.kind != textColumn && c.kind != bytesColumn {
		return m, fmt.Sprintf("the column holds %s, no document", c.kind)
	}
	for _, text := range strings.Split(argument, ",") {
		path, problem := parseJSONPath(strings.TrimSpace(text))
		if problem != "" {
			return m, problem
		}
		m.paths = append(m.paths, path)
	}
	if c.size > 0 && c.size < len("null") {
		return m, "the column is too small for a document"
	}
	return m, c.once()
}

// remedy names a mask that would work on the column, by trying.
func (c *columnFacts) remedy(p *policy) string {
	candidates := []piiTag{
		{word: maskTemplate, argument: "erased-{id}"},
		{word: maskFixed, argument: "[erased]"},
		{word: maskZero},
		{word: maskNull},
		{word: maskTemplate, argument: "{random}"},
		{word: maskRandom},
		{word: maskHMAC},
		{word: maskTruncate, argument: "year"},
	}
	if c.index == "" {
		candidates = slices.Concat(candidates[1:], candidates[:1])
	}
	candidates = append(candidates, c.suggested()...)
	for _, wanted := range []func(mask) bool{c.surely, func(mask) bool { return true }} {
		for _, tag := range candidates {
			if c.kind == otherColumn && tag.word != maskNull {
				continue
			}
			if m, reason := c.mask(tag, &Config{}); reason == "" && wanted(m) {
				if tag.argument != "" {
					return fmt.Sprintf("pii:\"%s:%s\"", tag.word, tag.argument)
				}
				return fmt.Sprintf("pii:%q", tag.word)
			}
		}
	}
	return "pii:\"func:NAME\" with a masker of your own, or pii:\"delete\" on a field _ struct{},"
}

// fits tells whether a value that a masker gave can stand in the column.
func (c *columnFacts) fits(value any) string {
	if value == nil {
		return c.checkNull()
	}
	if text, ok := value.(string); ok && c.size > 0 && len([]rune(text)) > c.size {
		return fmt.Sprintf("the value is longer than the column, %d", c.size)
	}
	if number, ok := value.(float64); ok && math.IsNaN(number) {
		return "the value is no number"
	}
	return ""
}
