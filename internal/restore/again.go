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
// has migrated a model, rows along relations that it does not follow, or what a short way passes by.

// again makes a restore. Where the deletion took rows along relations that it did not follow, it begins anew and follows these too: each
// time there are more of them. Where it has gone a short way that was wrong, it begins anew and goes the long one.
func (restorer *Restorer) again(db *gorm.DB, restore func(r *restoration) (deletion.Report, error)) (report deletion.Report, err error) {
	var r *restoration
	var along []*policy.Relation
	thorough := false
	session := restorer.Session(db)
	err = session.Again(func() (err error) {
		for {
			r = &restoration{restorer: restorer, along: along, thorough: thorough}
			report, err = restore(r)
			var beside besideError
			switch {
			case errors.As(err, &beside):
				along = append(along, beside.along...)
			case errors.As(err, new(hastyError)):
				thorough = true
			default:
				return err
			}
		}
	}, func(err error) bool { return r.forget(err, session.Undone(err)) })
	return report, err
}

// forget makes the next restore look at the tables anew, and tells whether this one may have failed for what it knew, or is undone in
// favour of others. Hooks are not run twice.
func (r *restoration) forget(err error, undone bool) bool {
	if r.graph == nil {
		return undone
	}
	r.restorer.Columns.ForgetAll(r.graph)
	r.restorer.tables.Clear()
	hooks := r.hooked()
	var conflict *fault.Conflict
	if errors.As(err, &conflict) && conflict.Cause != nil {
		r.restorer.own.forget(r.graph)
		return !hooks && !r.fresh
	}
	return !hooks && (undone || r.has((*policy.Policy).Archives) && r.restorer.Dialect.OtherColumns(err))
}

func (r *restoration) has(what func(p *policy.Policy) bool) bool {
	return slices.ContainsFunc(r.graph.Nodes, func(n *policy.Node) bool { return what(n.Policy) })
}

// hooked tells whether rows that come back may have hooks.
func (r *restoration) hooked() bool {
	return r.has(func(p *policy.Policy) bool { return p.RestoreHooks.Before || p.RestoreHooks.After })
}
