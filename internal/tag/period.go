package tag

import (
	"time"
)

// Span is a stretch of time, both ends included. A zero from leaves it open at the start.
type Span struct{ From, Until time.Time }

// Over lists the instants from which the period has passed by now. Months are counted forward from each instant, in UTC, and
// a day that the month does not have becomes its last: a row of 29, 30 or 31 January is due at the same time of day on
// 28 February. On the last day of a month the instants are therefore no single stretch: at 10:00 on 28 February a row of
// 31 January, 09:00, is due and one of 29 January, 11:00, is not.
func (p Period) Over(now time.Time) []Span {
	now = now.UTC()
	if p.Months == 0 {
		return []Span{{Until: now.Add(-p.Duration)}}
	}
	year, month, day := now.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	first := time.Date(year, month-time.Month(p.Months), 1, 0, 0, 0, 0, time.UTC)
	length := first.AddDate(0, 1, -1).Day()
	if day > length {
		return []Span{{Until: first.AddDate(0, 1, 0).Add(-time.Nanosecond)}}
	}
	sameTime := func(day int) time.Time { return first.AddDate(0, 0, day-1).Add(now.Sub(midnight)) }
	spans := []Span{{Until: sameTime(day)}}
	if midnight.AddDate(0, 0, 1).Month() != month {
		for later := day + 1; later <= length; later++ {
			spans = append(spans, Span{From: first.AddDate(0, 0, later-1), Until: sameTime(later)})
		}
	}
	return spans
}
