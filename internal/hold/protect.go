package hold

import (
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room keeps what holds cover from a write to a whole table.

// Protect keeps the rows of a model that holds cover from a write, and holds as they are until its transaction ends.
func (h *Holds) Protect(tx statement.Session, p *policy.Policy) (eventlog.Protection, error) {
	w := h.Walk()
	return &protection{walk: w, policy: p}, w.Share(tx)
}

type protection struct {
	walk   *Walk
	policy *policy.Policy
	watch  *Watch
}

// Note implements eventlog.Protection.
func (p *protection) Note(tx statement.Session) (err error) {
	if p.walk.Covers(p.policy) {
		p.watch, err = p.walk.Watch(tx, p.policy, true, func(q *statement.Query) {
			q.Text("SELECT ").Columns("", p.policy.Schema.PrimaryFields).Text(" FROM ").Name(p.policy.Table)
		})
	}
	return err
}

// Refuse implements eventlog.Protection.
func (p *protection) Refuse(tx statement.Session) error {
	if p.watch == nil {
		return nil
	}
	return p.watch.Refuse(tx)
}

// Write implements eventlog.Protection.
func (p *protection) Write(tx statement.Session, write func(q *statement.Query)) (int64, error) {
	return p.walk.Tables().Write(tx, write)
}

// With implements eventlog.Protection.
func (p *protection) With(q *statement.Query) { p.walk.Tables().With(q) }

// Spare implements eventlog.Protection.
func (p *protection) Spare(q *statement.Query, alias string) {
	if p.walk.Covers(p.policy) {
		p.walk.Held(q.Text(" AND NOT "), p.policy, alias)
	}
}
