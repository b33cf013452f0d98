package testdb

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The tests of this package run on all databases.
func init() { kinds = running("mysql") }

func TestAnUnfinishedDatabaseIsRunOnWhereItIsNamed(t *testing.T) {
	for list, want := range map[string][]string{
		"":             {"sqlite", "postgres"},
		"oracle":       {"sqlite", "postgres"},
		"mysql":        {"sqlite", "postgres", "mysql"},
		"oracle,mysql": {"sqlite", "postgres", "mysql"},
	} {
		var names []string
		for _, kind := range running(list) {
			names = append(names, kind.name)
		}
		require.Equal(t, want, names, "%s=%s", unfinishedVariable, list)
	}
}

func TestAnUnfinishedDatabaseMayBeNamedByATest(t *testing.T) {
	before := kinds
	t.Cleanup(func() { kinds = before })
	kinds = running("")
	EachOf(t, LiveColumns, func(t *testing.T, _ *Database) { require.Fail(t, "it is run on") })
	k, ok := kindOf("mysql")
	require.True(t, ok)
	require.Equal(t, "mysql", k.name)
	_, ok = kindOf("oracle")
	require.False(t, ok)
}
