package gocloud_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gocloud.dev/blob"
	"gocloud.dev/blob/fileblob"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/gocloud"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type Guest struct {
	ID        uint
	CreatedAt time.Time
	Name      string         `pii:"fixed:-"`
	DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
	Stays     []Stay         `softdelete:"cascade"`
}

type Stay struct {
	_         struct{} `pii:"delete"`
	ID        uint
	GuestID   uint
	Wish      string
	DeletedAt gorm.DeletedAt `softdelete:"retain:30d;then:cold"`
}

// openGuests has guests with a stay each, all in cold storage: canary 1, canary 2 and so on.
func openGuests(t *testing.T, database *testdb.Database, store softdelete.ColdStore, count uint) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: []any{&Guest{}, &Stay{}}, ColdStore: store})))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), &Guest{}, &Stay{})...))
	for _, table := range []string{"stays", "guests", "softdelete_certificates", "softdelete_certificate_head", "softdelete_erased_rows"} {
		require.NoError(t, db.Exec("DELETE FROM "+table).Error)
	}
	long := gorm.DeletedAt{Time: time.Now().AddDate(0, -2, 0), Valid: true}
	for id := range count {
		word := fmt.Sprintf("canary %d.", id+1)
		require.NoError(t, db.Create(&Guest{ID: id + 1, Name: word, DeletedAt: long, Stays: []Stay{{ID: id + 1, Wish: word, DeletedAt: long}}}).Error)
	}
	_, err := softdelete.Purge(db, softdelete.PurgeOptions{})
	require.NoError(t, err)
	var left int64
	require.NoError(t, db.Unscoped().Model(&Guest{}).Count(&left).Error)
	require.Zero(t, left)
	return db
}

// names lists a bucket's objects.
func names(t *testing.T, bucket *blob.Bucket) (list []string) {
	t.Helper()
	for objects := bucket.List(nil); ; {
		object, err := objects.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return list
		}
		require.NoError(t, err)
		list = append(list, object.Key)
	}
}

// content is what a bucket's objects hold, unpacked.
func content(t *testing.T, bucket *blob.Bucket) string {
	t.Helper()
	var all strings.Builder
	for _, name := range names(t, bucket) {
		data, err := bucket.ReadAll(t.Context(), name)
		require.NoError(t, err)
		if strings.HasSuffix(name, ".gz") {
			reader, err := gzip.NewReader(bytes.NewReader(data))
			require.NoError(t, err)
			data, err = io.ReadAll(reader)
			require.NoError(t, err)
		}
		all.Write(data)
	}
	return all.String()
}

func TestAnErasureRewritesRowsInABucket(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		buckets(t, func(t *testing.T, bucket *blob.Bucket) {
			db := openGuests(t, database, gocloud.Rewriting(bucket), 2)
			before := names(t, bucket)
			certificate, err := softdelete.Erase(db, &Guest{ID: 1}, softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.Len(t, certificate.Tables, 2)
			require.Equal(t, "guests (cold storage)", certificate.Tables[0].Table)
			require.EqualValues(t, 1, certificate.Tables[0].Masked)
			require.EqualValues(t, 1, certificate.Tables[1].Deleted)
			require.NotContains(t, content(t, bucket), "canary 1.")
			require.Equal(t, 2, strings.Count(content(t, bucket), "canary 2."))
			require.Len(t, names(t, bucket), len(before), "the former rows are gone")

			ids, err := gocloud.Rewriting(bucket).Batches(t.Context(), "guests")
			require.NoError(t, err)
			require.Len(t, ids, 1)
			_, err = softdelete.Thaw(db, ids[0])
			require.NoError(t, err)
			var guest Guest
			require.NoError(t, db.First(&guest, 1).Error)
			require.Equal(t, "-", guest.Name)
			require.ErrorIs(t, db.Model(&guest).Update("name", "canary").Error, softdelete.ErrErased)
		})
	})
}

