package pii

import (
	"context"
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// newTruncate is truncate:year, truncate:month or truncate:ip.
func newTruncate(argument string) Mask {
	switch unit := strings.ToLower(strings.TrimSpace(argument)); unit {
	case "ip":
		return addressMask{}
	default:
		return periodMask{unit: unit}
	}
}

// periodMask cuts a time to the beginning of its year or month, in UTC.
type periodMask struct {
	inSQL
	column *columnFacts
	unit   string
}

func (m periodMask) Strategy() string { return "truncate:" + m.unit }

func (m periodMask) Fits(c *columnFacts) (Mask, string) {
	m.column = c
	switch {
	case m.unit != "year" && m.unit != "month":
		return m, fmt.Sprintf("%q is unknown; year, month and ip are known", m.unit)
	case c.kind != TimeColumn:
		return m, fmt.Sprintf("only a time has a year and a month, the column holds %s", c.kind)
	}
	return m, c.once()
}

func (m periodMask) Written() writtenValue { return writtenValue{nothing: true, maybeNull: true} }

func (m periodMask) SQL(q *statement.Query) {
	field := m.column.field
	q.Text(q.Dialect.TruncateTime(q.Quoted("", field.DBName), q.Tx.Dialector.DataTypeOf(field), m.unit))
}

// Of gives nothing for what is no time.
func (m periodMask) Of(_ context.Context, row Row) (any, error) {
	old := row.Columns[m.column.field.DBName]
	if old == nil {
		return nil, nil
	}
	at, ok := old.(time.Time)
	if !ok {
		at, ok = ParseTime(rowkey.TextOf(old))
	}
	if !ok {
		return statement.EmptyValue(m.column.field, true), nil
	}
	return m.begin(at), nil
}

// Takes leaves out times that the mask leaves as they are.
func (m periodMask) Takes(old string, each func(string)) {
	at, ok := ParseTime(old)
	if ok && at.UTC().Equal(m.begin(at)) {
		return
	}
	each(old)
}

// begin is the beginning of a time's period.
func (m periodMask) begin(at time.Time) time.Time {
	at = at.UTC()
	month := time.January
	if m.unit == "month" {
		month = at.Month()
	}
	return time.Date(at.Year(), month, 1, 0, 0, 0, 0, time.UTC)
}

// Left implements Mask: what is left of a time is for the database to tell, see AsksDatabase.
func (m periodMask) Left(_, _ sql.NullString, _ func(string) bool) bool { return false }

// ParseTime reads the forms in which databases keep times as text.
func ParseTime(text string) (at time.Time, ok bool) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05Z07", time.DateTime, "2006-01-02T15:04:05", time.DateOnly,
	} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	return at, false
}

// addressMask keeps the network of an address: /24 of IPv4, /48 of IPv6. What is no address goes.
type addressMask struct {
	inProgram
	column *columnFacts
}

func (m addressMask) Strategy() string { return "truncate:ip" }

func (m addressMask) Fits(c *columnFacts) (Mask, string) {
	m.column = c
	switch {
	case c.kind != TextColumn && c.kind != AddressColumn:
		return m, fmt.Sprintf("an address is text, the column holds %s", c.kind)
	case c.kind == AddressColumn && c.field.NotNull:
		return m, "what is no address becomes NULL, and the column is NOT NULL"
	}
	return m, c.once()
}

func (m addressMask) Written() writtenValue { return writtenValue{nothing: true, maybeNull: true} }

func (m addressMask) Examples() []any {
	four, _ := truncateAddress("192.0.2.1")
	six, _ := truncateAddress("2001:db8:0:0:0:0:0:1")
	return []any{four, six, statement.EmptyValue(m.column.field, true)}
}

func (m addressMask) Of(_ context.Context, row Row) (any, error) {
	old := row.Columns[m.column.field.DBName]
	if old == nil {
		return nil, nil
	}
	if network, ok := truncateAddress(rowkey.TextOf(old)); ok {
		return network, nil
	}
	return statement.EmptyValue(m.column.field, true), nil
}

func (m addressMask) Takes(old string, each func(string)) {
	if !isNetwork(old) {
		each(old)
	}
}

func (m addressMask) Left(old, now sql.NullString, _ func(string) bool) bool {
	return same(old, now) && !isNetwork(old.String)
}

// isNetwork tells whether a text is an address without more than its network.
func isNetwork(text string) bool {
	network, ok := truncateAddress(text)
	return ok && network == strings.TrimSuffix(strings.TrimSuffix(text, "/32"), "/128")
}

// truncateAddress gives the network of an address. ok is false for what is none.
func truncateAddress(text string) (network string, ok bool) {
	text = strings.TrimSpace(text)
	address, err := netip.ParseAddr(text)
	if err != nil {
		if prefix, prefixErr := netip.ParsePrefix(text); prefixErr == nil {
			address = prefix.Addr()
		} else if port, portErr := netip.ParseAddrPort(text); portErr == nil {
			address = port.Addr()
		} else {
			return "", false
		}
	}
	address = address.Unmap().WithZone("")
	bits := 48
	if address.Is4() {
		bits = 24
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return "", false
	}
	return prefix.Addr().String(), true
}
