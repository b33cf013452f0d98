package dialect

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// This room is for the columns that a log is about. What writes it lists them in its first lines, so that a migration by another
// version of the application, whose model has other columns, leaves those in the log that it does not know.

// LogFound is what writes a log as the database has it.
type LogFound struct {
	// Texts are the definitions by name.
	Texts map[string]string
	// Mark is another text after any change of them.
	Mark string
	// Late are other triggers of the table that fire before those of the log.
	Late []Attached
}

// Latest tells whether what writes the log takes its context in the form of this version.
func (f LogFound) Latest() bool {
	for _, text := range f.Texts {
		if _, listed := listedColumns(text); listed {
			return true
		}
	}
	return false
}

var written = regexp.MustCompile(`(?i)\b(?:update(?:\s+or\s+\w+)?|insert(?:\s+or\s+\w+)?\s+into|replace\s+into|delete\s+from)\s+(?:\w+\.)?["'\x60\[]?([^"'\x60\]\s(;]+)`)

// Writes tells whether a trigger writes to the table.
func (a Attached) Writes(table string) bool {
	return slices.ContainsFunc(written.FindAllStringSubmatch(a.SQL, -1), func(match []string) bool { return strings.EqualFold(match[1], table) })
}

// columnList stands before the list of columns. listComment is that in a comment, of which the rest of the line is the list; elsewhere it is
// in a text of the definition, up to its end.
const (
	columnList  = "softdelete event log, columns: "
	listComment = "-- "
)

// knownColumn is a column in that list.
type knownColumn struct {
	Name  string `json:"name"`
	Value Value  `json:"value,omitempty"`
	Plain bool   `json:"plain,omitempty"`
	Type  string `json:"type,omitempty"`
}

// listing is the line that lists the columns.
func (l *Log) listing() string { return listComment + columnList + l.list() + "\n" }

// listingText is that list in a text that needs no escapes, for definitions whose comments get lost.
func (l *Log) listingText() string {
	var text strings.Builder
	for _, b := range []byte(l.list()) {
		if b < ' ' || b > '~' || b == '%' || b == '\'' || b == '\\' {
			fmt.Fprintf(&text, "%%%02X", b)
		} else {
			text.WriteByte(b)
		}
	}
	return "'" + columnList + text.String() + "'"
}

func (l *Log) list() string {
	list := make([]knownColumn, len(l.Columns))
	for i, c := range l.Columns {
		list[i] = knownColumn{Name: c.Name, Value: c.Value, Plain: c.Plain, Type: c.Type}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err) // texts and numbers
	}
	return string(text)
}

// listedColumns reads the list from a definition; listed is false for that of a version which wrote none.
func listedColumns(text string) (list []knownColumn, listed bool) {
	before, rest, listed := strings.Cut(text, columnList)
	if !listed {
		return nil, false
	}
	if strings.HasSuffix(before, listComment) {
		rest, _, _ = strings.Cut(rest, "\n")
		return list, json.Unmarshal([]byte(rest), &list) == nil
	}
	rest, _, _ = strings.Cut(rest, "'")
	rest, err := url.PathUnescape(rest)
	return list, err == nil && json.Unmarshal([]byte(rest), &list) == nil
}

// Knows tells whether a definition logs a column of the name.
func (l *Log) Knows(text, name string) bool {
	if list, listed := listedColumns(text); listed {
		return slices.ContainsFunc(list, func(c knownColumn) bool { return c.Name == name })
	}
	return strings.Contains(text, jsonName(name)+":")
}

// Wide is the log with the columns that the table has, in the order of the table, and that the model or what writes the log so
// far knows. Further columns of the model come last.
func (d *Dialect) Wide(l *Log, found LogFound, table []Column) *Log {
	wide := *l
	wide.Columns = nil
	rest := slices.Clone(l.Columns)
	for _, column := range table {
		own := slices.IndexFunc(rest, func(c LoggedColumn) bool {
			return c.Name == column.Name || d.columns.fold && strings.EqualFold(c.Name, column.Name)
		})
		if own >= 0 {
			wide.Columns = append(wide.Columns, rest[own])
			rest = slices.Delete(rest, own, own+1)
		} else if other, known := d.foreign(l, found, column); known {
			wide.Columns = append(wide.Columns, other)
		}
	}
	wide.Columns = append(wide.Columns, rest...)
	return &wide
}

// foreign gives a column of the table that the model does not have as what writes the log knows it.
func (d *Dialect) foreign(l *Log, found LogFound, column Column) (c LoggedColumn, known bool) {
	c = LoggedColumn{Name: column.Name, Quoted: l.quote(column.Name), Foreign: true}
	for _, text := range found.Texts {
		list, listed := listedColumns(text)
		for _, other := range list {
			if other.Name == column.Name {
				c.Value, c.Plain, c.Type = other.Value, other.Plain, other.Type
				return c, true
			}
		}
		if !listed && l.Knows(text, column.Name) {
			c.Value, c.Type = d.events.value(column.Type), column.Type
			return c, true
		}
	}
	return c, false
}

// Gained gives the columns of a log that what writes it so far does not know, by its definition.
func (l *Log) Gained(text string) (gained []LoggedColumn) {
	for _, c := range l.Columns {
		if !l.Knows(text, c.Name) {
			gained = append(gained, c)
		}
	}
	return gained
}
