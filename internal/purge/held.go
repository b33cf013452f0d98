package purge

import (
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for holds that are placed or released while a purge runs: every batch obeys those that are there when it begins.

// foundHolds reads the holds that the counts go by.
func (p *purge) foundHolds() (err error) {
	p.holds, err = p.purger.Holds.InForce(p.reads)
	p.counted = holdIDs(p.holds)
	return err
}

func holdIDs(h *hold.Walk) (ids []string) {
	for _, r := range h.Holds {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return ids
}

// countHeldAnew counts the rows that holds have kept where others are in force now than when the purge began.
func (p *purge) countHeldAnew() error {
	if p.options.DryRun {
		return nil
	}
	if err := p.holds.Read(p.reads); err != nil || slices.Equal(p.counted, holdIDs(p.holds)) {
		return err
	}
	return p.look(p.countHeld)
}

// countHeld counts the rows that holds keep.
func (p *purge) countHeld() error {
	for _, t := range p.tables {
		if !p.holds.Covers(t.Policy) {
			continue
		}
		for i, l := range t.lots {
			if l.action == policy.ThenKeep || len(l.terms) == 0 {
				continue
			}
			var held int64
			q := p.query()
			p.holds.With(q)
			q.Text("SELECT count(*) FROM ").Name(t.name).Text(" WHERE ")
			p.due(q, t, l, t.name)
			p.holds.Held(q.Text(" AND "), t.Policy, t.name)
			if err := q.Rows(func(scan func(...any) error) error { return scan(&held) }); err != nil {
				return err
			}
			t.reports[i].Held = max(t.reports[i].Held, held)
		}
	}
	return nil
}

// look runs what only reads, outside of the batches' transactions; where holds on a wide graph are asked for, in one of its own that
// is undone.
func (p *purge) look(run func() error) error {
	if !p.holds.Wide() {
		return run()
	}
	return p.rehearse(func() error { return p.holds.Stored(p.reads, run) })
}

// rehearse runs what reads with tables of its own, which are undone.
func (p *purge) rehearse(run func() error) error {
	reads := p.reads
	defer func() { p.reads = reads }()
	return statement.Rehearse(p.db.DB, func(tx *gorm.DB) error {
		p.reads = p.purger.Session(tx)
		return run()
	})
}
