package cold

import "context"

// Batch is the rows of one table that one transaction of a purge wrote to the cold store.
type Batch struct {
	ID, Model, Table string
	Rows             []map[string]any
}

// Store keeps purged rows outside of the database.
type Store interface {
	Put(ctx context.Context, b Batch) error
	Get(ctx context.Context, id string) (Batch, error)
}
