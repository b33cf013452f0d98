package cold_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/cold"
)

func TestBatchesOfTablesWhoseNamesLookAlikeHaveIDsOfTheirOwn(t *testing.T) {
	ids := map[string]string{}
	for _, table := range []string{"tenant_users", "tenant.users", "tenant users", "tenant-users"} {
		b := cold.Batch{Model: "User", Table: table, Rows: []map[string]any{{"id": int64(1), "deleted_at": int64(5)}}}
		id, err := cold.Identify(b)
		require.NoError(t, err)
		again, err := cold.Identify(b)
		require.NoError(t, err)
		require.Equal(t, id, again, "a batch that is stored again takes the place of the first")
		require.Empty(t, ids[id], "%s has the ID of another's", table)
		ids[id] = table
	}
	id, err := cold.Identify(cold.Batch{Table: "users", Rows: []map[string]any{{"id": int64(1)}}})
	require.NoError(t, err)
	require.Equal(t, "users-51bc5131", id[:14], "IDs of ordinary names stay what they were")
}
