// Command databases says which databases the tests would run on, a line each. It fails if one that SOFTDELETE_REQUIRE names
// is not here.
package main

import (
	"fmt"
	"os"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func main() {
	lines, err := testdb.Found()
	for _, line := range lines {
		fmt.Println(line)
	}
	if err != nil {
		os.Exit(1)
	}
}
