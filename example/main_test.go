package main

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/output.txt anew")

// masked leaves out what is random in an output: the certificate's ID, and its hash with it.
func masked(output string) string {
	random := regexp.MustCompile(`(Certificate of erasure |Hash: +)[0-9a-z]{26,64}`)
	return random.ReplaceAllString(output, "${1}…")
}

func TestTheExamplePrintsWhatItsGoldenFileSays(t *testing.T) {
	const golden = "testdata/output.txt"
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, masked(string(want)), masked(out.String()), "run `go test ./example -update` if the change is meant")
}

func TestTheExampleRunsTwiceInOneProcessWithTheSameOutput(t *testing.T) {
	var first, second bytes.Buffer
	require.NoError(t, run(t.Context(), &first))
	require.NoError(t, run(t.Context(), &second))
	require.NotEqual(t, first.String(), second.String(), "certificates have IDs of their own")
	require.Equal(t, masked(first.String()), masked(second.String()))
}
