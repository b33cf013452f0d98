package softdelete

import (
	"reflect"
)

// snapshot is a copy of the caller's value, to put back when the call fails.
type snapshot struct {
	target, copied reflect.Value
	elements       []snapshot
}

func takeSnapshot(value reflect.Value) snapshot {
	value = reflect.Indirect(value)
	var s snapshot
	if value.IsValid() && value.CanSet() {
		s.target, s.copied = value, reflect.New(value.Type()).Elem()
		s.copied.Set(value)
	}
	if value.Kind() == reflect.Slice || value.Kind() == reflect.Array {
		for i := range value.Len() {
			s.elements = append(s.elements, takeSnapshot(value.Index(i)))
		}
	}
	return s
}

func (s snapshot) restore() {
	if s.target.IsValid() {
		s.target.Set(s.copied)
	}
	for _, element := range s.elements {
		element.restore()
	}
}
