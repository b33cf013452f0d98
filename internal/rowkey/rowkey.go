// Package rowkey: the primary key of a row as text: for people, exactly, and as the database compares it.
package rowkey

import (
	"bytes"
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// TextOf is a key's value as text.
func TextOf(value any) string {
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

// PlainValue is a value as the database gets it; ok is false for NULL.
func PlainValue(value any) (plain any, ok bool) {
	if valuer, isValuer := value.(driver.Valuer); isValuer {
		if v := reflect.ValueOf(value); v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, false
		}
		value, _ = valuer.Value()
	}
	for v := reflect.ValueOf(value); v.IsValid() && v.Kind() == reflect.Pointer; v = reflect.ValueOf(value) {
		if v.IsNil() {
			return nil, false
		}
		value = v.Elem().Interface()
	}
	return value, value != nil
}
