package restore

import (
	"errors"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room is for a restore that has to be made again: it has met tables with other columns or indexes than it knew, since another process
// has migrated a model, or rows along relations that it does not follow.

// again makes a restore. Where the deletion took rows along relations that it did not follow, it begins anew and follows these too: each
// time there are more of them.
func (restorer *Restorer) again(db *gorm.DB, restore func(r *restoration) (deletion.Report, error)) (report deletion.Report, err error) {
	var r *restoration
	var along []*policy.Relation
	err = restorer.Session(db).Again(func() (err error) {
		for {
			r = &restoration{restorer: restorer, along: along}
			var beside besideError
			if report, err = restore(r); !errors.As(err, &beside) {
				return err
			}
			along = append(along, beside.along...)
		}
	}, func(err error) bool { return r.forget(err) })
	return report, err
}

// forget makes the next restore look at the tables anew, and tells whether this one may have failed for what it knew. Hooks are not run
// twice.
func (r *restoration) forget(err error) bool {
	if r.graph == nil {
		return false
	}
	r.restorer.Columns.ForgetAll(r.graph)
	r.restorer.tables.Clear()
	has := func(what func(p *policy.Policy) bool) bool {
		return slices.ContainsFunc(r.graph.Nodes, func(n *policy.Node) bool { return what(n.Policy) })
	}
	hooks := has(func(p *policy.Policy) bool { return p.RestoreHooks.Before || p.RestoreHooks.After })
	var conflict *fault.Conflict
	if errors.As(err, &conflict) && conflict.Cause != nil {
		r.restorer.own.forget(r.graph)
		return !hooks && !r.fresh
	}
	return !hooks && has((*policy.Policy).Archives) && r.restorer.Dialect.OtherColumns(err)
}
