package pii

import (
	"math"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
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

	loose bool // texts that differ may be equal, see dialect.LooseTexts
	bytes bool // shortest and longest are bytes; what equals them depends on the database
}

// written tells what a mask writes to the column.
func (c *columnFacts) written(m Mask) writtenValue {
	w := m.Written()
	w.loose = c.loose
	if c.kind == TextColumn && sameTextsDiffer(c.typeName()) && !w.null {
		return writtenValue{nothing: true, maybeNull: w.maybeNull}
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
		loose := w.loose
		w = writtenConstant(text, "")
		w.loose = loose
	}
	if !o.length {
		w.nothing = w.bytes
		return w
	}
	if !w.isText && !w.bytes || w.exact != nil && strings.Contains(*w.exact, "\x00") {
		return writtenValue{nothing: true}
	}
	if o.bytes && w.isText && !w.isPlain() {
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
		return certainly(*w.exact == text, *w.exact != text && (!w.loose || apart(*w.exact, text)))
	}
	if w.loose {
		if text = strings.TrimRight(text, " "); !isPlain(text) || !w.isPlain() || strings.Contains(w.alphabet, " ") {
			return unsure
		}
	}
	n := utf8.RuneCountInString(text)
	return certainly(false, n < w.shortest || w.longest >= 0 && n > w.longest || !w.madeOf(text))
}

// apart tells of two texts that no collation takes for the same.
func apart(one, other string) bool {
	return isPlain(one) && isPlain(other) && !strings.EqualFold(strings.TrimRight(one, " "), strings.TrimRight(other, " "))
}

// isPlain tells of a text of printable ASCII characters, of which collations ignore none.
func isPlain(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// isPlain tells that the text is surely one of those.
func (w writtenValue) isPlain() bool {
	if w.exact != nil {
		return isPlain(*w.exact)
	}
	return w.alphabet != "" && isPlain(w.alphabet)
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
	sure := !w.loose || isPlain(pattern) && w.isPlain()
	if w.exact == nil {
		fixed := strings.NewReplacer("%", "", "_", "").Replace(pattern)
		long := utf8.RuneCountInString(strings.ReplaceAll(pattern, "%", ""))
		return certainly(false, sure && !w.madeOf(fixed) || sure && w.longest >= 0 && long > w.longest)
	}
	expression := strings.NewReplacer("%", ".*", "_", ".").Replace(regexp.QuoteMeta(pattern))
	matches := func(flags string) bool {
		return regexp.MustCompile("^(?" + flags + ":" + expression + ")$").MatchString(*w.exact)
	}
	return certainly(matches("s"), sure && !matches("si"))
}
