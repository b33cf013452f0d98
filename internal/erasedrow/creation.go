package erasedrow

import (
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
)

// CreationOf is a time of creation as the table of erased rows has it.
func CreationOf(value any) (created int64, ok bool) {
	value, _ = rowkey.PlainValue(value)
	switch value := value.(type) {
	case time.Time:
		return value.UnixNano(), !value.IsZero()
	case int64:
		return value, value != 0
	case int:
		return int64(value), value != 0
	case uint64:
		return int64(value), value != 0
	case uint:
		return int64(value), value != 0
	}
	return 0, false
}

// SameMoment tells whether two times of creation of a model's rows are the same, as far as their column keeps them: a row in the program may
// have more digits of its own than the database has kept.
func SameMoment(d *dialect.Dialect, s *schema.Schema, a, b int64) bool {
	step := time.Duration(0)
	if field := policy.Creation(s); field != nil && field.GORMDataType == schema.Time {
		step = policy.TimeStep(field, d)
	}
	return time.Duration(a-b).Abs() <= step
}
