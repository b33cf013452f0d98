package hold

import (
	"maps"
	"slices"
	"strconv"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room watches over a write that may take rows away from what holds them: it notes what holds cover before, and refuses where
// that is less afterwards.

// Watch is what holds cover before a write to rows of one model.
type Watch struct {
	walk   *Walk
	policy *policy.Policy
	key    rowkey.Key
	// rows are those of the written ones that holds cover, by hold and key.
	rows map[coveredRow][]any
	// counts are what each hold covers in all, where the write changes what other rows refer to; nil where it does not.
	counts map[Covered]int64
}

// coveredRow is a row, by the exact text of its key, that a hold covers.
type coveredRow struct{ hold, key string }

// Moves tells which of the fields take a row away from the rows above it, or the rows under it away from it, when they change.
func (h *Walk) Moves(p *policy.Policy, assigned func(*schema.Field) bool) (itself, under bool) {
	if h.Node(p) == nil {
		return false, false
	}
	itself = slices.ContainsFunc(p.Schema.PrimaryFields, assigned)
	for _, n := range h.Graph.Nodes {
		for _, e := range slices.Concat(n.In, n.Inner) {
			for _, key := range e.Keys {
				itself = itself || n.Policy == p && assigned(key.Child)
				under = under || e.From.Policy == p && assigned(key.Parent)
			}
			for _, fixed := range e.Fixed {
				itself = itself || n.Policy == p && assigned(fixed.Child)
			}
		}
	}
	return itself, under
}

// Watch notes what holds cover of the rows of a model that rows selects the keys of, and under those where under is set.
func (h *Walk) Watch(tx statement.Session, p *policy.Policy, under bool, rows func(q *statement.Query)) (w *Watch, err error) {
	drop, err := h.Store(tx)
	if err != nil {
		return nil, err
	}
	w = &Watch{walk: h, policy: p, key: rowkey.Of(tx.Dialect, p.Schema.PrimaryFields)}
	w.rows, err = w.covered(tx, func(q *statement.Query, columns []string) {
		q.KeyNamed("", columns).Text(" IN (")
		rows(q)
		q.Text(")")
	})
	if err == nil && under {
		w.counts, err = h.Count(tx)
	}
	if err == nil {
		err = drop()
	}
	return w, err
}

// covered gives the covered rows of the model that a condition on the columns of their keys chooses.
func (w *Watch) covered(tx statement.Session, condition func(q *statement.Query, columns []string)) (map[coveredRow][]any, error) {
	n := w.walk.Node(w.policy)
	columns := make([]string, len(w.policy.Schema.PrimaryFields))
	for i, field := range w.policy.Schema.PrimaryFields {
		columns[i] = n.Carry(field.DBName)
	}
	q := tx.Query()
	w.walk.With(q)
	q.Text("SELECT ").ColumnsNamed("", columns).Text(", ", walk.MarkColumn, " FROM ")
	w.walk.Walk.From(q, n.Component).Text(" WHERE ")
	if n.SharesTable() {
		q.Text(walk.NodeColumn, " = ", strconv.Itoa(n.Index), " AND ")
	}
	condition(q, columns)
	found := map[coveredRow][]any{}
	err := q.Rows(func(scan func(...any) error) error {
		var row coveredRow
		targets, values := statement.ScanTargets(len(columns))
		if err := scan(append(targets, &row.hold)...); err != nil {
			return err
		}
		key := values()
		row.key = w.key.Exact(key)
		found[row] = key
		return nil
	})
	return found, err
}

// Refuse refuses the write where a hold covers a row no more that it covered before.
func (w *Watch) Refuse(tx statement.Session) error {
	return w.walk.Stored(tx, func() error { return w.refuse(tx) })
}

func (w *Watch) refuse(tx statement.Session) error {
	if err := w.walk.RefuseFewer(tx, w.counts); err != nil {
		return err
	}
	var keys [][]any
	for _, key := range w.rows {
		keys = append(keys, key)
	}
	left, others := w.rows, map[coveredRow][]any{}
	err := statement.Chunks(keys, func(chunk [][]any) error {
		now, err := w.covered(tx, func(q *statement.Query, columns []string) {
			q.SomeAmong("", columns, w.policy.Table, w.policy.Schema.PrimaryFields, chunk)
		})
		for row, key := range now {
			if _, before := left[row]; !before {
				others[row] = key
			}
			delete(left, row)
		}
		return err
	})
	if err == nil && len(left) > 0 && len(others) > 0 {
		err = w.leaveSame(tx, left, others)
	}
	if err != nil || len(left) == 0 {
		return err
	}
	var first coveredRow
	lost := map[string]int64{}
	for row := range left {
		if lost[row.hold]++; first == (coveredRow{}) || row.hold < first.hold || row.hold == first.hold && row.key < first.key {
			first = row
		}
	}
	placed, _ := w.walk.placed(first.hold)
	s := w.policy.Schema
	return fault.UnderHold([]fault.Hold{placed.info()}, "the write would take %d %s of %s (table %s), the one with key %s among them, away from what hold %s covers, matter %q, placed on the row %s of %s; release it first, or leave %s under the same parent",
		lost[first.hold], fault.Plural(lost[first.hold], "row"), s.Name, w.policy.Table, rowkey.KeyText(left[first]), placed.ID, placed.Matter, placed.Key, placed.Table, they(lost[first.hold]))
}

// leaveSame takes out rows whose keys stand among others that the same hold covers, in letters that the database takes for the same.
func (w *Watch) leaveSame(tx statement.Session, left, others map[coveredRow][]any) error {
	rows, keys := slices.Collect(maps.Keys(left)), [][]any{}
	before := len(rows)
	for _, row := range rows {
		keys = append(keys, left[row])
	}
	for row, key := range others {
		rows, keys = append(rows, row), append(keys, key)
	}
	texts, err := w.walk.holds.Folding.Texts(tx, w.policy.Table, w.policy.Schema.PrimaryFields, keys)
	if err != nil {
		return err
	}
	covered := map[coveredRow]bool{}
	for i := before; i < len(rows); i++ {
		covered[coveredRow{rows[i].hold, texts[i]}] = true
	}
	for i, row := range rows[:before] {
		if covered[coveredRow{row.hold, texts[i]}] {
			delete(left, row)
		}
	}
	return nil
}

func they(n int64) string {
	if n == 1 {
		return "it"
	}
	return "them"
}

// RefuseFewer refuses where holds cover fewer rows than they did.
func (h *Walk) RefuseFewer(tx statement.Session, before map[Covered]int64) error {
	if before == nil {
		return nil
	}
	now, err := h.Count(tx)
	if err != nil {
		return err
	}
	for key, rows := range before {
		if lost := rows - now[key]; lost > 0 {
			return h.Refusal(key.Hold, lost, h.Graph.Components[key.Component].Nodes[0].Policy)
		}
	}
	return nil
}
