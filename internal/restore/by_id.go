package restore

import (
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// This room sets up a restore of a whole deletion, by its ID.

func (r *restoration) ofDeletion(db *gorm.DB, id mark.DeletionID) (deletion.Report, error) {
	if err := policy.NoTable(db, "RestoreDeletion"); err != nil {
		return deletion.Report{}, err
	}
	at, ok := id.At()
	if !ok {
		return deletion.Report{}, fmt.Errorf("%w: %q is no DeletionID", gorm.ErrRecordNotFound, string(id))
	}
	policies, err := r.restorer.restorable(db)
	if err != nil {
		return deletion.Report{}, err
	}
	r.deletion, r.at, r.preview = id, at, db.DryRun
	// The root's model first, so that its rows lead the report; models that carry no ID are told by the time, which is
	// unique among the models that cascades and guards connect with the root.
	for i, p := range policies {
		if id.RootedIn(p.Table) {
			r.root = p
			policies = slices.Insert(slices.Delete(policies, i, i+1), 0, p)
			break
		}
	}
	if r.root != nil {
		r.timed = slices.Concat(deletion.Concerned(r.root), rowsOf(r.along))
	} else {
		r.elsewhere = r.restorer.elsewhere(db, id)
	}
	policies = slices.DeleteFunc(policies, func(p *policy.Policy) bool { return p.ID == nil && !slices.Contains(r.timed, p) })
	if len(policies) == 0 {
		return deletion.Report{}, fmt.Errorf("%w: deletion %s", gorm.ErrRecordNotFound, id)
	}
	if r.root == nil {
		r.root = policies[0]
	}
	for _, p := range rowsOf(r.along) {
		if !slices.Contains(policies, p) {
			policies = append(policies, p)
		}
	}
	r.graph = policy.MarkedGraph(policies, true, r.along)
	return r.run(db, func(*gorm.DB) (func(), error) { return func() {}, nil })
}

// restorable lists the models that have deleted rows, of Config.Models and of those used so far.
func (restorer *Restorer) restorable(db *gorm.DB) ([]*policy.Policy, error) {
	named, err := restorer.Models(db)
	if err != nil {
		return nil, err
	}
	list := restorer.WithUsed(named, func(a, b *policy.Policy) bool { return a.Schema.ModelType == b.Schema.ModelType })
	return slices.DeleteFunc(list, func(p *policy.Policy) bool {
		return !p.KeepsDeleted() || !p.CanCarryMark() || len(p.Schema.PrimaryFields) == 0
	}), nil
}
