package softdelete

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room is the policy side of retention: when a period is over, which clock it counts from, what follows. What removes
// the rows is in purge.go.

// Retention says how long deleted rows are kept and what comes then, in the words of the tags: Keep is a period as in
// `retain:90d`, Then is "purge", "erase", "cold" or "keep"; an empty Then is "purge". An empty Keep, or "0", keeps the rows for ever.
type Retention struct {
	Keep string
	Then string
}

// The words of the setting then.
const (
	thenPurge = "purge"
	thenErase = "erase"
	thenCold  = "cold"
	thenKeep  = "keep"
)

// checkRetention finds what the configuration does not allow about a model's retention.
func (e *engine) checkRetention(p *policy) error {
	if p.retain == (period{}) {
		return nil
	}
	field := "_"
	for _, candidate := range p.schema.Fields {
		if strings.Contains(strings.ToLower(candidate.Tag.Get(tagKey)), "then") {
			field = candidate.Name
		}
	}
	if p.then == thenCold {
		return e.checkCold(p, field)
	}
	return nil
}

// parseRetention reads a Retention that Config.TenantRetention gave.
func (e *engine) parseRetention(p *policy, r Retention) (period, string, error) {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: Config.TenantRetention for %s: %s", ErrPolicy, p.schema.Name, fmt.Sprintf(format, args...))
	}
	var keep period
	if r.Keep != "" {
		var remedy string
		if keep, remedy = parsePeriod(r.Keep); remedy != "" {
			return period{}, "", refuse("%s", remedy)
		}
	}
	then := strings.ToLower(r.Then)
	switch {
	case then == "":
		then = thenPurge
	case !slices.Contains([]string{thenPurge, thenErase, thenCold, thenKeep}, then):
		return period{}, "", refuse("then %q is unknown; purge, erase, cold and keep are known", r.Then)
	case then == thenCold:
		if err := e.checkCold(p, "tenant"); err != nil {
			return period{}, "", err
		}
	}
	return keep, then, nil
}

// span is a stretch of time, both ends included. A zero from leaves it open at the start.
type span struct{ from, until time.Time }

// over lists the instants from which the period has passed by now. Months are counted forward from each instant, in UTC, and
// a day that the month does not have becomes its last: a row of 29, 30 or 31 January is due at the same time of day on
// 28 February. On the last day of a month the instants are therefore no single stretch: at 10:00 on 28 February a row of
// 31 January, 09:00, is due and one of 29 January, 11:00, is not.
func (p period) over(now time.Time) []span {
	now = now.UTC()
	if p.Months == 0 {
		return []span{{until: now.Add(-p.Duration)}}
	}
	year, month, day := now.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	first := time.Date(year, month-time.Month(p.Months), 1, 0, 0, 0, 0, time.UTC)
	length := first.AddDate(0, 1, -1).Day()
	if day > length {
		return []span{{until: first.AddDate(0, 1, 0).Add(-time.Nanosecond)}}
	}
	sameTime := func(day int) time.Time { return first.AddDate(0, 0, day-1).Add(now.Sub(midnight)) }
	spans := []span{{until: sameTime(day)}}
	if midnight.AddDate(0, 0, 1).Month() != month {
		for later := day + 1; later <= length; later++ {
			spans = append(spans, span{from: first.AddDate(0, 0, later-1), until: sameTime(later)})
		}
	}
	return spans
}

