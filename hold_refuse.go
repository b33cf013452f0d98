package softdelete

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// This room keeps hard deletions off what holds cover: they look for it before they write, their statements leave it alone,
// and they look again, for another transaction may move a row under a hold, or into the deletion's reach, in between.

// heeds tells whether the deletion destroys rows that holds may cover.
func (d *deletion) heeds() bool {
	return d.engine.plugin.config.Holds && slices.ContainsFunc(d.graph.nodes, func(n *node) bool { return d.action(n.policy) == ActionRemoved })
}

// refuseHeld refuses to destroy rows under a hold. It keeps holds as they are until the deletion ends.
func (d *deletion) refuseHeld(tx *gorm.DB) error {
	if !d.heeds() {
		return nil
	}
	h := &holdWalk{engine: d.engine}
	if err := h.share(tx); err != nil || h.graph == nil {
		return err
	}
	d.held = h
	err := d.eachHeld(tx, h, func(id string, rows int64, p *policy) error { return h.refusal(id, rows, p) })
	if err == nil {
		d.covered, err = h.count(tx)
	}
	return err
}

// refuseLost refuses the deletion where a hold covers fewer rows than before: the database has removed some by a foreign key's
// ON DELETE CASCADE, or taken them away from the row above them by SET NULL.
func (d *deletion) refuseLost(tx *gorm.DB) error {
	if d.held == nil || d.covered == nil {
		return nil
	}
	now, err := d.held.count(inWork(tx, tx.Statement.Context))
	if err != nil {
		return err
	}
	for key, rows := range d.covered {
		if lost := rows - now[key]; lost > 0 {
			return d.held.refusal(key.hold, lost, d.held.graph.components[key.component].nodes[0].policy)
		}
	}
	return nil
}

// covered are the rows of a component that one hold covers.
type covered struct {
	component int
	hold      string
}

// count counts the rows that the holds cover.
func (h *holdWalk) count(tx *gorm.DB) (map[covered]int64, error) {
	q := newQuery(tx, h.engine.dialect)
	h.with(q)
	for i, c := range h.graph.components {
		if i > 0 {
			q.text(" UNION ALL ")
		}
		q.text("SELECT ", strconv.Itoa(i), " AS component, ", markColumn, ", count(*) FROM ").name(h.walk.table(c)).text(" GROUP BY ", markColumn)
	}
	counts := map[covered]int64{}
	err := q.rows(func(scan func(...any) error) error {
		var key covered
		var rows int64
		err := scan(&key.component, &key.hold, &rows)
		counts[key] = rows
		return err
	})
	return counts, err
}

// foreseeHeld lists the rows under a hold that would refuse the deletion.
func (d *deletion) foreseeHeld(tx *gorm.DB) error {
	if !d.heeds() {
		return nil
	}
	h, err := d.engine.newHoldWalk(tx)
	if err != nil || h.graph == nil {
		return err
	}
	return d.eachHeld(tx, h, func(_ string, rows int64, p *policy) error {
		d.blockers = append(d.blockers, Blocker{Table: p.schema.Table, Rows: rows})
		return nil
	})
}

// eachHeld calls do for every model that the deletion would destroy held rows of, until it returns an error.
func (d *deletion) eachHeld(tx *gorm.DB, h *holdWalk, do func(id string, rows int64, p *policy) error) error {
	for _, n := range d.graph.nodes {
		if d.action(n.policy) != ActionRemoved || h.node(n.policy) == nil {
			continue
		}
		id, rows, err := d.findHeld(tx, h, n)
		if err == nil && rows > 0 {
			err = do(id, rows, n.policy)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// findHeld counts a node's rows that holds cover, and names the first of the holds.
func (d *deletion) findHeld(tx *gorm.DB, h *holdWalk, n *node) (id string, rows int64, err error) {
	if len(n.policy.schema.PrimaryFields) == 0 {
		return h.holds[0].ID, 1, nil // nothing tells which of its rows stand under the hold
	}
	reached, held := d.reach(), h.node(n.policy)
	q := newQuery(tx, d.engine.dialect)
	with(q, d.graph.last(), reached, h.walk)
	q.text("SELECT count(*), coalesce(min(", markColumn, "), '') FROM ").name(h.walk.table(held.component)).text(" WHERE ")
	if len(held.component.nodes) > 1 {
		q.text(nodeColumn, " = ", strconv.Itoa(held.index), " AND ")
	}
	aliases := make([]string, len(n.policy.schema.PrimaryFields))
	for i, field := range n.policy.schema.PrimaryFields {
		aliases[i] = held.carry(field.DBName)
	}
	q.text("(", strings.Join(aliases, ", "), ") IN (")
	reached.selectKeys(q, n)
	q.text(")")
	err = q.rows(func(scan func(...any) error) error { return scan(&rows, &id) })
	return id, rows, err
}

// refusal is the error for held rows. It names the hold and its matter.
func (h *holdWalk) refusal(id string, rows int64, p *policy) error {
	i := slices.IndexFunc(h.holds, func(r holdRow) bool { return r.ID == id })
	if i < 0 {
		return ErrHeld
	}
	hold := h.holds[i]
	return fmt.Errorf("%w: %d %s of %s (table %s) %s under hold %s, matter %q, placed on the row %s of %s; release it first",
		ErrHeld, rows, plural(rows, "row"), p.schema.Name, p.schema.Table, are(rows), hold.ID, hold.Matter, hold.Key, hold.Table)
}

func are(n int64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// spareHeld writes AND and the condition that no hold covers a node's row.
func (d *deletion) spareHeld(q *query, n *node, table string) {
	held := d.held.node(n.policy)
	if held == nil || len(n.policy.schema.PrimaryFields) == 0 || d.action(n.policy) != ActionRemoved {
		return
	}
	q.text(" AND ").key(table, n.policy.schema.PrimaryFields).text(" NOT IN (")
	d.held.with(q)
	d.held.walk.selectKeys(q, held)
	q.text(")")
}

// spareHeldRoots makes GORM's own statement leave held root rows alone.
func (d *deletion) spareHeldRoots() {
	if d.together == nil && d.held.node(d.root) != nil && len(d.root.schema.PrimaryFields) > 0 {
		groupAlternatives(d.stmt)
		d.stmt.AddClause(clause.Where{Exprs: []clause.Expression{spared{d}}})
	}
}

// spared is the condition that no hold covers a root row.
type spared struct{ deletion *deletion }

// Build implements clause.Expression.
func (s spared) Build(builder clause.Builder) {
	stmt := builder.(*gorm.Statement)
	q := &query{tx: stmt.DB, stmt: stmt, dialect: s.deletion.engine.dialect}
	q.text("1 = 1")
	s.deletion.spareHeld(q, s.deletion.graph.nodes[0], s.deletion.target.qualifier)
}

// refuseSpared refuses the deletion where rows are left that it would have removed but for a hold. where are the conditions of
// the root rows.
func (d *deletion) refuseSpared(tx *gorm.DB, where clause.Clause) error {
	if d.held == nil {
		return nil
	}
	now := d.stmt.Clauses["WHERE"]
	d.stmt.Clauses["WHERE"] = where
	defer func() { d.stmt.Clauses["WHERE"] = now }()
	return d.eachHeld(inWork(tx, tx.Statement.Context), d.held, func(id string, rows int64, p *policy) error { return d.held.refusal(id, rows, p) })
}
