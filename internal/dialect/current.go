package dialect

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This room is for databases on which a SELECT in a caller's transaction may show what was there when that began, while statements that
// write read what is there now.

// Current gives a table for what a SELECT finds now, a statement that stores it there, and one that reads it. It needs the feature
// StaleReads.
func (d *Dialect) Current(read string) (table, store, again string) {
	const name = "softdelete_current"
	create, _ := d.TemporaryTable(name, "")
	return name, create + named(read), "SELECT * FROM " + name
}

// named gives each column of a SELECT a name that a column of a table may have, and no other of it has.
func named(read string) string {
	var text strings.Builder
	known := map[string]bool{}
	rest := 0
	for i, item := range selected(read) {
		text.WriteString(read[rest:item.end])
		rest = item.end
		name := strings.ToLower(item.name)
		if name == "" || known[name] {
			text.WriteString(" AS softdelete_" + strconv.Itoa(i))
		}
		known[name] = name != "*"
	}
	return text.String() + read[rest:]
}

// selection is a column of a SELECT: where its text ends, and its name, empty for an expression without one.
type selection struct {
	end  int
	name string
}

// aliased is a column, or anything that has been given a name.
var aliased = regexp.MustCompile("^(?:.* AS )?(?:`[^`]+`\\.|\\w+\\.)*`?([^`\\s.()'?]+)`?$")

// selected lists the columns of a SELECT, which may follow WITH.
func selected(read string) (columns []selection) {
	depth, flat, inside := 0, []byte{}, false
	for i := 0; i < len(read); i++ {
		c := read[i]
		if inside && depth == 0 && (c == ',' || c == ' ' && ends(read[i+1:])) {
			columns = append(columns, columnOf(flat, i))
			flat = flat[:0]
			if c == ' ' {
				return columns
			}
			continue
		}
		switch c {
		case '\'', '`', '"':
			until := i + 1 + strings.IndexByte(read[i+1:], c)
			if depth == 0 && inside {
				flat = append(flat, read[i:until+1]...)
			}
			i = until
			continue
		case '(':
			depth++
		case ')':
			depth--
		}
		switch {
		case depth > 0:
		case inside:
			flat = append(flat, c)
		case strings.HasPrefix(read[i:], "SELECT ") && (i == 0 || read[i-1] == ' '):
			inside = true
			i += len("SELECT ") - 1
			if strings.HasPrefix(read[i+1:], "DISTINCT ") {
				i += len("DISTINCT ")
			}
		}
	}
	return append(columns, columnOf(flat, len(read)))
}

// ends tells whether a text begins with what stands behind the columns of a SELECT.
func ends(text string) bool {
	return slices.ContainsFunc([]string{"FROM ", "WHERE ", "UNION ", "ORDER ", "LIMIT ", "FOR "}, func(word string) bool { return strings.HasPrefix(text, word) })
}

// columnOf is the column of a text without what stands in parentheses.
func columnOf(text []byte, end int) selection {
	if found := aliased.FindSubmatch(bytes.TrimSpace(text)); found != nil {
		return selection{end, string(found[1])}
	}
	return selection{end: end}
}
