package softdelete

import (
	"cmp"
	"math"
	"slices"
)

// depthEffect is an effect with what it is sorted by.
type depthEffect struct {
	Effect
	depth int
	rank  int // among those of one depth: the order of the nodes, so that a removal, which goes up, reports as its preview
}

// keptRank sorts kept rows behind those that the deletion takes.
const keptRank = math.MaxInt

// addEffect notes what happened to a relation's rows. Relations without a row are left out, apart from the root.
func (d *deletion) addEffect(e Effect, depth, rank int) {
	if d.outer == nil && !d.reports() {
		return
	}
	if e.Rows > 0 || depth == 0 && e.Relation == "" {
		d.effects = append(d.effects, depthEffect{e, depth, rank})
	}
}

// sortEffects lists the effects, the root first, then by depth.
func sortEffects(list []depthEffect) []Effect {
	slices.SortStableFunc(list, func(a, b depthEffect) int { return cmp.Or(cmp.Compare(a.depth, b.depth), cmp.Compare(a.rank, b.rank)) })
	effects := make([]Effect, len(list))
	for i, e := range list {
		effects[i] = e.Effect
	}
	return effects
}

// took notes rows that the deletion took through a relation.
func (d *deletion) took(n *node, relation string, rows int64) {
	d.rows += rows
	if d.marked != nil {
		d.marked[n] += rows
	}
	d.addEffect(Effect{Table: n.policy.schema.Table, Relation: relation, Action: d.action(n.policy), Rows: rows}, n.below(), n.index)
}
