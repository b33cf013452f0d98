package certificate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete"
)

func TestFileLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "erasures.jsonl")
	ledger, err := softdelete.FileLedger(path)
	require.NoError(t, err)
	entry := func(id string, done bool) softdelete.LedgerEntry {
		return softdelete.LedgerEntry{RequestID: id, Table: "users", Key: "1", Identity: "x", Done: done, At: time.Unix(5, 0).UTC()}
	}
	entries := func() []softdelete.LedgerEntry {
		t.Helper()
		list, err := ledger.Entries(t.Context())
		require.NoError(t, err)
		return list
	}
	require.Empty(t, entries())
	require.NoError(t, ledger.Append(t.Context(), entry("a", false)))
	require.NoError(t, ledger.Append(t.Context(), entry("a", true)))
	require.Equal(t, []softdelete.LedgerEntry{entry("a", false), entry("a", true)}, entries())

	t.Run("a torn last line is left out, and the next entry stands on a line of its own", func(t *testing.T) {
		whole, err := os.ReadFile(path)
		require.NoError(t, err)
		for cut := 1; cut < 20; cut += 3 {
			require.NoError(t, os.WriteFile(path, whole[:len(whole)-1-cut], 0o600))
			require.Equal(t, []softdelete.LedgerEntry{entry("a", false)}, entries())
			require.NoError(t, ledger.Append(t.Context(), entry("b", false)))
			require.Equal(t, []softdelete.LedgerEntry{entry("a", false), entry("b", false)}, entries())
		}
		require.NoError(t, os.WriteFile(path, whole[:len(whole)-1], 0o600))
		require.Len(t, entries(), 2, "only the end of the line is missing")
	})
	t.Run("a line that is damaged otherwise is an error", func(t *testing.T) {
		for _, line := range []string{`{"done":maybe}`, `x`, `"done"`, `{"done":true}}`, `{"done":true} x`, "{\x00}", `{"request_id":7}`} {
			require.NoError(t, os.WriteFile(path, []byte(line+"\n"), 0o600))
			_, err := ledger.Entries(t.Context())
			require.ErrorContains(t, err, "line 1", line)
			require.ErrorContains(t, err, "bring the line back from a copy of the file", line)
		}
	})
	t.Run("what a crash may leave anywhere is passed over", func(t *testing.T) {
		braced := entry("braced}", true)
		braced.Key = "a}"
		line, err := json.Marshal(braced)
		require.NoError(t, err)
		for cut := 1; cut < len(line); cut++ {
			for _, tail := range []string{"", "\x00", strings.Repeat("\x00", 4096), "\x00\n", "\x00\n\x00\x00"} {
				require.NoError(t, os.WriteFile(path, append(append([]byte{}, line[:cut]...), tail...), 0o600))
				require.Empty(t, entries(), "%s%q", line[:cut], tail)
				require.NoError(t, ledger.Append(t.Context(), entry("b", true)))
				require.Equal(t, []softdelete.LedgerEntry{entry("b", true)}, entries(), "%s%q", line[:cut], tail)
			}
		}
		require.NoError(t, os.WriteFile(path, []byte(string(line)+"\n"+strings.Repeat("\x00", 100)), 0o600))
		require.Equal(t, []softdelete.LedgerEntry{braced}, entries(), "zero bytes alone")
		require.NoError(t, os.WriteFile(path, []byte(string(line)+"\x00\x00"), 0o600))
		require.Equal(t, []softdelete.LedgerEntry{braced}, entries(), "a whole line without its end")
	})
	t.Run("entries of several writers stay whole", func(t *testing.T) {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		second, err := softdelete.FileLedger(path)
		require.NoError(t, err)
		var wait sync.WaitGroup
		for i := range 40 {
			wait.Go(func() {
				writer := ledger
				if i%2 == 0 {
					writer = second
				}
				if err := writer.Append(context.Background(), entry(fmt.Sprint(i), true)); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		require.Len(t, entries(), 40)
	})
	t.Run("a ledger that is gone shows", func(t *testing.T) {
		require.NoError(t, os.Remove(path))
		require.Error(t, ledger.Append(t.Context(), entry("c", false)))
		_, err := ledger.Entries(t.Context())
		require.Error(t, err)
	})
}
