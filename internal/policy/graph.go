package policy

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// Graph is everything that deleting a row of one model may reach: the models that cascade relations lead to, and the
// relations that are looked at on the way. It is made once per policy.
type Graph struct {
	// Nodes are the models that lose rows, the root first. Parents stand before their children; models that refer to each
	// other in a cycle share a component and stand together.
	Nodes      []*Node
	Components []*Component
	// Checks are the relations whose live rows refuse the deletion: by block, or because their model is never deleted.
	Checks []*Edge
	// Kept are the relations whose rows stay.
	Kept []*Edge
	// ByKey tells that the root's primary key, a single column, is all that relations ask of a root row, and that no
	// relation leads back to the root.
	ByKey bool
	// Wide tells that there are many more ways down the graph than models: what is written once for each way grows with them.
	Wide bool
	// Slots are the kinds of the columns of the one WITH table that the nodes of a wide graph share.
	Slots []string
	// Err is what is wrong with the tags of any model in the graph.
	Err error
}

// Node is one model in the graph.
type Node struct {
	Policy    *Policy
	Index     int
	Depth     int // the shortest way from the root
	Component *Component
	In        []*Edge // from nodes of other components
	Inner     []*Edge // from nodes of its own component
	Carried   []*carriedColumn
	graph     *Graph
}

// Component is a set of nodes that reach each other; most are one node without a relation to itself.
type Component struct {
	Index int
	// height is the longest way down to a component without children.
	height int
	Nodes  []*Node
	Inner  []*Edge
}

// table is the first of the component's tables by name.
func (c *Component) table() string {
	first := c.Nodes[0].Policy.Table
	for _, n := range c.Nodes[1:] {
		first = min(first, n.Policy.Table)
	}
	return first
}

// Below is the depth of the rows that relations lead to: of a root's model too, where a cycle comes back to it.
func (n *Node) Below() int {
	if n.Depth > 0 || len(n.Inner) == 0 {
		return max(n.Depth, 1)
	}
	first := slices.MinFunc(n.Inner, func(a, b *Edge) int { return cmp.Compare(a.From.Depth, b.From.Depth) })
	return first.From.Depth + 1
}

// Edge is a relation between two nodes. to is nil where the relation is only looked at.
type Edge struct {
	*Relation
	From, To *Node
}

// carriedColumn is a column of a node that other tables' keys refer to.
type carriedColumn struct {
	Name  string // of the column
	Alias string // in the plugin's own WITH tables
}

// Carry makes sure that the node carries a column, and gives its alias.
func (n *Node) Carry(column string) string {
	for _, c := range n.Carried {
		if c.Name == column {
			return c.Alias
		}
	}
	c := &carriedColumn{Name: column, Alias: fmt.Sprintf("n%dk%d", n.Index, len(n.Carried))}
	if n.graph.Wide {
		c.Alias = n.graph.slot(n, n.kind(column))
	}
	n.Carried = append(n.Carried, c)
	return c.Alias
}

// Alone tells whether deletions of the root's rows take no other rows.
func (g *Graph) Alone() bool { return len(g.Nodes) == 1 && len(g.Nodes[0].Inner) == 0 }

// Leaf tells whether the node has no children in the graph.
func (g *Graph) Leaf(n *Node) bool {
	return !slices.ContainsFunc(g.Nodes, func(other *Node) bool {
		return slices.ContainsFunc(append(slices.Clone(other.In), other.Inner...), func(e *Edge) bool { return e.From == n })
	})
}

// graphs are made at first use.
type graphs struct {
	graphOnce, restoreOnce sync.Once
	graph, restores        *Graph
}

// GraphOf gives the graph of deletions that begin at the model.
func (p *Policy) GraphOf() *Graph {
	p.graphOnce.Do(func() { p.graph = NewGraph([]*Policy{p}, false) })
	return p.graph
}

// LockedFirst orders relations by their parents, in the order in which deletions lock these.
func LockedFirst(a, b *Relation) int {
	first, second := a.Parent.GraphOf().Components[0], b.Parent.GraphOf().Components[0]
	return cmp.Or(cmp.Compare(second.height, first.height), cmp.Compare(first.table(), second.table()))
}

