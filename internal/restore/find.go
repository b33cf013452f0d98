package restore

import (
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// walks are the walks that a restore's statements need.
func (r *restoration) walks() []*walk.Walk {
	if r.holds {
		return []*walk.Walk{r.lost, r.held}
	}
	return []*walk.Walk{r.lost}
}

// with begins a SELECT with the walks.
func (r *restoration) with(q *statement.Query) { walk.With(q, r.graph.Last(), r.walks()...) }

// upTo are the tables of the walks as far as a node.
func (r *restoration) upTo(n *policy.Node) walk.Tables {
	if r.spanned(n) {
		return nil
	}
	return walk.TablesOf(n.Component, r.walks()...)
}

// comingBack writes the condition that a row is one of those that come back.
func (r *restoration) comingBack(q *statement.Query, n *policy.Node, table string) {
	if r.spanned(n) {
		r.span.write(q, table)
		return
	}
	r.lost.InWalk(q, n, table)
	if r.holds {
		q.Text(" AND ")
		r.held.NotInWalk(q, n, table)
	}
}

// find counts the rows that come back and those that are held, and finds all that refuses, before any write.
func (r *restoration) find(tx statement.Session) error {
	if err := r.findDeletion(tx); err != nil {
		return err
	}
	var counts statement.Tally
	var standing int64 // rows that would stand under a deleted parent
	var conflicts []conflict
	var own []ownConflict
	var unfits []archive.Unfit
	var taken beside
	if r.deletion == "" {
		edges, err := r.beside(tx, r.graph.Beside())
		if err != nil {
			return err
		}
		taken.count(r, &counts, edges)
	}
	root := r.graph.NodeOf(r.root)
	r.back, r.kept = make(map[*policy.Node]int64), make(map[*policy.Node]int64)
	r.holds = r.holds && !r.held.Empty()
	for _, n := range r.graph.Nodes {
		r.count(&counts, n, deletion.ActionRestored, r.back, func(q *statement.Query) { r.comingBack(q, n, "t") })
		if r.holds {
			r.count(&counts, n, deletion.ActionSkipped, r.kept, func(q *statement.Query) { r.held.InWalk(q, n, "t") })
		}
		if err := r.countUnfit(tx, &counts, n, &unfits); err != nil {
			return err
		}
		for _, g := range n.Policy.Guards {
			if r.deletion == "" {
				counts.Add(func(q *statement.Query) { r.guarded(q, n, g) }, func(rows int64) { standing += rows })
			}
		}
		known, err := r.rulesOf(tx, n)
		if err != nil {
			return err
		}
		for _, index := range n.Policy.Unique {
			computed, err := r.computed(tx, n, index)
			if err != nil {
				return err
			}
			if computed || r.refused(n, index, known) {
				continue
			}
			for _, c := range conflictsOf(n, index) {
				if c.twice && r.once(n, index) {
					continue
				}
				counts.Add(func(q *statement.Query) { r.countConflicting(q, c) }, func(rows int64) {
					if rows > 0 {
						conflicts = append(conflicts, c)
					}
				})
			}
		}
		rules, err := r.conflictsOfRules(tx, n, known)
		if err != nil {
			return err
		}
		for _, c := range rules {
			counts.Add(func(q *statement.Query) { r.countOwn(q, c) }, func(rows int64) {
				if rows > 0 {
					own = append(own, c)
				}
			})
		}
	}
	if r.holds && r.deletion == "" {
		counts.Add(func(q *statement.Query) {
			q.Text(" FROM ")
			q.Table(r.target)
			q.Text(" WHERE ")
			r.rootCondition(q)
			q.Text(" AND ")
			r.held.InWalk(q, root, r.target.Qualifier())
		}, func(rows int64) { standing += rows })
	}
	late, here := int64(0), int64(0)
	told := r.span != nil && r.mayBeOvertaken() && !r.preview
	if told {
		counts.Add(func(q *statement.Query) { r.lateRoots(q) }, func(rows int64) { late = rows })
		if here = r.span.rows(); !r.counted {
			counts.Add(r.rootsHere, func(rows int64) { here = rows })
		}
	}
	q := tx.Query()
	r.with(q)
	if err := counts.Run(q); err != nil {
		return err
	}
	if err := taken.err(); err != nil {
		return err
	}
	if told && (late > 0 || here != r.span.rows()) || r.hasty && r.back[root]+r.kept[root] != r.span.rows() {
		return errOvertaken
	}
	if r.deletion != "" {
		if err := r.findBeside(tx); err != nil {
			return err
		}
	}
	kept := int64(0)
	for _, rows := range r.kept {
		kept += rows
	}
	// Nobody holds a row, and the parents are locked: the statements that follow need not ask again.
	r.holds = r.holds && kept > 0
	if err := r.judge(tx, root, standing, conflicts, own); err != nil || len(unfits) == 0 {
		return err
	}
	return unfits[0].Err()
}

// judge turns what find found into the effects, or into the error that refuses.
func (r *restoration) judge(tx statement.Session, root *policy.Node, standing int64, conflicts []conflict, own []ownConflict) error {
	for _, n := range r.graph.Nodes {
		r.rows += r.back[n] + r.kept[n]
	}
	if limit := r.restorer.MaxRows; limit > 0 && r.rows > limit {
		return fault.TooManyRows(r.root.Table, r.rows, limit)
	}
	if r.elsewhere != nil && r.rows > 0 {
		return r.elsewhere
	}
	if err := r.refuseErased(tx); err != nil {
		return err
	}
	if standing > 0 {
		return r.parentError(tx, standing)
	}
	if r.deletion != "" && r.rows == 0 {
		return r.unknown(tx)
	}
	if len(conflicts)+len(own) > 0 && r.hasty {
		return errInTheWay
	}
	if len(conflicts)+len(own) > 0 {
		return r.conflictError(tx, conflicts, own)
	}
	return nil
}

// parentError names the deleted parents under which rows would come back.
func (r *restoration) parentError(tx statement.Session, standing int64) error {
	for _, n := range r.graph.Nodes {
		holders := n.Policy.Guards
		if n.Policy == r.root {
			holders = slices.Concat(r.holders(n), holders)
		}
		for _, h := range holders {
			if !h.Parent.KeepsDeleted() {
				continue
			}
			fields := h.Parent.Schema.PrimaryFields
			q := tx.Query()
			r.lost.With(q, r.graph.Last())
			q.Text("SELECT ").Columns("holder", fields).Text(" FROM ").Name(h.Parent.DeletedTable()).Text(" AS holder WHERE ")
			r.above(q, n, h)
			walk.AndGone(q, h.Parent, "holder")
			q.Text(" ORDER BY ").Columns("holder", fields).Text(" LIMIT ", fmt.Sprint(statement.MostKeys))
			keys, err := q.KeyTexts(fields)
			if err != nil {
				return err
			}
			if len(keys) > 0 {
				return fault.UnderDeleted(h.Parent.Table, h.Name, keys[0],
					"%d %s of %s would come back under deleted rows of table %s with keys %s, by relation %s; restore them first",
					standing, fault.Plural(standing, "row"), n.Policy.Schema.Name, h.Parent.Table, strings.Join(keys, "; "), h.Name)
			}
		}
	}
	return fault.UnderDeleted("", "", "", "%d %s of %s would come back under a deleted parent; restore that parent first", standing, fault.Plural(standing, "row"), r.root.Schema.Name)
}

// unknown is the error for a deletion without rows, unless the ledger knows it.
func (r *restoration) unknown(tx statement.Session) error {
	if r.restorer.Ledger {
		known, err := deletion.LedgerTable.Find(tx, func(q *statement.Query) { q.Text(" WHERE ").Name("id").Text(" = ").Bind(r.deletion) })
		if err != nil || len(known) > 0 {
			return deletion.LedgerError(err)
		}
	}
	return fmt.Errorf("%w: no row carries the mark of deletion %s", gorm.ErrRecordNotFound, r.deletion)
}

// count counts a node's rows that fulfil a condition: those that the caller asked for, then the others by the relation that
// leads to them.
func (r *restoration) count(counts *statement.Tally, n *policy.Node, action deletion.Action, total map[*policy.Node]int64, condition func(q *statement.Query)) {
	add := func(by *policy.Edge, depth int, further func(q *statement.Query)) {
		effect := deletion.Effect{Table: n.Policy.Table, Action: action}
		if by != nil {
			effect.Relation, effect.Parent = by.Name, by.From.Policy.Table
		}
		from := func(q *statement.Query) {
			q.Text(" FROM ")
			r.from(q, n)
			q.Text(" AS t WHERE ")
			condition(q)
			further(q)
		}
		counted := func(rows int64) {
			total[n] += rows
			if effect.Rows = rows; rows > 0 || depth == 0 && action == deletion.ActionRestored {
				r.effects = append(r.effects, countedEffect{deletion.DepthEffect{Effect: effect, Depth: depth, Rank: n.Index}, n, from})
			}
		}
		if r.counted && r.spanned(n) {
			counted(r.span.rows())
			return
		}
		counts.Add(from, counted)
	}
	edges := slices.Concat(n.In, n.Inner)
	if n.Policy == r.root {
		if r.deletion != "" || len(edges) == 0 {
			add(nil, 0, func(*statement.Query) {})
			return
		}
		add(nil, 0, func(q *statement.Query) { r.askedFor(q, true) })
	}
	for i, e := range edges {
		add(e, n.Below(), func(q *statement.Query) {
			if n.Policy == r.root {
				r.askedFor(q, false)
			}
			if len(edges) > 1 && i < len(edges)-1 {
				q.Text(" AND ")
				walk.MatchIn(e, q, r.lost, "t")
			}
			for _, before := range edges[:i] {
				q.Text(" AND CASE WHEN ")
				walk.MatchIn(before, q, r.lost, "t")
				q.Text(" THEN 0 ELSE 1 END = 1")
			}
		})
	}
	if len(edges) == 0 {
		add(nil, 1, func(*statement.Query) {})
	}
}

// countedEffect is an effect of a node's rows, which from begins to read under the name t.
type countedEffect struct {
	deletion.DepthEffect
	node *policy.Node
	from func(q *statement.Query)
}

// list gives the effects in order; in a preview with the keys of some rows.
func (r *restoration) list(tx statement.Session) ([]deletion.Effect, error) {
	effects := make([]deletion.DepthEffect, len(r.effects))
	for i, e := range r.effects {
		effects[i] = e.DepthEffect
		if !r.preview {
			continue
		}
		start := func() *statement.Query {
			q := tx.Query()
			r.with(q)
			return q
		}
		var err error
		if effects[i].Keys, err = deletion.KeysIn(start, e.node.Policy, "t", e.Rows, e.from); err != nil {
			return nil, err
		}
	}
	return deletion.SortEffects(effects), nil
}

// askedFor writes AND and the condition that a root row is, or is not, one that the caller asked for.
func (r *restoration) askedFor(q *statement.Query, yes bool) {
	fields := r.root.Schema.PrimaryFields
	q.Text(" AND ").Key("t", fields)
	if !yes {
		q.Text(" NOT")
	}
	q.Text(" IN (SELECT ").Columns(r.target.Qualifier(), fields).Text(" FROM ")
	q.Table(r.target)
	q.Text(" WHERE ")
	r.rootCondition(q)
	q.Text(")")
}

// guarded writes FROM and WHERE of the rows that would come back under a deleted parent that guards them.
func (r *restoration) guarded(q *statement.Query, n *policy.Node, g *policy.Relation) {
	q.Text(" FROM ").Name(n.Policy.DeletedTable()).Text(" AS t WHERE ")
	r.comingBack(q, n, "t")
	q.Text(" AND EXISTS (SELECT 1 FROM ").Name(g.Parent.DeletedTable()).Text(" AS holder WHERE ")
	statement.Joined(q, g.Keys, " AND ", func(key policy.KeyPair) {
		q.Column("holder", key.Parent.DBName).Text(" = ").Column("t", key.Child.DBName)
	})
	walk.AndGone(q, g.Parent, "holder")
	if from := r.graph.NodeOf(g.Parent); from != nil {
		// Of a key that was archived several times it is the row that comes back which counts.
		q.Text(" AND NOT EXISTS (SELECT 1 FROM ").Name(g.Parent.DeletedTable()).Text(" AS returning_holder WHERE ")
		walk.SameKey(q, g.Parent, "returning_holder", "holder").Text(" AND ")
		r.comingBack(q, from, "returning_holder")
		q.Text(")")
	}
	q.Text(")")
}
