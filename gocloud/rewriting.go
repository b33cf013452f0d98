package gocloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/coldfile"
)

// This room rewrites batches in a bucket, and deletes what crashes have left there.

// leftoverAge is how old an object must be that no manifest names, to be what a crash has left and not what a Put is writing.
const leftoverAge = 10 * time.Minute

// Rewriting is New for a bucket in which a deleted object is gone: softdelete.Erase rewrites the person's rows in it, and its
// certificate says so. That is not true of a bucket with versions of objects, soft deletion, a retention or an object lock:
// there the old rows stay, so keep such a bucket with New, and the certificate says that they are not erased. Nothing in
// gocloud.dev/blob tells which kind a bucket is.
//
// The store must show a write to the next read and list, as S3, Google Cloud Storage and Azure do. The file
// driver does not sync to disk: use softdelete.DirColdStore for files. Rows that were rewritten are in ID.DIGEST.jsonl.gz, which
// the manifest names.
func Rewriting(bucket *blob.Bucket) softdelete.ColdRewriter {
	return &rewriter{store: store{bucket: bucket}}
}

type rewriter struct {
	store
	tables coldfile.Tables
}

// Batches implements softdelete.ColdRewriter.
func (s *rewriter) Batches(ctx context.Context, table string) (ids []string, err error) {
	listed, _, err := s.list(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range listed.IDs() {
		of, err := s.tables.Of(id, func() ([]byte, error) { return s.bucket.ReadAll(ctx, id+coldfile.ManifestSuffix) })
		if err != nil {
			return nil, fmt.Errorf("read the manifest of %s: %w", id, err)
		}
		if of == table {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// list gives the names of the bucket's objects, with the times of their last change.
func (s *rewriter) list(ctx context.Context) (coldfile.Listing, map[string]time.Time, error) {
	var names []string
	changed := map[string]time.Time{}
	for objects := s.bucket.List(nil); ; {
		object, err := objects.Next(ctx)
		if errors.Is(err, io.EOF) {
			return coldfile.List(names), changed, nil
		}
		if err != nil {
			return coldfile.Listing{}, nil, fmt.Errorf("list the bucket: %w", err)
		}
		names = append(names, object.Key)
		changed[object.Key] = object.ModTime
	}
}

// Tidy deletes what crashes have left: rows that a Replace had replaced. Objects that are younger than ten minutes are spared and
// counted, for a Put may be writing them; so are rows without a manifest, whatever their age: it may have been lost, and the rows be
// nowhere else.
func (s *rewriter) Tidy(ctx context.Context) (spared int, err error) {
	listed, changed, err := s.list(ctx)
	if err != nil {
		return 0, err
	}
	leftovers, orphans, err := listed.Leftovers(func(id string) ([]byte, error) {
		manifest, err := s.bucket.ReadAll(ctx, id+coldfile.ManifestSuffix)
		if gcerrors.Code(err) == gcerrors.NotFound {
			return nil, nil
		}
		return manifest, err
	})
	if err != nil {
		return 0, err
	}
	spared = len(orphans)
	for _, name := range leftovers {
		if time.Since(changed[name]) <= leftoverAge {
			spared++
			continue
		}
		if err := s.remove(ctx, name); err != nil {
			return 0, err
		}
	}
	return spared, nil
}

// Replace implements softdelete.ColdRewriter.
func (s *rewriter) Replace(ctx context.Context, b softdelete.ColdBatch) error {
	files := s.files()
	files.List = func(ctx context.Context) (coldfile.Listing, error) {
		listed, _, err := s.list(ctx)
		return listed, err
	}
	files.Remove = s.remove
	return files.Replace(ctx, coldfile.Batch(b))
}

// remove deletes an object and looks whether it is gone.
func (s *rewriter) remove(ctx context.Context, name string) error {
	if err := s.bucket.Delete(ctx, name); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
		return fmt.Errorf("delete the object %s: %w", name, err)
	}
	there, err := s.bucket.Exists(ctx, name)
	if err == nil && there {
		err = errors.New("it is still there")
	}
	if err != nil {
		return fmt.Errorf("delete the object %s: %w", name, err)
	}
	return nil
}
