package cold_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// coldTidy removes what crashes have left in a store, and gives the number of files that were spared.
func coldTidy(t *testing.T, store softdelete.ColdStore) int {
	t.Helper()
	spared, err := store.(interface {
		Tidy(ctx context.Context) (int, error)
	}).Tidy(t.Context())
	require.NoError(t, err)
	return spared
}

func coldBatchOf(id, name string) softdelete.ColdBatch {
	return softdelete.ColdBatch{ID: id, Model: "T", Table: "t", Rows: []map[string]any{{"id": int64(1), "name": name}}}
}

func TestLeftoversOfColdStorageGoWhenNoWriteCanBeAtWork(t *testing.T) {
	store, dir := fixture.ColdDir(t)
	rewriter := store.(softdelete.ColdRewriter)
	for _, id := range []string{"t-1", "t-2", "t-3"} {
		require.NoError(t, store.Put(t.Context(), coldBatchOf(id, "canary")))
	}
	require.NoError(t, rewriter.Replace(t.Context(), coldBatchOf("t-2", "-")))
	file := func(name string, age time.Duration) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte("x"), 0o600))
		require.NoError(t, os.Chtimes(path, time.Now().Add(-age), time.Now().Add(-age)))
		return name
	}
	kept := fixture.Files(t, dir)
	for _, name := range kept {
		require.NoError(t, os.Chtimes(filepath.Join(dir, name), time.Now().Add(-time.Hour), time.Now().Add(-time.Hour)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
	old := []string{
		file("t-2.jsonl.gz", time.Hour),                  // what a Replace had replaced
		file("t-1.0123456789abcdef.jsonl.gz", time.Hour), // a Replace that never came to its manifest
		file(".writing-1", time.Hour),
	}
	young := []string{
		file("t-8.jsonl.gz", time.Minute), file(".writing-2", time.Minute),
		file("t-9.jsonl.gz", time.Hour), // a Put that never came to its manifest, or one whose manifest is lost
	}
	ids, err := rewriter.Batches(t.Context(), "t")
	require.NoError(t, err)
	require.Equal(t, []string{"t-1", "t-2", "t-3"}, ids)
	require.Subset(t, fixture.Files(t, dir), old, "a list removes nothing")

	require.Equal(t, len(young), coldTidy(t, store))
	require.ElementsMatch(t, append(append([]string{"notes.txt"}, young...), kept...), fixture.Files(t, dir))
	for _, id := range ids {
		_, err := store.Get(t.Context(), id)
		require.NoError(t, err)
	}
}

func TestTheOnlyRowsOfABatchAreNoLeftover(t *testing.T) {
	store, dir := fixture.ColdDir(t)
	require.NoError(t, store.Put(t.Context(), coldBatchOf("t-1", "x")))
	long := time.Now().Add(-time.Hour)
	require.NoError(t, os.Rename(filepath.Join(dir, "t-1.jsonl.gz"), filepath.Join(dir, "t-1.0123456789abcdef.jsonl.gz")))
	require.NoError(t, os.Chtimes(filepath.Join(dir, "t-1.0123456789abcdef.jsonl.gz"), long, long))
	before := fixture.Files(t, dir)
	require.Zero(t, coldTidy(t, store))
	require.Equal(t, before, fixture.Files(t, dir))
}

func TestReplaceSparesABatchWhoseNameIsLikeThatOfRewrittenRows(t *testing.T) {
	store, _ := fixture.ColdDir(t)
	require.NoError(t, store.Put(t.Context(), coldBatchOf("t-1", "canary")))
	require.NoError(t, store.Put(t.Context(), coldBatchOf("t-1.0123456789abcdef", "another")))
	require.NoError(t, store.(softdelete.ColdRewriter).Replace(t.Context(), coldBatchOf("t-1", "-")))
	require.Zero(t, coldTidy(t, store))
	batch, err := store.Get(t.Context(), "t-1.0123456789abcdef")
	require.NoError(t, err)
	require.Equal(t, "another", batch.Rows[0]["name"])
}

func TestAReplaceThatFailsLeavesTheOldBatchWhole(t *testing.T) {
	other, otherDir := fixture.ColdDir(t)
	require.NoError(t, other.Put(t.Context(), coldBatchOf("t-1", "old")))
	require.NoError(t, other.(softdelete.ColdRewriter).Replace(t.Context(), coldBatchOf("t-1", "new")))
	for _, name := range fixture.Files(t, otherDir) {
		store, dir := fixture.ColdDir(t)
		require.NoError(t, store.Put(t.Context(), coldBatchOf("t-1", "old")))
		taken := filepath.Join(dir, name) // a directory in the place of the file that is to be written
		content, err := os.ReadFile(taken)
		if err == nil {
			require.NoError(t, os.Remove(taken))
		}
		require.NoError(t, os.MkdirAll(filepath.Join(taken, "x"), 0o700))
		require.Error(t, store.(softdelete.ColdRewriter).Replace(t.Context(), coldBatchOf("t-1", "new")), name)
		require.NoError(t, os.RemoveAll(taken))
		if content != nil {
			require.NoError(t, os.WriteFile(taken, content, 0o600))
		}
		batch, err := store.Get(t.Context(), "t-1")
		require.NoError(t, err)
		require.Equal(t, "old", batch.Rows[0]["name"])
		require.NotContains(t, strings.Join(fixture.Files(t, dir), " "), ".writing-")
	}
}

// TestAReplaceThatStoppedAnywhereIsFinishedByAnother plays every state of the files that a crash can leave.
func TestAReplaceThatStoppedAnywhereIsFinishedByAnother(t *testing.T) {
	files := func(name string) map[string][]byte {
		store, dir := fixture.ColdDir(t)
		require.NoError(t, store.Put(t.Context(), coldBatchOf("t-1", "canary")))
		if name != "canary" {
			require.NoError(t, store.(softdelete.ColdRewriter).Replace(t.Context(), coldBatchOf("t-1", name)))
		}
		contents := map[string][]byte{}
		for _, file := range fixture.Files(t, dir) {
			data, err := os.ReadFile(filepath.Join(dir, file))
			require.NoError(t, err)
			contents[file] = data
		}
		return contents
	}
	before, after := files("canary"), files("-")
	for fact, state := range map[string][]map[string][]byte{
		"before the rows":     {before},
		"before the manifest": {after, before}, // the later ones win: the manifest is the old one
		"before the removal":  {before, after},
		"after the removal":   {after},
	} {
		t.Run(fact, func(t *testing.T) {
			store, dir := fixture.ColdDir(t)
			for _, contents := range state {
				for name, data := range contents {
					require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
				}
			}
			batch, err := store.Get(t.Context(), "t-1")
			require.NoError(t, err)
			require.Contains(t, []any{"canary", "-"}, batch.Rows[0]["name"])
			require.NoError(t, store.(softdelete.ColdRewriter).Replace(t.Context(), coldBatchOf("t-1", "-")))
			for name, data := range after {
				stored, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				require.Equal(t, data, stored)
			}
			require.Len(t, fixture.Files(t, dir), len(after))
		})
	}
}
