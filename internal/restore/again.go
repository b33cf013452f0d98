package restore

import (
	"errors"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room is for a restore that has met tables with other columns or indexes than it knew: another process has migrated a model.

// migratedError is the error of such a restore, of which nobody has seen anything yet.
type migratedError struct{ error }

func (e migratedError) Unwrap() error { return e.error }

// migrated makes the next restore look at the tables anew, and marks an error that this one may have had for what it knew.
func (r *restoration) migrated(err error) error {
	if errors.As(err, new(besideError)) {
		return err
	}
	r.restorer.Columns.ForgetAll(r.graph)
	r.restorer.tables.Clear()
	archives := slices.ContainsFunc(r.graph.Nodes, func(n *policy.Node) bool { return n.Policy.Archives() })
	hooks := slices.ContainsFunc(r.graph.Nodes, func(n *policy.Node) bool { return n.Policy.RestoreHooks.Before || n.Policy.RestoreHooks.After })
	if archives && !hooks && r.restorer.Dialect.OtherColumns(err) {
		return migratedError{err}
	}
	var conflict *fault.Conflict
	if errors.As(err, &conflict) && conflict.Cause != nil {
		r.restorer.own.forget(r.graph)
		if !hooks && !r.fresh {
			return migratedError{err}
		}
	}
	return err
}

// again restores, and once more where that met other columns. PostgreSQL may then find the plan of a prepared statement of before,
// which its driver drops when it is told, so that there is a third time.
//
// Where the deletion took rows along relations that the restore did not follow, it begins anew and follows these too: each time there
// are more of them.
func (restorer *Restorer) again(restore func(along []*policy.Relation) (deletion.Report, error)) (report deletion.Report, err error) {
	var migrated migratedError
	var beside besideError
	var along []*policy.Relation
	for tries := 3; tries > 0; {
		report, err = restore(along)
		switch {
		case errors.As(err, &beside):
			along = append(along, beside.along...)
		case errors.As(err, &migrated):
			tries--
		default:
			return report, err
		}
	}
	return report, migrated.error
}
