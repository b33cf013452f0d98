// Package rowkey: the key of a row as text. There are three forms, and no other package makes one of its own.
//
// For people, in reports and errors: [KeyText], the parts joined by ",". It says nothing exactly: ("a,b", "c") and ("a", "b,c")
// read alike.
//
// Exact: [Key.Exact]. It is what the plugin's own tables keep and the only form that maps have as their keys and that keys are
// compared by. Keys that the database finds equal have one text, whatever Go type holds them, and others have another. A key of
// one column is its value as the database casts it to text; of several, "," stands between them, with "," and "\" in a text
// escaped by "\". Bytes are \x and hexadecimal digits, and stay as they are in a key of several columns. PostgreSQL's times are
// UTC with six digits of a second, those without a zone what the clock shows; SQLite's are the text that the driver wrote, whose
// zone is part of the key. UUIDs are in lower case where the database has a type for them. Fractions have no zeros at the end, but
// for those of a declared scale; binary ones that fifteen digits do not say have an exponent on PostgreSQL, and all are written by
// their bits on SQLite. Texts that a column compares without regard to case (citext, COLLATE NOCASE) stay as they are: what is the
// same to such a column says statement.Folding.
//
// In SQL: [Key.SQL], an expression that gives the exact text of a row, in every session.
//
// The exact form is the one that event logs and the table of erased rows have had for keys of integers, texts, UUIDs and times.
// What differs in the table of erased rows is matched in both forms, see [Key.EarlierSQL]; what other places kept before is read by
// the functions in earlier.go.
package rowkey

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// TextOf is a value as text for people.
func TextOf(value any) string {
	if _, array := value.([16]byte); !array {
		value, _ = bare(value)
	}
	switch value := value.(type) {
	case []byte:
		if !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0 { // no text column takes it
			return fmt.Sprintf(`\x%x`, value)
		}
		return string(value)
	case [16]byte:
		return fmt.Sprintf("%x-%x-%x-%x-%x", value[0:4], value[4:6], value[6:8], value[8:10], value[10:16])
	case time.Time:
		return value.UTC().Format(time.RFC3339Nano)
	}
	return fmt.Sprint(value)
}

// KeyText is a row's primary key as text, a composite one joined by ",".
func KeyText(values []any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = TextOf(value)
	}
	return strings.Join(texts, ",")
}
