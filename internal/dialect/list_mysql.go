package dialect

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// This room is how MySQL and MariaDB take a list of values as a single one: a JSON document that becomes a table. A write looks its rows up
// by what the sub-query gives, as it joins a table, see mysqlOne.

var mysqlList = list{
	value: func(values []any, bytes bool) (List, bool) {
		items, ok := listedOf(values, bytes)
		if !ok {
			return List{}, false
		}
		return listedIn(" IN ", []listedItems{items}, items.list, func(int) string { return "$" }), true
	},
	keys: func(keys [][]any, columns []ListColumn) (List, bool) {
		parts, rows := make([]listedItems, len(columns)), make([][]any, len(keys))
		for i, column := range columns {
			values := make([]any, len(keys))
			for j, key := range keys {
				values[j] = key[i]
			}
			var ok bool
			if parts[i], ok = listedOf(values, column.Bytes); !ok {
				return List{}, false
			}
			for j, item := range parts[i].list {
				rows[j] = append(rows[j], item)
			}
		}
		return listedIn(row(columns)+" IN ", parts, rows, func(i int) string { return "$[" + strconv.Itoa(i) + "]" }), true
	},
}

// listedItems are the values of a column as they stand in a JSON document.
type listedItems struct {
	list []any
	kind listedKind
	most int // letters that one may have
}

// listedKind is a kind of values that a document may have.
type listedKind int

const (
	listedNumbers listedKind = iota
	listedFractions
	listedTexts
	listedBytes
)

// listedLengths are the sizes of a document's columns of text, a few, so that statements are alike. MariaDB keeps longer texts of a sub-query
// as those of any length, and finds others for them: no index tells those apart.
var listedLengths = []int{40, 200, 500}

// listedOf finds how values of one kind stand in a document; bytes tells that their column is one of bytes. Of times only the driver
// knows the text.
func listedOf(values []any, bytes bool) (items listedItems, ok bool) {
	items.list = make([]any, len(values))
	var known bool
	for i, value := range values {
		var kind listedKind
		switch value := value.(type) {
		case nil:
			continue
		case int64, bool:
			kind, items.list[i] = listedNumbers, value
		case float64:
			kind, items.list[i] = listedFractions, strconv.FormatFloat(value, 'g', -1, 64)
		case string:
			kind, items.list[i] = listedTexts, value
			items.most = max(items.most, utf8.RuneCountInString(value))
			if !utf8.ValidString(value) {
				return items, false
			}
		case []byte:
			kind, items.list[i] = listedBytes, hex.EncodeToString(value)
			items.most = max(items.most, hex.EncodedLen(len(value)))
			if !bytes {
				return items, false
			}
		default:
			return items, false
		}
		if known && items.kind != kind {
			return items, false
		}
		items.kind, known = kind, true
	}
	i, _ := slices.BinarySearch(listedLengths, items.most)
	if i == len(listedLengths) {
		return items, false
	}
	items.most = listedLengths[i]
	return items, true
}

// column is the type of the document's column, and value what it becomes.
func (x listedItems) column() string {
	switch x.kind {
	case listedNumbers:
		return "bigint"
	case listedFractions:
		return "double"
	default:
		return "varchar(" + strconv.Itoa(x.most) + ") CHARACTER SET utf8mb4"
	}
}

// A column of text would be compared by a collation of its own, or not at all; what a function for JSON gives has its partner's.
func (x listedItems) value(column string) string {
	switch x.kind {
	case listedTexts:
		return "LEFT(JSON_UNQUOTE(JSON_QUOTE(" + column + ")), " + strconv.Itoa(x.most) + ")"
	case listedBytes:
		return "UNHEX(" + column + ")"
	default:
		return column
	}
}

// listedIn writes a SELECT of the rows of a document behind what is one of them; path says where in its row a column stands.
func listedIn(before string, parts []listedItems, rows any, path func(i int) string) List {
	var w listWriter
	w.text(before, "(SELECT ")
	for i, part := range parts {
		if i > 0 {
			w.text(", ")
		}
		w.text(part.value("k" + strconv.Itoa(i)))
	}
	document, _ := json.Marshal(rows) // of integers and texts
	w.text(" FROM JSON_TABLE(")
	w.bind(string(document))
	w.text(", '$[*]' COLUMNS (")
	for i, part := range parts {
		if i > 0 {
			w.text(", ")
		}
		w.text("k", strconv.Itoa(i), " ", part.column(), " PATH '", path(i), "'")
	}
	w.text(")) AS listed)")
	return w.done()
}
