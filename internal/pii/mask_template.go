package pii

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// templateMask is template:TEXT: a text with places for the row's key, {id}, and for random digits, {random}.
type templateMask struct {
	inSQL
	column *columnFacts
	text   string
	pieces []piece
}

// piece is a part of a template: a text, or a placeholder.
type piece struct {
	text  string
	id    bool
	width int // of {random}, in hexadecimal digits
}

func newTemplate(argument string) Mask { return templateMask{text: argument} }

func (m templateMask) Strategy() string { return "template" }

// Fits cuts the template to the column's size: its texts give way, from the end, never its placeholders.
func (m templateMask) Fits(c *columnFacts) (Mask, string) {
	m.column = c
	if c.kind != TextColumn {
		return m, fmt.Sprintf("a template is text, the column holds %s", c.kind)
	}
	var reason string
	if m.pieces, reason = parseTemplate(m.text); reason != "" {
		return m, reason
	}
	return m, c.boundTemplate(m.pieces)
}

// parseTemplate splits a template into texts and placeholders.
func parseTemplate(text string) (pieces []piece, problem string) {
	placeholders := 0
	for rest := text; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			pieces = append(pieces, piece{text: rest})
			break
		}
		if open > 0 {
			pieces = append(pieces, piece{text: rest[:open]})
		}
		rest = rest[open:]
		switch {
		case strings.HasPrefix(rest, "{id}"):
			pieces, rest = append(pieces, piece{id: true}), rest[len("{id}"):]
		case strings.HasPrefix(rest, "{random}"):
			pieces, rest = append(pieces, piece{width: randomDigits}), rest[len("{random}"):]
		default:
			return nil, "only {id} and {random} are known between braces"
		}
		placeholders++
	}
	if placeholders == 0 {
		return nil, "the template has neither {id} nor {random}; a text that is the same in all rows is fixed:…"
	}
	return pieces, ""
}

// boundTemplate bounds the template's length, in place.
func (c *columnFacts) boundTemplate(pieces []piece) string {
	idWidth := idLength(c.field.Schema)
	length, distinct := 0, 0
	for _, p := range pieces {
		switch {
		case p.id && idWidth == 0 && c.size > 0:
			return "{id} may be longer than the column, since the key's size has no bound"
		case p.id:
			length += idWidth
		default:
			length += p.width + len([]rune(p.text))
		}
	}
	if length > c.size && c.size > 0 {
		length = shorten(pieces, length, c.size)
		if length > c.size {
			return fmt.Sprintf("the placeholders alone need %d characters, the column has %d", length, c.size)
		}
	}
	keyed := slices.ContainsFunc(pieces, func(p piece) bool { return p.id })
	for _, p := range pieces {
		distinct = max(distinct, p.width)
	}
	text := slices.ContainsFunc(c.field.Schema.PrimaryFields, func(f *schema.Field) bool { return f.GORMDataType == schema.String })
	if c.index != "" && distinct < fewestDigits && (!keyed || c.folds && text) {
		return fmt.Sprintf("the values might not stay apart in the unique index %s", c.index)
	}
	return ""
}

// shorten cuts texts from the end, then random parts, until the length fits.
func shorten(pieces []piece, length, size int) int {
	for i := len(pieces) - 1; i >= 0 && length > size; i-- {
		runes := []rune(pieces[i].text)
		cut := min(length-size, len(runes))
		pieces[i].text = string(runes[:len(runes)-cut])
		length -= cut
	}
	for i := len(pieces) - 1; i >= 0 && length > size; i-- {
		if pieces[i].width > 0 {
			cut := min(length-size, pieces[i].width-min(fewestDigits, pieces[i].width))
			pieces[i].width -= cut
			length -= cut
		}
	}
	return length
}

const (
	longestInteger = 20 // digits of a 64-bit key, with its sign
	uuidLength     = 36
)

// idLength is the longest text of a row's key; 0 where it has no bound.
func idLength(s *schema.Schema) int {
	length := len(s.PrimaryFields) - 1 // separators
	for i, field := range s.PrimaryFields {
		facts := columnFacts{size: field.Size}
		if match := sizeInType.FindStringSubmatch(string(field.DataType)); match != nil {
			facts.size, _ = strconv.Atoi(match[1])
		}
		switch kind := KindOf(field); {
		case kind == IntegerColumn:
			length += longestInteger
		case kind == UuidColumn:
			length += uuidLength
		case kind == TextColumn && facts.size > 0:
			length += facts.size
		default:
			return 0
		}
		if measured(s, i) {
			length += len(".") + len(strconv.Itoa(facts.size))
		}
	}
	return length
}

