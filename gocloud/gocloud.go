// Package gocloud keeps what softdelete purges in object storage: a ColdStore on gocloud.dev/blob, which speaks to S3, Google
// Cloud Storage, Azure and others.
//
//	bucket, err := blob.OpenBucket(ctx, "s3://archive?region=eu-central-1")
//	softdelete.New(softdelete.Config{Models: …, ColdStore: gocloud.New(bucket)})
package gocloud

import (
	"context"
	"fmt"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/coldfile"
)

// New keeps cold batches in a bucket, which stays the caller's to close: the rows of a batch as JSON Lines compressed by gzip,
// ID.jsonl.gz, and beside it the manifest ID.json with the columns, the number of rows and the SHA-256 of the rows' object,
// as softdelete.DirColdStore writes them. Put writes both, the manifest last, reads them back and compares; an object store
// has what it has acknowledged. Get refuses objects that do not fit their manifest. Use blob.PrefixedBucket for a folder.
//
// softdelete.Erase does not reach the rows in this store, and its certificate says so; see Rewriting.
func New(bucket *blob.Bucket) softdelete.ColdStore { return &store{bucket: bucket} }

type store struct{ bucket *blob.Bucket }

// Put implements softdelete.ColdStore.
func (s *store) Put(ctx context.Context, b softdelete.ColdBatch) error {
	return s.files().Put(ctx, coldfile.Batch(b))
}

// files is the bucket as the batches' files see it. It neither lists nor removes.
func (s *store) files() coldfile.Files {
	return coldfile.Files{
		Write: s.write,
		Get: func(ctx context.Context, id string) (coldfile.Batch, error) {
			b, err := s.Get(ctx, id)
			return coldfile.Batch(b), err
		},
	}
}

func (s *store) write(ctx context.Context, name string, data []byte) error {
	kind := "application/json"
	if strings.HasSuffix(name, coldfile.RowsSuffix) {
		kind = "application/gzip"
	}
	if err := s.bucket.WriteAll(ctx, name, data, &blob.WriterOptions{ContentType: kind}); err != nil {
		return fmt.Errorf("write the object %s: %w", name, err)
	}
	return nil
}

// Get implements softdelete.ColdStore.
func (s *store) Get(ctx context.Context, id string) (softdelete.ColdBatch, error) {
	_, manifestName, err := coldfile.Names(id)
	if err != nil {
		return softdelete.ColdBatch{}, err
	}
	manifest, err := s.bucket.ReadAll(ctx, manifestName)
	switch {
	case gcerrors.Code(err) == gcerrors.NotFound:
		return softdelete.ColdBatch{}, fmt.Errorf("there is no batch of this ID, or it was never finished: %w", err)
	case err != nil:
		return softdelete.ColdBatch{}, fmt.Errorf("read the object %s: %w", manifestName, err)
	}
	b, err := coldfile.Decode(id, manifest, func(name string) ([]byte, error) { return s.bucket.ReadAll(ctx, name) })
	return softdelete.ColdBatch(b), err
}
