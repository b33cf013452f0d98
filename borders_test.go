package softdelete

import (
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/purge"
	"github.com/stretchr/testify/require"
	"gorm.io/gorm/schema"
)

// These tests look at what the root hands over: a field that one side gains and the other has not shows here, where the
// compiler does not see it.

func TestNothingIsLostAtTheBorder(t *testing.T) {
	for name, turned := range map[string][2]any{
		"Report":      borders(reportOf),
		"Certificate": borders(certificateOf),
		"HoldInfo":    borders(holdInfoOf),
		"ErasedTable": borders(erasedTableOf),
		"KeptColumn":  borders(keptColumnOf),
		"PurgeReport": borders(purgeReportOf),
		"ErasurePlan": borders(erasurePlanOf),
		"PurgeOptions": borders(func(o PurgeOptions) purge.Request {
			return o.inner()
		}),
		"BlockedError": borders(func(e fault.Blocked) BlockedError { return *outward(&e).(*BlockedError) }),
		"HeldError":    borders(func(e fault.Held) HeldError { return *outward(&e).(*HeldError) }),
		"ErasedError":  borders(func(e fault.Erased) ErasedError { return *outward(&e).(*ErasedError) }),
		"ParentDeletedError": borders(func(e fault.ParentDeleted) ParentDeletedError {
			return *outward(&e).(*ParentDeletedError)
		}),
		"ConflictError": borders(func(e fault.Conflict) ConflictError { return *outward(&e).(*ConflictError) }),
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, turned[0], turned[1]) })
	}
}

// borders turns a value with something in every field, and gives both sides as plain values.
func borders[From, To any](turn func(From) To) [2]any {
	var from From
	number := 0
	fill(reflect.ValueOf(&from).Elem(), &number)
	return [2]any{plain(reflect.ValueOf(from)), plain(reflect.ValueOf(turn(from)))}
}

// fill puts a value of its own into every field.
func fill(v reflect.Value, number *int) {
	*number++
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Unix(int64(*number), 0).UTC()))
			return
		}
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), number)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), number)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, number)
		v.SetMapIndex(reflect.ValueOf("key"), value)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), number)
	case reflect.Interface:
		if v.Type() == reflect.TypeFor[error]() {
			v.Set(reflect.ValueOf(fmt.Errorf("error %d", *number)))
			return
		}
		v.Set(reflect.ValueOf(*number))
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *number))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*number))
	case reflect.Func:
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) []reflect.Value { return nil }))
	default:
		panic("fill: " + v.Type().String())
	}
}

// plain is a value without the names of its types.
func plain(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return v.Interface()
		}
		fields := map[string]any{}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				fields[field.Name] = plain(v.Field(i))
			} else if field.Name == "building" {
				fields["Building"] = v.Field(i).Bool()
			} // the texts of the other errors are compared where these are made
		}
		return fields
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = plain(v.Index(i))
		}
		return list
	case reflect.Map:
		fields := map[string]any{}
		for _, key := range v.MapKeys() {
			fields[key.String()] = plain(v.MapIndex(key))
		}
		return fields
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return plain(v.Elem())
	case reflect.String:
		return v.String()
	case reflect.Func:
		return !v.IsNil()
	case reflect.Int, reflect.Int64:
		return v.Int()
	}
	return v.Interface()
}

func TestTablesOfTheFaceAreThoseOfTheInternals(t *testing.T) {
	for name, pair := range map[string][2]any{
		"Deletion": {Deletion{}, deletion.Deletion{}},
		"Event":    {Event{}, eventlog.Event{}},
	} {
		t.Run(name, func(t *testing.T) {
			var sides [2][]string
			for i, model := range pair {
				s, err := schema.Parse(model, &sync.Map{}, schema.NamingStrategy{})
				require.NoError(t, err)
				sides[i] = append(sides[i], s.Table)
				for _, field := range s.Fields {
					sides[i] = append(sides[i], fmt.Sprint(field.DBName, field.DataType, field.Size, field.PrimaryKey, field.NotNull, field.TagSettings))
				}
			}
			require.Equal(t, sides[1], sides[0])
		})
	}
}
