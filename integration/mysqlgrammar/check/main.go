// Command check reads files of statements, which internal/testdb writes where SOFTDELETE_MYSQL_STATEMENTS names one, by the grammar of
// MySQL. It fails if one is wrong, or if there are none.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/gorm-softdelete/softdelete/integration/mysqlgrammar"
)

func main() {
	if err := check(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(names []string) error {
	grammar, err := mysqlgrammar.New()
	if err != nil {
		return err
	}
	all, failures := 0, []error{}
	for _, name := range names {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		checked, wrong, err := grammar.CheckAll(file)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all += checked
		failures = append(failures, wrong...)
	}
	if all == 0 {
		return errors.New("no statements were written down")
	}
	fmt.Printf("%d different statements, %d of which MySQL does not read\n", all, len(failures))
	return errors.Join(failures...)
}
