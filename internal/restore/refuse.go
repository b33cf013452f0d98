package restore

import (
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// refuseErased refuses a restore of rows that are erased.
func (r *restoration) refuseErased(tx statement.Session) error {
	if !r.restorer.HasPersonal() || r.rows == 0 {
		return nil
	}
	known, err := r.restorer.Records.There(tx)
	if err != nil || !known {
		return err
	}
	for _, n := range r.graph.Nodes {
		if r.back[n] == 0 {
			continue
		}
		s := n.Policy.Schema
		q := tx.Query()
		r.withUpTo(q, n)
		t := erasedrow.Place{Policy: n.Policy, Archived: n.Policy.Archives()}
		q.Text("SELECT ").Columns("t", s.PrimaryFields).Text(" FROM ").Name(t.Table()).Text(" AS t WHERE ")
		r.comingBack(q, n, "t")
		erasedrow.IsErased(q.Text(" AND "), t, "t").Text(" LIMIT 1")
		keys, err := q.Keys(s.PrimaryFields)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			return fault.StaysErased(n.Policy.Table, keys[0], "the row with key %s in table %s cannot be restored", keys[0], t.Table())
		}
	}
	return nil
}
