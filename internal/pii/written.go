package pii

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm/schema"
)

// This room is for what a mask writes, as far as that is known before there is a row.

// writtenValue is what is known of it.
type writtenValue struct {
	nothing   bool // nothing is known, but that it is not NULL
	null      bool
	maybeNull bool // a NULL stays NULL

	isText            bool
	exact             *string // a text that is the same in all rows
	shortest, longest int     // characters; a longest of -1 is no bound
	alphabet          string  // the characters that it is made of; empty for any

	low, high *big.Rat // a number
	isBool    bool

	bytes bool // shortest and longest are bytes; what equals them depends on the database
}

const hexDigits = "0123456789abcdef"

// written tells what a mask writes to the column.
func (c *columnFacts) written(m Mask) writtenValue {
	w := writtenValue{nothing: true}
	name := strings.ToLower(string(c.field.DataType))
	switch {
	case m.Word == MaskNull:
		return writtenValue{null: true}
	case m.Word == MaskTruncate, m.Word == MaskJSON, m.Word == MaskFunc:
		w.maybeNull = true
		return w
	case c.kind == TextColumn && sameTextsDiffer(name):
		w.maybeNull = m.Word == MaskHMAC
		return w
	}
	switch m.Word {
	case MaskZero, MaskFixed:
		return writtenConstant(m.Value, name)
	case MaskTemplate:
		return c.writtenTemplate(m)
	case MaskRandom:
		switch c.kind {
		case TextColumn:
			return writtenValue{isText: true, shortest: m.Width, longest: m.Width, alphabet: hexDigits}
		case IntegerColumn:
			most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(m.Width)), big.NewInt(1))
			return writtenValue{low: new(big.Rat), high: new(big.Rat).SetInt(most)}
		}
	case MaskHMAC:
		return writtenValue{isText: true, shortest: m.Width, longest: m.Width, alphabet: hexDigits, maybeNull: true}
	}
	return w
}

// sameTextsDiffer tells of a type for which texts that differ may be equal, or that pads them.
func sameTextsDiffer(typeName string) bool {
	padded := slices.ContainsFunc([]string{"char", "bpchar", "nchar"}, func(prefix string) bool { return strings.HasPrefix(typeName, prefix) })
	return padded && !strings.Contains(typeName, "varying") || strings.Contains(typeName, "collate") || strings.Contains(typeName, "citext")
}

func writtenConstant(value any, typeName string) writtenValue {
	number := func(n *big.Rat) writtenValue { return writtenValue{low: n, high: n} }
	switch value := value.(type) {
	case string:
		n := utf8.RuneCountInString(value)
		return writtenValue{isText: true, exact: &value, shortest: n, longest: n}
	case []byte:
		return writtenValue{bytes: true, shortest: len(value), longest: len(value)}
	case bool:
		w := number(new(big.Rat))
		if w.isBool = true; value {
			w.low, w.high = big.NewRat(1, 1), big.NewRat(1, 1)
		}
		return w
	case int64:
		if !strings.Contains(typeName, "-") { // a scale below zero rounds
			return number(new(big.Rat).SetInt64(value))
		}
	case float64:
		const exactly = 1 << 24 // in any type of number
		if value == math.Trunc(value) && math.Abs(value) < exactly && !strings.Contains(typeName, "-") {
			return number(new(big.Rat).SetFloat64(value))
		}
	}
	return writtenValue{nothing: true}
}

func (c *columnFacts) writtenTemplate(m Mask) writtenValue {
	w := writtenValue{isText: true}
	anything := false
	for _, p := range m.Pieces {
		switch {
		case !p.Id && p.Width == 0:
			w.shortest, w.longest = w.shortest+utf8.RuneCountInString(p.Text), w.longest+utf8.RuneCountInString(p.Text)
			w.alphabet += p.Text
		case !p.Id:
			w.shortest, w.longest = w.shortest+p.Width, w.longest+p.Width
			w.alphabet += hexDigits
		default:
			if longest := idLength(c.field.Schema); longest == 0 {
				anything = true
			} else {
				w.longest += longest
			}
			letters, known := idAlphabet(c.field.Schema)
			w.alphabet += letters
			if !known {
				anything = true
			}
		}
	}
	if anything {
		w.longest, w.alphabet = -1, ""
	}
	return w
}

// idAlphabet is what the texts of a model's keys are made of, where that is known.
func idAlphabet(s *schema.Schema) (letters string, known bool) {
	for _, field := range s.PrimaryFields {
		switch KindOfColumn(field, strings.ToLower(string(field.DataType))) {
		case IntegerColumn, UuidColumn:
		default:
			return "", false
		}
	}
	return hexDigits + "-", true
}

// as is what an expression makes of the value before it compares.
func (w writtenValue) as(o operand) writtenValue {
	if !o.own || w.null || w.nothing {
		return writtenValue{nothing: true}
	}
	if o.trimmed {
		if w.exact == nil {
			return writtenValue{nothing: true}
		}
		text := strings.Trim(*w.exact, " ")
		w = writtenConstant(text, "")
	}
	if !o.length {
		w.nothing = w.bytes
		return w
	}
	if !w.isText && !w.bytes || w.exact != nil && strings.Contains(*w.exact, "\x00") {
		return writtenValue{nothing: true}
	}
	length := writtenValue{low: new(big.Rat).SetInt64(int64(w.shortest))}
	if w.longest >= 0 {
		length.high = new(big.Rat).SetInt64(int64(w.longest))
	}
	return length
}

// equals compares with a text.
func (w writtenValue) equals(text string) outcome {
	if w.exact != nil {
		return certainly(*w.exact == text, *w.exact != text)
	}
	n := utf8.RuneCountInString(text)
	return certainly(false, n < w.shortest || w.longest >= 0 && n > w.longest || !w.madeOf(text))
}

// madeOf tells whether all characters of a text can be in the value, in whatever case.
func (w writtenValue) madeOf(text string) bool {
	if w.alphabet == "" {
		return true
	}
	return !strings.ContainsFunc(strings.ToLower(text), func(r rune) bool { return !strings.ContainsRune(strings.ToLower(w.alphabet), r) })
}

// like matches a pattern. It holds where it does with case minded, and breaks where it does not without.
func (w writtenValue) like(pattern string) outcome {
	if w.exact == nil {
		fixed := strings.NewReplacer("%", "", "_", "").Replace(pattern)
		long := utf8.RuneCountInString(strings.ReplaceAll(pattern, "%", ""))
		return certainly(false, !w.madeOf(fixed) || w.longest >= 0 && long > w.longest)
	}
	expression := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(pattern))
	matches := func(flags string) bool {
		return regexp.MustCompile("^(?" + flags + ":" + expression + ")$").MatchString(*w.exact)
	}
	return certainly(matches("s"), !matches("si"))
}
