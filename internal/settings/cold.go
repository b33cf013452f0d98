// Package settings: what the plugin is set up with.
package settings

import (
	"context"
)

// This room is for rows that leave the database and are kept: what a cold store is, how a purge writes to it, and how rows
// come back. The store that writes files is in coldstore_dir.go.

// ColdBatch is the rows of one table that one transaction of a purge wrote to the cold store.
type ColdBatch struct {
	ID, Model, Table string
	// Rows are the rows with their columns' names: values as database/sql gives them, which are nil, bool, int64, float64,
	// string, []byte and time.Time.
	Rows []map[string]any
}

// ColdStore keeps purged rows outside of the database. It may be used by several goroutines.
type ColdStore interface {
	// Put stores a batch. It is durable when Put returns nil: the rows are removed from the database then. A batch with the
	// ID of one that is stored already has the same rows.
	Put(ctx context.Context, b ColdBatch) error
	// Get gives a batch as it was put, or an error where it is not there or damaged.
	Get(ctx context.Context, id string) (ColdBatch, error)
}
