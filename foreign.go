package softdelete

import (
	"context"
	"fmt"
	"maps"

	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room calls what the application puts into Config and the plugin needs while it works: a panic there is an error of the
// call, which names who panicked, so that what was begun is undone.

// foreign calls a method of a store or a ledger.
func foreign[T any](kind string, of any, call func() (T, error)) (result T, err error) {
	err = fault.Foreign(kind, of, func() error {
		result, err = call()
		return err
	})
	return result, err
}

// foreignMaskers are maskers whose panics are errors.
func foreignMaskers(list map[string]Masker) map[string]Masker {
	list = maps.Clone(list)
	for name, masker := range list {
		if masker != nil {
			list[name] = func(ctx context.Context, value any) (any, error) {
				return foreign(fmt.Sprintf("the masker %q,", name), masker, func() (any, error) { return masker(ctx, value) })
			}
		}
	}
	return list
}
