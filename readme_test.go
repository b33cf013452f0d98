package softdelete_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readmeBlock is a block of code in README.md or in a page of docs.
type readmeBlock struct{ page, language, text string }

// manual lists README.md and the pages of docs.
func manual(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	return append([]string{"README.md"}, pages...)
}

// readmeBlocks gives the blocks of code of the manual, page by page.
func readmeBlocks(t *testing.T) []readmeBlock {
	t.Helper()
	var blocks []readmeBlock
	for _, page := range manual(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, match := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
			blocks = append(blocks, readmeBlock{page, match[1], match[2]})
		}
	}
	require.NotEmpty(t, blocks)
	return blocks
}

func TestTheLinksOfTheManualLeadSomewhere(t *testing.T) {
	for _, page := range manual(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		prose := regexp.MustCompile("(?ms)^```.*?^```$|`[^`]*`").ReplaceAllString(string(text), "code")
		for _, match := range regexp.MustCompile(`\]\(([^)#]+)[^)]*\)`).FindAllStringSubmatch(prose, -1) {
			if !strings.Contains(match[1], "://") {
				_, err := os.Stat(filepath.Join(filepath.Dir(page), match[1]))
				require.NoError(t, err, "%s links to it", page)
			}
		}
	}
}

func TestTheReadmeStaysShort(t *testing.T) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.LessOrEqual(t, strings.Count(string(text), "\n"), 200, "the rest belongs in docs")
}

func (b readmeBlock) program() bool      { return strings.HasPrefix(b.text, "package ") }
func (b readmeBlock) declarations() bool { return strings.HasPrefix(b.text, "type ") }

// goTool runs the go command on files outside the module, with the module's dependencies.
func goTool(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", args...)
	var out, problems strings.Builder
	command.Stdout, command.Stderr = &out, &problems
	err = command.Run()
	return out.String(), problems.String(), err
}

func TestTheProgramInTheReadmePrintsWhatItSays(t *testing.T) {
	blocks := readmeBlocks(t)
	programs := 0
	for i, block := range blocks {
		if !block.program() {
			continue
		}
		programs++
		file := filepath.Join(t.TempDir(), "main.go")
		require.NoError(t, os.WriteFile(file, []byte(block.text), 0o600))
		stdout, stderr, err := goTool(t, "run", file)
		require.NoError(t, err, stderr)
		require.Equal(t, "text", blocks[i+1].language, "the output follows the program")
		require.Equal(t, blocks[i+1].text, stdout)
	}
	require.NotZero(t, programs)
}

// readmeHead stands before a block of statements: what the text around it takes for granted.
const readmeHead = `package readme

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

var _ = []any{context.Background, errors.Is, fmt.Print, time.Now, gorm.Open, softdelete.New}

`

const readmeFunction = `(
	ctx context.Context, db *gorm.DB, user User, users []User, posts []Post, titles []string, address string, id softdelete.DeletionID,
) {
	{
`

// The pages share the models of README.md and add their own.
func TestTheGoCodeInTheManualCompiles(t *testing.T) {
	dir := t.TempDir()
	args := []string{"build", "-gcflags=-e"} // all errors, not the first ten; a package that is no program leaves no file
	add := func(name, text string) {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(readmeHead+text), 0o600))
		args = append(args, file)
	}
	for i, block := range readmeBlocks(t) {
		name := strconv.Itoa(i)
		switch {
		case block.language != "go" || block.program():
		case block.declarations():
			add("models"+name+".go", block.text)
		default:
			add("block"+name+".go", "func block"+name+readmeFunction+block.text+"\t}\n}\n")
		}
	}
	_, stderr, err := goTool(t, args...)
	require.NoError(t, err, stderr)
}
