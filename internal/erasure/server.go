package erasure

import (
	"fmt"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room refuses masks that the server is too old for.

// CheckServer refuses models with masks that a server of a version cannot write. Where it has not answered, and the version is 0, nothing
// is refused: the first erasure asks again.
func (e *Eraser) CheckServer(version dialect.Version, models []*policy.Policy) error {
	if version == 0 {
		return nil
	}
	for _, p := range models {
		if p.Personal == nil {
			continue
		}
		drawn := slices.IndexFunc(p.Personal.Masked, (*pii.MaskedColumn).DrawsInSQL)
		if lacks := e.Dialect.Lacks(version, e.Dialect.RandomSince()); drawn >= 0 && lacks != "" {
			return fmt.Errorf("%w: %s.%s: random masks need %s; use a newer server, or a mask without random digits", fault.ErrUnsupported,
				p.Schema.Name, p.Personal.Masked[drawn].Field.Name, lacks)
		}
	}
	return nil
}
