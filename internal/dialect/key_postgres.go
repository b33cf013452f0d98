package dialect

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// postgresKeys writes keys so that neither TimeZone nor DateStyle, bytea_output or extra_float_digits changes them.
var postgresKeys = keys{
	kind: func(field *schema.Field, name string) (KeyKind, int) {
		if kind, ok := plainKinds[field.DataType]; ok {
			return kind, -1
		}
		switch field.DataType {
		case schema.Float: // GORM makes it a numeric
			if field.Precision > 0 {
				return KeyDecimal, field.Scale
			}
			return KeyDecimal, -1
		case schema.Time:
			if field.Precision > 0 {
				return KeyInstant, min(field.Precision, 6)
			}
			return KeyInstant, 6
		}
		t := postgresType(name)
		digits := -1
		if len(t.numbers) > 0 {
			digits = t.numbers[len(t.numbers)-1]
		}
		switch t.name {
		case "timestamp with time zone":
			return KeyInstant, min(digits, 6)
		case "timestamp without time zone":
			return KeyClock, min(digits, 6)
		case "date":
			return KeyDate, -1
		case "character":
			return KeyPadded, -1
		case "text", "character varying", "citext", "name":
			return KeyText, -1
		case "smallint", "integer", "bigint":
			return KeyWhole, -1
		case "boolean":
			return KeyBool, -1
		case "uuid":
			return KeyUUID, -1
		case "bytea":
			return KeyBytes, -1
		case "numeric":
			if len(t.numbers) == 1 {
				return KeyDecimal, 0
			}
			return KeyDecimal, digits
		case "real", "double precision":
			return KeyReal, -1
		}
		return KeyOther, -1
	},
	single: singleByName,
	sql: func(c KeyColumn, expression string) string {
		switch c.Kind {
		case KeyBytes:
			return `('\x' || encode(` + expression + `, 'hex'))`
		case KeyInstant:
			return "to_char(" + expression + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
		case KeyClock:
			return "rtrim(rtrim(to_char(" + expression + ", 'YYYY-MM-DD HH24:MI:SS.US'), '0'), '.')"
		case KeyDate:
			return "to_char(" + expression + ", 'YYYY-MM-DD')"
		case KeyDecimal:
			if c.Digits < 0 {
				return "CASE WHEN strpos(" + expression + "::text, '.') > 0 THEN rtrim(rtrim(" + expression + "::text, '0'), '.') ELSE " + expression + "::text END"
			}
		case KeyReal:
			return postgresReal(expression)
		case KeyText, KeyPadded, KeyOther:
			return expression + postgresText
		}
		return expression + "::text"
	},
	of: func(c KeyColumn, value any) string {
		switch c.Kind {
		case KeyBytes:
			return keyBytes(value)
		case KeyPadded:
			return strings.TrimRight(keyText(value), " ")
		case KeyWhole:
			return keyWhole(value)
		case KeyBool:
			if is, ok := keyBool(value); ok {
				return strconv.FormatBool(is)
			}
		case KeyUUID:
			return uuidText(keyText(value))
		case KeyDecimal:
			return decimalText(value, c.Digits)
		case KeyReal:
			return realText(value, c.Single)
		case KeyInstant:
			if at, ok := keyMoment(value); ok {
				return roundedMoment(at.UTC(), c.Digits).Format("2006-01-02 15:04:05.000000")
			}
		case KeyClock:
			if at, ok := keyMoment(value); ok {
				return roundedMoment(wall(at), c.Digits).Format("2006-01-02 15:04:05.999999")
			}
		case KeyDate:
			if at, ok := keyMoment(value); ok {
				return at.Format(time.DateOnly)
			}
		}
		return keyText(value)
	},
}

// postgresText stands behind a value and makes it a text that is compared by what it is, as those of the plugin's own tables are, and not
// by a collation of its column: one that takes different texts for the same also refuses to look into them.
const postgresText = `::text COLLATE "default"`

