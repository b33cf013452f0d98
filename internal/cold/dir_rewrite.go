package cold

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gorm-softdelete/softdelete/internal/coldfile"
)

// This room rewrites batches in a directory, and removes what crashes have left there.

// coldLeftover is how old a file must be that no manifest names, to be what a crash has left and not what a Put is writing.
const coldLeftover = 10 * time.Minute

// Batches implements Rewriter.
func (s *Dir) Batches(ctx context.Context, table string) (ids []string, err error) {
	listed, err := s.list()
	if err != nil {
		return nil, err
	}
	for _, id := range listed.IDs() {
		of, err := s.tables.Of(id, func() ([]byte, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			return os.ReadFile(filepath.Join(s.dir, id+coldfile.ManifestSuffix))
		})
		if err != nil {
			return nil, err
		}
		if of == table {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// list reads the names in the directory.
func (s *Dir) list() (coldfile.Listing, error) {
	entries, err := os.ReadDir(s.dir)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return coldfile.List(names), err
}

// Tidy removes what crashes have left: files that were being written, and rows that a Replace had replaced. Files that are younger
// than ten minutes are spared and counted, for a Put may be writing them; so are rows without a manifest, whatever their age: it
// may have been lost, and the rows be nowhere else.
func (s *Dir) Tidy(ctx context.Context) (spared int, err error) {
	listed, err := s.list()
	if err != nil {
		return 0, err
	}
	leftovers, orphans, err := listed.Leftovers(s.manifest)
	if err != nil {
		return 0, err
	}
	spared = len(orphans)
	for _, name := range append(leftovers, listed.Starting(writingPrefix)...) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		info, err := os.Lstat(filepath.Join(s.dir, name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return 0, err
		case time.Since(info.ModTime()) <= coldLeftover:
			spared++
		default:
			if err := s.remove(name); err != nil {
				return 0, err
			}
		}
	}
	return spared, syncDirectory(s.dir)
}

// manifest reads the manifest of a batch as it is now; nil where there is none.
func (s *Dir) manifest(id string) ([]byte, error) {
	description, err := os.ReadFile(filepath.Join(s.dir, id+coldfile.ManifestSuffix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return description, err
}

// Replace implements Rewriter.
func (s *Dir) Replace(ctx context.Context, b Batch) error {
	if err := s.files().Replace(ctx, coldfile.Batch(b)); err != nil {
		return err
	}
	return syncDirectory(s.dir)
}

func (s *Dir) remove(name string) error {
	if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
