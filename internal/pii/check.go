package pii

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/settings"
	"gorm.io/gorm/schema"
)

// This room checks a mask against its column: NULL, type, size and every unique index that the column is part of. CHECK
// constraints and foreign keys are in pii_constraint.go.

// mask makes the mask that a tag asks for, or gives the reason why it cannot work.
func (c *columnFacts) mask(given piiTag, config *settings.Config) (Mask, string) {
	m, reason := c.fitting(given, config)
	if reason == "" {
		reason = c.broken(m)
	}
	return m, reason
}

// fitting makes the mask by the column's type, size and indexes.
func (c *columnFacts) fitting(given piiTag, config *settings.Config) (Mask, string) {
	m := Mask{Word: given.word}
	if c.kind == OtherColumn && given.word != MaskNull && given.word != MaskFunc {
		return m, fmt.Sprintf("what the column holds is %s, of which only the program knows the form", c.kind)
	}
	switch given.word {
	case MaskNull:
		return m, c.checkNull()
	case MaskZero:
		return c.zero(m)
	case MaskFixed:
		return c.fixed(m, given.argument)
	case MaskTemplate:
		return c.template(m, given.argument)
	case MaskRandom:
		return c.random(m)
	case MaskHMAC:
		return c.hmac(m)
	case MaskTruncate:
		return c.truncate(m, strings.ToLower(strings.TrimSpace(given.argument)))
	case MaskJSON:
		return c.json(m, given.argument)
	case MaskFunc:
		m.Masker = strings.TrimSpace(given.argument)
		if config.Maskers[m.Masker] == nil {
			return m, fmt.Sprintf("Config.Maskers has no %q", m.Masker)
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

func (c *columnFacts) zero(m Mask) (Mask, string) {
	if reason := c.once(); reason != "" {
		return m, reason
	}
	switch c.kind {
	case TextColumn:
		m.Value = ""
	case IntegerColumn:
		m.Value = int64(0)
	case FloatColumn:
		m.Value = float64(0)
	case BoolColumn:
		m.Value = false
	case TimeColumn:
		m.Value = time.Time{}
	case BytesColumn:
		m.Value = []byte{}
	default:
		return m, fmt.Sprintf("%s has no zero value", c.kind)
	}
	return m, ""
}

func (c *columnFacts) fixed(m Mask, text string) (Mask, string) {
	if reason := c.once(); reason != "" {
		return m, reason
	}
	var err error
	trimmed := strings.TrimSpace(text)
	switch c.kind {
	case TextColumn:
		m.Value = text
		if c.size > 0 && len([]rune(text)) > c.size {
			return m, fmt.Sprintf("the text has %d characters, the column %d", len([]rune(text)), c.size)
		}
	case IntegerColumn:
		var n int64
		n, err = strconv.ParseInt(trimmed, 10, 64)
		if value := reflect.New(c.field.IndirectFieldType).Elem(); err == nil && (value.CanInt() && value.OverflowInt(n) || value.CanUint() && (n < 0 || value.OverflowUint(uint64(n)))) {
			return m, fmt.Sprintf("the number does not fit %s", c.field.FieldType)
		}
		m.Value = n
	case FloatColumn:
		m.Value, err = strconv.ParseFloat(trimmed, 64)
	case BoolColumn:
		m.Value, err = strconv.ParseBool(trimmed)
	case TimeColumn:
		if m.Value, err = time.Parse(time.DateOnly, trimmed); err != nil {
			m.Value, err = time.Parse(time.RFC3339, trimmed)
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

func (c *columnFacts) random(m Mask) (Mask, string) {
	switch c.kind {
	case TextColumn:
		m.Width = randomDigits
		if c.size > 0 {
			m.Width = min(m.Width, c.size)
		}
		if c.index != "" && m.Width < fewestDigits {
			return m, fmt.Sprintf("%d characters are too few to stay apart in the unique index %s", m.Width, c.index)
		}
	case IntegerColumn:
		m.Width = integerBits(c.field)
		if c.index != "" && m.Width < 62 {
			return m, fmt.Sprintf("numbers of %d bits may collide in the unique index %s", m.Width, c.index)
		}
	case UuidColumn:
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

func (c *columnFacts) hmac(m Mask) (Mask, string) {
	if c.kind != TextColumn {
		return m, fmt.Sprintf("a code is text, the column holds %s", c.kind)
	}
	m.Width = 64
	if c.size > 0 {
		m.Width = min(m.Width, c.size)
	}
	if m.Width < fewestDigits {
		return m, fmt.Sprintf("a code needs at least %d characters, the column has %d", fewestDigits, c.size)
	}
	return m, ""
}

func (c *columnFacts) truncate(m Mask, unit string) (Mask, string) {
	m.Unit = unit
	switch unit {
	case "year", "month":
		if c.kind != TimeColumn {
			return m, fmt.Sprintf("only a time has a year and a month, the column holds %s", c.kind)
		}
	case "ip":
		if c.kind != TextColumn && c.kind != AddressColumn {
			return m, fmt.Sprintf("an address is text, the column holds %s", c.kind)
		}
		if c.kind == AddressColumn && c.field.NotNull {
			return m, "what is no address becomes NULL, and the column is NOT NULL"
		}
	default:
		return m, fmt.Sprintf("%q is unknown; year, month and ip are known", unit)
	}
	return m, c.once()
}

func (c *columnFacts) json(m Mask, argument string) (Mask, string) {
	if c.kind != JsonColumn && c.kind != TextColumn && c.kind != BytesColumn {
		return m, fmt.Sprintf("the column holds %s, no document", c.kind)
	}
	for _, text := range strings.Split(argument, ",") {
		path, problem := parseJSONPath(strings.TrimSpace(text))
		if problem != "" {
			return m, problem
		}
		m.Paths = append(m.Paths, path)
	}
	if c.size > 0 && c.size < len("null") {
		return m, "the column is too small for a document"
	}
	return m, c.once()
}

// remedy names a mask that would work on the column, by trying.
func (c *columnFacts) remedy() string {
	candidates := []piiTag{
		{word: MaskTemplate, argument: "erased-{id}"},
		{word: MaskFixed, argument: "[erased]"},
		{word: MaskZero},
		{word: MaskNull},
		{word: MaskTemplate, argument: "{random}"},
		{word: MaskRandom},
		{word: MaskHMAC},
		{word: MaskTruncate, argument: "year"},
	}
	if c.index == "" {
		candidates = slices.Concat(candidates[1:], candidates[:1])
	}
	candidates = append(candidates, c.suggested()...)
	for _, wanted := range []func(Mask) bool{c.surely, func(Mask) bool { return true }} {
		for _, given := range candidates {
			if c.kind == OtherColumn && given.word != MaskNull {
				continue
			}
			if m, reason := c.mask(given, &settings.Config{}); reason == "" && wanted(m) {
				if given.argument != "" {
					return fmt.Sprintf("pii:\"%s:%s\"", given.word, given.argument)
				}
				return fmt.Sprintf("pii:%q", given.word)
			}
		}
	}
	return "pii:\"func:NAME\" with a masker of your own, or pii:\"delete\" on a field _ struct{},"
}

// Fits tells whether a value that a masker gave can stand in the column.
func (c *columnFacts) Fits(value any) string {
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
