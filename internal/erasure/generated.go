package erasure

import (
	"reflect"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is about columns that the database reckons from others. Nothing is written to them: they change with what they are
// made from, and are read back as all others are. No archive has them.

// readColumns asks the database which columns of the models that the subject's leads to are such ones, and refuses masks that a
// column cannot take.
func (x *call) readColumns(tx statement.Session) error {
	x.reckoned = map[*schema.Field]bool{}
	for _, p := range x.reachable() {
		if p.Personal == nil && p.Log == nil {
			continue
		}
		for _, t := range p.Places() {
			columns, err := x.columnsOf(tx, t)
			if err != nil {
				return err
			}
			for _, name := range columns {
				if field := p.Schema.FieldsByDBName[name]; field != nil {
					x.reckoned[field] = true
				}
			}
		}
	}
	return nil
}

// placeKey is what a table with rows of a model is known by.
type placeKey struct {
	model reflect.Type
	table string
}

// columnsOf are the names of a place's generated columns, which are asked for once, unless a mask is refused: what mends that may be
// another type of the column.
func (x *call) columnsOf(tx statement.Session, t policy.Place) (names []string, err error) {
	if t.Archived && !t.Policy.Personal.Erases() {
		return nil, nil
	}
	key := placeKey{t.Policy.Schema.ModelType, t.Table()}
	if known, ok := x.eraser.generated.Load(key); ok {
		return known.([]string), nil
	}
	columns, err := archive.TableColumns(tx.InWork(tx.Statement.Context), t.Table())
	if err != nil || len(columns) == 0 {
		return nil, err
	}
	for _, c := range columns {
		if c.Generated {
			names = append(names, c.Name)
		}
	}
	fits, err := x.fit(tx, t, columns)
	if fits {
		x.eraser.generated.Store(key, names)
	}
	return names, err
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
