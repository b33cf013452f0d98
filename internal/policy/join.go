package policy

import (
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// This room is for join tables: db.SetupJoinTable puts a model in the place of the one that GORM has made, at any time.

// join is a many2many relation with the join table that the policy was compiled with.
type join struct {
	rel   *schema.Relationship
	table *schema.Schema
}

// withJoins is the policy of a model as its join tables are now: a wrong one where a join table with a policy has come since
// the model was compiled. Nothing would obey that.
func (r *Registry) withJoins(db *gorm.DB, p *Policy) *Policy {
	for _, j := range p.joins {
		now := j.rel.JoinTable
		if now == j.table {
			continue
		}
		if links := r.Policy(db, now); links.Err == nil && links.Plain() && !links.KeepsDeleted() {
			continue
		}
		late := *p
		late.Err = tag.Problem(p.Schema, j.rel.Name, "db.SetupJoinTable has given the relation the join table %s with a policy after %s was compiled; "+
			"call it before db.Use, or before the first use of a model that is not in Config.Models", now.Table, p.Schema.Name)
		return &late
	}
	return p
}
