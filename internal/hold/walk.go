package hold

import (
	"hash/fnv"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room finds what holds cover.

// lockHolds keeps holds from being placed while a transaction destroys rows: those that destroy share the lock, one that
// places a hold has it alone.
func lockHolds(tx statement.Session, alone bool) error {
	hash := fnv.New64a()
	hash.Write([]byte(table.Name()))
	return tx.LockNumber(int64(hash.Sum64()), alone)
}

// holdsInForce reads the holds.
func holdsInForce(tx statement.Session) ([]Row, error) {
	rows, err := table.Find(tx, func(q *statement.Query) {
		q.Text(" WHERE ").Name("released_at").Text(" IS NULL ORDER BY ").Name("placed_at").Text(", ").Name("id")
	})
	now := tx.NowFunc()
	rows = slices.DeleteFunc(rows, func(r Row) bool { return r.Until != nil && !r.Until.After(now) })
	return rows, holdError(err)
}

// Walk finds the rows that holds cover: those held, and what is under them by any relation, at any depth.
type Walk struct {
	holds *Holds
	Holds []Row
	Graph *policy.Graph // nil where no hold is in force
	Walk  *walk.Walk
}

// Walk is a walk that has not read the holds yet.
func (h *Holds) Walk() *Walk { return &Walk{holds: h} }

// InForce reads the holds in force.
func (h *Holds) InForce(tx statement.Session) (*Walk, error) {
	w := h.Walk()
	return w, w.Read(tx)
}

// Share locks the holds as they are until the transaction ends, and reads them.
func (h *Walk) Share(tx statement.Session) error {
	if there, err := h.holds.There(tx); err != nil || !there {
		h.none()
		return err
	}
	if err := lockHolds(tx, false); err != nil {
		return err
	}
	return h.Read(tx)
}

// Read reads the holds as they are now.
func (h *Walk) Read(tx statement.Session) (err error) {
	h.none()
	if there, err := h.holds.There(tx); err != nil || !there {
		return err
	}
	if h.Holds, err = holdsInForce(tx); err != nil || len(h.Holds) == 0 {
		return err
	}
	held := map[*policy.Policy][]Row{}
	var roots []*policy.Policy
	for _, p := range h.holds.Known(tx.DB) {
		for _, placed := range h.Holds {
			if placed.Table == p.Table {
				held[p] = append(held[p], placed)
			}
		}
		if held[p] != nil {
			roots = append(roots, p)
		}
	}
	for _, placed := range h.Holds {
		if !slices.ContainsFunc(roots, func(p *policy.Policy) bool { return p.Table == placed.Table }) {
			return fault.UnderHold([]fault.Hold{placed.info()}, "hold %s is on a row of the table %s, whose model is not known; name it in Config.Models", placed.ID, placed.Table)
		}
	}
	keys := map[*policy.Policy][][]any{}
	for p, holds := range held {
		for _, placed := range holds {
			key, err := placed.key(tx.Statement.Context, tx.Dialect, p.Schema)
			if err != nil {
				return err
			}
			keys[p] = append(keys[p], key)
		}
	}
	h.Graph = policy.BuildGraph(roots, false, func(*policy.Relation) bool { return true })
	h.Walk = &walk.Walk{
		Graph: h.Graph, Prefix: "under_hold", Marked: true, In: (*policy.Policy).Places,
		Base: func(n *policy.Node) func(q *statement.Query) {
			if keys[n.Policy] == nil {
				return nil
			}
			return func(q *statement.Query) { h.heldRows(q, n, held[n.Policy], keys[n.Policy]) }
		},
		Step: func(*statement.Query, *policy.Edge, string, string) {},
	}
	return nil
}

// none forgets the holds.
func (h *Walk) none() { h.Holds, h.Graph, h.Walk = nil, nil, nil }

// heldRows writes the SELECT of the rows that are held themselves, each with its hold as mark.
func (h *Walk) heldRows(q *statement.Query, n *policy.Node, holds []Row, keys [][]any) {
	const table = "held_row"
	fields := n.Policy.Schema.PrimaryFields
	walk.SelectCarried(n, q, h.Walk, table)
	q.Text(", CASE")
	for i, placed := range holds {
		q.Text(" WHEN ").Key(table, fields).Text(" = ")
		q.Tuple(keys[i])
		q.Text(" THEN ", q.Dialect.String(placed.ID))
	}
	q.Text(" END FROM ")
	h.Walk.Source(q, n.Policy)
	q.Text(" AS ", table, " WHERE ")
	q.SomeAmong(table, n.Policy.Schema.PrimaryFieldDBNames, n.Policy.Table, n.Policy.Schema.PrimaryFields, keys)
}

// Node gives the place of a model in the walk, nil where no hold can cover its rows.
func (h *Walk) Node(p *policy.Policy) *policy.Node {
	if h == nil || h.Graph == nil { // a deletion that destroys nothing has no walk
		return nil
	}
	return h.Graph.NodeOf(p)
}

// Covers tells whether a hold can cover rows of the table.
func (h *Walk) Covers(p *policy.Policy) bool { return h.Node(p) != nil }

// Walking is the walk over what holds cover, for a statement with others; empty where there are no holds.
func (h *Walk) Walking() []*walk.Walk {
	if h.Graph == nil {
		return nil
	}
	return []*walk.Walk{h.Walk}
}

// Tables are those that held asks.
func (h *Walk) Tables() walk.Tables {
	if h == nil || h.Graph == nil {
		return nil
	}
	return h.Walk.Tables(h.Graph.Last())
}

// With begins a SELECT that asks held.
func (h *Walk) With(q *statement.Query) { h.Tables().With(q) }

// Begin writes WITH for tables that follow, after those that held asks for.
func (h *Walk) Begin(q *statement.Query) {
	tables := h.Tables()
	if len(tables) == 0 {
		q.Text("WITH ")
		return
	}
	tables.With(q)
	q.Text(", ")
}

// Wide tells whether what holds cover is put into a table before it is asked for: see Stored.
func (h *Walk) Wide() bool { return h != nil && h.Graph != nil && h.Graph.Wide }

// Stored runs what asks often for what holds cover, in a transaction, while that is in a table where the models are a wide graph.
func (h *Walk) Stored(tx statement.Session, run func() error) error {
	if !h.Wide() {
		return run()
	}
	return h.Walk.Stored(func() *statement.Query { return tx.Query() }, run)
}

// Store looks for it anew, for statements that follow. It returns what drops the table.
func (h *Walk) Store(tx statement.Session) (drop func() error, err error) {
	if !h.Wide() {
		return func() error { return nil }, nil
	}
	return h.Walk.StoreAnew(func() *statement.Query { return tx.Query() })
}

// Held writes the condition that a hold covers the row, in parentheses.
func (h *Walk) Held(q *statement.Query, p *policy.Policy, alias string) {
	q.Text("(")
	q.KeyNamed(alias, p.Schema.PrimaryFieldDBNames).Text(" IN (")
	h.Walk.SelectKeys(q, h.Node(p))
	q.Text("))")
}
