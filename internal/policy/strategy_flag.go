package policy

import (
	"reflect"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// flagStrategy keeps a bool or an integer; NULL, false and 0 are live.
type flagStrategy struct {
	inPlace
	field *schema.Field
}

func (flagStrategy) Word() string { return "flag" }

func (s flagStrategy) Predicates(quote func(string) string) statement.Predicates {
	column := quote(s.field.DBName)
	if s.field.GORMDataType == schema.Bool {
		return statement.Predicates{Live: statement.NewPredicate("%s IS NOT TRUE", column), Deleted: statement.NewPredicate("%s IS TRUE", column)}
	}
	return zeroIsLive(s.field, column, "0")
}

func (s flagStrategy) mark(list []Assignment, _ *Policy, _ time.Time) []Assignment {
	if s.field.GORMDataType == schema.Bool {
		return append(list, Assignment{Field: s.field, Value: true})
	}
	return append(list, Assignment{Field: s.field, Value: int64(1)})
}

func (s flagStrategy) unmark(*Policy) []Assignment {
	if s.field.GORMDataType == schema.Bool {
		return []Assignment{{Field: s.field, Value: false}}
	}
	return []Assignment{{Field: s.field, Value: int64(0)}}
}

func (s flagStrategy) Column() *schema.Field { return s.field }

func (s flagStrategy) Deletes(value any) bool { return !reflect.ValueOf(value).IsZero() }

func (b *policyBuilder) settleFlag() {
	switch b.column.GORMDataType {
	case schema.Bool, schema.Int, schema.Uint:
		b.Strategy = flagStrategy{field: b.column}
	default:
		b.refuse(b.column.Name, "the strategy flag needs a bool or integer field, not %s", b.column.FieldType)
	}
}
