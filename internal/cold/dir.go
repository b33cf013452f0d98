package cold

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gorm-softdelete/softdelete/internal/coldfile"
)

// OpenDir opens a store in a directory, which it makes where it is not there. The manifest of a batch is written last, so that a
// batch without one was never put.
func OpenDir(dir string) (*Dir, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("softdelete: the cold store cannot be made: %w", err)
	}
	return &Dir{dir: dir}, nil
}

// writingPrefix begins the names of files that are being written.
const writingPrefix = ".writing-"

// Dir keeps cold batches in a directory: the rows as JSON Lines compressed by gzip, and beside them a manifest with the columns,
// the number of rows and the SHA-256 of the rows' file.
type Dir struct {
	dir    string
	tables coldfile.Tables
}

// Put implements ColdStore.
func (s *Dir) Put(ctx context.Context, b Batch) error { return s.files().Put(ctx, coldfile.Batch(b)) }

func (s *Dir) files() coldfile.Files {
	return coldfile.Files{
		Write: func(ctx context.Context, name string, data []byte) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return s.write(filepath.Join(s.dir, name), data)
		},
		Get: func(ctx context.Context, id string) (coldfile.Batch, error) {
			b, err := s.Get(ctx, id)
			return coldfile.Batch(b), err
		},
		List:   func(context.Context) (coldfile.Listing, error) { return s.list() },
		Remove: func(_ context.Context, name string) error { return s.remove(name) },
	}
}

// write puts data under a name, all of it or nothing, and syncs it to disk.
func (s *Dir) write(path string, data []byte) (err error) {
	file, err := os.CreateTemp(s.dir, writingPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDirectory(s.dir)
}

// syncDirectory makes a new name in the directory durable.
func syncDirectory(dir string) error {
	directory, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = directory.Sync()
	if closeErr := directory.Close(); err == nil {
		err = closeErr
	}
	return err
}

// Get implements ColdStore.
func (s *Dir) Get(ctx context.Context, id string) (Batch, error) {
	if err := ctx.Err(); err != nil {
		return Batch{}, err
	}
	_, manifestName, err := coldfile.Names(id)
	if err != nil {
		return Batch{}, err
	}
	manifest, err := os.ReadFile(filepath.Join(s.dir, manifestName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Batch{}, fmt.Errorf("there is no batch of this ID, or it was never finished; IDs stand in the ColdBatches of a purge's report: %w", err)
	case err != nil:
		return Batch{}, err
	}
	b, err := coldfile.Decode(id, manifest, func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(s.dir, name))
	})
	return Batch(b), err
}
