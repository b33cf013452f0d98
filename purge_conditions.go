package softdelete

import (
	"fmt"
)

// This room writes the conditions by which a purge finds and counts rows.

// gone writes the condition that a row of the table is a deleted one, of the tenant that was asked for.
func (p *purge) gone(q *query, t *purgeTable, alias string) {
	if t.remains.gone == nil {
		q.text("1 = 1")
	} else {
		q.text(t.remains.gone.of(quoteName(q.tx, alias)))
	}
	if p.options.Tenant != nil {
		q.text(" AND ").column(alias, t.tenant).text(" = ").bind(p.options.Tenant)
	}
}

// due writes the condition that a row's retention in the lot is over.
func (p *purge) due(q *query, t *purgeTable, l *lot, alias string) {
	column := q.quoted(alias, t.column)
	q.text("(")
	p.gone(q, t, alias)
	q.text(" AND (")
	joined(q, l.terms, " OR ", func(term terms) {
		t.clock.in(q, column, term.spans, t.valid)
		switch {
		case term.only != nil:
			q.text(" AND ").column(alias, t.tenant).text(" IN (")
			joined(q, term.only, ", ", func(tenant any) { q.bind(tenant) }).text(")")
		case term.except != nil:
			q.text(" AND (").column(alias, t.tenant).text(" NOT IN (")
			joined(q, term.except, ", ", func(tenant any) { q.bind(tenant) })
			q.text(") OR ").column(alias, t.tenant).text(" IS NULL)")
		}
	}).text("))")
}

// goes writes the condition that a row's retention is over and that it goes then.
func (p *purge) goes(q *query, t *purgeTable, alias string) {
	lots := t.going()
	if len(lots) == 0 {
		q.text("1 = 0")
		return
	}
	q.text("(")
	joined(q, lots, " OR ", func(i int) { p.ready(q, t, t.lots[i], alias) }).text(")")
}

// going lists the lots whose rows go.
func (t *purgeTable) going() (lots []int) {
	for i, l := range t.lots {
		if l.action != thenKeep {
			lots = append(lots, i)
		}
	}
	return lots
}

// lotOf writes the number of the lot that a row belongs to, from 1, and 0 for one that stays.
func (p *purge) lotOf(q *query, t *purgeTable, alias string) {
	lots := t.going()
	if len(lots) == 0 {
		q.text("0")
		return
	}
	q.text("CASE")
	for _, i := range lots {
		q.text(" WHEN ")
		p.ready(q, t, t.lots[i], alias)
		q.text(fmt.Sprintf(" THEN %d", i+1))
	}
	q.text(" ELSE 0 END")
}

// count counts what is eligible, held and without a clock. It reads the rows once as if all clocks held times, and again where
// some do not.
func (p *purge) count(t *purgeTable) error {
	if len(t.lots) == 0 {
		return nil
	}
	t.valid = true
	if err := p.countOnce(t); err != nil || t.reports[0].NoClock == 0 {
		return err
	}
	t.valid = false
	return p.countOnce(t)
}

func (p *purge) countOnce(t *purgeTable) error {
	q := p.query()
	p.holds.with(q)
	var counts []*int64
	count := func(to *int64, condition func()) {
		if len(counts) > 0 {
			q.text(", ")
		}
		counts = append(counts, to)
		q.text("count(CASE WHEN ")
		condition()
		q.text(" THEN 1 END)")
	}
	q.text("SELECT ")
	for i, l := range t.lots {
		r := t.reports[i]
		count(&r.Eligible, func() { p.due(q, t, l, t.name) })
		if p.holds.covers(t) && l.action != thenKeep {
			count(&r.Held, func() {
				p.due(q, t, l, t.name)
				q.text(" AND ")
				p.holds.held(q, t, t.name)
			})
		}
	}
	count(&t.reports[0].NoClock, func() {
		q.text("CASE WHEN ")
		t.clock.isSet(q, q.quoted(t.name, t.column))
		q.text(" THEN 0 ELSE 1 END = 1")
	})
	q.text(" FROM ").name(t.name).text(" WHERE ")
	p.gone(q, t, t.name)
	return q.rows(func(scan func(...any) error) error {
		targets := make([]any, len(counts))
		for i, to := range counts {
			targets[i] = to
		}
		return scan(targets...)
	})
}
