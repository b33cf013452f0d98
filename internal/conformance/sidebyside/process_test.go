// Package sidebyside_test runs an earlier release of an application and the present one on one database, as a rolling
// deployment does: each in a process of its own, built from its own version of the plugin. What holds, whoever migrated last:
//
//   - a row is live for both or deleted for both, and both read the same everywhere: rows, histories, former states,
//     certificates, holds, the ledger, and what restores and deletions would do
//   - what one deletes or archives, the other restores, whole; a mark is both's mark. But the older one restores and erases no
//     archived row once the newer one has given the archive its numbers: it gives an error
//   - what one refuses for a deleted parent, a live unique value, a hold or an erasure, the other refuses
//   - a row's events have the versions 1, 2, 3, …, whoever wrote, and give the row
//   - certificates are one chain, which both verify, and one request is one certificate
//   - rows leave once: to the cold store, from which the other thaws them, or for good
//   - a migration by either changes nothing of that
//
// The earlier version is taken from the repository's history. Without it the tests are skipped, unless SOFTDELETE_REQUIRE
// contains "history".
package sidebyside_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// earlier is the release that is still running.
const earlier = "629a676"

// What both releases are built from, beside the plugin.
const (
	programDir = "internal/conformance/sidebyside/program"
	officeDir  = "internal/conformance/upgrade/office"
)

func TestMain(m *testing.M) {
	var err error
	if place, err = os.MkdirTemp("", "sidebyside"); err != nil {
		panic(err)
	}
	testdb.Main(m, func() { _ = os.RemoveAll(place) })
}

// place has the programs, built once for all tests.
var place string

// run runs a command and gives what it prints.
func run(dir, name string, args ...string) ([]byte, error) {
	command := exec.Command(name, args...)
	command.Dir = dir
	var complaints bytes.Buffer
	command.Stderr = &complaints
	output, err := command.Output()
	if err != nil {
		err = fmt.Errorf("%s %v: %w: %s", name, args, err, complaints.Bytes())
	}
	return output, err
}

// build builds the program in a tree of the module.
func build(tree, name string) (string, error) {
	binary := filepath.Join(place, name)
	_, err := run(tree, "go", "build", "-trimpath", "-buildvcs=false", "-o", binary, "./"+programDir)
	return binary, err
}

// history finds the repository with the earlier release.
var history = sync.OnceValues(func() (root string, err error) {
	output, err := run(".", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	root = string(bytes.TrimSpace(output))
	_, err = run(root, "git", "cat-file", "-e", earlier+"^{commit}")
	return root, err
})

// older builds the earlier release: its plugin, with the program of today.
var older = sync.OnceValues(func() (string, error) {
	root, err := history()
	if err != nil {
		return "", err
	}
	tree := filepath.Join(place, "tree")
	archive := filepath.Join(place, "tree.tar")
	if _, err := run(root, "git", "archive", "--prefix=tree/", "--output="+archive, earlier); err != nil {
		return "", err
	}
	if _, err := run(place, "tar", "-xf", archive); err != nil {
		return "", err
	}
	for _, dir := range []string{programDir, officeDir} {
		if err := os.CopyFS(filepath.Join(tree, dir), os.DirFS(filepath.Join(root, dir))); err != nil {
			return "", err
		}
	}
	return build(tree, "older")
})

var newer = sync.OnceValues(func() (string, error) { return build("../../..", "newer") })

// call is what a release is told, see program.Call.
type call struct {
	Do    string
	Model string         `json:",omitempty"`
	Row   any            `json:",omitempty"`
	Set   map[string]any `json:",omitempty"`
	Text  string         `json:",omitempty"`
	Now   time.Time
	Seed  uint64 `json:",omitempty"`
}

// answer is what came of it, see program.Answer.
type answer struct {
	Error   string
	Refused []string
	Rows    int64
	ID      string
	Value   json.RawMessage
}

// release is a process that runs.
type release struct {
	name string
	in   io.Writer
	out  *bufio.Reader
}

// start starts a release on the database, with its files in a directory.
func start(t *testing.T, name string, binary func() (string, error), database *testdb.Database, dir string) *release {
	t.Helper()
	path, err := binary()
	require.NoError(t, err)
	command := exec.Command(path, database.Name, database.DSN, dir)
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	require.NoError(t, err)
	out, err := command.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, command.Start())
	t.Cleanup(func() {
		_ = in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the %s release: %v", name, err)
		}
	})
	return &release{name: name, in: in, out: bufio.NewReader(out)}
}

// tell lets the release do something, and gives what came of it.
func (r *release) tell(c call) (a answer, err error) {
	line, err := json.Marshal(c)
	if err != nil {
		return a, err
	}
	if _, err := r.in.Write(append(line, '\n')); err != nil {
		return a, err
	}
	if line, err = r.out.ReadBytes('\n'); err != nil {
		return a, err
	}
	return a, json.Unmarshal(line, &a)
}