func (m templateMask) Written() writtenValue {
	w := writtenValue{isText: true}
	anything := false
	for _, p := range m.pieces {
		switch {
		case !p.id && p.width == 0:
			w.shortest, w.longest = w.shortest+utf8.RuneCountInString(p.text), w.longest+utf8.RuneCountInString(p.text)
			w.alphabet += p.text
		case !p.id:
			w.shortest, w.longest = w.shortest+p.width, w.longest+p.width
			w.alphabet += hexDigits
		default:
			if longest := idLength(m.column.field.Schema); longest == 0 {
				anything = true
			} else {
				w.longest += longest
			}
			letters, known := idAlphabet(m.column.field.Schema)
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
		switch KindOf(field) {
		case IntegerColumn, UuidColumn:
		default:
			return "", false
		}
	}
	return hexDigits + "-", true
}

func (m templateMask) SQL(q *statement.Query) {
	texts := make([]string, len(m.pieces))
	for i, p := range m.pieces {
		switch {
		case p.id:
			texts[i] = q.Dialect.Text("(" + idText(q, m.column.field.Schema) + ")")
		case p.width > 0:
			texts[i] = randomText(q, p.width)
		default:
			texts[i] = q.Dialect.String(p.text)
		}
	}
	q.Text(q.Dialect.Concat(texts...))
}

// idText is a row's key as the text that {id} stands for: that of one column; of several their texts with "-" between them, and,
// since that says nothing exactly where one is free text, how long such are but the last.
func idText(q *statement.Query, s *schema.Schema) string {
	var texts, lengths []string
	for i, field := range s.PrimaryFields {
		text := q.Dialect.Text(q.Quoted("", field.DBName))
		if i > 0 {
			texts = append(texts, q.Dialect.String("-"))
		}
		texts = append(texts, text)
		if measured(s, i) {
			lengths = append(lengths, q.Dialect.String("."), q.Dialect.Text(q.Dialect.Length(text)))
		}
	}
	return q.Dialect.Concat(append(texts, lengths...)...)
}

// idOf is what idText gives for a row.
func idOf(s *schema.Schema, row Row) string {
	parts := make([]string, len(s.PrimaryFields))
	var lengths string
	for i, field := range s.PrimaryFields {
		parts[i] = rowkey.TextOf(row.Columns[field.DBName])
		if measured(s, i) {
			lengths += "." + strconv.Itoa(utf8.RuneCountInString(parts[i]))
		}
	}
	return strings.Join(parts, "-") + lengths
}

// measured tells whether the length of a key's column stands behind the key's texts.
func measured(s *schema.Schema, i int) bool {
	kind := KindOf(s.PrimaryFields[i])
	return i < len(s.PrimaryFields)-1 && kind != IntegerColumn && kind != UuidColumn
}

func (m templateMask) Of(_ context.Context, row Row) (any, error) {
	var text strings.Builder
	for _, p := range m.pieces {
		switch {
		case p.id:
			text.WriteString(idOf(m.column.field.Schema, row))
		case p.width > 0:
			text.WriteString(randomHex(p.width))
		default:
			text.WriteString(p.text)
		}
	}
	return text.String(), nil
}

// Foretells implements Mask: without random digits there is one value for each row.
func (m templateMask) Foretells() bool {
	return !slices.ContainsFunc(m.pieces, func(p piece) bool { return p.width > 0 })
}

// Takes implements Mask. A value that looks like one of the template's may be a person's all the same.
func (m templateMask) Takes(old string, each func(string)) { each(old) }

func (m templateMask) Left(old, now sql.NullString, _ func(string) bool) bool {
	return now.Valid && !m.pattern().MatchString(now.String) || !m.Foretells() && same(old, now)
}

// pattern is what the template's values look like.
func (m templateMask) pattern() *regexp.Regexp {
	var text strings.Builder
	for _, p := range m.pieces {
		switch {
		case p.id:
			text.WriteString(`.+`)
		case p.width > 0:
			fmt.Fprintf(&text, `[0-9a-f]{%d}`, p.width)
		default:
			text.WriteString(regexp.QuoteMeta(p.text))
		}
	}
	return regexp.MustCompile("^(?s:" + text.String() + ")$")
}
