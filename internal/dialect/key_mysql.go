package dialect

import (
	"math"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// mysqlKeys writes keys so that neither the session's collation nor its zone changes them. shorten is what the server does
// with a time that has more digits than its column.
func mysqlKeys(shorten func(at time.Time, step time.Duration) time.Time) keys {
	return keys{
		kind: mysqlKeyKind(mysqlTimeDigits),
		single: func(field *schema.Field, name string) bool {
			if field.DataType == schema.Float { // GORM makes it one of the size
				return field.Size <= 32
			}
			return mysqlType(name).name == "float"
		},
		sql: mysqlKeySQL,
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
					return keyWhole(is)
				}
			case KeyUUID:
				return uuidText(keyText(value))
			case KeyDecimal:
				return decimalText(value, c.Digits)
			case KeyReal:
				return mysqlReal(value, c.Single)
			case KeyInstant:
				if at, ok := keyMoment(value); ok && at.IsZero() {
					return "0000-00-00 00:00:00.000000" // as the driver sends it
				} else if ok {
					return shorten(at.UTC(), time.Duration(math.Pow10(9-c.Digits))).Format("2006-01-02 15:04:05.000000")
				}
			case KeyDate:
				if at, ok := keyMoment(value); ok {
					return at.UTC().Format(time.DateOnly)
				}
			}
			return keyText(value)
		},
	}
}

// mysqlKeyKind reads fields of which GORM makes columns of times with so many digits by itself.
func mysqlKeyKind(digits int) func(field *schema.Field, name string) (KeyKind, int) {
	return func(field *schema.Field, name string) (KeyKind, int) {
		if field.DataType == schema.Time && (field.Precision > 0 || field.TagSettings["PRECISION"] != "") {
			return KeyInstant, min(field.Precision, 6)
		} else if field.DataType == schema.Time {
			return KeyInstant, digits
		}
		return mysqlKindOf(field, name)
	}
}

func mysqlKindOf(field *schema.Field, name string) (KeyKind, int) {
	if kind, ok := plainKinds[field.DataType]; ok {
		return kind, -1
	}
	if field.DataType == schema.Float {
		if field.Precision > 0 {
			return KeyDecimal, field.Scale
		}
		return KeyReal, -1
	}
	t := mysqlType(name)
	last := 0
	if len(t.numbers) > 0 {
		last = t.numbers[len(t.numbers)-1]
	}
	switch t.name {
	case "datetime", "timestamp":
		return KeyInstant, min(last, 6)
	case "date":
		return KeyDate, -1
	case "char":
		return KeyPadded, -1
	case "varchar", "text", "tinytext", "mediumtext", "longtext", "enum":
		return KeyText, -1
	case "tinyint", "smallint", "mediumint", "int", "bigint", "year":
		return KeyWhole, -1
	case "boolean":
		return KeyBool, -1
	case "uuid":
		return KeyUUID, -1
	case "varbinary", "binary", "blob", "tinyblob", "mediumblob", "longblob":
		return KeyBytes, -1
	case "decimal":
		if len(t.numbers) < 2 {
			return KeyDecimal, 0
		}
		return KeyDecimal, last
	case "float", "double":
		return KeyReal, -1
	}
	return KeyOther, -1
}

// mysqlTimeStep is a second for a type without a number.
func mysqlTimeStep(kind func(*schema.Field, string) (KeyKind, int)) func(field *schema.Field) (step time.Duration, known bool) {
	return func(field *schema.Field) (step time.Duration, known bool) {
		kind, digits := kind(field, strings.ToLower(strings.TrimSpace(string(field.DataType))))
		return time.Duration(math.Pow10(9 - digits)), kind == KeyInstant
	}
}

// WithTimes is the dialect for a driver that makes columns of a type of the times in models that say none.
func (d *Dialect) WithTimes(columnType string) *Dialect {
	t := mysqlType(columnType)
	if d.timeStep == nil || t.name != "datetime" || first(t.numbers) == mysqlTimeDigits {
		return d
	}
	other := *d
	other.keys.kind = mysqlKeyKind(min(first(t.numbers), 6))
	other.timeStep = mysqlTimeStep(other.keys.kind)
	return &other
}

// mysqlTimeDigits are those of a column that GORM makes for a time, unless its driver is told otherwise.
const mysqlTimeDigits = 3

func mysqlKeySQL(c KeyColumn, expression string) string {
	switch c.Kind {
	case KeyBytes:
		return "CONCAT(" + mysqlLiteral(`\x`) + ", LOWER(HEX(" + expression + ")))"
	case KeyInstant:
		return "DATE_FORMAT(" + expression + ", '%Y-%m-%d %H:%i:%s.%f')"
	case KeyDate:
		return "DATE_FORMAT(" + expression + ", '%Y-%m-%d')"
	case KeyReal:
		return "CONCAT(" + expression + " + 0e0, '')"
	case KeyWhole, KeyBool, KeyDecimal:
		return "CONCAT(" + expression + ", '')"
	}
	// By what the text is, as those of the plugin's own tables are compared, and not by a collation of its column.
	return "CONVERT(" + expression + " USING utf8mb4) COLLATE utf8mb4_bin"
}

// mostPlaces is up to how many places before the point, or of zeros behind it, a fraction is written without an exponent; with digits
// behind the point it always is (my_gcvt in strings/dtoa.c of the servers).
const mostPlaces = 15

// mysqlReal is the text of a fraction: its shortest digits.
func mysqlReal(value any, single bool) string {
	x, ok := value.(float64)
	if !ok {
		parsed, err := strconv.ParseFloat(strings.TrimSpace(keyText(value)), 64)
		if err != nil {
			return keyText(value)
		}
		x = parsed
	}
	if single {
		x = float64(float32(x))
	}
	if x == 0 {
		return "0"
	}
	digits, power, _ := strings.Cut(strconv.FormatFloat(x, 'e', -1, 64), "e")
	n, _ := strconv.Atoi(power)
	before, all := n+1, len(strings.Trim(strings.ReplaceAll(digits, ".", ""), "-"))
	if before > -mostPlaces && (before <= mostPlaces || all > before) {
		return strconv.FormatFloat(x, 'f', -1, 64)
	}
	return digits + "e" + strconv.Itoa(n)
}
