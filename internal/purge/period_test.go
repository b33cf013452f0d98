package purge_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	retHours struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:36h"`
	}
	retDays struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:30d"`
	}
	retMonth struct {
		ID        uint
		DeletedAt gorm.DeletedAt `gorm:"precision:6" softdelete:"retain:1mo"`
	}
	retHalfYear struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:6mo"`
	}
	retYear struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:1y"`
	}
	retMillennium struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:1000y"`
	}
	retForever struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:0"`
	}
	retUnsaid struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	// retClocked counts from a column of its own.
	retClocked struct {
		ID        uint
		ClosedAt  *time.Time
		DeletedAt gorm.DeletedAt `softdelete:"retain:1mo;clock:ClosedAt"`
	}
	retSeconds struct {
		ID   uint
		Gone int64 `softdelete:"timestamp;retain:1mo"`
	}
	retNanos struct {
		ID   uint
		Gone int64 `softdelete:"timestamp;unit:ns;retain:1mo"`
	}
)

// retAfter is a clock and a number of months later, by the book: a day that the month does not have is its last.
func retAfter(clock time.Time, months int) time.Time {
	clock = clock.UTC()
	first := time.Date(clock.Year(), clock.Month()+time.Month(months), 1, 0, 0, 0, 0, time.UTC)
	day := min(clock.Day(), first.AddDate(0, 1, -1).Day())
	return first.AddDate(0, 0, day-1).Add(clock.Sub(clock.Truncate(fixture.Day)))
}

func TestRetentionIsOverExactlyAtTheLimit(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	require.NoError(t, err)
	at := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		return at
	}
	cases := []struct {
		fact  string
		model any
		clock time.Time
		limit time.Time // the first instant at which the row goes
	}{
		{"hours", &retHours{}, at("2026-03-01T00:00:00Z"), at("2026-03-02T12:00:00Z")},
		{"days are of 24 hours, over a change to summer time too", &retDays{}, at("2026-03-15T08:00:00+01:00"), at("2026-04-14T09:00:00+02:00")},
		{"a month", &retMonth{}, at("2026-03-15T08:00:00.000001Z"), at("2026-04-15T08:00:00.000001Z")},
		{"a month from the 31st to a month of 30 days", &retMonth{}, at("2026-03-31T08:00:00Z"), at("2026-04-30T08:00:00Z")},
		{"a month from the 30th to one of 31", &retMonth{}, at("2026-04-30T08:00:00Z"), at("2026-05-30T08:00:00Z")},
		{"a month from the 31st of January", &retMonth{}, at("2026-01-31T08:00:00Z"), at("2026-02-28T08:00:00Z")},
		{"a month from the 28th of January", &retMonth{}, at("2026-01-28T23:59:59Z"), at("2026-02-28T23:59:59Z")},
		{"a month from the 31st of January in a leap year", &retMonth{}, at("2024-01-31T08:00:00Z"), at("2024-02-29T08:00:00Z")},
		{"a month over the end of the year", &retMonth{}, at("2025-12-31T08:00:00Z"), at("2026-01-31T08:00:00Z")},
		{"a month from the last of February", &retMonth{}, at("2026-02-28T08:00:00Z"), at("2026-03-28T08:00:00Z")},
		{"half a year from the 31st of August", &retHalfYear{}, at("2025-08-31T08:00:00Z"), at("2026-02-28T08:00:00Z")},
		{"a year from the 29th of February", &retYear{}, at("2024-02-29T08:00:00Z"), at("2025-02-28T08:00:00Z")},
		{"a year to a leap year", &retYear{}, at("2023-02-28T08:00:00Z"), at("2024-02-28T08:00:00Z")},
		{"the calendar is that of UTC, whatever the zone", &retMonth{}, time.Date(2026, 4, 1, 0, 30, 0, 0, berlin), at("2026-04-30T22:30:00Z")},
		{"a thousand years", &retMillennium{}, at("1026-06-15T12:00:00Z"), at("2026-06-15T12:00:00Z")},
		{"an integer of seconds", &retSeconds{}, at("2026-01-31T08:00:00Z"), at("2026-02-28T08:00:00Z")},
		{"an integer of nanoseconds", &retNanos{}, at("2026-01-31T08:00:00.000001Z"), at("2026-02-28T08:00:00.000001Z")},
		{"a time before 1970", &retSeconds{}, at("1960-01-31T08:00:00Z"), at("1960-02-29T08:00:00Z")},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		models := []any{&retHours{}, &retDays{}, &retMonth{}, &retHalfYear{}, &retYear{}, &retMillennium{}, &retSeconds{}, &retNanos{}}
		s := fixture.NewStage(t, database, softdelete.Config{Models: models})
		for _, c := range cases {
			t.Run(c.fact, func(t *testing.T) {
				clear := s.Session(&gorm.Session{AllowGlobalUpdate: true}).Unscoped()
				require.NoError(t, clear.Delete(c.model).Error)
				table := fixture.Table(t, s.DB, c.model)
				column, value := "deleted_at", any(c.clock)
				switch c.model.(type) {
				case *retSeconds:
					column, value = "gone", c.clock.Unix()
				case *retNanos:
					column, value = "gone", c.clock.UnixNano()
				}
				require.NoError(t, s.Table(table).Create(map[string]any{"id": 1, column: value}).Error)
				for _, early := range []time.Duration{time.Microsecond, time.Second, time.Hour, fixture.Day} {
					*s.Now = c.limit.Add(-early)
					report := s.Purge(softdelete.PurgeOptions{Models: []any{c.model}})
					require.Zero(t, report.Models[0].Eligible, "%s before", early)
				}
				*s.Now = c.limit.In(berlin)
				report := s.Purge(softdelete.PurgeOptions{Models: []any{c.model}})
				require.EqualValues(t, 1, report.Models[0].Done)
				require.Empty(t, s.IDs(c.model))
			})
		}
	})
}

