package softdelete

import (
	"strconv"

	"gorm.io/gorm"
)

// This room asks for legal holds before an erasure.

// held lists the rows that a legal hold covers, as "table key". refusal is the error for the first model that has some; it
// names the hold. Until the erasure ends, no hold is placed.
func (x *erasure) held(tx *gorm.DB) (held []string, refusal, err error) {
	if !x.engine.plugin.config.Holds {
		return nil, nil, nil
	}
	h := &holdWalk{engine: x.engine}
	if x.preview {
		err = h.read(tx)
	} else {
		err = h.share(tx)
	}
	if err != nil || h.graph == nil {
		return nil, nil, err
	}
	for _, m := range x.rows {
		if h.node(m.policy) == nil {
			continue
		}
		var rows int64
		first := ""
		err := chunks(m.rows, func(chunk []reachedRow) error {
			return x.heldRows(tx, h, m.place, chunk, func(key []any, hold string) {
				held = append(held, m.table()+" "+keyText(key))
				if rows++; first == "" {
					first = hold
				}
			})
		})
		if err != nil {
			return nil, nil, err
		}
		if rows > 0 && refusal == nil {
			refusal = h.refusal(first, rows, m.policy)
		}
	}
	cold, coldRefusal, err := x.heldCold(tx, h)
	if refusal == nil {
		refusal = coldRefusal
	}
	return append(held, cold...), refusal, err
}

// heldRows finds those of the rows that a hold covers.
func (x *erasure) heldRows(tx *gorm.DB, h *holdWalk, t place, rows []reachedRow, each func(key []any, hold string)) error {
	n, p := h.node(t.policy), t.policy
	columns := make([]string, len(p.schema.PrimaryFields))
	for i, field := range p.schema.PrimaryFields {
		columns[i] = n.carry(field.DBName)
	}
	q := newQuery(tx, x.engine.dialect)
	h.with(q)
	q.text("SELECT ")
	names(q, "", columns).text(", coalesce(min(", markColumn, "), '') FROM ").name(h.walk.table(n.component)).text(" WHERE ")
	if len(n.component.nodes) > 1 {
		q.text(nodeColumn, " = ", strconv.Itoa(n.index), " AND ")
	}
	keyOf(q, "", columns).text(" IN (")
	joined(q, rows, ", ", func(row reachedRow) { q.tuple(t.primary(row)) }).text(") GROUP BY ")
	names(q, "", columns)
	return q.rows(func(scan func(...any) error) error {
		var hold string
		targets, values := scanTargets(len(columns))
		if err := scan(append(targets, &hold)...); err != nil {
			return err
		}
		each(values(), hold)
		return nil
	})
}
