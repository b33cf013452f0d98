package pii

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// This room reads those CHECK constraints whose outcome is certain without a database: comparisons of a column, or of its
// length, with literals, IN, BETWEEN, LIKE and IS NULL, joined by AND, OR and parentheses. An expression with anything else in
// it is not read at all, since a part of SQL that is not understood may change the meaning of the rest.

// outcome is what a condition gives. What is NULL, and what only the database can tell, is unsure.
type outcome int

const (
	breaks outcome = iota - 1
	unsure
	holds
)

func certainly(yes, no bool) outcome {
	switch {
	case yes:
		return holds
	case no:
		return breaks
	}
	return unsure
}

// condition is what an expression gives for the value that a mask writes to the column.
type condition func(w writtenValue) outcome

func all(conditions ...condition) condition {
	return func(w writtenValue) outcome {
		worst := holds
		for _, c := range conditions {
			worst = min(worst, c(w))
		}
		return worst
	}
}

func anyOf(conditions ...condition) condition {
	return func(w writtenValue) outcome {
		best := breaks
		for _, c := range conditions {
			best = max(best, c(w))
		}
		return best
	}
}

// literal is a constant of an expression.
type literal struct {
	text   string
	number *big.Rat // nil for a text
	truth  bool     // TRUE and FALSE, whose number is 1 and 0
}

// operand is what a literal is compared with. One of another column is not the column's own.
type operand struct {
	own, length, trimmed bool
	bytes                bool // the length is that in bytes
}

// checkReader reads one expression for one column.
type checkReader struct {
	tokens   []string
	column   string
	loose    bool // the database has dialect.LooseTexts
	others   bool // other columns have a say
	literals []literal
	failed   bool
}

var wordGoesOn = regexp.MustCompile(`^[\w.]`)

var checkToken = regexp.MustCompile(`^(?:\s+|'(?:[^']|'')*'|"[^"]+"|` + "`[^`]+`" + `|[A-Za-z_][A-Za-z0-9_]*|[0-9]+(?:\.[0-9]+)?|<>|!=|<=|>=|[=<>(),-])`)

// readCheck reads an expression; ok is false where it has a part that is not understood.
func readCheck(text, column string, loose bool) (c condition, r *checkReader, ok bool) {
	r = &checkReader{column: column, loose: loose}
	if !utf8.ValidString(text) {
		return nil, r, false
	}
	for text != "" {
		token := checkToken.FindString(text)
		if token == "" {
			return nil, r, false
		}
		// A number that runs into a word, as 1e5 does, is none of those that are read.
		if rest := text[len(token):]; token[0] >= '0' && token[0] <= '9' && rest != "" && wordGoesOn.MatchString(rest) {
			return nil, r, false
		}
		if text = text[len(token):]; strings.TrimSpace(token) != "" {
			r.tokens = append(r.tokens, token)
		}
	}
	c = r.either()
	return c, r, !r.failed && len(r.tokens) == 0
}

func (r *checkReader) peek() string {
	if len(r.tokens) == 0 {
		return ""
	}
	return r.tokens[0]
}

// take takes the next tokens where they are those words or signs.
func (r *checkReader) take(words ...string) bool {
	if len(r.tokens) < len(words) {
		return false
	}
	for i, word := range words {
		if !strings.EqualFold(r.tokens[i], word) {
			return false
		}
	}
	r.tokens = r.tokens[len(words):]
	return true
}

func (r *checkReader) next() string {
	token := r.peek()
	if token == "" {
		r.failed = true
		return ""
	}
	r.tokens = r.tokens[1:]
	return token
}

func (r *checkReader) expect(word string) { r.failed = !r.take(word) || r.failed }

func (r *checkReader) either() condition {
	parts := []condition{r.both()}
	for !r.failed && r.take("OR") {
		parts = append(parts, r.both())
	}
	return anyOf(parts...)
}

func (r *checkReader) both() condition {
	parts := []condition{r.single()}
	for !r.failed && r.take("AND") {
		parts = append(parts, r.single())
	}
	return all(parts...)
}

func (r *checkReader) single() condition {
	if r.take("(") {
		c := r.either()
		r.expect(")")
		return c
	}
	if r.isLiteral() {
		value := r.literal()
		sign := mirrored[r.next()]
		return r.compare(sign, r.operand(), value)
	}
	o := r.operand()
	switch {
	case r.failed:
	case r.take("IS", "NOT", "NULL"):
		return o.isNull(false)
	case r.take("IS", "NULL"):
		return o.isNull(true)
	case r.take("IN"):
		return anyOf(r.among("=", o)...)
	case r.take("NOT", "IN"):
		return all(r.among("<>", o)...)
	case r.take("BETWEEN"):
		return all(r.between(o, ">=", "<=")...)
	case r.take("NOT", "BETWEEN"):
		return anyOf(r.between(o, "<", ">")...)
	case r.take("LIKE"), r.take("ILIKE"):
		return r.like(o, false)
	case r.take("NOT", "LIKE"), r.take("NOT", "ILIKE"):
		return r.like(o, true)
	}
	return r.compare(r.next(), o, r.literal())
}

