// Package settings: what the plugin is set up with, as the internals have it.
package settings

import "context"

// ColdBatch is the rows of one table that one transaction of a purge wrote to the cold store.
type ColdBatch struct {
	ID, Model, Table string
	Rows             []map[string]any
}

// ColdStore keeps purged rows outside of the database.
type ColdStore interface {
	Put(ctx context.Context, b ColdBatch) error
	Get(ctx context.Context, id string) (ColdBatch, error)
}