// retentionClockOf gives the column that a model's retention counts from, and how it keeps the time; nil where the model
// has none.
func (p *policy) retentionClockOf() (*schema.Field, clock) {
	switch field := p.clockField; {
	case field == nil || field == p.at:
		return p.at, p.atClock
	case field.GORMDataType == schema.Time:
		return field, clock{kind: dialect.Native}
	default:
		return field, clock{kind: dialect.Integer, unit: integerUnit(field)}
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

// isSet writes the condition that a clock column holds a time.
func (c clock) isSet(q *query, column string) {
	if c.kind == dialect.Integer {
		q.text(column, " <> 0")
		return
	}
	q.text(q.dialect.IsTime(column, firstInstant))
}

// in writes the condition that a clock column holds an instant of the spans. valid tells that it holds nothing but times.
func (c clock) in(q *query, column string, spans []span, valid bool) {
	q.text("(")
	joined(q, spans, " OR ", func(s span) {
		from := s.from
		if from.IsZero() {
			from = firstInstant
		}
		if c.kind != dialect.Integer {
			q.text("(", q.dialect.Within(column, from, s.until, valid), ")")
			return
		}
		q.text("(", column, " <= ", fmt.Sprint(wholeUnits(s.until, c.unit)), " AND ")
		if s.from.IsZero() {
			c.isSet(q, column)
		} else {
			q.text(column, " > ", fmt.Sprint(wholeUnits(s.from.Add(-time.Nanosecond), c.unit)))
		}
		q.text(")")
	}).text(")")
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

// remains is a table with the deleted rows of a model: the model's own for a strategy that marks rows in place, else its
// archive.
type remains struct {
	table  string
	key    []string  // the columns that tell a row
	gone   predicate // of the deleted rows; nil where the table holds no others
	clock  clock
	column string // of the clock
	tenant string // the column of the tenant, empty where there is none
}

// remains gives the table with the model's deleted rows; ok is false for a model that keeps none, or that has neither a
// retention nor a clock to count one from.
func (p *policy) remains() (r remains, ok bool) {
	field, c := p.retentionClockOf()
	if !p.keepsDeleted() || field == nil {
		return remains{}, false
	}
	r = remains{table: p.deletedTable(), clock: c, column: field.DBName}
	r.key = append(r.key, p.schema.PrimaryFieldDBNames...)
	if p.archives() {
		r.key = append(r.key, p.id.DBName) // a key may be archived many times, by one deletion once
	} else {
		r.gone = p.predicates.deleted
	}
	if p.tenantField != nil {
		r.tenant = p.tenantField.DBName
	}
	return r, true
}

// terms are a retention as it holds for some tenants of a table.
type terms struct {
	// only lists the tenants that it holds for; where it is nil it holds for all but those of except.
	only, except []any
	spans        []span
}

// lot is the rows of a table that the same thing happens to.
type lot struct {
	action string
	terms  []terms
}

// findLots says what happens to a table's deleted rows and when: by the model's tags, and by Config.TenantRetention where a
// tenant has another retention.
func (p *purge) findLots(ctx context.Context, t *purgeTable) error {
	add := func(keep period, then string, term terms) {
		if keep == (period{}) {
			return
		}
		term.spans = keep.over(p.now)
		for _, l := range t.lots {
			if l.action == then {
				l.terms = append(l.terms, term)
				return
			}
		}
		t.lots = append(t.lots, &lot{action: then, terms: []terms{term}})
	}
	var others []any
	if special := p.engine.plugin.config.TenantRetention; special != nil && t.tenant != "" {
		tenants, err := p.tenants(t)
		if err != nil {
			return err
		}
		for _, tenant := range tenants {
			r, ok := special(ctx, t.policy.schema.Name, tenant)
			if !ok {
				continue
			}
			keep, then, err := p.engine.parseRetention(t.policy, r)
			if err != nil {
				return err
			}
			others = append(others, tenant)
			add(keep, then, terms{only: []any{tenant}})
		}
	}
	if then := t.policy.then; then != "" {
		add(t.policy.retain, then, terms{except: others})
	}
	return nil
}

// tenants lists the tenants of a table's deleted rows, or the one that the caller asked for, as their column holds them.
func (p *purge) tenants(t *purgeTable) (list []any, err error) {
	q := p.query().text("SELECT DISTINCT ").name(t.tenant).text(" FROM ").name(t.name).text(" WHERE ")
	p.gone(q, t, t.name)
	q.text(" AND ").name(t.tenant).text(" IS NOT NULL")
	err = q.rows(func(scan func(...any) error) error {
		value := reflect.New(t.policy.tenantField.IndirectFieldType)
		if err := scan(value.Interface()); err != nil {
			return err
		}
		list = append(list, value.Elem().Interface())
		return nil
	})
	return list, err
}
