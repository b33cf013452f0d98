package purge

import (
	"fmt"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room writes the conditions by which a purge finds and counts rows.

// gone writes the condition that a row of the table is a deleted one, of the tenant that was asked for.
func (p *purge) gone(q *statement.Query, t *purgeTable, alias string) {
	if gone := t.Gone(); gone == nil {
		q.Text("1 = 1")
	} else {
		q.Text(gone.Of(statement.QuoteName(q.Tx, alias)))
	}
	if p.options.Tenant != nil && t.Tenant != "" {
		q.Text(" AND ").Column(alias, t.Tenant).Text(" = ").Bind(t.tenant)
	}
}

// due writes the condition that a row's retention in the lot is over.
func (p *purge) due(q *statement.Query, t *purgeTable, l *lot, alias string) {
	column := q.Quoted(alias, t.Column)
	q.Text("(")
	p.gone(q, t, alias)
	q.Text(" AND (")
	statement.Joined(q, l.terms, " OR ", func(term terms) {
		t.Clock.In(q, column, term.spans, t.valid)
		switch {
		case term.only != nil:
			q.Text(" AND ").Among(alias, t.Tenant, term.only)
		case term.except != nil:
			q.Text(" AND (NOT (").Among(alias, t.Tenant, term.except)
			q.Text(") OR ").Column(alias, t.Tenant).Text(" IS NULL)")
		}
	}).Text("))")
}

// goes writes the condition that a row's retention is over and that it goes then.
func (p *purge) goes(q *statement.Query, t *purgeTable, alias string) {
	lots := t.going()
	if len(lots) == 0 {
		q.Text("1 = 0")
		return
	}
	q.Text("(")
	statement.Joined(q, lots, " OR ", func(i int) { p.ready(q, t, t.lots[i], alias) }).Text(")")
}

// goesOrDepends writes the condition that a row's retention is over and that it goes then, or that it goes with a parent.
func (p *purge) goesOrDepends(q *statement.Query, t *purgeTable, alias string) {
	if !t.canDepend() {
		p.goes(q, t, alias)
		return
	}
	q.Text("(")
	p.goes(q, t, alias)
	q.Text(" OR ")
	p.depends(q, t, alias)
	q.Text(")")
}

// going lists the lots whose rows go.
func (t *purgeTable) going() (lots []int) {
	for i, l := range t.lots {
		if l.action != policy.ThenKeep && len(l.terms) > 0 {
			lots = append(lots, i)
		}
	}
	return lots
}

// lotOf writes the number of the lot that a row belongs to, from 1, and 0 for one that stays. with, where it is not nil, writes the
// condition that a row depends on the one that it is found under.
func (p *purge) lotOf(q *statement.Query, t *purgeTable, alias string, with func(q *statement.Query)) {
	lots := t.going()
	if len(lots) == 0 && with == nil {
		q.Text("0")
		return
	}
	q.Text("CASE")
	if with != nil {
		q.Text(" WHEN ")
		with(q)
		q.Text(fmt.Sprintf(" THEN %d", dependent))
	}
	for _, i := range lots {
		q.Text(" WHEN ")
		p.ready(q, t, t.lots[i], alias)
		q.Text(fmt.Sprintf(" THEN %d", i+1))
	}
	q.Text(" ELSE 0 END")
}

// count counts what is eligible, held and without a clock. It reads the rows once as if all clocks held times, and again where
// some do not.
func (p *purge) count(t *purgeTable) error {
	if len(t.lots) == 0 || t.dependents {
		return nil
	}
	return p.look(func() error {
		t.valid = true
		if err := p.countOnce(t); err != nil || t.reports[0].NoClock == 0 {
			return err
		}
		t.valid = false
		return p.countOnce(t)
	})
}

func (p *purge) countOnce(t *purgeTable) error {
	q := p.query()
	p.holds.With(q)
	var counts []*int64
	count := func(to *int64, condition func()) {
		if len(counts) > 0 {
			q.Text(", ")
		}
		counts = append(counts, to)
		q.Text("count(CASE WHEN ")
		condition()
		q.Text(" THEN 1 END)")
	}
	q.Text("SELECT ")
	for i, l := range t.lots {
		if len(l.terms) == 0 {
			continue
		}
		r := t.reports[i]
		count(&r.Eligible, func() { p.due(q, t, l, t.name) })
		if p.holds.Covers(t.Policy) && l.action != policy.ThenKeep {
			count(&r.Held, func() {
				p.due(q, t, l, t.name)
				q.Text(" AND ")
				p.holds.Held(q, t.Policy, t.name)
			})
		}
	}
	count(&t.reports[0].NoClock, func() {
		q.Text("CASE WHEN ")
		t.Clock.IsSet(q, q.Quoted(t.name, t.Column))
		q.Text(" THEN 0 ELSE 1 END = 1")
	})
	q.Text(" FROM ").Name(t.name).Text(" WHERE ")
	p.gone(q, t, t.name)
	return q.Rows(func(scan func(...any) error) error {
		targets := make([]any, len(counts))
		for i, to := range counts {
			targets[i] = to
		}
		return scan(targets...)
	})
}
