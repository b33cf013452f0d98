package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

var update = flag.Bool("update", false, "write testdata/output.txt anew")

// masked leaves out what is random in an output: the certificate's ID, and its hash with it.
func masked(output string) string {
	random := regexp.MustCompile(`(Certificate of erasure |Hash: +)[0-9a-z]{26,64}`)
	return random.ReplaceAllString(output, "${1}…")
}

// anywhere leaves out what a certificate says of one database.
func anywhere(output string) string {
	return regexp.MustCompile(`(?m)^   Note: .*$`).ReplaceAllString(masked(output), "   Note: …")
}

func TestTheExamplePrintsWhatItsGoldenFileSays(t *testing.T) {
	const golden = "testdata/output.txt"
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out, "sqlite", ""))
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, masked(string(want)), masked(out.String()), "run `go test ./example -update` if the change is meant")
}

func TestTheExampleRunsTwiceInOneProcessWithTheSameOutput(t *testing.T) {
	var first, second bytes.Buffer
	require.NoError(t, run(t.Context(), &first, "sqlite", ""))
	require.NoError(t, run(t.Context(), &second, "sqlite", ""))
	require.NotEqual(t, first.String(), second.String(), "certificates have IDs of their own")
	require.Equal(t, masked(first.String()), masked(second.String()))
}

func TestTheExamplePrintsTheSameOnAServerAndLeavesNothingThere(t *testing.T) {
	var here bytes.Buffer
	require.NoError(t, run(t.Context(), &here, "sqlite", ""))
	testdb.EachWithRowLocks(t, func(t *testing.T, server *testdb.Database) {
		db := server.Open(t)
		places := func() (n int64) {
			require.NoError(t, db.Table("information_schema.schemata").Where("schema_name LIKE ?", "softdelete_tour%").Count(&n).Error)
			return n
		}
		before := places()
		var there bytes.Buffer
		require.NoError(t, run(t.Context(), &there, server.Name, server.DSN))
		require.Equal(t, anywhere(here.String()), anywhere(there.String()))
		require.Equal(t, before, places())
	})
}

func TestTheExampleSaysWhichDatabasesItKnows(t *testing.T) {
	require.ErrorContains(t, run(t.Context(), io.Discard, "oracle", ""), `-database "oracle": it is one of mysql, postgres, sqlite`)
	require.ErrorContains(t, run(t.Context(), io.Discard, "sqlite", "shop.db"), "takes no -dsn")
}
