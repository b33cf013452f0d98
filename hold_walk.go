package softdelete

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room finds what holds cover.

// lockHolds keeps holds from being placed while a transaction destroys rows: those that destroy share the lock, one that
// places a hold has it alone. A database with a single writer needs none.
func (e *engine) lockHolds(tx *gorm.DB, alone bool) error {
	if !e.dialect.Has(dialect.AdvisoryLocks) {
		return nil
	}
	hash := fnv.New64a()
	hash.Write([]byte(holdRow{}.TableName()))
	number := strconv.FormatInt(int64(hash.Sum64()), 10)
	q := newQuery(tx, e.dialect).text("SELECT 1 FROM (SELECT ")
	if alone {
		q.text(e.dialect.SoleLock(number))
	} else {
		q.text(e.dialect.ShareLock(number))
	}
	return q.text(") AS locked").rows(func(func(...any) error) error { return nil })
}

// holdsInForce reads the holds.
func (e *engine) holdsInForce(tx *gorm.DB) ([]holdRow, error) {
	var rows []holdRow
	err := tx.Session(&gorm.Session{NewDB: true, SkipHooks: true}).Where(map[string]any{"released_at": nil}).Order("placed_at").Order("id").Find(&rows).Error
	now := tx.NowFunc()
	rows = slices.DeleteFunc(rows, func(r holdRow) bool { return r.Until != nil && !r.Until.After(now) })
	return rows, holdError(err)
}

// holdWalk finds the rows that holds cover: those held, and what is under them by any relation, at any depth.
type holdWalk struct {
	engine *engine
	holds  []holdRow
	graph  *graph // nil where no hold is in force
	walk   *walk
}

// newHoldWalk reads the holds in force.
func (e *engine) newHoldWalk(tx *gorm.DB) (*holdWalk, error) {
	h := &holdWalk{engine: e}
	return h, h.read(tx)
}

// share locks the holds as they are until the transaction ends, and reads them.
func (h *holdWalk) share(tx *gorm.DB) error {
	if h == nil {
		return nil
	}
	if err := h.engine.lockHolds(tx, false); err != nil {
		return err
	}
	return h.read(tx)
}

func (h *holdWalk) read(tx *gorm.DB) (err error) {
	h.graph, h.walk = nil, nil
	if h.holds, err = h.engine.holdsInForce(tx); err != nil || len(h.holds) == 0 {
		return err
	}
	held := map[*policy][]holdRow{}
	var roots []*policy
	for _, p := range h.engine.known(tx) {
		for _, hold := range h.holds {
			if hold.Table == p.schema.Table {
				held[p] = append(held[p], hold)
			}
		}
		if held[p] != nil {
			roots = append(roots, p)
		}
	}
	for _, hold := range h.holds {
		if !slices.ContainsFunc(roots, func(p *policy) bool { return p.schema.Table == hold.Table }) {
			return fmt.Errorf("%w: hold %s is on a row of the table %s, whose model is not known; name it in Config.Models", ErrHeld, hold.ID, hold.Table)
		}
	}
	keys := map[*policy][][]any{}
	for p, holds := range held {
		for _, hold := range holds {
			_, key, err := readKey(tx.Statement.Context, p.schema, hold.Parts)
			if err != nil {
				return fmt.Errorf("softdelete: hold %s: %w", hold.ID, err)
			}
			keys[p] = append(keys[p], key)
		}
	}
	h.graph = buildGraph(roots, false, func(*relation) bool { return true })
	h.walk = &walk{
		graph: h.graph, prefix: "under_hold", marked: true, archive: true,
		base: func(n *node) func(q *query) {
			if keys[n.policy] == nil {
				return nil
			}
			return func(q *query) { h.heldRows(q, n, held[n.policy], keys[n.policy]) }
		},
		step: func(*query, *edge, string, string) {},
	}
	return nil
}

// heldRows writes the SELECT of the rows that are held themselves, each with its hold as mark.
func (h *holdWalk) heldRows(q *query, n *node, holds []holdRow, keys [][]any) {
	const table = "held_row"
	fields := n.policy.schema.PrimaryFields
	n.selectCarried(q, h.walk, table)
	q.text(", CASE")
	for i, hold := range holds {
		q.text(" WHEN ").key(table, fields).text(" = ")
		row(q, keys[i])
		q.text(" THEN ", q.dialect.String(hold.ID))
	}
	q.text(" END FROM ")
	h.walk.source(q, n.policy)
	q.text(" AS ", table, " WHERE ")
	keyAmong(q, table, n.policy.schema.PrimaryFieldDBNames, keys)
}

// node gives the place of a model in the walk, nil where no hold can cover its rows.
func (h *holdWalk) node(p *policy) *node {
	if h == nil || h.graph == nil {
		return nil
	}
	return h.graph.nodeOf(p)
}

// covers tells whether a hold can cover rows of the table.
func (h *holdWalk) covers(t *purgeTable) bool { return h.node(t.policy) != nil }

// with begins a statement that asks held.
func (h *holdWalk) with(q *query) {
	if h != nil && h.graph != nil {
		h.walk.with(q, h.graph.last())
	}
}

// begin writes WITH for tables that follow, after those that held asks for.
func (h *holdWalk) begin(q *query) {
	if h == nil || h.graph == nil {
		q.text("WITH ")
		return
	}
	h.with(q)
	q.text(", ")
}

// held writes the condition that a hold covers the row, in parentheses.
func (h *holdWalk) held(q *query, t *purgeTable, alias string) {
	q.text("(")
	keyOf(q, alias, t.policy.schema.PrimaryFieldDBNames).text(" IN (")
	h.walk.selectKeys(q, h.node(t.policy))
	q.text("))")
}
