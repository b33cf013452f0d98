package erasure

import (
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room asks for legal holds on rows in cold storage. No hold is placed on such a row, for it is in no table; one on a row
// in the database that it is under covers it.

// held lists the rows in cold storage that a hold covers, as "table key", with the error for the first model.
func (x *coldStorage) held(tx statement.Session, h *hold.Walk) (held []string, refusal, err error) {
	if x == nil {
		return nil, nil, nil
	}
	for _, m := range x.models {
		rows, placed := map[string]bool{}, ""
		for _, n := range h.Graph.Nodes {
			for _, r := range n.Policy.Has {
				if r.Child != m.Policy {
					continue
				}
				first, err := x.heldUnder(tx, h, r, m, func(row *coldRow) {
					if !rows[row.Text] {
						rows[row.Text] = true
						held = append(held, m.Table()+coldSuffix+" "+rowkey.KeyText(row.Key))
					}
				})
				if err != nil {
					return nil, nil, err
				}
				if placed == "" {
					placed = first
				}
			}
		}
		if len(rows) > 0 && refusal == nil {
			refusal = h.Refusal(placed, int64(len(rows)), m.Policy)
		}
	}
	return held, refusal, nil
}

// heldUnder calls each for the rows of a table whose parent in the database, by a relation, a hold covers. It gives the first
// hold.
func (x *coldStorage) heldUnder(tx statement.Session, h *hold.Walk, r *policy.Relation, m *coldModel, each func(*coldRow)) (placed string, err error) {
	under := map[string][]*coldRow{}
	var parents, children [][]any
	for _, batch := range m.batches {
		for _, row := range batch {
			if values, ok := row.under[r]; ok {
				children = append(children, values)
			}
		}
	}
	if err := x.learn(tx, r, children); err != nil {
		return "", err
	}
	for _, batch := range m.batches {
		for _, row := range batch {
			values, ok := row.under[r]
			if !ok {
				continue
			}
			text, _ := x.ownerText(r, values)
			if under[text] == nil {
				parents = append(parents, values)
			}
			under[text] = append(under[text], row)
		}
	}
	err = statement.Chunks(parents, func(chunk [][]any) error {
		parentKey := rowkey.Of(x.eraser.Dialect, r.Parent.Schema.PrimaryFields)
		for _, t := range r.Parent.Looks() {
			rows, owners, err := x.parentsOf(tx, r, t, chunk)
			if err != nil {
				return err
			}
			if len(rows) == 0 {
				continue
			}
			err = heldRows(tx, h, t, rows, func(key []any, id string) {
				if placed == "" {
					placed = id
				}
				for _, owner := range owners[parentKey.Exact(key)] {
					for _, row := range under[owner] {
						each(row)
					}
				}
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return placed, err
}

// parentsOf finds the rows of a table that children with such values are under. owners are those values, by the rows' keys.
func (x *coldStorage) parentsOf(tx statement.Session, r *policy.Relation, t policy.Place, children [][]any) (rows []erasedrow.ReachedRow, owners map[string][]string, err error) {
	table := t.Table()
	q := tx.Query().Text("SELECT ").Columns(table, t.Key()).Text(", ")
	statement.Joined(q, r.Keys, ", ", func(key policy.KeyPair) { q.Text(walk.ParentValue(q, key, q.Quoted(table, key.Parent.DBName))) })
	q.Text(" FROM ").Name(table).Text(" WHERE (")
	statement.Joined(q, children, " OR ", func(values []any) {
		q.Text("(")
		for i, key := range r.Keys {
			if i > 0 {
				q.Text(" AND ")
			}
			q.Text(walk.ParentValue(q, key, q.Quoted(table, key.Parent.DBName)), " = ").Bind(values[i])
		}
		q.Text(")")
	}).Text(")")
	owners = map[string][]string{}
	var found [][]any
	key := rowkey.Of(x.eraser.Dialect, t.Policy.Schema.PrimaryFields)
	err = q.Rows(func(scan func(...any) error) error {
		targets, keyValues := statement.ScanTargets(len(t.Key()))
		owner, ownerValues := statement.ScanTargets(len(r.Keys))
		if err := scan(append(targets, owner...)...); err != nil {
			return err
		}
		rows, found = append(rows, erasedrow.ReachedRow{Key: keyValues()}), append(found, ownerValues())
		return nil
	})
	if err == nil {
		err = x.learn(tx, r, found)
	}
	for i, row := range rows {
		text, _ := x.ownerText(r, found[i])
		primary := key.Exact(erasedrow.Primary(t, row))
		owners[primary] = append(owners[primary], text)
	}
	return rows, owners, err
}

// parentKeys are, by relation, the values that tie a row in cold storage to its parents.
func (m *coldModel) parentKeys(row map[string]any) map[*policy.Relation][]any {
	under := map[*policy.Relation][]any{}
	for _, r := range m.above {
		values := make([]any, len(r.Keys))
		ok := true
		for i, key := range r.Keys {
			values[i] = row[key.Child.DBName]
			ok = ok && values[i] != nil
		}
		for _, fixed := range r.Fixed {
			ok = ok && row[fixed.Child.DBName] != nil && rowkey.TextOf(row[fixed.Child.DBName]) == fixed.Value
		}
		if ok {
			under[r] = values
		}
	}
	return under
}

// relationsTo lists the relations of all models that lead to a model.
func (e *Eraser) relationsTo(db *gorm.DB, child *policy.Policy) (list []*policy.Relation) {
	for _, p := range e.Known(db) {
		for _, r := range p.Has {
			if r.Child == child {
				list = append(list, r)
			}
		}
	}
	return list
}
