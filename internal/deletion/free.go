package deletion

import (
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room is for rows that refer to rows of their own table, or to themselves, where foreign keys are checked for each row that goes: no
// order of removal would do for all of them. They lose these keys first.

// frees tells whether rows of a model are to lose keys before they go.
func (d *deletion) frees(p *policy.Policy) bool {
	return !d.deleter.Dialect.Has(dialect.StatementChecksKeys) && len(p.Schema.PrimaryFields) > 0 && len(ownKeys(p)) > 0
}

// ownKeys lists what empties the keys by which rows of a model refer to others of it, whatever the rules of its relations are, as far as
// they may be empty.
func ownKeys(p *policy.Policy) (columns []policy.Assignment) {
	own := p.Schema.ModelType
	for _, r := range p.Schema.Relationships.Relations { // a child has those of its parents, too
		if r.Schema.ModelType != own || r.FieldSchema.ModelType != own || r.JoinTable != nil || r.Polymorphic != nil {
			continue
		}
		for _, reference := range r.References {
			key := p.Schema.LookUpField(reference.ForeignKey.DBName)
			known := slices.ContainsFunc(columns, func(a policy.Assignment) bool { return a.Field == key })
			if key != nil && mayBeEmpty(key) && !known {
				columns = append(columns, policy.Assignment{Field: key})
			}
		}
	}
	slices.SortFunc(columns, func(a, b policy.Assignment) int {
		return slices.Index(p.Schema.DBNames, a.Field.DBName) - slices.Index(p.Schema.DBNames, b.Field.DBName)
	})
	return columns
}

func mayBeEmpty(key *schema.Field) bool { return !key.NotNull && !key.PrimaryKey }

// free empties the keys of rows that go.
func (d *deletion) free(tx statement.Session, p *policy.Policy, found walk.Tables, condition func(q *statement.Query)) error {
	if !d.frees(p) {
		return nil
	}
	rows, err := d.writeRows(tx, p, found, condition, func(q *statement.Query, rows statement.Rows) {
		policy.Assign(rows.Update(q), ownKeys(p)).Text(" WHERE ")
		condition(q)
	})
	d.loosened(p.Table, rows)
	return err
}

// freeTogether empties the keys by which the rows that GORM's statement removes refer to each other: now, or once the archive has got
// them as they are.
func (d *deletion) freeTogether(tx statement.Session, w *walk.Walk, n *policy.Node) error {
	d.freed = func() error {
		return d.free(tx, n.Policy, w.Tables(n.Component), func(q *statement.Query) {
			w.InWalk(q, n, "")
			d.spareHeld(q, n, "")
		})
	}
	if d.action(n.Policy) == ActionArchived {
		return nil
	}
	return d.freed()
}
