package pii

import (
	"fmt"
	"time"
)

// zeroMask is zero: the column gets the zero value of its type.
type zeroMask struct{ constant }

func newZero(string) Mask { return zeroMask{} }

func (m zeroMask) Strategy() string { return Zero }

func (m zeroMask) Fits(c *columnFacts) (Mask, string) {
	if reason := c.once(); reason != "" {
		return m, reason
	}
	m.column = c
	switch c.kind {
	case TextColumn:
		m.value = ""
	case IntegerColumn:
		m.value = int64(0)
	case FloatColumn:
		m.value = float64(0)
	case BoolColumn:
		m.value = false
	case TimeColumn:
		m.value = time.Time{}
	case BytesColumn:
		m.value = []byte{}
	default:
		return m, fmt.Sprintf("%s has no zero value", c.kind)
	}
	return m, ""
}
