package statement

import (
	"context"
	"reflect"
	"slices"

	"gorm.io/gorm/schema"
)

// Snapshot is a copy of the caller's value, to put back when the call fails.
type Snapshot struct {
	target, copied reflect.Value
	elements       []Snapshot
}

func TakeSnapshot(value reflect.Value) Snapshot {
	value = reflect.Indirect(value)
	var s Snapshot
	if value.IsValid() && value.CanSet() {
		s.target, s.copied = value, reflect.New(value.Type()).Elem()
		s.copied.Set(value)
	}
	if value.Kind() == reflect.Slice || value.Kind() == reflect.Array {
		for i := range value.Len() {
			s.elements = append(s.elements, TakeSnapshot(value.Index(i)))
		}
	}
	return s
}

func (s Snapshot) Restore() {
	if s.target.IsValid() {
		s.target.Set(s.copied)
	}
	for _, element := range s.elements {
		element.Restore()
	}
}

// Release makes a field of the value ready to be set. A copy of the value shares what stands behind pointers: a field in a
// struct that is embedded by its address is copied on its own, and one that is a pointer gets a fresh one, since others may
// point to the same.
func (s *Snapshot) Release(ctx context.Context, field *schema.Field, value reflect.Value) {
	pointer := field.FieldType.Kind() == reflect.Pointer
	shared := slices.ContainsFunc(field.StructField.Index, func(i int) bool { return i < 0 })
	if !pointer && !shared {
		return
	}
	target := field.ReflectValueOf(ctx, value)
	if shared {
		copied := reflect.New(target.Type()).Elem()
		copied.Set(target)
		s.elements = append(s.elements, Snapshot{target: target, copied: copied})
	}
	if pointer {
		target.SetZero()
	}
}
