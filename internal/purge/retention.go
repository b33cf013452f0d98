package purge

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// Retention says how long deleted rows are kept and what comes then, in the words of the tags.
type Retention struct {
	Keep string
	Then string
}

// CheckRetention finds what the configuration does not allow about a model's retention. stores tells whether there is a cold
// store.
func CheckRetention(p *policy.Policy, stores bool) error {
	if p.Retain == (tag.Period{}) {
		return nil
	}
	field := "_"
	for _, candidate := range p.Schema.Fields {
		if strings.Contains(strings.ToLower(candidate.Tag.Get(tag.TagKey)), "then") {
			field = candidate.Name
		}
	}
	if p.Then == policy.ThenCold {
		return checkCold(p, field, stores)
	}
	return nil
}

// parseRetention reads a Retention that Config.TenantRetention gave.
func parseRetention(p *policy.Policy, r Retention, stores bool) (tag.Period, string, error) {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w: Config.TenantRetention for %s: %s", fault.ErrPolicy, p.Schema.Name, fmt.Sprintf(format, args...))
	}
	var keep tag.Period
	if r.Keep != "" {
		var remedy string
		if keep, remedy = tag.ParsePeriod(r.Keep); remedy != "" {
			return tag.Period{}, "", refuse("%s", remedy)
		}
	}
	then := strings.ToLower(r.Then)
	switch {
	case then == "":
		then = policy.ThenPurge
	case !slices.Contains([]string{policy.ThenPurge, policy.ThenErase, policy.ThenCold, policy.ThenKeep}, then):
		return tag.Period{}, "", refuse("then %q is unknown; purge, erase, cold and keep are known", r.Then)
	case then == policy.ThenCold:
		if err := checkCold(p, "tenant", stores); err != nil {
			return tag.Period{}, "", err
		}
	}
	return keep, then, nil
}

// terms are a retention as it holds for some tenants of a table.
type terms struct {
	// only lists the tenants that it holds for; where it is nil it holds for all but those of except.
	only, except []any
	spans        []tag.Span
}

// lot is the rows of a table that the same thing happens to.
type lot struct {
	action string
	terms  []terms
}

// findLots says what happens to a table's deleted rows and when: by the model's tags, and by Config.TenantRetention where a
// tenant has another retention.
func (p *purge) findLots(ctx context.Context, t *purgeTable) error {
	add := func(keep tag.Period, then string, term terms) {
		if keep == (tag.Period{}) {
			return
		}
		term.spans = keep.Over(p.now)
		for _, l := range t.lots {
			if l.action == then {
				l.terms = append(l.terms, term)
				return
			}
		}
		t.lots = append(t.lots, &lot{action: then, terms: []terms{term}})
	}
	var others []any
	if special := p.purger.TenantRetention; special != nil && t.Tenant != "" {
		tenants, err := p.tenants(t)
		if err != nil {
			return err
		}
		for _, tenant := range tenants {
			r, ok := special(ctx, t.Policy.Schema.Name, tenant)
			if !ok {
				continue
			}
			keep, then, err := parseRetention(t.Policy, r, p.purger.ColdStore != nil)
			if err != nil {
				return err
			}
			others = append(others, tenant)
			if keep == (tag.Period{}) {
				t.unretained = append(t.unretained, tenant)
			} else {
				t.retained = append(t.retained, tenant)
			}
			add(keep, then, terms{only: []any{tenant}})
		}
	}
	if then := t.Policy.Then; then != "" {
		add(t.Policy.Retain, then, terms{except: others})
	}
	return nil
}

// tenants lists the tenants of a table's deleted rows, or the one that the caller asked for, as their column holds them.
func (p *purge) tenants(t *purgeTable) (list []any, err error) {
	q := p.query().Text("SELECT DISTINCT ").Name(t.Tenant).Text(" FROM ").Name(t.name).Text(" WHERE ")
	p.gone(q, t, t.name)
	q.Text(" AND ").Name(t.Tenant).Text(" IS NOT NULL")
	err = q.Rows(func(scan func(...any) error) error {
		value := reflect.New(t.Policy.TenantField.IndirectFieldType)
		if err := scan(value.Interface()); err != nil {
			return err
		}
		list = append(list, value.Elem().Interface())
		return nil
	})
	return list, err
}
