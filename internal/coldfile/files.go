package coldfile

import (
	"context"
	"fmt"
)

// Files is where the files of batches lie, as a store reaches them. What is put and replaced there is the same in every store.
type Files struct {
	// Write writes a file, all of it or nothing. It is durable when Write returns nil.
	Write func(ctx context.Context, name string, data []byte) error
	// Get reads a batch.
	Get func(ctx context.Context, id string) (Batch, error)
	// List reads the names of all files.
	List func(ctx context.Context) (Listing, error)
	// Remove removes a file. One that is not there is no error.
	Remove func(ctx context.Context, name string) error
}

// Put writes a batch's two files, the manifest last, so that a batch without one was never put, and reads them back.
func (f Files) Put(ctx context.Context, b Batch) error {
	rowsName, _, err := Names(b.ID)
	if err != nil {
		return err
	}
	rows, manifest, err := Encode(b)
	if err != nil {
		return err
	}
	return f.write(ctx, b, rowsName, rows, manifest)
}

// Replace writes a batch's rows under a name of their own. The manifest that names them is the switch; the former rows are
// removed then.
func (f Files) Replace(ctx context.Context, b Batch) error {
	if _, err := f.Get(ctx, b.ID); err != nil {
		return err
	}
	name, rows, manifest, err := EncodeAnew(b)
	if err != nil {
		return err
	}
	if err := f.write(ctx, b, name, rows, manifest); err != nil {
		return err
	}
	listed, err := f.List(ctx)
	if err != nil {
		return err
	}
	for _, former := range listed.RowsOf(b.ID) { // also those of a Replace that a crash has stopped
		if former != name {
			if err := f.Remove(ctx, former); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f Files) write(ctx context.Context, b Batch, rowsName string, rows, manifest []byte) error {
	if err := f.Write(ctx, rowsName, rows); err != nil {
		return err
	}
	if err := f.Write(ctx, b.ID+ManifestSuffix, manifest); err != nil {
		return err
	}
	stored, err := f.Get(ctx, b.ID)
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	return Same(b.Rows, stored.Rows)
}
