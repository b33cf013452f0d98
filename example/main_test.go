package main

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write testdata/output.txt anew")

func TestTheExamplePrintsWhatItsGoldenFileSays(t *testing.T) {
	const golden = "testdata/output.txt"
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), &out))
	if *update {
		require.NoError(t, os.WriteFile(golden, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), out.String(), "run `go test ./example -update` if the change is meant")
}

func TestTheExampleRunsTwiceInOneProcessWithTheSameOutput(t *testing.T) {
	var first, second bytes.Buffer
	require.NoError(t, run(t.Context(), &first))
	require.NoError(t, run(t.Context(), &second))
	require.Equal(t, first.String(), second.String())
}
