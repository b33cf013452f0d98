package purge

import (
	"context"
	"sync"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Purger removes rows of one database for good, and brings rows back from cold storage.
type Purger struct {
	*policy.Registry
	Columns *archive.Columns
	Records *erasedrow.Records
	Holds   *hold.Holds
	Eraser  *erasure.Eraser
	Options

	// janitor is held while a janitor purges. Two that share the only connection of a pool would share its session's locks.
	janitor sync.Mutex
}

// Options say how rows are purged.
type Options struct {
	// ColdStore keeps the rows of models with then:cold; nil for none.
	ColdStore cold.Store
	// TenantRetention gives a tenant's own retention for a model; nil where all tenants have that of the tags.
	TenantRetention func(ctx context.Context, model string, tenant any) (r Retention, ok bool)
}
