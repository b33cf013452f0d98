package pii

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/rowkey"
)

// jsonMask is json:$.path,…: null stands where the paths lead in a document. What is no document goes whole.
type jsonMask struct {
	inProgram
	column   *columnFacts
	argument string
	paths    []jsonPath
}

func newJSON(argument string) Mask { return jsonMask{argument: argument} }

func (m jsonMask) Strategy() string { return "json" }

func (m jsonMask) Fits(c *columnFacts) (Mask, string) {
	m.column = c
	if c.kind != JsonColumn && c.kind != TextColumn && c.kind != BytesColumn {
		return m, fmt.Sprintf("the column holds %s, no document", c.kind)
	}
	for _, text := range strings.Split(m.argument, ",") {
		path, problem := parseJSONPath(strings.TrimSpace(text))
		if problem != "" {
			return m, problem
		}
		m.paths = append(m.paths, path)
	}
	if c.size > 0 && c.size < len(Nothing) {
		return m, "the column is too small for a document"
	}
	return m, c.once()
}

func (m jsonMask) Written() writtenValue { return writtenValue{nothing: true, maybeNull: true} }

func (m jsonMask) Of(_ context.Context, row Row) (any, error) {
	field := m.column.field
	old := row.Columns[field.DBName]
	if old == nil {
		return nil, nil
	}
	document, ok := maskDocument(rowkey.TextOf(old), m.paths)
	if !ok && !field.NotNull {
		return nil, nil
	}
	return m.value(document), nil
}

// value is a document as it is bound. A []byte stays one, as json.RawMessage does with type:json: SQLite would give a text back,
// which it cannot scan.
func (m jsonMask) value(document string) any {
	if m.column.field.GORMDataType == schema.Bytes {
		return []byte(document)
	}
	return document
}

func (m jsonMask) Examples() []any {
	examples := []any{m.value(`{"a": null}`), m.value(Nothing)}
	if !m.column.field.NotNull {
		examples = append(examples, nil)
	}
	return examples
}

// Takes gives the texts and numbers that the paths lead to.
func (m jsonMask) Takes(old string, each func(string)) {
	if document, ok := DecodeDocument(old); ok {
		m.eachValue(document, each)
	}
}

func (m jsonMask) eachValue(document any, each func(string)) {
	for _, path := range m.paths {
		valuesAt(document, path, each)
	}
}

func (m jsonMask) Left(_, now sql.NullString, has func(string) bool) bool {
	if !now.Valid {
		return false
	}
	document, _ := DecodeDocument(now.String)
	left := false
	m.eachValue(document, func(string) { left = true })
	return left || has(now.String)
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
