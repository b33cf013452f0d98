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

// List is a condition behind a column, or about several: SQL text, with a value to bind between each two pieces.
type List struct {
	Text   []string
	Values []any
}

// list is a database's form.
type list struct {
	value func(values []any, bytes bool) (List, bool)
	keys  func(keys [][]any, columns []ListColumn) (List, bool)
}

// ListColumn is a column of a key: as the statement calls it, and a column of a table whose type it has, all quoted.
type ListColumn struct {
	Here, Table, Name string
	// Bytes tells that the column is one of bytes, and has some among its values.
	Bytes bool
}

// List is what stands behind a column that is one of the values, which are of the types of database/sql; bytes tells that the
// column is one of bytes. ok is false where that cannot say one of them exactly.
func (d *Dialect) List(values []any, bytes bool) (l List, ok bool) {
	return d.list.value(values, bytes)
}

// KeyList is the condition that columns are, together, one of the keys, of the types of database/sql. ok is false where that
// cannot say one of them exactly.
func (d *Dialect) KeyList(keys [][]any, columns []ListColumn) (l List, ok bool) {
	return d.list.keys(keys, columns)
}

// listWriter writes a List.
type listWriter struct {
	list    List
	pending strings.Builder
}

func (w *listWriter) text(parts ...string) {
	for _, part := range parts {
		w.pending.WriteString(part)
	}
}

func (w *listWriter) bind(value any) {
	w.list.Text, w.list.Values = append(w.list.Text, w.pending.String()), append(w.list.Values, value)
	w.pending.Reset()
}

func (w *listWriter) done() List {
	w.list.Text = append(w.list.Text, w.pending.String())
	return w.list
}

// The array's type is that of the column: the value comes as text, which the database reads. Bytes are a text of their own there,
// and only where the column is known to be one of bytes: any other would take that text as it is.
var postgresList = list{
	value: func(values []any, bytes bool) (List, bool) {
		array, ok := postgresArray(values, bytes)
		return List{Text: []string{" = ANY (", ")"}, Values: []any{array}}, ok
	},
	keys: postgresKeyList,
}

