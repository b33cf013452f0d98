package pii

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

const (
	randomDigits = 32
	// fewestDigits keep random values and codes apart: 64 bits.
	fewestDigits = 16
	hexDigits    = "0123456789abcdef"
)

// randomMask is random: each row gets a value of its own, a text of hexadecimal digits, a number or a UUID.
type randomMask struct {
	inSQL
	whole
	kind  ColumnKind
	width int // digits of a text, bits of a number
}

func newRandom(string) Mask { return randomMask{} }

func (m randomMask) Strategy() string { return "random" }

func (m randomMask) Fits(c *columnFacts) (Mask, string) {
	m.kind = c.kind
	switch c.kind {
	case TextColumn:
		m.width = randomDigits
		if c.size > 0 {
			m.width = min(m.width, c.size)
		}
		if c.index != "" && m.width < fewestDigits {
			return m, fmt.Sprintf("%d characters are too few to stay apart in the unique index %s", m.width, c.index)
		}
	case IntegerColumn:
		m.width = integerBits(c.field)
		if c.index != "" && m.width < 62 {
			return m, fmt.Sprintf("numbers of %d bits may collide in the unique index %s", m.width, c.index)
		}
	case UuidColumn:
	default:
		return m, fmt.Sprintf("random values are texts, integers or UUIDs, the column holds %s", c.kind)
	}
	return m, ""
}

// integerBits is how many bits a positive number in the column has.
func integerBits(field *schema.Field) int {
	bits := 63
	if field.Size > 0 {
		bits = min(bits, field.Size-1)
	}
	switch name := ownName(string(field.DataType)); {
	case name == "tinyint":
		bits = min(bits, 7)
	case slices.Contains([]string{"smallint", "int2", "smallserial", "serial2"}, name):
		bits = min(bits, 15)
	case name == "mediumint":
		bits = min(bits, 23)
	case slices.Contains([]string{"integer", "int4", "serial", "serial4"}, name), name == string(schema.Int) && field.DataType != schema.Int:
		bits = min(bits, 31)
	}
	return max(bits, 1)
}

func (m randomMask) Written() writtenValue {
	switch m.kind {
	case TextColumn:
		return writtenValue{isText: true, shortest: m.width, longest: m.width, alphabet: hexDigits}
	case IntegerColumn:
		most := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(m.width)), big.NewInt(1))
		return writtenValue{low: new(big.Rat), high: new(big.Rat).SetInt(most)}
	}
	return writtenValue{nothing: true}
}

func (m randomMask) SQL(q *statement.Query) {
	switch m.kind {
	case IntegerColumn:
		q.Text(q.Dialect.RandomInteger(m.width))
	case UuidColumn:
		q.Text(q.Dialect.RandomUUID())
	default:
		q.Text(randomText(q, m.width))
	}
}

// randomText writes a text of random digits, new for each row.
func randomText(q *statement.Query, digits int) string {
	return fmt.Sprintf("substr(%s, 1, %d)", q.Dialect.RandomDigits(), digits)
}

func (m randomMask) Of(context.Context, Row) (any, error) {
	switch m.kind {
	case IntegerColumn:
		n, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(m.width))) // never fails, see crypto/rand.Read
		return n.Int64(), nil
	case UuidColumn:
		digits := randomHex(randomDigits)
		return digits[:8] + "-" + digits[8:12] + "-4" + digits[13:16] + "-a" + digits[17:20] + "-" + digits[20:], nil
	default:
		return randomHex(min(m.width, randomDigits)), nil
	}
}

func randomHex(digits int) string {
	data := make([]byte, (digits+1)/2)
	_, _ = rand.Read(data) // never fails, see crypto/rand.Read
	return hex.EncodeToString(data)[:digits]
}
