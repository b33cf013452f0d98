package erasure

import (
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is about columns that the database reckons from others. Nothing is written to them: they change with what they are
// made from, and are read back as all others are. No archive has them.

// readGenerated asks the database which columns of the models that the subject's leads to are such ones.
func (x *call) readGenerated(tx statement.Session) error {
	x.reckoned = map[*schema.Field]bool{}
	for _, p := range x.reachable() {
		if p.Personal == nil && p.Log == nil {
			continue
		}
		columns, err := x.eraser.columnsOf(tx, p)
		if err != nil {
			return err
		}
		for _, name := range columns {
			if field := p.Schema.FieldsByDBName[name]; field != nil {
				x.reckoned[field] = true
			}
		}
	}
	return nil
}

// columnsOf are the names of the model's generated columns, which are asked for once.
func (e *Eraser) columnsOf(tx statement.Session, p *policy.Policy) (names []string, err error) {
	if known, ok := e.generated.Load(p.Table); ok {
		return known.([]string), nil
	}
	columns, err := archive.TableColumns(tx.InWork(tx.Statement.Context), p.Table)
	if err != nil || len(columns) == 0 {
		return nil, err
	}
	for _, c := range columns {
		if c.Generated {
			names = append(names, c.Name)
		}
	}
	e.generated.Store(p.Table, names)
	return names, nil
}

// written are the masked columns of a place that masks are written to.
func (x *call) written(t policy.Place) []*pii.MaskedColumn {
	if t.Policy.Personal == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(t.Policy.Personal.Masked), func(c *pii.MaskedColumn) bool { return x.reckoned[c.Field] })
}

// masked are the masked columns that a place has.
func (x *call) masked(t policy.Place) []*pii.MaskedColumn {
	if t.Archived {
		return x.written(t)
	}
	if t.Policy.Personal == nil {
		return nil
	}
	return t.Policy.Personal.Masked
}
