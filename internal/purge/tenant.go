package purge

import (
	"fmt"
	"reflect"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
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