func TestRetentionOfAMonthAgreesWithTheCalendarRowByRow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retMonth{}}})
		// Rows of every few hours around the ends of months that differ in length.
		var clocks []time.Time
		for _, around := range []string{"2023-12-30", "2024-01-27", "2024-02-27", "2026-01-27", "2026-02-26", "2026-03-28"} {
			day, err := time.Parse(time.DateOnly, around)
			require.NoError(t, err)
			for hours := range 20 {
				clocks = append(clocks, day.Add(time.Duration(hours)*7*time.Hour))
			}
		}
		for i, clock := range clocks {
			require.NoError(t, s.Create(&retMonth{ID: uint(i + 1), DeletedAt: gorm.DeletedAt{Time: clock, Valid: true}}).Error)
		}
		for _, now := range []string{
			"2024-01-31T10:00:00Z", "2024-02-28T10:00:00Z", "2024-02-29T10:00:00Z", "2024-03-01T10:00:00Z", "2024-03-31T00:00:00Z",
			"2026-02-27T10:00:00Z", "2026-02-28T00:00:00Z", "2026-02-28T10:00:00Z", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z",
			"2026-03-31T10:00:00Z", "2026-04-30T10:00:00Z",
		} {
			at, err := time.Parse(time.RFC3339, now)
			require.NoError(t, err)
			*s.Now = at
			var want int64
			for _, clock := range clocks {
				if !retAfter(clock, 1).After(at) {
					want++
				}
			}
			report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{DryRun: true})
			require.NoError(t, err)
			require.Equal(t, want, report.Models[0].Eligible, now)
		}
	})
}

func TestRetentionNeverEndsWithoutAPeriodOrAClock(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retForever{}, &retUnsaid{}, &retClocked{}}})
		long := gorm.DeletedAt{Time: fixture.Now.AddDate(-90, 0, 0), Valid: true}
		s.Add(&retForever{ID: 1, DeletedAt: long}, &retUnsaid{ID: 1, DeletedAt: long})
		closed, unset, future := fixture.Now.AddDate(0, -1, 0), time.Time{}, fixture.Now.AddDate(1, 0, 0)
		s.Add(
			&retClocked{ID: 1, DeletedAt: long}, &retClocked{ID: 2, DeletedAt: long, ClosedAt: &unset},
			&retClocked{ID: 3, DeletedAt: long, ClosedAt: &future}, &retClocked{ID: 4, DeletedAt: long, ClosedAt: &closed},
			&retClocked{ID: 5, ClosedAt: &closed}, // live
		)
		report := s.Purge(softdelete.PurgeOptions{})
		require.Len(t, report.Models, 1, "those without a period are not purged")
		require.Equal(t, softdelete.ModelPurge{
			Model: "retClocked", Table: "ret_clockeds", Action: "purge", Eligible: 1, Done: 1, NoClock: 2, ReferencedBy: map[string]int64{},
		}, report.Models[0])
		require.Equal(t, []uint{1, 2, 3, 5}, s.IDs(&retClocked{}))
		require.Equal(t, []uint{1}, s.IDs(&retForever{}))
	})
}

func TestRetentionReadsTimesThatOthersWrote(t *testing.T) {
	database := testdb.SQLite(t)
	s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retDays{}}})
	*s.Now = time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC) // the limit is 2026-05-16 12:00
	for i, c := range []struct {
		text any
		goes bool
	}{
		{"2026-05-16 12:00:00+00:00", true},
		{"2026-05-16 12:00:00.000000001+00:00", false},
		{"2026-05-16 11:59:59.999999999+00:00", true},
		{"2026-05-16 14:00:00+02:00", true},
		{"2026-05-16 14:00:00.5+02:00", false},
		{"2026-05-17 02:00:00+14:00", true},
		{"2026-05-16 00:00:01-12:00", false},
		{"2026-05-16T12:00:00Z", true},
		{"2026-05-16T12:00:01Z", false},
		{"2026-05-16 12:00:00", true},
		{"2026-05-16", true},
		{"", false},
		{"last year", false},
		{1, false},
		{nil, false},
	} {
		id := i + 1
		require.NoError(t, s.Exec("INSERT INTO ret_days (id, deleted_at) VALUES (?, ?)", id, c.text).Error)
		report, err := softdelete.Purge(s.DB, softdelete.PurgeOptions{})
		require.NoError(t, err)
		want := int64(0)
		if c.goes {
			want = 1
		}
		require.Equal(t, want, report.Models[0].Done, fmt.Sprint(c.text))
	}
}

func TestRetentionCountsFromAnIntegerClock(t *testing.T) {
	type retMilli struct {
		ID     uint
		Closed int64 `gorm:"autoUpdateTime:milli"`
		Opened sql.NullInt64
		Gone   bool `softdelete:"flag;retain:1y;clock:Closed"`
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		s := fixture.NewStage(t, database, softdelete.Config{Models: []any{&retMilli{}}})
		limit := fixture.Now.AddDate(-1, 0, 0)
		s.Add(&retMilli{ID: 1, Closed: limit.UnixMilli(), Gone: true}, &retMilli{ID: 2, Closed: limit.UnixMilli() + 1, Gone: true})
		require.NoError(t, s.Exec("UPDATE ret_millis SET closed = 0 WHERE id = 3").Error)
		report := s.Purge(softdelete.PurgeOptions{})
		require.EqualValues(t, 1, report.Models[0].Done)
		require.Equal(t, []uint{2}, s.IDs(&retMilli{}))
	})
}
