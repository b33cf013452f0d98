package purge

import (
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// This room is for what a caller asks for and would get nothing of: a tenant of another type, a model that is never purged.

// setTenant reads the tenant that the caller asks for as the table's column keeps it.
func (p *purge) setTenant(t *purgeTable) error {
	field := t.Policy.TenantField
	if p.options.Tenant == nil || field == nil {
		return nil
	}
	ctx, row := p.db.Statement.Context, reflect.New(t.Policy.Schema.ModelType).Elem()
	if err := field.Set(ctx, row, p.options.Tenant); err != nil {
		return fmt.Errorf("%w: PurgeOptions.Tenant is of the type %T, but %s.%s is %s", gorm.ErrInvalidValue, p.options.Tenant, t.Policy.Schema.Name, field.Name, field.FieldType)
	}
	t.tenant, _ = field.ValueOf(ctx, row)
	return nil
}

// explainNone says of the tables that have nothing due for the tenant asked for why that is. It runs before any row goes.
func (p *purge) explainNone() error {
	if p.options.Tenant == nil {
		return nil
	}
	for _, t := range p.tables {
		if t.dependents || t.uncounted || slices.ContainsFunc(t.reports, func(r *ModelPurge) bool { return r.Eligible > 0 || r.NoClock > 0 }) {
			continue
		}
		known, gone, err := p.has(t)
		if err != nil && p.endsAll(err) {
			return p.stopped(t, err)
		}
		if err != nil {
			p.leaveTable(t, err)
			t.uncounted = true
			continue
		}
		var report *ModelPurge
		if len(t.reports) > 0 {
			report = t.reports[0]
		} else { // there is no lot, and no work
			report = &ModelPurge{Model: t.Policy.Schema.Name, Table: t.Table(), Action: policy.ThenKeep, ReferencedBy: map[string]int64{}}
			p.failed.broken = append(p.failed.broken, report)
		}
		switch {
		case !known:
			report.because("tenant unknown")
		case gone && (len(t.reports) == 0 || len(t.unretained) > 0):
			report.because("no retention")
		}
	}
	return nil
}

// has tells whether a table, or the archive and the table that it belongs to, has rows of the tenant asked for, and whether deleted ones.
func (p *purge) has(t *purgeTable) (row, gone bool, err error) {
	q := p.query().Text("SELECT ")
	exists := func(table string, only func()) {
		q.Text("EXISTS (SELECT 1 FROM ").Name(table).Text(" WHERE ").Column(table, t.Tenant).Text(" = ").Bind(t.tenant)
		only()
		q.Text(")")
	}
	exists(t.name, func() {})
	if t.Policy.Table != t.Table() {
		q.Text(" OR ")
		exists(t.Policy.Table, func() {})
	}
	q.Text(", ")
	exists(t.name, func() { q.Text(" AND "); p.gone(q, t, t.name) })
	err = q.Rows(func(scan func(...any) error) error { return scan(&row, &gone) })
	return row, gone, err
}

// checkAsked refuses models that the caller has named and that have no retention, in no tenant.
func (p *purge) checkAsked() error {
	if len(p.options.Models) == 0 {
		return nil
	}
	for _, t := range p.tables {
		if owner := t.Policy; len(t.lots) == 0 && owner.Retain == (tag.Period{}) && (owner.TenantField == nil || p.purger.TenantRetention == nil) {
			return fmt.Errorf("%w: %s cannot be purged: it has no retention; tag it with retain:…, or leave it out of PurgeOptions.Models",
				fault.ErrUnsupported, owner.Schema.Name)
		}
	}
	return nil
}
