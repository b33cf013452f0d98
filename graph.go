package softdelete

import (
	"cmp"
	"fmt"
	"slices"

	"gorm.io/gorm/schema"
)

// graph is everything that deleting a row of one model may reach: the models that cascade relations lead to, and the
// relations that are looked at on the way. It is made once per policy.
type graph struct {
	// nodes are the models that lose rows, the root first. Parents stand before their children; models that refer to each
	// other in a cycle share a component and stand together.
	nodes      []*node
	components []*component
	// checks are the relations whose live rows refuse the deletion: by block, or because their model is never deleted.
	checks []*edge
	// kept are the relations whose rows stay.
	kept []*edge
	// byKey tells that the root's primary key, a single column, is all that relations ask of a root row, and that no
	// relation leads back to the root.
	byKey bool
	// err is what is wrong with the tags of any model in the graph.
	err error
}

// node is one model in the graph.
type node struct {
	policy    *policy
	index     int
	depth     int // the shortest way from the root
	component *component
	in        []*edge // from nodes of other components
	inner     []*edge // from nodes of its own component
	carried   []*carriedColumn
}

// component is a set of nodes that reach each other; most are one node without a relation to itself.
type component struct {
	index int
	// height is the longest way down to a component without children.
	height int
	nodes  []*node
	inner  []*edge
}

// table is the first of the component's tables by name.
func (c *component) table() string {
	first := c.nodes[0].policy.schema.Table
	for _, n := range c.nodes[1:] {
		first = min(first, n.policy.schema.Table)
	}
	return first
}

// below is the depth of the rows that relations lead to: of a root's model too, where a cycle comes back to it.
func (n *node) below() int {
	if n.depth > 0 || len(n.inner) == 0 {
		return max(n.depth, 1)
	}
	first := slices.MinFunc(n.inner, func(a, b *edge) int { return cmp.Compare(a.from.depth, b.from.depth) })
	return first.from.depth + 1
}

// edge is a relation between two nodes. to is nil where the relation is only looked at.
type edge struct {
	*relation
	from, to *node
}

// carriedColumn is a column of a node that other tables' keys refer to.
type carriedColumn struct {
	name  string // of the column
	alias string // in the plugin's own WITH tables
}

// carry makes sure that the node carries a column, and gives its alias.
func (n *node) carry(column string) string {
	for _, c := range n.carried {
		if c.name == column {
			return c.alias
		}
	}
	c := &carriedColumn{name: column, alias: fmt.Sprintf("n%dk%d", n.index, len(n.carried))}
	n.carried = append(n.carried, c)
	return c.alias
}

// alone tells whether deletions of the root's rows take no other rows.
func (g *graph) alone() bool { return len(g.nodes) == 1 && len(g.nodes[0].inner) == 0 }

// leaf tells whether the node has no children in the graph.
func (g *graph) leaf(n *node) bool {
	return !slices.ContainsFunc(g.nodes, func(other *node) bool {
		return slices.ContainsFunc(append(slices.Clone(other.in), other.inner...), func(e *edge) bool { return e.from == n })
	})
}

// graphOf gives the graph of deletions that begin at the model.
func (p *policy) graphOf() *graph {
	p.graphOnce.Do(func() { p.graph = newGraph([]*policy{p}, false) })
	return p.graph
}

// lockedFirst orders relations by their parents, in the order in which deletions lock these.
func lockedFirst(a, b *relation) int {
	first, second := a.parent.graphOf().components[0], b.parent.graphOf().components[0]
	return cmp.Or(cmp.Compare(second.height, first.height), cmp.Compare(first.table(), second.table()))
}

// restoreGraph gives the graph of restores that begin at the model: the same, with the marks carried along.
func (p *policy) restoreGraph() *graph {
	p.restoreOnce.Do(func() {
		p.restores = newGraph([]*policy{p}, false)
		p.restores.carryMarks()
	})
	return p.restores
}

// carryMarks makes every node carry the columns of its mark.
func (g *graph) carryMarks() {
	for _, n := range g.nodes {
		for _, field := range []*schema.Field{n.policy.id, n.policy.at} {
			if field != nil {
				n.carry(field.DBName)
			}
		}
	}
}

// newGraph makes the graph of what the models reach by cascade relations and, if asked for, of the guard relations among
// them. The first model is the root.
func newGraph(roots []*policy, guards bool) *graph {
	return buildGraph(roots, guards, func(r *relation) bool { return r.rule == ruleCascade && !r.child.never() })
}

