package gocloud_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gocloud.dev/blob/memblob"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/gocloud"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type Invoice struct {
	ID        uint
	Net       float64
	Scan      []byte
	Note      *string
	DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
}

// buckets runs a test on every driver that needs no service.
func buckets(t *testing.T, run func(t *testing.T, bucket *blob.Bucket)) {
	t.Helper()
	t.Run("memblob", func(t *testing.T) {
		bucket := memblob.OpenBucket(nil)
		defer bucket.Close()
		run(t, bucket)
	})
	t.Run("fileblob", func(t *testing.T) {
		bucket, err := fileblob.OpenBucket(t.TempDir(), &fileblob.Options{NoTempDir: true})
		require.NoError(t, err)
		defer bucket.Close()
		run(t, bucket)
	})
}

func open(t *testing.T, database *testdb.Database, store softdelete.ColdStore) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&Invoice{}}, ColdStore: store})))
	require.NoError(t, db.AutoMigrate(&Invoice{}))
	require.NoError(t, db.Exec("DELETE FROM invoices").Error)
	long := gorm.DeletedAt{Time: time.Now().AddDate(0, -2, 0), Valid: true}
	note := "a note"
	require.NoError(t, db.Create([]Invoice{
		{ID: 1, Net: 0.1, Scan: []byte{0, 255}, Note: &note, DeletedAt: long}, {ID: 2, DeletedAt: long}, {ID: 3},
	}).Error)
	return db
}

func keys(t *testing.T, db *gorm.DB) (ids []uint) {
	t.Helper()
	require.NoError(t, db.Unscoped().Model(&Invoice{}).Order("id").Pluck("id", &ids).Error)
	return ids
}

func TestRowsGoToTheBucketAndComeBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		buckets(t, func(t *testing.T, bucket *blob.Bucket) {
			db := open(t, database, gocloud.New(bucket))
			report, err := softdelete.Purge(db, softdelete.PurgeOptions{})
			require.NoError(t, err)
			require.EqualValues(t, 2, report.Models[0].Done)
			require.Len(t, report.Models[0].ColdBatches, 1)
			require.Equal(t, []uint{3}, keys(t, db))

			rows, err := softdelete.Thaw(db, report.Models[0].ColdBatches[0])
			require.NoError(t, err)
			require.EqualValues(t, 2, rows)
			var invoice Invoice
			require.NoError(t, db.First(&invoice, 1).Error)
			require.Equal(t, []byte{0, 255}, invoice.Scan)
			require.InDelta(t, 0.1, invoice.Net, 0)
			require.Equal(t, "a note", *invoice.Note)
		})
	})
}

func TestObjectsThatWereChangedAreRefused(t *testing.T) {
	buckets(t, func(t *testing.T, bucket *blob.Bucket) {
		store := gocloud.New(bucket)
		batch := softdelete.ColdBatch{ID: "invoices-1", Model: "Invoice", Table: "invoices", Rows: []map[string]any{{"id": int64(1), "note": "x"}}}
		require.NoError(t, store.Put(t.Context(), batch))
		require.NoError(t, store.Put(t.Context(), batch), "the same again")
		got, err := store.Get(t.Context(), batch.ID)
		require.NoError(t, err)
		require.Equal(t, batch, got)

		rows, err := bucket.ReadAll(t.Context(), batch.ID+".jsonl.gz")
		require.NoError(t, err)
		rows[len(rows)-1] ^= 1
		require.NoError(t, bucket.WriteAll(t.Context(), batch.ID+".jsonl.gz", rows, nil))
		_, err = store.Get(t.Context(), batch.ID)
		require.ErrorContains(t, err, "is damaged")
		require.NoError(t, bucket.Delete(t.Context(), batch.ID+".jsonl.gz"))
		_, err = store.Get(t.Context(), batch.ID)
		require.ErrorContains(t, err, "cannot be read")
		require.NoError(t, bucket.Copy(t.Context(), "invoices-2.json", batch.ID+".json", nil))
		_, err = store.Get(t.Context(), "invoices-2")
		require.ErrorContains(t, err, "manifest of another batch")
		_, err = store.Get(t.Context(), "invoices-3")
		require.ErrorContains(t, err, "never finished")
		_, err = store.Get(t.Context(), "../invoices-1")
		require.ErrorContains(t, err, "no ID")
	})
}

func TestNoRowGoesThatTheBucketDidNotTake(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		buckets(t, func(t *testing.T, bucket *blob.Bucket) {
			for _, suffix := range []string{".jsonl.gz", ".json"} {
				refused := errors.New("no room")
				db := open(t, database, refusing{gocloud.New(bucket), suffix, refused, bucket})
				_, err := softdelete.Purge(db, softdelete.PurgeOptions{})
				require.ErrorIs(t, err, refused)
				require.Equal(t, []uint{1, 2, 3}, keys(t, db))
			}
			db := open(t, database, gocloud.New(bucket))
			_, err := softdelete.Purge(db, softdelete.PurgeOptions{})
			require.NoError(t, err, "the next purge completes")
			require.Equal(t, []uint{3}, keys(t, db))

			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			require.ErrorIs(t, gocloud.New(bucket).Put(ctx, softdelete.ColdBatch{ID: "x"}), context.Canceled)
		})
	})
}

// refusing is a store whose objects with a suffix are lost: what a crash between two writes leaves.
type refusing struct {
	softdelete.ColdStore
	suffix string
	err    error
	bucket *blob.Bucket
}

func (r refusing) Put(ctx context.Context, b softdelete.ColdBatch) error {
	if err := r.ColdStore.Put(ctx, b); err != nil {
		return err
	}
	objects := r.bucket.List(nil)
	for {
		object, err := objects.Next(ctx)
		if err != nil {
			return r.err
		}
		if strings.HasSuffix(object.Key, r.suffix) {
			_ = r.bucket.Delete(ctx, object.Key)
		}
	}
}
