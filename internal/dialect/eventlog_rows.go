package dialect

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This room reads rows from what events keep of them.

// RowsDocument is a list of rows, with what events keep of their columns, that RowsFromJSON reads.
func (d *Dialect) RowsDocument(l *Log, rows []map[string]json.RawMessage) (string, error) {
	return d.events.document(l, rows)
}

// RowsFromJSON stands around that list, bound, and gives the rows as a table in FROM, of the log's table. It needs the feature
// JSONRows; elsewhere LoggedColumn.Decode gives the values to bind.
func (d *Dialect) RowsFromJSON(l *Log) (before, after string) {
	return d.events.fromJSON(l, l.quote(l.Table))
}

// Misread names the column of the log that has a value which is none of its type, where an error of reading rows from JSON says so.
func (d *Dialect) Misread(l *Log, err error) string {
	if d.events.misread != nil {
		if place, ok := d.events.misread(err); ok && place < len(l.Columns) {
			return l.Columns[place].Name
		}
	}
	return ""
}

// objectRows is a list of objects, whose values stand as the events have them: a column of JSON keeps its text.
func objectRows(_ *Log, rows []map[string]json.RawMessage) (string, error) {
	var text strings.Builder
	for i, row := range rows {
		text.WriteString(map[bool]string{true: "[{", false: ",{"}[i == 0])
		for n, column := range slices.Sorted(maps.Keys(row)) {
			name, err := json.Marshal(column)
			if err != nil {
				return "", err
			}
			if n > 0 {
				text.WriteByte(',')
			}
			text.Write(name)
			text.WriteByte(':')
			text.Write(row[column])
		}
		text.WriteByte('}')
	}
	return text.String() + "]", nil
}

// Decode gives the value that a column had from what an event keeps of it.
func (c LoggedColumn) Decode(data json.RawMessage) (any, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	switch value := value.(type) {
	case bool:
		if value {
			return int64(1), nil
		}
		return int64(0), nil
	case json.Number:
		return decodeNumber(value.String())
	case string:
		switch {
		case c.Value == Whole:
			return strconv.ParseInt(value, 10, 64)
		case c.Value == Bytes:
			return hex.DecodeString(strings.TrimPrefix(value, `\x`))
		case c.Value == Text && !c.Plain && numericColumn(c.Type) && number.MatchString(value):
			return decodeNumber(value)
		}
		return value, nil
	case map[string]any:
		return decodeClass(value)
	case nil:
		return nil, nil
	}
	return nil, errors.New("no value of a column")
}

var number = regexp.MustCompile(`^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$`)

// numericColumn tells whether SQLite keeps a text that looks like a number as one, in a column of the type
// (https://sqlite.org/datatype3.html, 3.1).
func numericColumn(name string) bool {
	return !slices.ContainsFunc([]string{"INT", "CHAR", "CLOB", "TEXT", "BLOB", "REAL", "FLOA", "DOUB"}, func(part string) bool {
		return strings.Contains(strings.ToUpper(name), part)
	})
}

func decodeNumber(text string) (any, error) {
	if strings.ContainsAny(text, ".eE") {
		return strconv.ParseFloat(text, 64)
	}
	return strconv.ParseInt(text, 10, 64)
}

// decodeClass reads a value of another class than its column's: an object with the class as its only name.
func decodeClass(object map[string]any) (any, error) {
	for class, value := range object {
		text, _ := value.(string)
		switch class {
		case "integer":
			return strconv.ParseInt(text, 10, 64)
		case "real":
			return strconv.ParseFloat(text, 64)
		case "text":
			return text, nil
		case "blob":
			return hex.DecodeString(text)
		}
	}
	return nil, errors.New("no class of a value")
}
