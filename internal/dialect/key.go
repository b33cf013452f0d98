package dialect

import (
	"math"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// This room writes keys as text: in SQL, and of a value in the program, so that both give the same. What the form is for, and
// what it is of a whole key, is said in package rowkey.

// KeyKind is what a key's column holds, as far as the text of its values goes.
type KeyKind int

const (
	// KeyOther: whatever text the database makes of it.
	KeyOther KeyKind = iota
	// KeyText: the text itself.
	KeyText
	// KeyPadded: a text that the database fills up with blanks, which do not count.
	KeyPadded
	// KeyWhole: an integer.
	KeyWhole
	// KeyBool: true or false.
	KeyBool
	// KeyReal: a binary fraction.
	KeyReal
	// KeyDecimal: a decimal fraction.
	KeyDecimal
	// KeyUUID: a UUID in a type of its own.
	KeyUUID
	// KeyBytes: bytes.
	KeyBytes
	// KeyInstant: a date and time that says which instant it is.
	KeyInstant
	// KeyClock: a date and time without a zone.
	KeyClock
	// KeyDate: a date.
	KeyDate
)

// plainKinds are the kinds of the types that GORM chooses, where it does so alike on all databases.
var plainKinds = map[schema.DataType]KeyKind{
	schema.Bool: KeyBool, schema.Int: KeyWhole, schema.Uint: KeyWhole, schema.String: KeyText, schema.Bytes: KeyBytes,
}

// KeyColumn is a column of a key.
type KeyColumn struct {
	Name string // bare
	Kind KeyKind
	// Digits is how many digits of a fraction the column keeps, of a number or of a second; -1 for as many as there are.
	Digits int
	// Single tells that a KeyReal has 32 bits.
	Single bool
}

// escaped tells whether a value's text may have a comma or a backslash that must not be taken for the key's own. That of bytes
// has one backslash, at its beginning, and stays as it is.
func (c KeyColumn) escaped() bool {
	switch c.Kind {
	case KeyText, KeyPadded, KeyOther, KeyDecimal: // SQLite takes any text for a column of numbers
		return true
	}
	return false
}

// EscapeKey writes a column's text as a part of a key that has others.
func (c KeyColumn) EscapeKey(text string) string {
	if !c.escaped() {
		return text
	}
	return keyEscapes.Replace(text)
}

var keyEscapes = strings.NewReplacer(`\`, `\\`, ",", `\,`)

// keys is how a database writes the values of keys.
type keys struct {
	// kind is the kind of a column whose type, in lower case, the model names or GORM chooses.
	kind func(field *schema.Field, name string) (kind KeyKind, digits int)
	// single tells whether a column of fractions has 32 bits.
	single func(field *schema.Field, name string) bool
	// sql writes an expression for the column's values as text; it does not depend on the session's settings.
	sql func(c KeyColumn, expression string) string
	// of is the text that sql gives for a value: nil is none of them, integers have 64 bits.
	of func(c KeyColumn, value any) string
}

// KeyColumn describes the column of a field that is part of a key.
func (d *Dialect) KeyColumn(field *schema.Field) KeyColumn {
	name := strings.ToLower(strings.TrimSpace(string(field.DataType)))
	c := KeyColumn{Name: field.DBName}
	c.Kind, c.Digits = d.keys.kind(field, name)
	c.Single = d.keys.single(field, name)
	return c
}

// singleByName tells it of a column of the type real.
func singleByName(_ *schema.Field, name string) bool {
	return strings.HasPrefix(name, "real") || strings.HasPrefix(name, "float4")
}

// KeySQL is an expression for the exact text of a row's key, of expressions for its columns.
func (d *Dialect) KeySQL(columns []KeyColumn, expressions []string) string {
	if len(columns) == 1 {
		return d.keys.sql(columns[0], expressions[0])
	}
	parts := make([]string, len(columns))
	for i, c := range columns {
		parts[i] = d.keys.sql(c, expressions[i])
		if c.escaped() {
			parts[i] = d.escapedSQL(parts[i])
		}
	}
	return d.keyOf(parts)
}

// keyOf is a key of its columns' texts.
func (d *Dialect) keyOf(texts []string) string {
	var parts []string
	for i, text := range texts {
		if i > 0 {
			parts = append(parts, "','")
		}
		parts = append(parts, text)
	}
	return d.Concat(parts...)
}

func (d *Dialect) escapedSQL(text string) string {
	return "replace(replace(" + text + ", " + d.String(`\`) + ", " + d.String(`\\`) + "), ',', " + d.String(`\,`) + ")"
}

// ValueInKey is the text of a value of a column as KeySQL writes it, before it is escaped: nil, a bool, int64, uint64, float64, string,
// []byte or time.Time.
func (d *Dialect) ValueInKey(c KeyColumn, value any) string { return d.keys.of(c, value) }

// EarlierKeySQL is an expression for the text that versions before this one had for a row's key in the table of erased rows, where
// that is another one.
func (d *Dialect) EarlierKeySQL(columns []KeyColumn, expressions []string) (text string, differs bool) {
	parts := make([]string, len(columns))
	for i, c := range columns {
		switch {
		case c.Kind == KeyBytes:
			differs = differs || len(columns) > 1
			parts[i] = d.keys.sql(c, expressions[i])
		case c.Kind == KeyReal, c.Kind == KeyDecimal && c.Digits < 0:
			differs = true
			parts[i] = d.text(expressions[i])
		default:
			parts[i] = d.keys.sql(c, expressions[i])
		}
		if len(columns) > 1 {
			parts[i] = d.escapedSQL(parts[i])
		}
	}
	return d.keyOf(parts), differs
}

// keyText is the text of a value that no column's kind changes.
func keyText(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case []byte:
		return string(value)
	case int64:
		return strconv.FormatInt(value, 10)
	case uint64:
		return strconv.FormatUint(value, 10)
	case float64:
		return strconv.FormatFloat(value, 'g', -1, 64)
	case bool:
		return strconv.FormatBool(value)
	case time.Time:
		return value.UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// keyWhole is the text of a value in a column of integers.
func keyWhole(value any) string {
	switch v := value.(type) {
	case bool:
		if v {
			return "1"
		}
		return "0"
	case float64:
		if v == float64(int64(v)) {
			return strconv.FormatInt(int64(v), 10)
		}
	case string, []byte:
		text := strings.TrimSpace(keyText(v))
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return strconv.FormatInt(n, 10)
		}
		return text
	}
	return keyText(value)
}

// keyBool reads a value in a column of booleans; ok is false for what is none.
func keyBool(value any) (is, ok bool) {
	switch v := value.(type) {
	case bool:
		return v, true
	case int64:
		return v != 0, true
	case uint64:
		return v != 0, true
	case string, []byte:
		text := strings.TrimSpace(keyText(v))
		switch strings.ToLower(text) {
		case "yes", "on", "y":
			return true, true
		case "no", "off", "n":
			return false, true
		}
		is, err := strconv.ParseBool(strings.ToLower(text))
		return is, err == nil
	}
	return false, false
}

// keyBytes is the text of a value in a column of bytes.
func keyBytes(value any) string {
	const digits = "0123456789abcdef"
	content := keyText(value)
	text := make([]byte, 0, 2+2*len(content))
	text = append(text, '\\', 'x')
	for i := range len(content) {
		text = append(text, digits[content[i]>>4], digits[content[i]&15])
	}
	return string(text)
}

// keyMoment reads a time that a value is, or says as text.
func keyMoment(value any) (at time.Time, ok bool) {
	switch v := value.(type) {
	case time.Time:
		return v, true
	case string, []byte:
		text := keyText(v)
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07", time.DateTime, time.DateOnly} {
			if at, err := time.Parse(layout, text); err == nil {
				return at, true
			}
		}
	}
	return at, false
}

// KeyNumber reads the text of a fraction, in digits or as sqliteReal writes it.
func KeyNumber(text string) (float64, error) {
	text, power, _ := strings.Cut(text, "p")
	whole, behind, divided := strings.Cut(text, "/")
	if !divided && power == "" {
		return strconv.ParseFloat(text, 64)
	}
	size, err := strconv.ParseInt(strings.TrimPrefix(whole, "-"), 10, 64)
	if err != nil {
		return 0, err
	}
	var fraction int64
	if divided {
		if fraction, err = strconv.ParseInt(behind, 10, 64); err != nil {
			return 0, err
		}
	}
	exponent := 0
	if power != "" {
		if exponent, err = strconv.Atoi(power); err != nil {
			return 0, err
		}
	}
	x := math.Ldexp(float64(size)+math.Ldexp(float64(fraction), -62), exponent)
	if strings.HasPrefix(whole, "-") {
		x = -x
	}
	return x, nil
}
