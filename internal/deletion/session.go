package deletion

import (
	"fmt"
	"reflect"

	"gorm.io/gorm"
)

// PreviewKey marks a delete statement that must only look.
type PreviewKey struct{}

// CheckCall refuses what no statement can be made of.
func CheckCall(value any, function string) error {
	v := reflect.ValueOf(value)
	for v.IsValid() && v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	switch {
	case !v.IsValid() || v.Kind() == reflect.Pointer:
		return fmt.Errorf("%w: softdelete.%s needs a pointer to a model or a slice of models, not nil", gorm.ErrInvalidValue, function)
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		return nil
	case v.Kind() != reflect.Struct:
		return fmt.Errorf("%w: softdelete.%s needs a pointer to a model or a slice of models, not a %T", gorm.ErrInvalidValue, function, value)
	case reflect.TypeOf(value).Kind() != reflect.Pointer:
		return fmt.Errorf("%w: softdelete.%s needs a pointer to a %T, so that it can tell what became of the row",
			gorm.ErrInvalidValue, function, value)
	}
	return nil
}

// ErasingKey marks, in the context, the deletion that an erasure makes: no block stops it.
type ErasingKey struct{}
