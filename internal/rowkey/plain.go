package rowkey

import (
	"database/sql/driver"
	"fmt"
	"reflect"
	"time"
)

// This room takes values out of what Go keeps them in.

// PlainValue is a value as the database gets it; ok is false for NULL.
func PlainValue(value any) (plain any, ok bool) {
	for value != nil {
		v := reflect.ValueOf(value)
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, false
		}
		if valuer, isValuer := value.(driver.Valuer); isValuer {
			value, _ = valuer.Value()
			if _, again := value.(driver.Valuer); !again {
				break
			}
			continue
		}
		if v.Kind() != reflect.Pointer {
			break
		}
		value = v.Elem().Interface()
	}
	return value, value != nil
}

// TextIn is the text that a value is, as it stands there; ok is false for what is none.
func TextIn(value any) (text string, ok bool) {
	switch plain, _ := bare(value); plain := plain.(type) {
	case string:
		return plain, true
	case []byte:
		return string(plain), true
	}
	return "", false
}

var timeType = reflect.TypeFor[time.Time]()

// bare is a plain value without the name of its type: a bool, int64, uint64, float64, string, []byte or time.Time.
func bare(value any) (any, bool) {
	value, ok := PlainValue(value)
	if !ok {
		return nil, false
	}
	switch value.(type) {
	case bool, int64, uint64, float64, string, []byte, time.Time:
		return value, true
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Pointer:
		return bare(value)
	case reflect.Bool:
		return v.Bool(), true
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int(), true
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return v.Uint(), true
	case reflect.Float32, reflect.Float64:
		return v.Float(), true
	case reflect.String:
		return v.String(), true
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			content := make([]byte, v.Len())
			reflect.Copy(reflect.ValueOf(content), v)
			return content, true
		}
	case reflect.Struct:
		if v.CanConvert(timeType) {
			return v.Convert(timeType).Interface(), true
		}
	}
	return fmt.Sprint(value), true
}
