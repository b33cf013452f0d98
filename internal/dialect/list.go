package dialect

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// This room is how a database takes a list of values as a single one.

// list is a database's form.
type list struct {
	open, shut string
	value      func(values []any) (string, bool)
}

// List is the values, of the types of database/sql, as one value to bind; ok is false where that cannot say one of them exactly.
// What stands before it and behind it is InList.
func (d *Dialect) List(values []any) (text string, ok bool) { return d.list.value(values) }

// InList stands between a column and the list of its values, and behind that.
func (d *Dialect) InList() (open, shut string) { return d.list.open, d.list.shut }

// The array's type is that of the column: the value comes as text, which the database reads.
var postgresList = list{open: " = ANY (", shut: ")", value: func(values []any) (string, bool) {
	var text strings.Builder
	text.WriteByte('{')
	for i, value := range values {
		if i > 0 {
			text.WriteByte(',')
		}
		switch value := value.(type) {
		case nil:
			text.WriteString("NULL")
		case int64:
			text.WriteString(strconv.FormatInt(value, 10))
		case bool:
			text.WriteString(strconv.FormatBool(value))
		case string:
			text.WriteByte('"')
			text.WriteString(arrayEscapes.Replace(value))
			text.WriteByte('"')
		case time.Time:
			if value.Year() < 1 || value.Year() > 9999 {
				return "", false
			}
			// With its own zone: a column without one takes the time that stands there.
			text.WriteString(value.Truncate(time.Microsecond).Format(`"2006-01-02 15:04:05.999999Z07:00"`))
		default:
			return "", false
		}
	}
	text.WriteByte('}')
	return text.String(), true
}}

var arrayEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// JSON has no bytes and no times, and texts that are UTF-8 only.
var sqliteList = list{open: " IN (SELECT value FROM json_each(", shut: "))", value: func(values []any) (string, bool) {
	plain := make([]any, len(values))
	for i, value := range values {
		switch value := value.(type) {
		case nil, int64:
			plain[i] = value
		case bool: // the driver keeps it as that
			if plain[i] = 0; value {
				plain[i] = 1
			}
		case string:
			if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
				return "", false
			}
			plain[i] = value
		default:
			return "", false
		}
	}
	text, err := json.Marshal(plain)
	return string(text), err == nil
}}
