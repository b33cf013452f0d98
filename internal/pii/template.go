package pii

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"
)

// This room is for masks made of a text with places in it: what they must have room for.

// template cuts a template to the column's size: its texts give way, from the end, never its placeholders.
func (c *columnFacts) template(m Mask, text string) (Mask, string) {
	if c.kind != TextColumn {
		return m, fmt.Sprintf("a template is text, the column holds %s", c.kind)
	}
	var reason string
	if m.Pieces, reason = parseTemplate(text); reason != "" {
		return m, reason
	}
	return c.fitTemplate(m)
}

// parseTemplate splits a template into texts and placeholders.
func parseTemplate(text string) (pieces []Piece, problem string) {
	placeholders := 0
	for rest := text; rest != ""; {
		open := strings.IndexByte(rest, '{')
		if open < 0 {
			pieces = append(pieces, Piece{Text: rest})
			break
		}
		if open > 0 {
			pieces = append(pieces, Piece{Text: rest[:open]})
		}
		rest = rest[open:]
		switch {
		case strings.HasPrefix(rest, "{id}"):
			pieces, rest = append(pieces, Piece{Id: true}), rest[len("{id}"):]
		case strings.HasPrefix(rest, "{random}"):
			pieces, rest = append(pieces, Piece{Width: randomDigits}), rest[len("{random}"):]
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

// fitTemplate bounds the template's length.
func (c *columnFacts) fitTemplate(m Mask) (Mask, string) {
	idWidth := idLength(c.field.Schema)
	length, distinct := 0, 0
	for _, p := range m.Pieces {
		switch {
		case p.Id && idWidth == 0 && c.size > 0:
			return m, "{id} may be longer than the column, since the key's size has no bound"
		case p.Id:
			length += idWidth
		default:
			length += p.Width + len([]rune(p.Text))
		}
	}
	if length > c.size && c.size > 0 {
		length = shorten(m.Pieces, length, c.size)
		if length > c.size {
			return m, fmt.Sprintf("the placeholders alone need %d characters, the column has %d", length, c.size)
		}
	}
	keyed := slices.ContainsFunc(m.Pieces, func(p Piece) bool { return p.Id })
	for _, p := range m.Pieces {
		distinct = max(distinct, p.Width)
	}
	text := slices.ContainsFunc(c.field.Schema.PrimaryFields, func(f *schema.Field) bool { return f.GORMDataType == schema.String })
	if c.index != "" && distinct < fewestDigits && (!keyed || c.folds && text) {
		return m, fmt.Sprintf("the values might not stay apart in the unique index %s", c.index)
	}
	return m, ""
}

// shorten cuts texts from the end, then random parts, until the length fits.
func shorten(pieces []Piece, length, size int) int {
	for i := len(pieces) - 1; i >= 0 && length > size; i-- {
		runes := []rune(pieces[i].Text)
		cut := min(length-size, len(runes))
		pieces[i].Text = string(runes[:len(runes)-cut])
		length -= cut
	}
	for i := len(pieces) - 1; i >= 0 && length > size; i-- {
		if pieces[i].Width > 0 {
			cut := min(length-size, pieces[i].Width-min(fewestDigits, pieces[i].Width))
			pieces[i].Width -= cut
			length -= cut
		}
	}
	return length
}

// idLength is the longest text of a row's key; 0 where it has no bound.
func idLength(s *schema.Schema) int {
	length := len(s.PrimaryFields) - 1 // separators
	for _, field := range s.PrimaryFields {
		facts := columnFacts{size: field.Size}
		if match := sizeInType.FindStringSubmatch(string(field.DataType)); match != nil {
			facts.size, _ = strconv.Atoi(match[1])
		}
		switch kind := KindOfColumn(field, strings.ToLower(string(field.DataType))); {
		case kind == IntegerColumn:
			length += longestInteger
		case kind == UuidColumn:
			length += uuidLength
		case kind == TextColumn && facts.size > 0:
			length += facts.size
		default:
			return 0
		}
	}
	return length
}
