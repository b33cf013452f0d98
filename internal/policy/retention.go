package policy

import (
	"fmt"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// The words of the setting then.
const (
	ThenPurge = "purge"
	ThenErase = "erase"
	ThenCold  = "cold"
	ThenKeep  = "keep"
)

// retentionClockOf gives the column that a model's retention counts from, and how it keeps the time; nil where the model
// has none.
func (p *Policy) retentionClockOf() (*schema.Field, clock) {
	switch field := p.clockField; {
	case field == nil || field == p.At:
		return p.At, p.AtClock
	case field.GORMDataType == schema.Time:
		return field, clock{Kind: dialect.Native}
	default:
		return field, clock{Kind: dialect.Integer, Unit: integerUnit(field)}
	}
}

// integerUnit is the unit that GORM's own settings give an integer time column (schema/field.go:279, GORM 1.31); seconds
// where there are none.
func integerUnit(field *schema.Field) time.Duration {
	for _, kind := range []schema.TimeType{field.AutoCreateTime, field.AutoUpdateTime} {
		switch kind {
		case schema.UnixMillisecond:
			return time.Millisecond
		case schema.UnixNanosecond:
			return time.Nanosecond
		}
	}
	return time.Second
}

// firstInstant is the earliest time that counts as one: an unset time.Time is written as the first of January of the year 1.
var firstInstant = time.Date(1, 1, 3, 0, 0, 0, 0, time.UTC)

// IsSet writes the condition that a clock column holds a time.
func (c clock) IsSet(q *statement.Query, column string) {
	if c.Kind == dialect.Integer {
		q.Text(column, " <> 0")
		return
	}
	q.Text(q.Dialect.IsTime(column, firstInstant))
}

// In writes the condition that a clock column holds an instant of the spans. valid tells that it holds nothing but times.
func (c clock) In(q *statement.Query, column string, spans []tag.Span, valid bool) {
	q.Text("(")
	statement.Joined(q, spans, " OR ", func(s tag.Span) {
		from := s.From
		if from.IsZero() {
			from = firstInstant
		}
		if c.Kind != dialect.Integer {
			q.Text("(", q.Dialect.Within(column, from, s.Until, valid), ")")
			return
		}
		q.Text("(", column, " <= ", fmt.Sprint(wholeUnits(s.Until, c.Unit)), " AND ")
		if s.From.IsZero() {
			c.IsSet(q, column)
		} else {
			q.Text(column, " > ", fmt.Sprint(wholeUnits(s.From.Add(-time.Nanosecond), c.Unit)))
		}
		q.Text(")")
	}).Text(")")
}

// wholeUnits counts the whole units from 1970 to an instant, rounded down. A count that 64 bits do not hold is before all
// that a column can hold.
func wholeUnits(at time.Time, unit time.Duration) int64 {
	perSecond := int64(time.Second / unit)
	const most = int64(1) << 62
	if seconds := at.Unix(); seconds < -most/perSecond {
		return -most
	}
	return at.Unix()*perSecond + int64(at.Nanosecond())/int64(unit)
}

// Remains is the place of a model's deleted rows, with the clock that their retention counts from.
type Remains struct {
	Place
	KeyColumns []string // the columns that tell a row
	Clock      clock
	Column     string // of the clock
	Tenant     string // the column of the tenant, empty where there is none
}

// Remains gives the place of the model's deleted rows; ok is false for a model that keeps none, or that has neither a
// retention nor a clock to count one from.
func (p *Policy) Remains() (r Remains, ok bool) {
	field, c := p.retentionClockOf()
	if !p.KeepsDeleted() || field == nil {
		return Remains{}, false
	}
	r = p.RemainsWith()
	r.Clock, r.Column = c, field.DBName
	return r, true
}

// RemainsWith gives the place of the deleted rows of a model that keeps them, for rows that go with their parents: there is no clock.
func (p *Policy) RemainsWith() Remains {
	r := Remains{Place: p.DeletedPlace()}
	for _, key := range r.Key() {
		r.KeyColumns = append(r.KeyColumns, key.DBName)
	}
	if p.TenantField != nil {
		r.Tenant = p.TenantField.DBName
	}
	return r
}
