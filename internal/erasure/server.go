package erasure

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room refuses masks that the server is too old for.

// CheckServer refuses models with masks that the database's server cannot write. Where it cannot be asked, as in a dry run, nothing is
// refused: the first erasure asks again.
func (e *Eraser) CheckServer(db *gorm.DB, models []*policy.Policy) error {
	if e.drawn.Load() {
		return nil
	}
	for _, p := range models {
		if p.Personal == nil {
			continue
		}
		i := slices.IndexFunc(p.Personal.Masked, (*pii.MaskedColumn).DrawsInSQL)
		if i < 0 {
			continue
		}
		session := db.Session(&gorm.Session{NewDB: true, Initialized: true, Context: context.WithoutCancel(db.Statement.Context), Logger: logger.Discard})
		if lacks := e.Dialect.RandomLacks(session); lacks != "" {
			return fmt.Errorf("%w: %s.%s: %s; use a newer server, or a mask without random digits", fault.ErrUnsupported, p.Schema.Name,
				p.Personal.Masked[i].Field.Name, lacks)
		}
		e.drawn.Store(!session.DryRun)
		return nil
	}
	return nil
}