// RestoreGraph gives the graph of restores that begin at the model: the same, with the marks carried along.
func (p *Policy) RestoreGraph() *Graph {
	p.restoreOnce.Do(func() { p.restores = MarkedGraph([]*Policy{p}, false, nil) })
	return p.restores
}

// MarkedGraph makes the graph of restores that follow further relations than deletions do.
func MarkedGraph(roots []*Policy, guards bool, along []*Relation) *Graph {
	g := BuildGraph(roots, guards, func(r *Relation) bool { return takes(r) || slices.ContainsFunc(along, r.same) })
	g.CarryMarks()
	return g
}

// CarryMarks makes every node carry the columns of its mark, and of an archive the one by which its rows may be found.
func (g *Graph) CarryMarks() {
	for _, n := range g.Nodes {
		for _, field := range []*schema.Field{n.Policy.ID, n.Policy.At} {
			if field != nil {
				n.Carry(field.DBName)
			}
		}
		if d := n.Policy.dialect; n.Policy.Archives() && d.Has(dialect.Estimates) {
			n.Carry(d.RowAddress())
		}
	}
}

// NewGraph makes the graph of what the models reach by cascade relations and, if asked for, of the guard relations among
// them. The first model is the root.
func NewGraph(roots []*Policy, guards bool) *Graph {
	return BuildGraph(roots, guards, takes)
}

// refuseRounds refuses archived models that cascades lead back to over others. Where a relation that deletions do not follow closes the
// round, rows went along it once, and a restore finds them all before it writes.
func (g *Graph) refuseRounds() {
	for _, c := range g.Components {
		if len(c.Nodes) == 1 || slices.ContainsFunc(c.Inner, func(e *Edge) bool { return e.Rule != "" && !takes(e.Relation) }) {
			continue
		}
		for _, n := range c.Nodes {
			if n.Policy.Archives() && g.Err == nil {
				g.Err = fmt.Errorf("%w: %s is archived, and cascade relations lead from it over another model back to it; "+
					"remove one of them", fault.ErrUnsupported, n.Policy.Schema.Name)
			}
		}
	}
}

// takes tells whether deletions follow a relation.
func takes(r *Relation) bool { return r.Rule == RuleCascade && !r.Child.Never() }

// BuildGraph makes a graph of the relations that follow chooses.
func BuildGraph(roots []*Policy, guards bool, follow func(*Relation) bool) *Graph {
	g := &Graph{}
	byPolicy := map[*Policy]*Node{}
	add := func(p *Policy, depth int) *Node {
		if n, ok := byPolicy[p]; ok {
			return n
		}
		n := &Node{Policy: p, Depth: depth, graph: g}
		byPolicy[p] = n
		g.Nodes = append(g.Nodes, n)
		if g.Err == nil {
			g.Err = p.Err
		}
		return n
	}
	for _, root := range roots {
		add(root, 0)
	}
	var edges []*Edge
	for i := 0; i < len(g.Nodes); i++ {
		from := g.Nodes[i]
		for _, r := range from.Policy.Has {
			switch {
			case !follow(r) && r.Rule == ruleKeep:
				g.Kept = append(g.Kept, &Edge{Relation: r, From: from})
			case !follow(r):
				g.Checks = append(g.Checks, &Edge{Relation: r, From: from})
			default:
				edges = append(edges, &Edge{Relation: r, From: from, To: add(r.Child, from.Depth+1)})
			}
		}
	}
	if guards {
		for _, n := range g.Nodes {
			for _, r := range n.Policy.Guards {
				if from, ok := byPolicy[r.Parent]; ok {
					edges = append(edges, &Edge{Relation: r, From: from, To: n})
				}
			}
		}
	}
	g.order(edges)
	for _, e := range edges {
		if e.From.Component == e.To.Component {
			e.To.Inner = append(e.To.Inner, e)
			e.To.Component.Inner = append(e.To.Component.Inner, e)
		} else {
			e.To.In = append(e.To.In, e)
		}
	}
	g.refuseRounds()
	g.Wide = g.ways() > manyWays
	for i, n := range g.Nodes {
		n.Index = i
		for _, field := range n.Policy.Schema.PrimaryFields {
			n.Carry(field.DBName)
		}
		if len(n.Policy.Schema.PrimaryFields) == 0 && len(n.Policy.Schema.DBNames) > 0 {
			n.Carry(n.Policy.Schema.DBNames[0]) // a table in WITH has a column
		}
	}
	root := g.Nodes[0]
	g.ByKey = len(roots) == 1 && len(root.Policy.Schema.PrimaryFields) == 1 && len(root.Component.Inner) == 0
	for _, e := range slices.Concat(edges, g.Checks, g.Kept) {
		for _, key := range e.Keys {
			e.From.Carry(key.Parent.DBName)
		}
		if g.ByKey && e.From == root && (len(e.Keys) != 1 || e.Keys[0].Parent != root.Policy.Schema.PrimaryFields[0] || e.Keys[0].AsText()) {
			g.ByKey = false
		}
	}
	return g
}

