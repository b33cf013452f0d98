package pii

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/rowkey"
)

// hmacMask is hmac: a code of the value, under a key that the erasure throws away. Within one erasure the same values have the
// same code.
type hmacMask struct {
	inProgram
	whole
	column *columnFacts
	width  int // digits
}

func newHMAC(string) Mask { return hmacMask{} }

func (m hmacMask) Strategy() string { return "hmac" }

func (m hmacMask) Fits(c *columnFacts) (Mask, string) {
	if c.kind != TextColumn {
		return m, fmt.Sprintf("a code is text, the column holds %s", c.kind)
	}
	m.column, m.width = c, 2*sha256.Size
	if c.size > 0 {
		m.width = min(m.width, c.size)
	}
	if m.width < fewestDigits {
		return m, fmt.Sprintf("a code needs at least %d characters, the column has %d", fewestDigits, c.size)
	}
	return m, ""
}

func (m hmacMask) Written() writtenValue {
	return writtenValue{isText: true, shortest: m.width, longest: m.width, alphabet: hexDigits, maybeNull: true}
}

func (m hmacMask) Examples() []any { return []any{strings.Repeat("f", m.width)} }

func (m hmacMask) Of(_ context.Context, row Row) (any, error) {
	field := m.column.field
	old := row.Columns[field.DBName]
	if old == nil {
		return nil, nil
	}
	code := hmac.New(sha256.New, row.Secret)
	code.Write([]byte(field.Schema.Table + "\x00" + field.DBName + "\x00" + rowkey.TextOf(old)))
	return hex.EncodeToString(code.Sum(nil))[:m.width], nil
}
