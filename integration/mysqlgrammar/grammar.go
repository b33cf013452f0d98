// Package mysqlgrammar reads statements by the grammar of MySQL. Tests run on whatever server there is, which may be MariaDB: what
// that reads, MySQL need not.
//
// The grammar is that of Vitess, a proxy that reads all that passes it. It does not know names, types or meanings.
package mysqlgrammar

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"vitess.io/vitess/go/vt/sqlparser"
)

// version is that of the grammar.
const version = "8.4.0"

// Grammar reads statements.
type Grammar struct {
	parser      *sqlparser.Parser
	differences []difference
}

// New returns the grammar of MySQL.
func New() (*Grammar, error) {
	parser, err := sqlparser.New(sqlparser.Options{MySQLServerVersion: version})
	return &Grammar{parser, differences}, err
}

// Check returns an error for a statement that MySQL does not read, unless it is written so for MariaDB alone; see differences.
func (g *Grammar) Check(statement string) error {
	_, err := g.parse(statement)
	return err
}

func (g *Grammar) parse(statement string) (sqlparser.Statement, error) {
	read, err := g.read(statement)
	if err == nil {
		return read, nil
	}
	other := statement
	for _, d := range g.differences {
		other = d.pattern.ReplaceAllString(other, d.by)
	}
	if other == statement {
		return nil, fmt.Errorf("%q: %w", statement, err)
	}
	if read, err = g.read(other); err != nil {
		return nil, fmt.Errorf("%q: read as %q: %w", statement, other, err)
	}
	return read, nil
}

// read reads all of a statement: DDL of which only the beginning is understood is none.
func (g *Grammar) read(statement string) (sqlparser.Statement, error) {
	return g.parser.ParseStrictDDL(statement)
}

// CheckAll checks a list of JSON strings, one a line, as internal/testdb writes it. It returns how many different ones there were
// and what is said of the wrong ones: by Check, or that they open a temporary table of the list twice. An error is one of the list
// itself.
func (g *Grammar) CheckAll(list io.Reader) (checked int, wrong []error, err error) {
	seen := map[string]bool{}
	lines := bufio.NewReader(list)
	for {
		line, end := lines.ReadBytes('\n')
		if len(line) > 0 {
			var statement string
			if err := json.Unmarshal(line, &statement); err != nil {
				return 0, nil, fmt.Errorf("line %q: %w", line, err)
			}
			seen[statement] = true
		}
		if end == io.EOF {
			break
		}
		if end != nil {
			return 0, nil, end
		}
	}
	statements := make([]string, 0, len(seen))
	for statement := range seen {
		statements = append(statements, statement)
	}
	slices.Sort(statements)
	temporary := temporaries{}
	read := make([]sqlparser.Statement, len(statements))
	for i, statement := range statements {
		if read[i], err = g.parse(statement); err != nil {
			wrong = append(wrong, err)
			continue
		}
		temporary.add(read[i])
	}
	for i, statement := range statements {
		if read[i] == nil {
			continue
		}
		if err := temporary.check(read[i]); err != nil {
			wrong = append(wrong, fmt.Errorf("%q: %w", statement, err))
		}
	}
	return len(statements), wrong, nil
}