// postgresReal writes a binary fraction that fifteen digits say with these, and any other, or one far from 1, with seventeen and
// an exponent. A cast to numeric rounds to fifteen digits, a format with an exponent has as many as it says, in every session.
func postgresReal(expression string) string {
	x := "(" + expression + "::float8 + 0)" // which has no -0
	return "CASE WHEN " + x + " IN ('NaN', 'Infinity', '-Infinity') THEN " + x + "::text" +
		" WHEN " + x + " <> 0 AND abs(" + x + ") NOT BETWEEN 1e-4 AND 999999999999999 THEN ltrim(to_char(" + x + ", '9.9999999999999999EEEE'))" +
		" WHEN " + x + "::numeric::float8 = " + x + " THEN " + x + "::numeric::text" +
		" ELSE ltrim(to_char(" + x + ", '9.9999999999999999EEEE')) END"
}

// realText is what postgresReal gives for a value.
func realText(value any, single bool) string {
	var x float64
	switch v := value.(type) {
	case float64:
		x = v
	case int64, uint64:
		x, _ = strconv.ParseFloat(keyText(v), 64)
	default:
		parsed, err := strconv.ParseFloat(strings.TrimSpace(keyText(v)), 64)
		if err != nil {
			return keyText(v)
		}
		x = parsed
	}
	if single {
		x = float64(float32(x))
	}
	switch {
	case math.IsNaN(x):
		return "NaN"
	case math.IsInf(x, 1):
		return "Infinity"
	case math.IsInf(x, -1):
		return "-Infinity"
	case x == 0:
		return "0"
	}
	fifteen, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 14, 64), 64)
	if size := math.Abs(x); size >= 1e-4 && size <= 999999999999999 && fifteen == x {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return strconv.FormatFloat(x, 'e', 16, 64)
}

// wall is what a clock shows at a time, as a time in UTC.
func wall(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
}

// roundedMoment is a time as a column keeps it: the driver cuts it to microseconds, the database rounds those to the column's
// digits, away from the year 2000, where its count begins.
func roundedMoment(at time.Time, digits int) time.Time {
	at = at.Truncate(time.Microsecond)
	if digits < 0 || digits >= 6 {
		return at
	}
	scale := int64(math.Pow10(6 - digits))
	begin := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	micros := at.UnixMicro() - begin
	if micros >= 0 {
		micros = (micros + scale/2) / scale * scale
	} else {
		micros = -((-micros + scale/2) / scale * scale)
	}
	return time.UnixMicro(begin + micros).UTC()
}

var uuidDigits = regexp.MustCompile(`^[0-9a-f]{32}$`)

// uuidText is a UUID as the database writes it, of 16 bytes or one of the texts that it reads.
func uuidText(text string) string {
	digits := strings.NewReplacer("-", "", "{", "", "}", "").Replace(strings.ToLower(strings.TrimPrefix(text, "urn:uuid:")))
	if len(text) == 16 && !uuidDigits.MatchString(digits) {
		digits = keyBytes(text)[2:]
	}
	if !uuidDigits.MatchString(digits) {
		return strings.ToLower(text)
	}
	return digits[:8] + "-" + digits[8:12] + "-" + digits[12:16] + "-" + digits[16:20] + "-" + digits[20:]
}

// mostDigits bounds the texts that are read as decimal numbers.
const mostDigits = 1000

// decimalText is a decimal number as the database writes it in a column with so many digits after the point, or without a
// bound and without trailing zeros where digits is -1.
func decimalText(value any, digits int) string {
	text := strings.TrimSpace(keyText(value))
	if x, ok := value.(float64); ok { // as the driver sends it
		text = strconv.FormatFloat(x, 'f', -1, 64)
	}
	if len(text) > mostDigits || !number.MatchString(text) {
		return text
	}
	if _, power, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		if n, err := strconv.Atoi(power); err != nil || n > mostDigits || n < -mostDigits {
			return text
		}
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return text
	}
	if digits < 0 {
		digits, _ = n.FloatPrec()
	}
	text = n.FloatString(digits)
	if strings.Trim(text, "-0.") == "" {
		text = strings.TrimPrefix(text, "-")
	}
	return text
}
