package policy

import (
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for GORM's setting zeroValue of a time column: the time that means live there (soft_delete.go:52, GORM 1.31).

// zeroTime is a time that means live.
type zeroTime struct {
	text  string   // as the tag has it, which is what GORM compares with
	forms []string // the texts that databases which keep times as text have for it
	at    time.Time
}

// wallTime is the form of a time without a zone.
const wallTime = "2006-01-02 15:04:05.999999999"

// readZeroTime reads the setting; nil for what is no time. One in quotes, as SQL would have it, is meant as it says: GORM takes it
// for none (soft_delete.go:52, GORM 1.31), and hides the rows that have it.
func readZeroTime(text string, d *dialect.Dialect) *zeroTime {
	text = strings.Trim(text, `'"`)
	for _, layout := range []string{wallTime, time.DateOnly, "2006-01-02T15:04:05.999999999", time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00"} {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		if at = at.UTC(); d.Zoneless() {
			text = at.Format(wallTime)
			return &zeroTime{text: text, forms: []string{text}, at: at}
		}
		zero := &zeroTime{text: text, forms: []string{text}, at: at}
		for _, form := range []string{wallTime, wallTime + "-07:00"} { // as people write it, and as a driver writes a time.Time
			if form = at.Format(form); !slices.Contains(zero.forms, form) {
				zero.forms = append(zero.forms, form)
			}
		}
		return zero
	}
	return nil
}

// is tells whether a time that was read is the one, in whatever zone the session that wrote it was.
func (z *zeroTime) is(at time.Time) bool {
	const farthest, step = 15 * time.Hour, 15 * time.Minute // of zones
	apart := at.Sub(z.at).Abs()
	return apart <= farthest && apart%step == 0
}

// predicates are those of a column in which NULL and the time are live.
func (z *zeroTime) predicates(field *schema.Field, column string) statement.Predicates {
	var live, deleted string
	var columns []string
	for i, form := range z.forms {
		if i > 0 {
			live, deleted = live+" OR ", deleted+" AND "
		}
		literal := statement.EscapePercent(statusLiteral(form))
		live, deleted = live+"%s = "+literal, deleted+"%s <> "+literal
		columns = append(columns, column)
	}
	gone := statement.NewPredicate("("+deleted+")", columns...)
	if !field.NotNull {
		live += " OR %s IS NULL"
		columns = append(columns, column)
	}
	return statement.Predicates{Live: statement.NewPredicate("("+live+")", columns...), Deleted: gone}
}
