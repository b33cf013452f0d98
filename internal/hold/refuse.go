package hold

import (
	"slices"
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// Covered are the rows of a component that one hold covers.
type Covered struct {
	Component int
	Hold      string
}

// Count counts the rows that the holds cover.
func (h *Walk) Count(tx statement.Session) (map[Covered]int64, error) {
	q := tx.Query()
	h.With(q)
	for i, c := range h.Graph.Components {
		if i > 0 {
			q.Text(" UNION ALL ")
		}
		q.Text("SELECT ", strconv.Itoa(i), " AS component, ", walk.MarkColumn, ", count(*) FROM ")
		h.Walk.From(q, c).Text(" GROUP BY ", walk.MarkColumn)
	}
	counts := map[Covered]int64{}
	err := q.Rows(func(scan func(...any) error) error {
		var key Covered
		var rows int64
		err := scan(&key.Component, &key.Hold, &rows)
		counts[key] = rows
		return err
	})
	return counts, err
}

// Refusal is the error for held rows. It names the hold and its matter.
func (h *Walk) Refusal(id string, rows int64, p *policy.Policy) error {
	placed, ok := h.placed(id)
	if !ok {
		return fault.ErrHeld
	}
	return fault.UnderHold([]fault.Hold{placed.info()}, "%d %s of %s (table %s) %s under hold %s, matter %q, placed on the row %s of %s; release it first",
		rows, fault.Plural(rows, "row"), p.Schema.Name, p.Table, are(rows), placed.ID, placed.Matter, placed.Key, placed.Table)
}

// placed finds a hold by its ID.
func (h *Walk) placed(id string) (Row, bool) {
	i := slices.IndexFunc(h.Holds, func(r Row) bool { return r.ID == id })
	if i < 0 {
		return Row{ID: id}, false
	}
	return h.Holds[i], true
}

func are(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
