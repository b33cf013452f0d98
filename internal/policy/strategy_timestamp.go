package policy

import (
	"reflect"
	"time"

	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// timestampStrategy keeps the time of deletion in a column; NULL, or 0 in an integer one, is live.
type timestampStrategy struct {
	inPlace
	field *schema.Field
	clock clock
	zero  *zeroTime // the time that means live beside NULL; nil for none
}

func (timestampStrategy) Word() string { return "timestamp" }

func (s timestampStrategy) Predicates(quote func(string) string) statement.Predicates {
	column := quote(s.field.DBName)
	if s.zero != nil {
		return s.zero.predicates(s.field, column)
	}
	if s.clock.Kind == dialect.Native {
		return statement.Predicates{Live: statement.NewPredicate("%s IS NULL", column), Deleted: statement.NewPredicate("%s IS NOT NULL", column)}
	}
	return zeroIsLive(s.field, column, "0")
}

func (s timestampStrategy) mark(list []Assignment, _ *Policy, at time.Time) []Assignment {
	return append(list, Assignment{Field: s.field, Value: s.clock.Value(at)})
}

func (s timestampStrategy) unmark(*Policy) []Assignment {
	if s.zero != nil {
		return []Assignment{{Field: s.field, Value: clause.Expr{SQL: statusLiteral(s.zero.text)}}}
	}
	return []Assignment{{Field: s.field, Value: statement.EmptyValue(s.field, s.clock.Kind == dialect.Native)}}
}

func (s timestampStrategy) Column() *schema.Field { return s.field }

func (s timestampStrategy) Deletes(value any) bool {
	if at, ok := value.(time.Time); ok && s.zero != nil {
		return !s.zero.is(at)
	}
	return s.clock.Kind == dialect.Native || !reflect.ValueOf(value).IsZero()
}

func (b *policyBuilder) settleTimestamp() {
	field := b.column
	c, remedy := b.readClock(field, b.tag)
	if remedy != "" {
		b.refuse(field.Name, "%s", remedy)
		return
	}
	var zero *zeroTime
	if text, ok := field.TagSettings["ZEROVALUE"]; ok && c.Kind == dialect.Native {
		if zero = readZeroTime(text, b.dialect); zero == nil {
			b.refuse(field.Name, "the zeroValue %q is no time; write it as 1970-01-01 00:00:01", text)
			return
		}
	}
	if c.Kind == dialect.Native && field.NotNull && zero == nil {
		b.refuse(field.Name, "a NOT NULL time column could hold no live row, which is NULL there; allow NULL, or name a time that means live with gorm:\"zeroValue:1970-01-01 00:00:01\"")
		return
	}
	if b.At != nil {
		b.refuse(b.At.Name, "%q is for flag and status; the column of the strategy timestamp already is the time", "at")
	}
	b.At, b.AtClock = field, c
	b.Strategy = timestampStrategy{field: field, clock: c, zero: zero}
}
