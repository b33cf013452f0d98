package softdelete

import (
	"gorm.io/gorm"
)

// This room asks for legal holds on rows in cold storage. No hold is placed on such a row, for it is in no table; one on a row
// in the database that it is under covers it.

// heldCold lists the rows in cold storage that a hold covers, as "table key", with the error for the first model.
func (x *erasure) heldCold(tx *gorm.DB, h *holdWalk) (held []string, refusal, err error) {
	if x.cold == nil {
		return nil, nil, nil
	}
	for _, m := range x.cold.models {
		rows, hold := map[string]bool{}, ""
		for _, n := range h.graph.nodes {
			for _, r := range n.policy.has {
				if r.child != m.policy {
					continue
				}
				first, err := x.heldUnder(tx, h, r, m, func(row *coldRow) {
					if !rows[row.text] {
						rows[row.text] = true
						held = append(held, m.table+coldSuffix+" "+keyText(row.key))
					}
				})
				if err != nil {
					return nil, nil, err
				}
				if hold == "" {
					hold = first
				}
			}
		}
		if len(rows) > 0 && refusal == nil {
			refusal = h.refusal(hold, int64(len(rows)), m.policy)
		}
	}
	return held, refusal, nil
}

// heldUnder calls each for the rows of a table whose parent in the database, by a relation, a hold covers. It gives the first
// hold.
func (x *erasure) heldUnder(tx *gorm.DB, h *holdWalk, r *relation, m *coldModel, each func(*coldRow)) (hold string, err error) {
	under := map[string][]*coldRow{}
	var parents [][]any
	for _, batch := range m.batches {
		for _, row := range batch {
			values, ok := row.under[r]
			if !ok {
				continue
			}
			text, _ := x.ownerText(r.children(), values)
			if under[text] == nil {
				parents = append(parents, values)
			}
			under[text] = append(under[text], row)
		}
	}
	err = chunks(parents, func(chunk [][]any) error {
		for _, t := range r.parent.places() {
			rows, owners, err := x.parentsOf(tx, r, t, chunk)
			if err != nil || len(rows) == 0 {
				return err
			}
			err = x.heldRows(tx, h, t, rows, func(key []any, id string) {
				if hold == "" {
					hold = id
				}
				for _, owner := range owners[keyText(key)] {
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
	return hold, err
}

// parentsOf finds the rows of a table that children with such values are under. owners are those values, by the rows' keys.
func (x *erasure) parentsOf(tx *gorm.DB, r *relation, t place, children [][]any) (rows []reachedRow, owners map[string][]string, err error) {
	table := t.table()
	q := newQuery(tx, x.engine.dialect).text("SELECT ").columns(table, t.key()).text(", ")
	joined(q, r.keys, ", ", func(key keyPair) { q.text(parentValue(q, key, q.quoted(table, key.parent.DBName))) })
	q.text(" FROM ").name(table).text(" WHERE (")
	joined(q, children, " OR ", func(values []any) {
		q.text("(")
		for i, key := range r.keys {
			if i > 0 {
				q.text(" AND ")
			}
			q.text(parentValue(q, key, q.quoted(table, key.parent.DBName)), " = ").bind(values[i])
		}
		q.text(")")
	}).text(")")
	owners = map[string][]string{}
	err = q.rows(func(scan func(...any) error) error {
		key, keyValues := scanTargets(len(t.key()))
		owner, ownerValues := scanTargets(len(r.keys))
		if err := scan(append(key, owner...)...); err != nil {
			return err
		}
		row := reachedRow{key: keyValues()}
		text, _ := x.ownerText(r.children(), ownerValues())
		primary := keyText(t.primary(row))
		rows = append(rows, row)
		owners[primary] = append(owners[primary], text)
		return nil
	})
	return rows, owners, err
}

// parentKeys are, by relation, the values that tie a row in cold storage to its parents.
func (m *coldModel) parentKeys(row map[string]any) map[*relation][]any {
	under := map[*relation][]any{}
	for _, r := range m.above {
		values := make([]any, len(r.keys))
		ok := true
		for i, key := range r.keys {
			values[i] = row[key.child.DBName]
			ok = ok && values[i] != nil
		}
		for _, fixed := range r.fixed {
			ok = ok && row[fixed.child.DBName] != nil && textOf(row[fixed.child.DBName]) == fixed.value
		}
		if ok {
			under[r] = values
		}
	}
	return under
}

// relationsTo lists the relations of all models that lead to a model.
func (e *engine) relationsTo(db *gorm.DB, child *policy) (list []*relation) {
	for _, p := range e.known(db) {
		for _, r := range p.has {
			if r.child == child {
				list = append(list, r)
			}
		}
	}
	return list
}
