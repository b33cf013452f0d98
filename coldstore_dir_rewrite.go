package softdelete

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/coldfile"
)

// This room rewrites batches in a directory. The new rows come under a name of their own; the manifest that names it is the
// switch. The old rows are unlinked then.

// coldLeftover is how old a file must be that no manifest names, to be what a crash has left and not what a Put is writing.
const coldLeftover = 10 * time.Minute

// Batches implements ColdRewriter. It removes what crashes have left: such files have rows that no batch has.
func (s *dirColdStore) Batches(ctx context.Context, table string) (ids []string, err error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	named := map[string]bool{}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		id, isManifest := strings.CutSuffix(entry.Name(), ".json")
		if !isManifest || strings.HasPrefix(id, ".") {
			continue
		}
		description, err := os.ReadFile(filepath.Join(s.dir, entry.Name()))
		if err != nil {
			return nil, err
		}
		of, file, err := coldfile.Describe(id, description)
		if err != nil {
			return nil, err
		}
		if named[file] = true; of == table {
			ids = append(ids, id)
		}
	}
	for _, entry := range entries {
		rows := strings.HasPrefix(entry.Name(), writingPrefix) || strings.HasSuffix(entry.Name(), coldfile.RowsSuffix)
		if named[entry.Name()] || !rows {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && time.Since(info.ModTime()) > coldLeftover {
			err = s.remove(entry.Name())
		}
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// Replace implements ColdRewriter.
func (s *dirColdStore) Replace(ctx context.Context, b ColdBatch) error {
	if _, err := s.Get(ctx, b.ID); err != nil {
		return err
	}
	_, manifestName, err := coldfile.Names(b.ID)
	if err != nil {
		return err
	}
	name, rows, manifest, err := coldfile.EncodeAnew(coldfile.Batch(b))
	if err != nil {
		return err
	}
	if err := s.write(filepath.Join(s.dir, name), rows); err != nil {
		return err
	}
	if err := s.write(filepath.Join(s.dir, manifestName), manifest); err != nil {
		return err
	}
	stored, err := s.Get(ctx, b.ID)
	if err == nil {
		err = coldfile.Same(b.Rows, stored.Rows)
	}
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries { // also those of a Replace that a crash has stopped
		if entry.Name() != name && coldfile.IsRowsOf(b.ID, entry.Name()) {
			if err := s.remove(entry.Name()); err != nil {
				return err
			}
		}
	}
	return syncDirectory(s.dir)
}

func (s *dirColdStore) remove(name string) error {
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
