package softdelete

import (
	"cmp"
	"maps"
	"slices"
	"sync/atomic"

	"gorm.io/gorm/schema"
)

// link reads the model's relations. policies holds the policy of every schema that the model reaches.
func (p *policy) link(policies func(*schema.Schema) *policy) (problems []error) {
	for _, rel := range ownRelations(p.schema) {
		on := onHas
		if rel.Type == schema.BelongsTo {
			on = onBelongs
		}
		tag, texts := parseTag(rel.Field.Tag.Get(tagKey), on)
		for _, text := range texts {
			problems = append(problems, problem(p.schema, rel.Name, "%s", text))
		}
		r := newRelation(rel, policies)
		if r == nil {
			continue
		}
		if on == onBelongs {
			if text := r.checkForeignKey(rel); text != "" {
				problems = append(problems, problem(p.schema, rel.Name, "%s", text))
			}
			r.lazy, r.guard = tag.has("lazy"), tag.has("guard")
			if r.lazy || r.guard {
				p.belongs = append(p.belongs, r)
			}
			if r.guard {
				p.guards = append(p.guards, r)
			}
			continue
		}
		rules := 0
		for _, word := range []rule{ruleKeep, ruleCascade, ruleBlock} {
			if tag.has(string(word)) {
				r.rule = word
				rules++
			}
		}
		if rules > 1 {
			problems = append(problems, problem(p.schema, rel.Name, "two rules on one relation; keep one of cascade, keep and block"))
		}
		if text := r.checkForeignKey(rel); text != "" {
			problems = append(problems, problem(p.schema, rel.Name, "%s", text))
		}
		if rel.JoinTable != nil && r.child.keepsDeleted() {
			p.linked = true
		}
		p.cascades = p.cascades || r.rule == ruleCascade
		p.has = append(p.has, r)
	}
	return problems
}

// ownRelations lists the relations that the model declares, in the order of its fields. GORM also puts back-references of
// other models there; their Schema is the other model (schema/relationship.go:100, GORM 1.31). A join table's relations carry
// the many2many field of the model that declares it, whose rule is not theirs (schema/relationship.go:414).
func ownRelations(s *schema.Schema) []*schema.Relationship {
	s.Relationships.Mux.RLock()
	defer s.Relationships.Mux.RUnlock()
	var own []*schema.Relationship
	for _, rel := range s.Relationships.Relations {
		if rel.Schema == s && rel.Field != nil && rel.Field.Schema == s && !slices.Contains(own, rel) {
			own = append(own, rel)
		}
	}
	order := make(map[*schema.Field]int, len(s.Fields))
	for i, field := range s.Fields {
		order[field] = i
	}
	slices.SortFunc(own, func(a, b *schema.Relationship) int {
		return cmp.Or(cmp.Compare(order[a.Field], order[b.Field]), cmp.Compare(a.Name, b.Name))
	})
	return own
}

// newRelation turns GORM's relation into an edge from the model that owns the key to the one that refers to it. For
// many2many that is the join table. It gives nil for a relation without keys.
func newRelation(rel *schema.Relationship, policies func(*schema.Schema) *policy) *relation {
	r := &relation{name: rel.Name, rule: ruleKeep, parent: policies(rel.Schema), child: policies(rel.FieldSchema)}
	switch {
	case rel.JoinTable != nil:
		r.child = policies(rel.JoinTable)
	case rel.Type == schema.BelongsTo:
		r.rule = ""
		r.parent, r.child = r.child, r.parent
	}
	for _, ref := range rel.References {
		switch {
		case ref.PrimaryKey == nil:
			r.fixed = append(r.fixed, fixedValue{child: ref.ForeignKey, value: ref.PrimaryValue})
		case rel.JoinTable != nil && !ref.OwnPrimaryKey:
			// The join table's key to the other side.
		default:
			r.keys = append(r.keys, keyPair{parent: ref.PrimaryKey, child: ref.ForeignKey})
		}
	}
	if len(r.keys) == 0 || r.parent == nil || r.child == nil {
		return nil
	}
	return r
}