// buildGraph makes a graph of the relations that follow chooses.
func buildGraph(roots []*policy, guards bool, follow func(*relation) bool) *graph {
	g := &graph{}
	byPolicy := map[*policy]*node{}
	add := func(p *policy, depth int) *node {
		if n, ok := byPolicy[p]; ok {
			return n
		}
		n := &node{policy: p, depth: depth}
		byPolicy[p] = n
		g.nodes = append(g.nodes, n)
		if g.err == nil {
			g.err = p.err
		}
		return n
	}
	for _, root := range roots {
		add(root, 0)
	}
	var edges []*edge
	for i := 0; i < len(g.nodes); i++ {
		from := g.nodes[i]
		for _, r := range from.policy.has {
			switch {
			case !follow(r) && r.rule == ruleKeep:
				g.kept = append(g.kept, &edge{relation: r, from: from})
			case !follow(r):
				g.checks = append(g.checks, &edge{relation: r, from: from})
			default:
				edges = append(edges, &edge{relation: r, from: from, to: add(r.child, from.depth+1)})
			}
		}
	}
	if guards {
		for _, n := range g.nodes {
			for _, r := range n.policy.guards {
				if from, ok := byPolicy[r.parent]; ok {
					edges = append(edges, &edge{relation: r, from: from, to: n})
				}
			}
		}
	}
	g.order(edges)
	for _, c := range g.components {
		for _, n := range c.nodes {
			if len(c.nodes) > 1 && n.policy.archives() && g.err == nil {
				g.err = fmt.Errorf("%w: %s is archived, and cascade relations lead from it over another model back to it; "+
					"remove one of them", ErrUnsupported, n.policy.schema.Name)
			}
		}
	}
	for _, e := range edges {
		if e.from.component == e.to.component {
			e.to.inner = append(e.to.inner, e)
			e.to.component.inner = append(e.to.component.inner, e)
		} else {
			e.to.in = append(e.to.in, e)
		}
	}
	for i, n := range g.nodes {
		n.index = i
		for _, field := range n.policy.schema.PrimaryFields {
			n.carry(field.DBName)
		}
		if len(n.policy.schema.PrimaryFields) == 0 && len(n.policy.schema.DBNames) > 0 {
			n.carry(n.policy.schema.DBNames[0]) // a table in WITH has a column
		}
	}
	root := g.nodes[0]
	g.byKey = len(roots) == 1 && len(root.policy.schema.PrimaryFields) == 1 && len(root.component.inner) == 0
	for _, e := range slices.Concat(edges, g.checks, g.kept) {
		for _, key := range e.keys {
			e.from.carry(key.parent.DBName)
		}
		if g.byKey && e.from == root && (len(e.keys) != 1 || e.keys[0].parent != root.policy.schema.PrimaryFields[0] || e.keys[0].asText()) {
			g.byKey = false
		}
	}
	return g
}

// order finds the components (Tarjan's algorithm) and sorts components and nodes so that parents come first. Two graphs have
// the models that both reach in the same order, whatever their roots: the height of a model depends only on what is below
// it. Deletions lock their rows in this order, so that two never wait for each other.
func (g *graph) order(edges []*edge) {
	type state struct {
		index, low int
		onStack    bool
	}
	states := map[*node]*state{}
	var stack []*node
	var visit func(n *node)
	visit = func(n *node) {
		s := &state{index: len(states), low: len(states), onStack: true}
		states[n] = s
		stack = append(stack, n)
		for _, e := range edges {
			if e.from != n {
				continue
			}
			if next, seen := states[e.to]; !seen {
				visit(e.to)
				s.low = min(s.low, states[e.to].low)
			} else if next.onStack {
				s.low = min(s.low, next.index)
			}
		}
		if s.low != s.index {
			return
		}
		c := &component{}
		for {
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			states[last].onStack = false
			last.component = c
			c.nodes = append(c.nodes, last)
			if last == n {
				break
			}
		}
		// The root of the component was met first.
		slices.Reverse(c.nodes)
		// Components below were met before.
		for _, e := range edges {
			if e.from.component == c && e.to.component != c {
				c.height = max(c.height, e.to.component.height+1)
			}
		}
		g.components = append(g.components, c)
	}
	for _, n := range g.nodes {
		if _, seen := states[n]; !seen {
			visit(n)
		}
	}
	// Tarjan's algorithm gives components in reverse topological order.
	slices.Reverse(g.components)
	slices.SortStableFunc(g.components, func(a, b *component) int {
		return cmp.Or(cmp.Compare(b.height, a.height), cmp.Compare(a.table(), b.table()))
	})
	g.nodes = g.nodes[:0]
	for i, c := range g.components {
		c.index = i
		g.nodes = append(g.nodes, c.nodes...)
	}
}
