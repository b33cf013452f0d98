package internal_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNoSourceFileHoldsTwoRooms(t *testing.T) {
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			if name := entry.Name(); len(name) > 2 && name[0] == '.' {
				return filepath.SkipDir
			}
			return nil
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		require.LessOrEqual(t, bytes.Count(text, []byte("\n")), 400, "%s wants to be two files", path)
		return err
	}))
}

func TestTheRootIsTheFace(t *testing.T) {
	files, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	sources := 0
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			sources++
		}
	}
	require.LessOrEqual(t, sources, 30, "what is not the face belongs below it")
}
