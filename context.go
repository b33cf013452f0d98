package softdelete

import (
	"context"

	"github.com/gorm-softdelete/softdelete/internal/mark"
)

// WithActor names who deletes: it fills the field tagged `actor`, the ledger and the archive for every deletion under the
// context, and event logs for every write. Use a key or a role rather than a person's name.
func WithActor(ctx context.Context, actor string) context.Context { return mark.WithActor(ctx, actor) }

// WithReason says why: it fills the field tagged `reason`, the ledger and the archive for every deletion under the context, and
// event logs for every write.
func WithReason(ctx context.Context, reason string) context.Context {
	return mark.WithReason(ctx, reason)
}
