package policy

import (
	"cmp"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// Link reads the model's relations. policies holds the policy of every schema that the model reaches.
func (p *Policy) Link(policies func(*schema.Schema) *Policy) (problems []error) {
	own := ownRelations(p.Schema)
	for _, rel := range own {
		on := tag.OnHas
		if rel.Type == schema.BelongsTo {
			on = tag.OnBelongs
		}
		setting, texts := tag.ParseTag(rel.Field.Tag.Get(tag.TagKey), on)
		for _, text := range texts {
			problems = append(problems, tag.Problem(p.Schema, rel.Name, "%s", text))
		}
		r := newRelation(rel, policies)
		if r == nil {
			continue
		}
		r.Name = nameOf(rel, own)
		if on == tag.OnBelongs {
			if text := r.checkForeignKey(rel); text != "" {
				problems = append(problems, tag.Problem(p.Schema, rel.Name, "%s", text))
			}
			r.lazy, r.guard = setting.Has("lazy"), setting.Has("guard")
			if r.lazy || r.guard {
				p.Belongs = append(p.Belongs, r)
			}
			if r.guard {
				p.Guards = append(p.Guards, r)
			}
			continue
		}
		rules := 0
		for _, word := range []rule{ruleKeep, RuleCascade, RuleBlock} {
			if setting.Has(string(word)) {
				r.Rule = word
				rules++
			}
		}
		if rules > 1 {
			problems = append(problems, tag.Problem(p.Schema, rel.Name, "two rules on one relation; keep one of cascade, keep and block"))
		}
		if text := r.checkForeignKey(rel); text != "" {
			problems = append(problems, tag.Problem(p.Schema, rel.Name, "%s", text))
		}
		if rel.JoinTable != nil {
			p.joins = append(p.joins, join{rel, rel.JoinTable})
			p.Linked = p.Linked || r.Child.KeepsDeleted()
		}
		p.Cascades = p.Cascades || r.Rule == RuleCascade
		p.Has = append(p.Has, r)
	}
	return problems
}

// ownRelations lists the relations that the model declares, in the order of its fields. GORM also puts back-references of
// other models there; their Schema is the other model (schema/relationship.go:100, GORM 1.31). A join table's relations carry
// the many2many field of the model that declares it, whose rule is not theirs (schema/relationship.go:414).
func ownRelations(s *schema.Schema) []*schema.Relationship {
	own := slices.DeleteFunc(RelationsOf(s), func(rel *schema.Relationship) bool {
		return rel.Schema != s || rel.Field == nil || rel.Field.Schema != s
	})
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
func newRelation(rel *schema.Relationship, policies func(*schema.Schema) *Policy) *Relation {
	r := &Relation{Name: rel.Name, Rule: ruleKeep, Parent: policies(rel.Schema), Child: policies(rel.FieldSchema)}
	switch {
	case rel.JoinTable != nil:
		r.Child, r.Far = policies(rel.JoinTable), r.Child
	case rel.Type == schema.BelongsTo:
		r.Rule = ""
		r.Parent, r.Child = r.Child, r.Parent
	}
	for _, ref := range rel.References {
		switch {
		case ref.PrimaryKey == nil:
			r.Fixed = append(r.Fixed, fixedValue{Child: ref.ForeignKey, Value: ref.PrimaryValue})
		case rel.JoinTable != nil && !ref.OwnPrimaryKey:
			r.FarKeys = append(r.FarKeys, KeyPair{Parent: ref.PrimaryKey, Child: ref.ForeignKey})
		default:
			r.Keys = append(r.Keys, KeyPair{Parent: ref.PrimaryKey, Child: ref.ForeignKey})
		}
	}
	if len(r.Keys) == 0 || r.Parent == nil || r.Child == nil {
		return nil
	}
	return r
}

// Indexed tells whether the tags of the child give an index that holds all rows of a place of the child, or all live ones where only
// such are asked for, and begins with the column by which these refer to the parent: a child is then found by a look at the index. One
// that is made elsewhere is not known of.
func (r *Relation) Indexed(t Place, live bool) bool {
	return slices.ContainsFunc(r.Keys, func(key KeyPair) bool { return t.begins(key.Child, live) })
}

// Check finds the rules that cannot work between the models.
func (p *Policy) Check() (problems []error) {
	refuse := func(r *Relation, format string, args ...any) {
		problems = append(problems, tag.Problem(p.Schema, r.Name, format, args...))
	}
	problems = p.checkForeign()
	for _, r := range p.Has {
		if r.Rule != RuleCascade {
			continue
		}
		childName := r.Child.Schema.Name
		joinTable := r.Child.Schema.ModelType.Name() == "" // one that GORM made
		if joinTable {
			childName = "the join table " + r.Child.Table
		}
		_, parentNone := p.Strategy.(noStrategy)
		_, childNone := r.Child.Strategy.(noStrategy)
		_, parentMarks := p.marker()
		_, childMarks := r.Child.marker()
		switch {
		case parentNone && p.Err == nil:
			refuse(r, "cascade from a model without a strategy; give %s a gorm.DeletedAt field, or `softdelete:\"hard\"` on a field _",
				p.Schema.Name)
		case childNone && r.Child.Err == nil && joinTable:
			refuse(r, "cascade to %s, which has no policy; give it a model with db.SetupJoinTable before db.Use", childName)
		case childNone && r.Child.Err == nil:
			refuse(r, "cascade to %s, which has no policy; give it a gorm.DeletedAt field, or write keep", childName)
		case len(p.Schema.PrimaryFields) == 0:
			refuse(r, "cascade from a model without a primary key; tag a field of %s with gorm:\"primaryKey\", or write keep", p.Schema.Name)
		case len(r.Child.Schema.PrimaryFields) == 0:
			refuse(r, "cascade to a model without a primary key; tag a field of %s with gorm:\"primaryKey\", or write keep", childName)
		case parentMarks && !p.CanCarryMark():
			refuse(r, "cascade from a %s model that cannot say which deletion took a row; add a field of type "+
				"softdelete.DeletionID or one tagged at to %s", p.Strategy.Word(), p.Schema.Name)
		case childMarks && !r.Child.CanCarryMark():
			refuse(r, "cascade to a %s model that cannot say which deletion took a row; add a field of type "+
				"softdelete.DeletionID or one tagged at to %s", r.Child.Strategy.Word(), childName)
		case r.Child.hard() && !p.hard():
			refuse(r, "cascade would really delete rows of %s, a restore could not bring them back; give it a strategy that marks rows, or write keep: "+
				"with `softdelete:\"lazy\"` on its belongs-to field to %s its rows hide while their parent is deleted, and come back with it",
				childName, p.Schema.Name)
		}
	}
	for _, r := range p.Belongs {
		if !r.Parent.KeepsDeleted() && r.Parent.Err == nil {
			refuse(r, "%s has no deleted rows to look at; give it a strategy that keeps them, or remove the rule", r.Parent.Schema.Name)
		}
	}
	return problems
}

// checkForeign refuses rules from and to models whose rows are deleted in a way that the plugin knows nothing of: it would
// really delete the one, and take the other's deleted rows for live ones.
func (p *Policy) checkForeign() (problems []error) {
	const remedy = "the type %s of %s.%s has deletion rules of its own; make it a plain integer or bool, and tag it with the strategy " +
		"timestamp or flag, or remove the rule"
	refuse := func(r *Relation, owner *Policy) {
		if owner.Foreign != nil && owner.Err == nil {
			problems = append(problems, tag.Problem(p.Schema, r.Name, remedy, owner.Foreign.FieldType, owner.Schema.Name, owner.Foreign.Name))
		}
	}
	for _, r := range p.Has {
		if r.Rule == RuleBlock && r.Child != p {
			refuse(r, r.Child)
		}
		if r.Rule == RuleBlock {
			refuse(r, p)
		}
	}
	for _, r := range p.Belongs {
		refuse(r, p)
	}
	return problems
}

// ReachedSchema is a schema that a statement may read. A canonical one is GORM's schema of its model; there are others, of a
// model that is used with db.Table.
type ReachedSchema struct {
	Schema    *schema.Schema
	Canonical bool
}

// Reachable lists the schemas that statements on the given ones may read: they, their relations and their join tables, and so on. canonical
// gives GORM's own schema of a schema's model, complete with its relations.
func Reachable(schemas []*schema.Schema, canonical func(*schema.Schema) *schema.Schema) []ReachedSchema {
	seen := map[*schema.Schema]bool{}
	var all []ReachedSchema
	for _, s := range schemas {
		if !seen[s] {
			seen[s] = true
			all = append(all, ReachedSchema{Schema: s})
		}
	}
	for i := 0; i < len(all); i++ {
		current := all[i].Schema
		all[i].Canonical = canonical(current) == current
		for _, rel := range RelationsOf(current) {
			for _, next := range []*schema.Schema{rel.Schema, rel.FieldSchema, rel.JoinTable} {
				if next != nil && !seen[next] {
					seen[next] = true
					all = append(all, ReachedSchema{Schema: next})
				}
			}
		}
	}
	return all
}

// RelationsOf lists the relations of a schema, each once. GORM adds to them while it parses other schemas. Of a struct that is
// embedded several times, all but the last are among those of the embedded structs only (schema/relationship.go:150, GORM 1.31).
func RelationsOf(s *schema.Schema) (list []*schema.Relationship) {
	s.Relationships.Mux.RLock()
	defer s.Relationships.Mux.RUnlock()
	add := func(relations map[string]*schema.Relationship) {
		for _, rel := range relations {
			if !slices.Contains(list, rel) {
				list = append(list, rel)
			}
		}
	}
	var embedded func(of *schema.Relationships)
	embedded = func(of *schema.Relationships) {
		for _, inner := range of.EmbeddedRelations {
			add(inner.Relations)
			embedded(inner)
		}
	}
	add(s.Relationships.Relations)
	embedded(&s.Relationships)
	return list
}

// RelationAt finds the relation at the end of a path, as Preload takes it: names of embedded structs may stand in it. The last of
// several relations of a path is asked for, far tells that there are several. It gives nil, and the name that is none, where there
// is no such relation.
func RelationAt(s *schema.Schema, path string) (rel *schema.Relationship, far bool, missing string) {
	at := &s.Relationships
	for name := range strings.SplitSeq(path, ".") {
		if at == nil {
			far, at = true, &rel.FieldSchema.Relationships
		}
		if inner := at.EmbeddedRelations[name]; inner != nil {
			at = inner
			continue
		}
		if rel = at.Relations[name]; rel == nil {
			return nil, far, name
		}
		at = nil
	}
	if at != nil {
		return nil, far, path // an embedded struct
	}
	return rel, far, ""
}

// nameOf is what a relation of the model is called: by its field, and where several have one name by the embedded structs too.
func nameOf(rel *schema.Relationship, all []*schema.Relationship) string {
	if slices.ContainsFunc(all, func(other *schema.Relationship) bool { return other != rel && other.Name == rel.Name }) {
		return strings.Join(rel.Field.EmbeddedBindNames, ".")
	}
	return rel.Name
}

// AsText tells whether the parent's key is compared as text.
func (k KeyPair) AsText() bool {
	return k.Child.GORMDataType == schema.String && k.Parent.DataType != k.Child.DataType
}
