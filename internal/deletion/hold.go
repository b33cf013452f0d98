package deletion

import (
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room keeps hard deletions off what holds cover: they look for it before they write, their statements leave it alone,
// and they look again, for another transaction may move a row under a hold, or into the deletion's reach, in between.

// heeds tells whether the deletion destroys rows that holds may cover.
func (d *deletion) heeds() bool {
	return slices.ContainsFunc(d.graph.Nodes, func(n *policy.Node) bool { return d.action(n.Policy) == ActionRemoved })
}

// heedsPlain tells whether the deletion of a model that has no rules may meet holds. Where there can be none it is left to GORM.
func (deleter *Deleter) heedsPlain(db *gorm.DB, p *policy.Policy) (bool, error) {
	stmt := db.Statement
	if db.DryRun || p.Foreign != nil && !stmt.Unscoped { // nothing is destroyed
		return false, nil
	}
	tx := deleter.Session(db).InWork(stmt.Context)
	if !deleter.Holds.Found() {
		if err := tx.LockWriter(deleter.TableOf(stmt, p).Name, p.Schema.PrimaryFields); err != nil { // what db.Table names, where it does
			return false, err
		}
	}
	return deleter.Holds.There(tx)
}

// refuseHeld refuses to destroy rows under a hold. It keeps holds as they are until the deletion ends.
func (d *deletion) refuseHeld(tx statement.Session) error {
	if !d.heeds() {
		return nil
	}
	h := d.deleter.Holds.Walk()
	if err := h.Share(tx); err != nil || h.Graph == nil {
		return err
	}
	if err := d.storeHeld(tx, h); err != nil {
		return err
	}
	err := d.eachHeld(tx, d.reach(), h, func(id string, rows int64, p *policy.Policy) error { return h.Refusal(id, rows, p) })
	if err == nil {
		d.covered, err = h.Count(tx)
	}
	return err
}

// refuseLost refuses the deletion where a hold covers fewer rows than before: the database has removed some by a foreign key's
// ON DELETE CASCADE, or taken them away from the row above them by SET NULL.
func (d *deletion) refuseLost(tx statement.Session) error {
	if d.held == nil || d.covered == nil {
		return nil
	}
	tx = tx.InWork(tx.Statement.Context)
	if err := d.storeHeld(tx, d.held); err != nil {
		return err
	}
	return d.held.RefuseFewer(tx, d.covered)
}

// storeHeld looks for what holds cover, for the statements that follow.
func (d *deletion) storeHeld(tx statement.Session, h *hold.Walk) error {
	if h != d.held {
		if err := d.dropHeld(); err != nil {
			return err
		}
	}
	drop, err := h.Store(tx)
	if err == nil {
		d.held, d.unstore = h, drop
	}
	return err
}

// dropHeld drops what storeHeld has made.
func (d *deletion) dropHeld() error {
	drop := d.unstore
	if d.unstore = nil; drop == nil {
		return nil
	}
	return drop()
}

// foreseeHeld lists the rows under a hold that would refuse the deletion.
func (d *deletion) foreseeHeld(tx statement.Session, reached *walk.Walk) error {
	if !d.heeds() {
		return nil
	}
	h, err := d.deleter.Holds.InForce(tx)
	if err != nil || h.Graph == nil {
		return err
	}
	if h.Wide() && !d.graph.Wide { // else it is a rehearsal already
		return statement.Rehearse(tx.DB, func(db *gorm.DB) error { return d.foreseeHeldIn(tx.On(db), reached, h) })
	}
	return d.foreseeHeldIn(tx, reached, h)
}

func (d *deletion) foreseeHeldIn(tx statement.Session, reached *walk.Walk, h *hold.Walk) error {
	drop, err := h.Store(tx)
	if err != nil {
		return err
	}
	err = d.eachHeld(tx, reached, h, func(_ string, rows int64, p *policy.Policy) error {
		d.blockers = append(d.blockers, fault.Blocker{Table: p.Table, Rows: rows})
		return nil
	})
	if err != nil {
		return err
	}
	return drop()
}

// eachHeld calls do for every model that the deletion would destroy held rows of, until it returns an error.
func (d *deletion) eachHeld(tx statement.Session, reached *walk.Walk, h *hold.Walk, do func(id string, rows int64, p *policy.Policy) error) error {
	return reached.Stored(start(tx), func() error {
		for _, n := range d.graph.Nodes {
			if d.action(n.Policy) != ActionRemoved || h.Node(n.Policy) == nil {
				continue
			}
			id, rows, err := d.findHeld(tx, reached, h, n)
			if err == nil && rows > 0 {
				err = do(id, rows, n.Policy)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// findHeld counts a node's rows that holds cover, and names the first of the holds.
func (d *deletion) findHeld(tx statement.Session, reached *walk.Walk, h *hold.Walk, n *policy.Node) (id string, rows int64, err error) {
	if len(n.Policy.Schema.PrimaryFields) == 0 {
		return h.Holds[0].ID, 1, nil // nothing tells which of its rows stand under the hold
	}
	held := h.Node(n.Policy)
	q := tx.Query()
	walk.With(q, d.graph.Last(), reached, h.Walk)
	q.Text("SELECT count(*), coalesce(min(", walk.MarkColumn, "), '') FROM ")
	h.Walk.From(q, held.Component).Text(" WHERE ")
	if held.SharesTable() {
		q.Text(walk.NodeColumn, " = ", strconv.Itoa(held.Index), " AND ")
	}
	aliases := make([]string, len(n.Policy.Schema.PrimaryFields))
	for i, field := range n.Policy.Schema.PrimaryFields {
		aliases[i] = held.Carry(field.DBName)
	}
	q.Text("(", strings.Join(aliases, ", "), ") IN (")
	reached.SelectKeys(q, n)
	q.Text(")")
	err = q.Rows(func(scan func(...any) error) error { return scan(&rows, &id) })
	return id, rows, err
}

// spareHeld writes AND and the condition that no hold covers a node's row.
func (d *deletion) spareHeld(q *statement.Query, n *policy.Node, table string) {
	held := d.held.Node(n.Policy)
	if held == nil || len(n.Policy.Schema.PrimaryFields) == 0 || d.action(n.Policy) != ActionRemoved {
		return
	}
	q.Text(" AND ").Key(table, n.Policy.Schema.PrimaryFields).Text(" NOT IN (")
	d.held.With(q)
	d.held.Walk.SelectKeys(q, held)
	q.Text(")")
}

// spareHeldRoots makes GORM's own statement leave held root rows alone.
func (d *deletion) spareHeldRoots() {
	if d.together == nil && d.held.Node(d.root) != nil && len(d.root.Schema.PrimaryFields) > 0 {
		scope.GroupAlternatives(d.stmt)
		d.stmt.AddClause(clause.Where{Exprs: []clause.Expression{spared{d}}})
	}
}

// spared is the condition that no hold covers a root row.
type spared struct{ deletion *deletion }

// Build implements clause.Expression.
func (s spared) Build(builder clause.Builder) {
	stmt := builder.(*gorm.Statement)
	q := &statement.Query{Tx: stmt.DB, Stmt: stmt, Dialect: s.deletion.deleter.Dialect}
	q.Text("1 = 1")
	s.deletion.spareHeld(q, s.deletion.graph.Nodes[0], s.deletion.target.Qualifier())
}

// refuseSpared refuses the deletion where rows are left that it would have removed but for a hold. where are the conditions of
// the root rows.
func (d *deletion) refuseSpared(tx statement.Session, where clause.Clause) error {
	if d.held == nil {
		return nil
	}
	now := d.stmt.Clauses["WHERE"]
	d.stmt.Clauses["WHERE"] = where
	defer func() { d.stmt.Clauses["WHERE"] = now }()
	tx = tx.InWork(tx.Statement.Context)
	if err := d.storeHeld(tx, d.held); err != nil {
		return err
	}
	return d.eachHeld(tx, d.reach(), d.held, func(id string, rows int64, p *policy.Policy) error { return d.held.Refusal(id, rows, p) })
}