func TestABucketThatMayKeepVersionsIsNamedInTheCertificate(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		buckets(t, func(t *testing.T, bucket *blob.Bucket) {
			db := openGuests(t, database, gocloud.New(bucket), 1)
			require.NoError(t, db.Create(&Guest{ID: 7, Name: "canary 7."}).Error)
			certificate, err := softdelete.Erase(db, &Guest{ID: 7}, softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.Contains(t, certificate.Text(), "rows of guests, stays that a purge wrote to cold storage are not erased")
		})
	})
}

// stopping is a bucket's store that fails at one call, after it is done.
type stopping struct {
	softdelete.ColdRewriter
	made, at int
}

var errStopped = errors.New("connection lost")

func (s *stopping) call(err error) error {
	if s.made++; s.made == s.at {
		return errors.Join(err, errStopped)
	}
	return err
}

func (s *stopping) Batches(ctx context.Context, table string) ([]string, error) {
	ids, err := s.ColdRewriter.Batches(ctx, table)
	return ids, s.call(err)
}

func (s *stopping) Get(ctx context.Context, id string) (softdelete.ColdBatch, error) {
	batch, err := s.ColdRewriter.Get(ctx, id)
	return batch, s.call(err)
}

func (s *stopping) Replace(ctx context.Context, b softdelete.ColdBatch) error {
	return s.call(s.ColdRewriter.Replace(ctx, b))
}

func TestAnErasureThatABucketStoppedIsFinishedByTheSameRequest(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		buckets(t, func(t *testing.T, bucket *blob.Bucket) {
			store := &stopping{ColdRewriter: gocloud.Rewriting(bucket)}
			const guests = 40
			db := openGuests(t, database, store, guests)
			for id := uint(1); ; id++ {
				require.Less(t, id, uint(guests))
				store.made, store.at = 0, int(id)
				request := softdelete.ErasureRequest{ID: fmt.Sprint("r", id)}
				_, err := softdelete.Erase(db, &Guest{ID: id}, request)
				reached := store.made >= store.at
				store.at = 0
				if reached {
					require.ErrorIs(t, err, errStopped)
				}
				certificate, err := softdelete.Erase(db, &Guest{ID: id}, request)
				require.NoError(t, err)
				require.Len(t, certificate.Tables, 2)
				require.NotContains(t, content(t, bucket), fmt.Sprintf("canary %d.", id))
				require.Contains(t, content(t, bucket), fmt.Sprintf("canary %d.", guests))
				if !reached {
					return
				}
			}
		})
	})
}

func TestLeftoversInABucketGoWhenNoWriteCanBeAtWork(t *testing.T) {
	dir := t.TempDir()
	bucket, err := fileblob.OpenBucket(dir, &fileblob.Options{NoTempDir: true})
	require.NoError(t, err)
	defer bucket.Close()
	store := gocloud.Rewriting(bucket)
	batch := softdelete.ColdBatch{ID: "guests-1", Model: "Guest", Table: "guests", Rows: []map[string]any{{"id": int64(1), "name": "canary"}}}
	require.NoError(t, store.Put(t.Context(), batch))
	batch.Rows[0]["name"] = "-"
	require.NoError(t, store.Replace(t.Context(), batch))
	kept := names(t, bucket)
	old, spare := []string{"guests-1.jsonl.gz"}, []string{"guests-2.jsonl.gz", "guests-3.jsonl.gz"} // the latter have no manifest
	for _, name := range append(old, spare...) {
		require.NoError(t, bucket.WriteAll(t.Context(), name, []byte("canary"), nil))
	}
	for _, name := range slices.Concat(old, kept, spare[:1]) {
		long := time.Now().Add(-time.Hour)
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), long, long))
	}
	spared, err := store.(interface {
		Tidy(ctx context.Context) (int, error)
	}).Tidy(t.Context())
	require.NoError(t, err)
	require.Equal(t, len(spare), spared)
	require.ElementsMatch(t, append(kept, spare...), names(t, bucket))
	got, err := store.Get(t.Context(), "guests-1")
	require.NoError(t, err)
	require.Equal(t, batch, got)
	require.Error(t, store.Replace(t.Context(), softdelete.ColdBatch{ID: "unknown"}))
}
