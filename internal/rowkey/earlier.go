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

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room reads the keys that versions before this one have kept in other forms than the exact one: holds and the ledger of
// erasures had each part by itself, as JSON.

// exactBytes is a part of a key that no JSON string can hold.
type exactBytes struct {
	Hex string `json:"hex"`
}

// EarlierParts is what holds and the ledger of erasures had for a key. The identities of subjects in older ledgers are hashes of it.
func EarlierParts(key []any) (string, error) {
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

// ReadParts makes a value of the model with the key that such a text says, as Key.Read does.
func ReadParts(ctx context.Context, s *schema.Schema, text string) (value reflect.Value, key []any, err error) {
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

// EarlierText is what certificates and the ledger of erasures had for a key of times, bytes, fractions or truths; for others it is
// the exact text.
func EarlierText(key []any) string {
	parts := make([]string, len(key))
	for i, part := range key {
		plain, _ := PlainValue(part)
		parts[i] = TextOf(plain)
		if len(key) > 1 {
			parts[i] = dialect.KeyColumn{Kind: dialect.KeyText}.EscapeKey(parts[i])
		}
	}
	return strings.Join(parts, ",")
}
