package deletion

import (
	"slices"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room tells which models the time of a deletion is a matter of: those whose rows it may mark, and those whose marks are
// compared with theirs.

// concerned are these models, of deletions that begin at a model.
type concerned struct {
	// marking are the models that cascade and guard relations connect with it, in either direction: by these relations marks are
	// passed on.
	marking []*policy.Policy
	// all are these, and the models that other relations connect with one of them: a restore looks along those relations for rows
	// that the deletion took too. Where the marks of two models are DeletionIDs the time does not matter.
	all []*policy.Policy
}

// Concerned lists the models whose deletions must differ in time from those of p.
func Concerned(p *policy.Policy) []*policy.Policy { return concernedBy(p).all }

// concernedBy finds the models for a deletion that begins at the first one and takes rows of the others too.
func concernedBy(roots ...*policy.Policy) *concerned {
	c := &concerned{}
	for _, p := range roots {
		c.marking = union(c.marking, connectedMarks(p))
	}
	c.all = c.marking
	for _, p := range c.marking {
		for _, r := range p.Has {
			if r.Rule != policy.RuleCascade && r.ComparesTimes() {
				c.all = union(c.all, connectedMarks(r.Child))
			}
		}
		for _, r := range p.KeptBy() {
			if r.ComparesTimes() {
				c.all = union(c.all, connectedMarks(r.Parent))
			}
		}
	}
	return c
}

// connectedMarks are the models that cascade and guard relations connect with p, and that mark rows.
func connectedMarks(p *policy.Policy) []*policy.Policy {
	if !p.Cascades && len(p.CascadeParents()) == 0 {
		switch {
		case !p.KeepsDeleted():
			return nil
		case len(p.Guards) == 0 && len(p.GuardedBy()) == 0:
			return p.Alone
		}
	}
	return Connected(p, true)
}

// union is the list with those of the others that it does not have; it changes neither.
func union(list, others []*policy.Policy) []*policy.Policy {
	if len(list) == 0 {
		return others
	}
	list = slices.Clip(list)
	for _, p := range others {
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	return list
}

// byTime tells whether a time is the mark of some of the models.
func (c *concerned) byTime() bool {
	return slices.ContainsFunc(c.all, func(p *policy.Policy) bool { return p.ID == nil })
}

// without lists the models that are not among others.
func (c *concerned) without(other *concerned) []*policy.Policy {
	return slices.DeleteFunc(slices.Clone(c.all), func(p *policy.Policy) bool { return slices.Contains(other.all, p) })
}

// name is one for all deletions that might be taken for each other: the first of the tables that any relations connect with these.
func (c *concerned) name() string {
	seen := slices.Clone(c.all)
	for i := 0; i < len(seen); i++ {
		seen = union(seen, concernedBy(seen[i]).all)
	}
	tables := make([]string, len(seen))
	for i, p := range seen {
		tables[i] = p.Own().Table
	}
	return slices.Min(tables)
}

// keeps tells whether a column of the model can have the time.
func keeps(p *policy.Policy, at time.Time) bool {
	return p.At == nil || p.AtClock.Precision <= 1 || truncate(at, p.AtClock.Precision).Equal(at)
}

// ByTime tells whether a deletion that begins at a model may have a time for its mark, which no other one may have.
func (deleter *Deleter) ByTime(root *policy.Policy) bool {
	return deleter.concernedBy(root, nil).byTime()
}

// concernedBy finds them once for each model, until further policies are published.
func (deleter *Deleter) concernedBy(root *policy.Policy, more []*policy.Policy) *concerned {
	if len(more) > 0 || root != root.Own() {
		return concernedBy(append([]*policy.Policy{root}, more...)...)
	}
	generation := deleter.Generation()
	if known, ok := deleter.concerned.Load(root); ok && known.(knownConcerned).generation == generation {
		return known.(knownConcerned).concerned
	}
	c := concernedBy(root)
	deleter.concerned.Store(root, knownConcerned{c, generation})
	return c
}

type knownConcerned struct {
	*concerned
	generation int64
}

// selectedModels are those of the relations that the caller has selected and by whose rules the deletion takes no rows.
func (d *deletion) selectedModels() (models []*policy.Policy) {
	if len(d.stmt.Selects) == 0 {
		return nil
	}
	columns, _ := d.stmt.SelectAndOmitColumns(true, false)
	for _, r := range d.root.Has {
		if columns[r.Name] && r.Rule != policy.RuleCascade {
			models = append(models, r.Child)
		}
	}
	return models
}
