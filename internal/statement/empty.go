package statement

import (
	"database/sql"
	"reflect"

	"gorm.io/gorm/schema"
)

// EmptyValue is what a column holds when there is nothing to hold: NULL, or the zero value of its type where NULL is not
// allowed or not wanted.
func EmptyValue(field *schema.Field, null bool) any {
	if !field.NotNull && (null || field.FieldType.Kind() == reflect.Pointer) {
		return nil
	}
	switch field.GORMDataType {
	case schema.String:
		return ""
	case schema.Time:
		return sql.NullTime{}
	default:
		return int64(0)
	}
}
