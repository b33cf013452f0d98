package erasure

import (
	"strconv"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room asks for legal holds before an erasure.

// held lists the rows that a legal hold covers, as "table key". refusal is the error for the first model that has some; it
// names the hold. Until the erasure ends, no hold is placed.
func (x *erasure) held(tx statement.Session) (held []string, refusal, err error) {
	h := x.eraser.Holds.Walk()
	if x.preview {
		err = h.Read(tx)
	} else {
		err = h.Share(tx)
	}
	if err != nil || h.Graph == nil {
		return nil, nil, err
	}
	if x.preview && h.Wide() {
		err = statement.Rehearse(tx.DB, func(db *gorm.DB) (err error) {
			held, refusal, err = x.heldBy(tx.On(db), h)
			return err
		})
		return held, refusal, err
	}
	return x.heldBy(tx, h)
}

// heldBy does so for the holds that were read.
func (x *erasure) heldBy(tx statement.Session, h *hold.Walk) (held []string, refusal, err error) {
	drop, err := h.Store(tx)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range x.reach.rows {
		if h.Node(m.Policy) == nil {
			continue
		}
		var rows int64
		first := ""
		err := statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
			return heldRows(tx, h, m.Place, chunk, func(key []any, placed string) {
				held = append(held, m.Table()+" "+rowkey.KeyText(key))
				if rows++; first == "" {
					first = placed
				}
			})
		})
		if err != nil {
			return nil, nil, err
		}
		if rows > 0 && refusal == nil {
			refusal = h.Refusal(first, rows, m.Policy)
		}
	}
	stored, coldRefusal, err := x.cold.held(tx, h)
	if refusal == nil {
		refusal = coldRefusal
	}
	if err == nil {
		err = drop()
	}
	return append(held, stored...), refusal, err
}

// heldRows finds those of the rows that a hold covers.
func heldRows(tx statement.Session, h *hold.Walk, t policy.Place, rows []erasedrow.ReachedRow, each func(key []any, placed string)) error {
	n, p := h.Node(t.Policy), t.Policy
	columns := make([]string, len(p.Schema.PrimaryFields))
	for i, field := range p.Schema.PrimaryFields {
		columns[i] = n.Carry(field.DBName)
	}
	q := tx.Query()
	h.With(q)
	q.Text("SELECT ")
	q.ColumnsNamed("", columns).Text(", coalesce(min(", walk.MarkColumn, "), '') FROM ")
	h.Walk.From(q, n.Component).Text(" WHERE ")
	if n.SharesTable() {
		q.Text(walk.NodeColumn, " = ", strconv.Itoa(n.Index), " AND ")
	}
	keys := make([][]any, len(rows))
	for i, row := range rows {
		keys[i] = erasedrow.Primary(t, row)
	}
	q.SomeAmong("", columns, p.Table, p.Schema.PrimaryFields, keys).Text(" GROUP BY ")
	q.ColumnsNamed("", columns)
	return q.Rows(func(scan func(...any) error) error {
		var placed string
		targets, values := statement.ScanTargets(len(columns))
		if err := scan(append(targets, &placed)...); err != nil {
			return err
		}
		each(values(), placed)
		return nil
	})
}
