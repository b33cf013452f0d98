package restore

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// elsewhere tells why a deletion is not restored by its ID: the row that it began with stands in a table that is no known model's
// own, and what was taken with it must not come back alone. It is nil where that table is a model's, of whichever strategy.
func (restorer *Restorer) elsewhere(db *gorm.DB, id mark.DeletionID) error {
	known := restorer.Known(db)
	if slices.ContainsFunc(known, func(p *policy.Policy) bool { return id.RootedIn(p.Table) }) {
		return nil
	}
	for _, p := range known {
		for _, table := range p.Named() {
			if id.RootedIn(table) {
				return fmt.Errorf("%w: deletion %s began with rows of %s in the table %s, which db.Table named; restore these, with all that the "+
					"deletion took with them, by softdelete.Restore(db.Table(%q), &%s{…})", fault.ErrUnsupported, id, p.Schema.Name, table, table, p.Schema.Name)
			}
		}
	}
	return fmt.Errorf("%w: deletion %s began with rows of a table that is not the own one of a model in Config.Models; name their model there, "+
		"or restore these rows, with all that the deletion took with them, by softdelete.Restore(db.Table(…), …)", fault.ErrUnsupported, id)
}

// refuseErased refuses a restore of rows that are erased; those under the ones that were asked for are held.
func (r *restoration) refuseErased(tx statement.Session) error {
	if !r.erased || r.rows == 0 {
		return nil
	}
	for _, n := range r.graph.Nodes {
		if r.back[n] == 0 {
			continue
		}
		s := n.Policy.Schema
		q := tx.Query()
		r.upTo(n).With(q)
		t := n.Policy.DeletedPlace()
		q.Text("SELECT ").Columns("t", s.PrimaryFields).Text(" FROM ").Name(t.Table()).Text(" AS t WHERE ")
		r.comingBack(q, n, "t")
		erasedrow.IsErased(q.Text(" AND "), t, "t").Text(" LIMIT 1")
		keys, err := q.KeyTexts(s.PrimaryFields)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return fault.StaysErased(n.Policy.Table, keys[0], "the row with key %s in table %s cannot be restored", keys[0], t.Table())
		}
	}
	return nil
}
