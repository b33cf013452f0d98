package erasedrow

import (
	"time"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
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

// SameMoment tells whether two times of creation are the same, as far as the database keeps them.
func SameMoment(d *dialect.Dialect, a, b int64) bool {
	return time.Duration(a-b).Abs() <= d.Precision
}