// manyWays is how many ways may lead to one model of a graph that is not wide.
const manyWays = 32

// ways is the most ways that lead to one model, or manyWays+1 for more than that.
func (g *Graph) ways() (most int) {
	to := map[*Component]int{}
	for _, c := range g.Components {
		to[c] = 1
		for _, n := range c.Nodes {
			for _, e := range n.In {
				to[c] = min(manyWays+1, to[c]+to[e.From.Component])
			}
		}
		most = max(most, to[c])
	}
	return most
}

// order finds the components (Tarjan's algorithm) and sorts components and nodes so that parents come first. Two graphs have
// the models that both reach in the same order, whatever their roots: the height of a model depends only on what is below
// it. Deletions lock their rows in this order, so that two never wait for each other.
func (g *Graph) order(edges []*Edge) {
	type state struct {
		index, low int
		onStack    bool
	}
	states := map[*Node]*state{}
	var stack []*Node
	var visit func(n *Node)
	visit = func(n *Node) {
		s := &state{index: len(states), low: len(states), onStack: true}
		states[n] = s
		stack = append(stack, n)
		for _, e := range edges {
			if e.From != n {
				continue
			}
			if next, seen := states[e.To]; !seen {
				visit(e.To)
				s.low = min(s.low, states[e.To].low)
			} else if next.onStack {
				s.low = min(s.low, next.index)
			}
		}
		if s.low != s.index {
			return
		}
		c := &Component{}
		for {
			last := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			states[last].onStack = false
			last.Component = c
			c.Nodes = append(c.Nodes, last)
			if last == n {
				break
			}
		}
		// The root of the component was met first.
		slices.Reverse(c.Nodes)
		// Components below were met before.
		for _, e := range edges {
			if e.From.Component == c && e.To.Component != c {
				c.height = max(c.height, e.To.Component.height+1)
			}
		}
		g.Components = append(g.Components, c)
	}
	for _, n := range g.Nodes {
		if _, seen := states[n]; !seen {
			visit(n)
		}
	}
	// Tarjan's algorithm gives components in reverse topological order.
	slices.Reverse(g.Components)
	slices.SortStableFunc(g.Components, func(a, b *Component) int {
		return cmp.Or(cmp.Compare(b.height, a.height), cmp.Compare(a.table(), b.table()))
	})
	g.Nodes = g.Nodes[:0]
	for i, c := range g.Components {
		c.Index = i
		g.Nodes = append(g.Nodes, c.Nodes...)
	}
}

// Last is the component that all others come before.
func (g *Graph) Last() *Component { return g.Components[len(g.Components)-1] }

// NodeOf is the node of a model, nil where the graph takes none of its rows.
func (g *Graph) NodeOf(p *Policy) *Node {
	for _, n := range g.Nodes {
		if n.Policy == p {
			return n
		}
	}
	return nil
}