// mirrored are the signs for a literal that stands on the left.
var mirrored = map[string]string{"=": "=", "<>": "<>", "!=": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

func (r *checkReader) isLiteral() bool {
	token := r.peek()
	return token != "" && strings.ContainsAny(token[:1], "'-0123456789") || strings.EqualFold(token, "TRUE") || strings.EqualFold(token, "FALSE")
}

func (r *checkReader) literal() (value literal) {
	if !r.isLiteral() {
		r.failed = true
		return value
	}
	negative := r.take("-")
	token := r.next()
	switch {
	case r.failed:
	case token[0] == '\'':
		value.text = strings.ReplaceAll(token[1:len(token)-1], "''", "'")
		r.failed = r.loose && strings.Contains(value.text, `\`) // which may begin an escape there
	case strings.EqualFold(token, "TRUE"):
		value.number, value.truth = big.NewRat(1, 1), true
	case strings.EqualFold(token, "FALSE"):
		value.number, value.truth = new(big.Rat), true
	default:
		var ok bool
		value.number, ok = new(big.Rat).SetString(token)
		r.failed = r.failed || !ok
	}
	if negative {
		if value.number == nil || value.truth {
			r.failed = true
			return value
		}
		value.number.Neg(value.number)
	}
	r.literals = append(r.literals, value)
	return value
}

// reserved are words that are no names of columns here.
var reserved = []string{"AND", "OR", "NOT", "IN", "IS", "NULL", "BETWEEN", "LIKE", "ILIKE", "CASE", "TRUE", "FALSE", "ESCAPE", "COLLATE"}

func (r *checkReader) operand() (o operand) {
	token := r.next()
	if r.failed {
		return o
	}
	if r.peek() == "(" {
		switch strings.ToLower(token) {
		case "length", "char_length", "character_length":
			r.expect("(")
			o = r.operand()
			r.failed = r.failed || o.length
			o.length, o.bytes = true, r.loose && strings.EqualFold(token, "length")
		case "trim", "btrim":
			r.expect("(")
			o = r.operand()
			r.failed = r.failed || o.length
			o.trimmed = true
		default:
			r.failed = true
		}
		r.expect(")")
		return o
	}
	switch first := token[0]; {
	case first == '"' || first == '`':
		o.own = token[1:len(token)-1] == r.column && (first == '`' || !r.loose)
	case first == '_' || first >= 'a' && first <= 'z' || first >= 'A' && first <= 'Z':
		// A database may fold the case of what is not quoted, or not.
		o.own = strings.EqualFold(token, r.column) && r.column == strings.ToLower(r.column)
		r.failed = slices.Contains(reserved, strings.ToUpper(token))
	default:
		r.failed = true
	}
	r.others = r.others || !o.own
	return o
}

func (r *checkReader) list() (values []literal) {
	r.expect("(")
	for !r.failed {
		values = append(values, r.literal())
		if !r.take(",") {
			break
		}
	}
	r.expect(")")
	return values
}

func (r *checkReader) among(sign string, o operand) (conditions []condition) {
	for _, value := range r.list() {
		conditions = append(conditions, r.compare(sign, o, value))
	}
	return conditions
}

func (r *checkReader) between(o operand, low, high string) []condition {
	first := r.literal()
	r.expect("AND")
	return []condition{r.compare(low, o, first), r.compare(high, o, r.literal())}
}

func (o operand) isNull(null bool) condition {
	return func(w writtenValue) outcome {
		if !o.own || o.length || o.trimmed || !w.null && w.maybeNull {
			return unsure
		}
		return certainly(w.null == null, w.null != null)
	}
}

func (r *checkReader) compare(sign string, o operand, value literal) condition {
	if sign == "!=" {
		sign = "<>"
	}
	if mirrored[sign] == "" {
		r.failed = true
	}
	return func(w writtenValue) outcome {
		if w = w.as(o); w.nothing {
			return unsure
		}
		switch {
		case w.low != nil && value.number != nil && (!value.truth || w.isBool):
			return compareNumbers(sign, w.low, w.high, value.number)
		case w.isText && value.number == nil && sign == "=":
			return w.equals(value.text)
		case w.isText && value.number == nil && sign == "<>":
			return -w.equals(value.text)
		}
		return unsure
	}
}

// compareNumbers compares a number from low to high with another; a high of nil is no bound.
func compareNumbers(sign string, low, high, value *big.Rat) outcome {
	below := low.Cmp(value) // of the least that it can be
	// upper tells whether the most that it can be is less, for -1, or at most as much, for 0.
	upper := func(c int) bool { return high != nil && high.Cmp(value) <= c }
	switch sign {
	case "<":
		return certainly(upper(-1), below >= 0)
	case "<=":
		return certainly(upper(0), below > 0)
	case ">":
		return certainly(below > 0, upper(0))
	case ">=":
		return certainly(below >= 0, upper(-1))
	case "=":
		return certainly(below == 0 && upper(0), below > 0 || upper(-1))
	}
	return certainly(below > 0 || upper(-1), below == 0 && upper(0))
}

// like reads a pattern. Databases differ in whether it minds case, and in what escapes a wildcard: what depends on that is
// unsure.
func (r *checkReader) like(o operand, not bool) condition {
	pattern := r.literal()
	if pattern.number != nil || strings.Contains(pattern.text, `\`) {
		r.failed = true
	}
	return func(w writtenValue) outcome {
		if w = w.as(o); w.nothing || !w.isText {
			return unsure
		}
		matches := w.like(pattern.text)
		if not {
			return -matches
		}
		return matches
	}
}