func postgresArray(values []any, bytes bool) (string, bool) {
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
		case []byte:
			if !bytes {
				return "", false
			}
			text.WriteString(`"\`)
			text.WriteString(keyBytes(value))
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
//
// postgresArrayOf stands beside one that is an array of values of a column. Beside NULL a domain is the type that it is over: a value that
// the domain does not allow is no row's, as it is in a comparison, and no error.
func postgresArrayOf(c ListColumn) string {
	return "(SELECT array_agg(COALESCE(" + c.Name + ", NULL)) FROM " + c.Table + " WHERE FALSE)"
}

func postgresKeyList(keys [][]any, columns []ListColumn) (List, bool) {
	var w listWriter
	w.text(row(columns), " IN (SELECT * FROM unnest(")
	column := make([]any, len(keys))
	for i, c := range columns {
		for j, key := range keys {
			column[j] = key[i]
		}
		array, ok := postgresArray(column, c.Bytes)
		if !ok {
			return List{}, false
		}
		if i > 0 {
			w.text(", ")
		}
		w.text("COALESCE(")
		w.bind(array)
		w.text(", ", postgresArrayOf(c), ")")
	}
	w.text("))")
	return w.done(), true
}

var sqliteList = list{
	value: func(values []any, _ bool) (List, bool) {
		var w listWriter
		items, ok := itemsOf(values)
		ok = ok && items.in(&w)
		return w.done(), ok
	},
	keys: sqliteKeyList,
}

// items are the values of a column as they travel in a JSON document. JSON has neither bytes nor times, and the database reads
// its fractions with less care than a driver passes them: bytes are one value beside the document, which says where each of them
// is in it; a fraction is a whole number and a count of what is behind it, see sqliteReal. Of times only the driver knows the
// text.
type items struct {
	list []any
	kind func(w *listWriter, item func(part string) string)
}

// in writes that a column is one of the items.
func (x items) in(w *listWriter) bool {
	w.text(" IN (SELECT ")
	x.kind(w, func(part string) string {
		if part == "" {
			return "value"
		}
		return "json_extract(value, '$" + part + "')"
	})
	return documentOf(w, x.list, "))")
}

// documentOf writes what the items are selected from, and what shuts that.
func documentOf(w *listWriter, list any, shut string) bool {
	document, err := json.Marshal(list)
	w.text(" FROM json_each(")
	w.bind(string(document))
	w.text(shut)
	return err == nil
}

func itemsOf(values []any) (items, bool) {
	for _, value := range values {
		switch value.(type) {
		case []byte:
			return bytesOf(values)
		case float64:
			return fractionsOf(values)
		}
	}
	list, ok := plainJSON(values)
	return items{list, func(w *listWriter, item func(string) string) { w.text(item("")) }}, ok
}

func bytesOf(values []any) (items, bool) {
	list, all := make([]any, len(values)), []byte{}
	for i, value := range values {
		if content, ok := value.([]byte); ok {
			list[i] = [2]int{len(all) + 1, len(content)}
			all = append(all, content...)
		} else if value != nil {
			return items{}, false
		}
	}
	return items{list, func(w *listWriter, item func(string) string) {
		w.text("substr(")
		w.bind(all)
		w.text(", ", item("[0]"), ", ", item("[1]"), ")")
	}}, true
}

func fractionsOf(values []any) (items, bool) {
	list := make([]any, len(values))
	for i, value := range values {
		x, ok := value.(float64)
		size := math.Abs(x)
		switch {
		case value == nil:
		case !ok || math.IsNaN(x) || size >= 1<<62 || size < 1.0/512 && size > 0: // further from 1 there are bits that neither number has
			return items{}, false
		default:
			whole, behind := math.Modf(x)
			list[i] = [2]int64{int64(whole), int64(math.Ldexp(behind, 62))}
		}
	}
	return items{list, func(w *listWriter, item func(string) string) {
		w.text("(", item("[0]"), " + ", item("[1]"), " / "+bitsUnit+".0)")
	}}, true
}

// Left to itself the database may look up the first column of the key alone, and read what is under each, a whole tenant's rows
// perhaps: it is given the other columns' values too, unless they would make many keys that nobody asked for.
func sqliteKeyList(keys [][]any, columns []ListColumn) (List, bool) {
	parts, others, combined := make([]items, len(columns)), make([]items, len(columns)), 1
	rows := make([][]any, len(keys))
	for i := range columns {
		values := make([]any, len(keys))
		for j, key := range keys {
			values[j] = key[i]
		}
		var ok, known bool
		parts[i], ok = itemsOf(values)
		others[i], known = itemsOf(once(values))
		if !ok || !known {
			return List{}, false
		}
		for j, item := range parts[i].list {
			rows[j] = append(rows[j], item)
		}
		combined = min(combined*len(others[i].list), 1<<30)
	}
	var w listWriter
	w.text("(")
	if combined <= mostCombined*len(keys) {
		for i, c := range columns[1:] {
			w.text(c.Here)
			if !others[i+1].in(&w) {
				return List{}, false
			}
			w.text(" AND ")
		}
	}
	w.text(row(columns), " IN (SELECT ")
	for i, part := range parts {
		if i > 0 {
			w.text(", ")
		}
		part.kind(&w, func(of string) string { return "json_extract(value, '$[" + strconv.Itoa(i) + "]" + of + "')" })
	}
	ok := documentOf(&w, rows, "))")
	w.text(")")
	return w.done(), ok
}

// once are the values, each once.
func once(values []any) (list []any) {
	type content string // of bytes, which are not comparable
	seen := map[any]bool{}
	for _, value := range values {
		same := value
		if bytes, ok := value.([]byte); ok {
			same = content(bytes)
		}
		if !seen[same] {
			seen[same] = true
			list = append(list, value)
		}
	}
	return list
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
