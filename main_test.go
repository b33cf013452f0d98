package softdelete_test

import (
	"fmt"
	"os"
	"testing"
)

// asChild is what a process does that a test has started, instead of the tests; nil in all others.
var asChild func() error

func TestMain(m *testing.M) {
	if asChild != nil {
		if err := asChild(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
