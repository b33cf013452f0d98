package dialect

import (
	"math"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// sqliteKeys writes keys as they are cast to text. Times are texts there already, in the zone that they were written in, which
// is part of the key. A fraction is written by its bits: SQLite neither writes nor reads the last digits of one exactly.
var sqliteKeys = keys{
	kind: func(field *schema.Field, name string) (KeyKind, int) {
		if kind, ok := plainKinds[field.DataType]; ok {
			return kind, -1
		}
		switch field.DataType {
		case schema.Float:
			return KeyReal, -1
		case schema.Time:
			return KeyInstant, -1
		}
		starts := func(prefixes ...string) bool { return startsWith(name, prefixes) }
		switch {
		case starts("timestamp", "datetime", "date"):
			return KeyInstant, -1
		case starts("blob", "bytea", "longblob", "varbinary"):
			return KeyBytes, -1
		case starts("bool"):
			return KeyBool, -1
		}
		switch affinity(name) {
		case "text":
			return KeyText, -1
		case "real":
			return KeyReal, -1
		case "numeric":
			if strings.Contains(name, "int") {
				return KeyWhole, -1
			}
			return KeyDecimal, -1
		}
		return KeyOther, -1
	},
	single: singleByName,
	sql: func(c KeyColumn, expression string) string {
		text := "CAST(" + expression + " AS TEXT)"
		switch c.Kind {
		case KeyBytes:
			return `('\x' || lower(hex(` + expression + `)))`
		case KeyReal, KeyDecimal:
			return "CASE typeof(" + expression + ") WHEN 'real' THEN " + sqliteReal(expression) + " ELSE " + text + " END"
		}
		return text
	},
	of: func(c KeyColumn, value any) string {
		switch c.Kind {
		case KeyBytes:
			return keyBytes(value)
		case KeyWhole:
			return keyWhole(value)
		case KeyBool:
			if is, ok := keyBool(value); ok {
				return keyWhole(is)
			}
		case KeyReal, KeyDecimal:
			return sqliteNumber(value, c.Kind == KeyReal)
		case KeyInstant:
			if at, ok := value.(time.Time); ok {
				return at.Format(timeAsText)
			}
		}
		return keyText(value)
	},
}

func startsWith(name string, prefixes []string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// sqliteNumber is the text of a number in a column that makes numbers of texts that look like one; one of fractions makes
// fractions of integers too (https://sqlite.org/datatype3.html, 3.1).
func sqliteNumber(value any, fraction bool) string {
	var x float64
	switch v := value.(type) {
	case float64:
		x = v
	case int64, uint64, bool:
		text := keyWhole(v)
		if !fraction {
			return text
		}
		x, _ = strconv.ParseFloat(text, 64)
	default:
		text := strings.TrimSpace(keyText(v))
		if !number.MatchString(text) {
			return keyText(v)
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && !fraction {
			return strconv.FormatInt(n, 10)
		}
		x, _ = strconv.ParseFloat(text, 64)
	}
	if !fraction && x == math.Trunc(x) && math.Abs(x) < 1<<51 {
		return strconv.FormatInt(int64(x), 10)
	}
	return realBits(x)
}

// bitsUnit is 2 to the power of 62, the unit of a fraction's bits; bitsStep the power by which numbers far from 1 are brought
// near it.
const (
	bitsUnit = "4611686018427387904"
	bitsStep = 72
)

// sqliteReal writes a fraction as an integer and what is behind it, a count of 2 to the power of -62, both of which have all of
// its bits: multiplying by powers of two loses none. Those too large or too small for that are brought near 1 before, by as many
// steps as they need, and say so at the end.
func sqliteReal(column string) string {
	write := func(size, suffix string) string {
		whole := "CAST(" + size + " AS INTEGER)"
		behind := "CAST((" + size + " - " + whole + ") * " + bitsUnit + ".0 AS INTEGER)"
		return whole + " || CASE " + behind + " WHEN 0 THEN '' ELSE '/' || " + behind + " END" + suffix
	}
	const (
		step  = "4722366482869645213696.0" // 2 to the power of 72
		large = "9223372036854775808.0"
		small = "0.001953125"
	)
	size := "abs(" + column + ")"
	further := "size >= " + large + " OR size < " + small + " AND (power = 0 OR size * " + bitsUnit + ".0 <> CAST(size * " + bitsUnit + ".0 AS INTEGER))"
	far := "(WITH RECURSIVE far(size, power) AS (SELECT " + size + ", 0 UNION ALL SELECT CASE WHEN size < 1 THEN size * " + step +
		" ELSE size / " + step + " END, power + CASE WHEN size < 1 THEN -72 ELSE 72 END FROM far WHERE " + further + ") SELECT " +
		write("size", " || 'p' || power") + " FROM far ORDER BY abs(power) DESC LIMIT 1)"
	return "CASE WHEN " + column + " < 0 THEN '-' ELSE '' END || CASE WHEN " + size + " = 9e999 THEN 'Inf' WHEN " +
		size + " / " + step + " >= " + large + " OR " + size + " * " + step + " < " + small + " AND " + column + " <> 0 THEN " + far +
		" WHEN " + size + " >= " + large + " THEN " + write(size+" / "+step, " || 'p72'") +
		" WHEN " + size + " < " + small + " AND " + column + " <> 0 THEN " + write(size+" * "+step, " || 'p-72'") +
		" ELSE " + write(size, "") + " END"
}

// realBits is what sqliteReal gives for a value.
func realBits(x float64) string {
	size, power, text := math.Abs(x), 0, ""
	if x < 0 {
		text = "-"
	}
	if math.IsInf(x, 0) {
		return text + "Inf"
	}
	for size >= 1<<63 {
		size, power = math.Ldexp(size, -bitsStep), power+bitsStep
	}
	for size > 0 && size < 1.0/512 && (power == 0 || math.Ldexp(size, 62) != math.Trunc(math.Ldexp(size, 62))) {
		size, power = math.Ldexp(size, bitsStep), power-bitsStep
	}
	whole, fraction := math.Modf(size)
	text += strconv.FormatInt(int64(whole), 10)
	if behind := int64(math.Ldexp(fraction, 62)); behind != 0 {
		text += "/" + strconv.FormatInt(behind, 10)
	}
	if power != 0 {
		text += "p" + strconv.Itoa(power)
	}
	return text
}
