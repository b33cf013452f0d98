package mark

import (
	"context"
)

type (
	actorKey  struct{}
	reasonKey struct{}
)

// WithActor names who deletes: it fills the field tagged `actor`, the ledger and the archive for every deletion under the
// context. Use a key or a role rather than a person's name.
func WithActor(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

// WithReason says why: it fills the field tagged `reason`, the ledger and the archive for every deletion under the context.
func WithReason(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, reasonKey{}, reason)
}

func ActorFrom(ctx context.Context) string {
	actor, _ := ctx.Value(actorKey{}).(string)
	return actor
}

func ReasonFrom(ctx context.Context) string {
	reason, _ := ctx.Value(reasonKey{}).(string)
	return reason
}
