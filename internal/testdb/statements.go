package testdb

import (
	"encoding/json"
	"errors"
	"os"
	"regexp"
	"sync"
)

// This room writes down what was sent to a database whose grammar is checked elsewhere; see integration/mysqlgrammar.

// statementsVariable names the environment variable with the file to which every statement is appended that MySQL or MariaDB has
// read, a line each, as a JSON string. What it did not read because of a wrong syntax is left out: that is a failure of the test
// that has sent it, or what the test is about.
const statementsVariable = "SOFTDELETE_MYSQL_STATEMENTS"

// collector returns the function that statements are written down with, nil if they are not.
func collector() func(query string, err error) {
	if name := os.Getenv(statementsVariable); name != "" {
		return (&collection{file: name}).add
	}
	return nil
}

// collection writes the statements of one pool. Any number of processes may append to a file at once, as each line is a write of
// its own.
type collection struct {
	file string

	mu      sync.Mutex // guards written
	written map[string]bool
}

func (c *collection) add(query string, err error) {
	if hasNumber(err, syntaxError) {
		return
	}
	query = alike(query)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.written[query] {
		return
	}
	if err := appendLine(c.file, query); err != nil {
		panic("testdb: " + err.Error()) // a statement that is not checked would seem to be right
	}
	if c.written == nil {
		c.written = map[string]bool{}
	}
	c.written[query] = true
}

func appendLine(name, text string) error {
	line, err := json.Marshal(text)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(append(line, '\n'))
	return errors.Join(err, file.Close())
}

// alike gives statements the same text that differ in nothing that a grammar knows: in how many values are bound, in the names of
// a test's database and of GORM's savepoints.
func alike(query string) string {
	for _, r := range differences {
		query = r.pattern.ReplaceAllString(query, r.by)
	}
	return query
}

var differences = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{schemaName, "testdb"},
	{regexp.MustCompile(`\bsp0x[0-9a-f]+`), "sp"},
	{regexp.MustCompile(`\?(?:, ?\?)+`), "?,?"},
	{regexp.MustCompile(`(\(\?(?:,\?)?\)), ?(?:\(\?(?:,\?)?\),? ?)*\(\?(?:,\?)?\)`), "$1,$1"},
}