// check finds the rules that cannot work between the models.
func (p *policy) check() (problems []error) {
	refuse := func(r *relation, format string, args ...any) {
		problems = append(problems, problem(p.schema, r.name, format, args...))
	}
	problems = p.checkForeign()
	for _, r := range p.has {
		if r.rule != ruleCascade {
			continue
		}
		childName := r.child.schema.Name
		joinTable := r.child.schema.ModelType.Name() == "" // one that GORM made
		if joinTable {
			childName = "the join table " + r.child.schema.Table
		}
		_, parentNone := p.strategy.(noStrategy)
		_, childNone := r.child.strategy.(noStrategy)
		_, parentMarks := p.marker()
		_, childMarks := r.child.marker()
		switch {
		case parentNone && p.err == nil:
			refuse(r, "cascade from a model without a strategy; give %s a gorm.DeletedAt field, or `softdelete:\"hard\"` on a field _",
				p.schema.Name)
		case childNone && r.child.err == nil && joinTable:
			refuse(r, "cascade to %s, which has no policy; give it a model with db.SetupJoinTable before db.Use", childName)
		case childNone && r.child.err == nil:
			refuse(r, "cascade to %s, which has no policy; give it a gorm.DeletedAt field, or write keep", childName)
		case len(p.schema.PrimaryFields) == 0:
			refuse(r, "cascade from a model without a primary key; tag a field of %s with gorm:\"primaryKey\", or write keep", p.schema.Name)
		case len(r.child.schema.PrimaryFields) == 0:
			refuse(r, "cascade to a model without a primary key; tag a field of %s with gorm:\"primaryKey\", or write keep", childName)
		case parentMarks && !p.canCarryMark():
			refuse(r, "cascade from a %s model that cannot say which deletion took a row; add a field of type "+
				"softdelete.DeletionID or one tagged at to %s", p.strategy.word(), p.schema.Name)
		case childMarks && !r.child.canCarryMark():
			refuse(r, "cascade to a %s model that cannot say which deletion took a row; add a field of type "+
				"softdelete.DeletionID or one tagged at to %s", r.child.strategy.word(), childName)
		case r.child.hard() && !p.hard():
			refuse(r, "cascade would really delete rows of %s, a restore could not bring them back; give it a strategy that marks rows, or write keep",
				childName)
		}
	}
	for _, r := range p.belongs {
		if !r.parent.keepsDeleted() && r.parent.err == nil {
			refuse(r, "%s has no deleted rows to look at; give it a strategy that keeps them, or remove the rule", r.parent.schema.Name)
		}
	}
	return problems
}

// checkForeign refuses rules from and to models whose rows are deleted in a way that the plugin knows nothing of: it would
// really delete the one, and take the other's deleted rows for live ones.
func (p *policy) checkForeign() (problems []error) {
	const remedy = "the type %s of %s.%s has deletion rules of its own; make it a plain integer or bool, and tag it with the strategy " +
		"timestamp or flag, or remove the rule"
	refuse := func(r *relation, owner *policy) {
		if owner.foreign != nil && owner.err == nil {
			problems = append(problems, problem(p.schema, r.name, remedy, owner.foreign.FieldType, owner.schema.Name, owner.foreign.Name))
		}
	}
	for _, r := range p.has {
		if r.rule == ruleBlock && r.child != p {
			refuse(r, r.child)
		}
		if r.rule == ruleBlock {
			refuse(r, p)
		}
	}
	for _, r := range p.belongs {
		refuse(r, p)
	}
	return problems
}

// addParent makes a cascade relation known to its child. Relations of another schema of the same model replace none.
func (p *policy) addParent(r *relation) { grow(&p.parents, r) }

// addWard makes a guard relation known to its parent.
func (p *policy) addWard(r *relation) { grow(&p.wards, r) }

func grow(list *atomic.Pointer[[]*relation], r *relation) {
	grown := append(slices.Clone(known(list)), r)
	list.Store(&grown)
}

func known(list *atomic.Pointer[[]*relation]) []*relation {
	if relations := list.Load(); relations != nil {
		return *relations
	}
	return nil
}

// cascadeParents lists the cascade relations into the model.
func (p *policy) cascadeParents() []*relation { return known(&p.parents) }

// guardedBy lists the guard relations to the model.
func (p *policy) guardedBy() []*relation { return known(&p.wards) }

// reachedSchema is a schema that a statement may read. A canonical one is GORM's schema of its model; there are others, of a
// model that is used with db.Table.
type reachedSchema struct {
	schema    *schema.Schema
	canonical bool
}

// reachable lists the schemas that statements on the given ones may read: they, their relations and their join tables, and so on. canonical
// gives GORM's own schema of a schema's model, complete with its relations.
func reachable(schemas []*schema.Schema, canonical func(*schema.Schema) *schema.Schema) []reachedSchema {
	seen := map[*schema.Schema]bool{}
	var all []reachedSchema
	for _, s := range schemas {
		if !seen[s] {
			seen[s] = true
			all = append(all, reachedSchema{schema: s})
		}
	}
	for i := 0; i < len(all); i++ {
		current := all[i].schema
		all[i].canonical = canonical(current) == current
		for _, rel := range relationsOf(current) {
			for _, next := range []*schema.Schema{rel.Schema, rel.FieldSchema, rel.JoinTable} {
				if next != nil && !seen[next] {
					seen[next] = true
					all = append(all, reachedSchema{schema: next})
				}
			}
		}
	}
	return all
}

// relationsOf lists the relations of a schema. GORM adds to them while it parses other schemas.
func relationsOf(s *schema.Schema) []*schema.Relationship {
	s.Relationships.Mux.RLock()
	defer s.Relationships.Mux.RUnlock()
	return slices.Collect(maps.Values(s.Relationships.Relations))
}
