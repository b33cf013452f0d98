package policy

import "slices"

// This room is for relations that no rule makes a deletion follow. It takes rows along them all the same where the caller selects
// them or a hook deletes them, and such rows come back with those that they were taken with.

// ComparesMarks tells whether the rows of both sides say which deletion took them, so that those of one may be found by the mark of
// the other.
func (r *Relation) ComparesMarks() bool { return r.Parent.marksRows() && r.Child.marksRows() }

// ComparesTimes tells whether these marks are times on one of the sides: two deletions must then differ in it.
func (r *Relation) ComparesTimes() bool {
	return r.ComparesMarks() && (r.Parent.ID == nil || r.Child.ID == nil)
}

func (p *Policy) marksRows() bool {
	return p.Err == nil && p.KeepsDeleted() && p.CanCarryMark() && len(p.Schema.PrimaryFields) > 0
}

// same tells whether two relations are one, of policies that were perhaps made twice for a named table.
func (r *Relation) same(other *Relation) bool {
	return r == other || r.Name == other.Name && r.Parent.Schema == other.Parent.Schema && r.Parent.Table == other.Parent.Table &&
		r.Child.Schema == other.Child.Schema && r.Child.Table == other.Child.Table
}

// Beside lists the relations of the graph that it does not follow, and along which its deletions may have taken rows.
func (g *Graph) Beside() (edges []*Edge) {
	for _, list := range [][]*Edge{g.Kept, g.Checks} {
		for _, e := range list {
			if e.ComparesMarks() {
				edges = append(edges, e)
			}
		}
	}
	return edges
}

// AddKeeper makes a relation by which a deletion takes no rows by itself known to its child.
func (p *Policy) AddKeeper(r *Relation) { grow(&p.keepers, r) }

// KeptBy lists the relations into the model by which a deletion takes no rows by itself.
func (p *Policy) KeptBy() []*Relation { return p.here(known(&p.keepers)) }

// Beside tells whether relations that deletions do not follow lead to the node.
func (n *Node) Beside() bool {
	other := func(e *Edge) bool { return e.Rule != "" && !takes(e.Relation) }
	return slices.ContainsFunc(n.In, other) || slices.ContainsFunc(n.Inner, other)
}
