package dialect

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// This room is how a database takes a list of values as a single one, and a list of keys as one for every column at most.

// list is a database's form.
type list struct {
	open, shut string
	value      func(values []any) (string, bool)
	keys       func(keys [][]any, columns []ListColumn) (text []string, values []any, ok bool)
}

// ListColumn is a column of a key: as the statement calls it, and a column of a table whose type it has, all quoted.
type ListColumn struct{ Here, Table, Name string }

// List is the values, of the types of database/sql, as one value to bind; ok is false where that cannot say one of them exactly.
// What stands before it and behind it is InList.
func (d *Dialect) List(values []any) (text string, ok bool) { return d.list.value(values) }

// InList stands between a column and the list of its values, and behind that.
func (d *Dialect) InList() (open, shut string) { return d.list.open, d.list.shut }

// KeyList is the condition that columns are, together, one of the keys, of the types of database/sql: its text, with a value
// to bind between each two pieces. ok is false where the values cannot say one of them exactly.
func (d *Dialect) KeyList(keys [][]any, columns []ListColumn) (text []string, values []any, ok bool) {
	return d.list.keys(keys, columns)
}

// The array's type is that of the column: the value comes as text, which the database reads.
var postgresList = list{open: " = ANY (", shut: ")", value: postgresArray, keys: postgresKeyList}

func postgresArray(values []any) (string, bool) {
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
		case float64:
			text.WriteString(decimal(value))
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
}

var arrayEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// decimal is a fraction as the shortest text that means it; one without a fraction as an integer's column reads it.
func decimal(value float64) string {
	if value == math.Trunc(value) && math.Abs(value) < 1<<53 {
		return strconv.FormatInt(int64(value), 10)
	}
	return strconv.FormatFloat(value, 'g', -1, 64)
}

// An unknown value in COALESCE has the type of what stands beside it; that is never read where the value is there.
func postgresKeyList(keys [][]any, columns []ListColumn) (text []string, values []any, ok bool) {
	piece := row(columns) + " IN (SELECT * FROM unnest("
	column := make([]any, len(keys))
	for i, c := range columns {
		for j, key := range keys {
			column[j] = key[i]
		}
		array, ok := postgresArray(column)
		if !ok {
			return nil, nil, false
		}
		text, values = append(text, piece+"COALESCE("), append(values, array)
		piece = ", (SELECT array_agg(" + c.Name + ") FROM " + c.Table + " WHERE FALSE)), "
	}
	return append(text, strings.TrimSuffix(piece, ", ")+"))"), values, true
}

// JSON has no bytes and no times, texts that are UTF-8 only, and the database reads its fractions with less care than a driver
// passes them.
const sqliteOpen, sqliteShut = " IN (SELECT value FROM json_each(", "))"

var sqliteList = list{open: sqliteOpen, shut: sqliteShut, value: sqliteDocument, keys: sqliteKeyList}

func sqliteDocument(values []any) (string, bool) {
	plain, ok := plainJSON(values)
	if !ok {
		return "", false
	}
	text, err := json.Marshal(plain)
	return string(text), err == nil
}

// Left to itself the database may look up the first column of the key alone, and read what is under each, a whole tenant's rows
// perhaps: it is given the other columns' values too, unless they would make many keys that nobody asked for.
func sqliteKeyList(keys [][]any, columns []ListColumn) (text []string, values []any, ok bool) {
	rows := make([][]any, len(keys))
	for i, key := range keys {
		if rows[i], ok = plainJSON(key); !ok {
			return nil, nil, false
		}
	}
	parts, others, combined := make([]string, len(columns)), make([][]any, len(columns)), 1
	for i := range columns {
		parts[i] = "json_extract(value, '$[" + strconv.Itoa(i) + "]')"
		seen := map[any]bool{}
		for _, row := range rows {
			if !seen[row[i]] {
				seen[row[i]] = true
				others[i] = append(others[i], row[i])
			}
		}
		combined = min(combined*len(seen), 1<<30)
	}
	piece := "("
	if combined <= mostCombined*len(keys) {
		for i, c := range columns[1:] {
			document, err := json.Marshal(others[i+1])
			if err != nil {
				return nil, nil, false
			}
			text, values = append(text, piece+c.Here+sqliteOpen), append(values, string(document))
			piece = sqliteShut + " AND "
		}
	}
	document, err := json.Marshal(rows)
	text = append(text, piece+row(columns)+" IN (SELECT "+strings.Join(parts, ", ")+" FROM json_each(", ")))")
	return text, append(values, string(document)), err == nil
}

// mostCombined is how many keys a database may look up for one that is asked for.
const mostCombined = 100

// row is columns as one value.
func row(columns []ListColumn) string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Here
	}
	return "(" + strings.Join(names, ", ") + ")"
}

func plainJSON(values []any) (plain []any, ok bool) {
	plain = make([]any, len(values))
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
				return nil, false
			}
			plain[i] = value
		default:
			return nil, false
		}
	}
	return plain, true
}
