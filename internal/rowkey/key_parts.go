package rowkey

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room writes the keys of rows so that they can be read again exactly as they were: each part by itself, a time with its
// zone, which is part of the key where a database keeps times as text, and bytes as they are.

// exactBytes is a part of a key that no JSON string can hold.
type exactBytes struct {
	Hex string `json:"hex"`
}

// KeyParts writes a key as a JSON array, for ReadKey.
func KeyParts(key []any) (string, error) {
	parts := make([]any, len(key))
	for i, part := range key {
		parts[i] = keyPart(part)
	}
	text, err := json.Marshal(parts)
	return string(text), err
}

func keyPart(part any) any {
	if plain, ok := PlainValue(part); ok {
		part = plain
	}
	switch value := reflect.ValueOf(part); {
	case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Uint8:
		return exactBytes{hex.EncodeToString(value.Bytes())}
	case value.Kind() == reflect.Array && value.Type().Elem().Kind() == reflect.Uint8:
		content := reflect.New(value.Type()).Elem() // one that has an address
		content.Set(value)
		return exactBytes{hex.EncodeToString(content.Bytes())}
	}
	if at, ok := part.(time.Time); ok {
		return at.Format(time.RFC3339Nano)
	}
	text := fmt.Sprint(part)
	if !utf8.ValidString(text) {
		return exactBytes{hex.EncodeToString([]byte(text))}
	}
	return text
}

// ReadKey reads what KeyParts has written: a value of the model with that key, and the key as its fields give it.
func ReadKey(ctx context.Context, s *schema.Schema, text string) (value reflect.Value, key []any, err error) {
	var parts []json.RawMessage
	if err := json.Unmarshal([]byte(text), &parts); err != nil || len(parts) != len(s.PrimaryFields) {
		return value, nil, fmt.Errorf("%w: the key of a %s has %d parts", gorm.ErrInvalidValue, s.Name, len(s.PrimaryFields))
	}
	value = reflect.New(s.ModelType)
	for i, field := range s.PrimaryFields {
		part, err := readPart(field, parts[i])
		if err == nil {
			err = field.Set(ctx, value.Elem(), part)
		}
		if err != nil {
			return value, nil, fmt.Errorf("%w: part %d of the key is none of a %s", gorm.ErrInvalidValue, i+1, s.Name)
		}
		exact, _ := field.ValueOf(ctx, value.Elem())
		key = append(key, exact)
	}
	return value, key, nil
}

func readPart(field *schema.Field, part json.RawMessage) (any, error) {
	var bytes exactBytes
	if strings.HasPrefix(string(part), "{") {
		if err := json.Unmarshal(part, &bytes); err != nil {
			return nil, err
		}
		return hex.DecodeString(bytes.Hex)
	}
	var text string
	if err := json.Unmarshal(part, &text); err != nil {
		return nil, err
	}
	switch field.GORMDataType {
	case schema.Bytes: // as holds had them
		return hex.DecodeString(text)
	case schema.Time:
		return time.Parse(time.RFC3339Nano, text)
	}
	return text, nil
}

// JoinKey is a key as one text that no other key of the table has: a composite one joined by commas, with those in its parts
// escaped.
func JoinKey(key []any) string {
	parts := make([]string, len(key))
	for i, part := range key {
		parts[i] = TextOf(part)
	}
	return RowKeyText(parts)
}

// RowKeyText joins the parts of a key likewise.
func RowKeyText(parts []string) string {
	if len(parts) == 1 {
		return parts[0]
	}
	escaped := make([]string, len(parts))
	for i, part := range parts {
		escaped[i] = escapeKey.Replace(part)
	}
	return strings.Join(escaped, ",")
}

var escapeKey = strings.NewReplacer(`\`, `\\`, ",", `\,`)

// SplitKey gives the n parts of a text that JoinKey has made.
func SplitKey(text string, n int) (parts []string, ok bool) {
	if n == 1 {
		return []string{text}, true
	}
	var part strings.Builder
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			escaped = false
			part.WriteRune(r)
		case r == '\\':
			escaped = true
		case r == ',':
			parts = append(parts, part.String())
			part.Reset()
		default:
			part.WriteRune(r)
		}
	}
	parts = append(parts, part.String())
	return parts, len(parts) == n && !escaped
}
