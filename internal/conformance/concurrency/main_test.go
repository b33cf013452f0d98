package concurrency_test

import (
	"testing"

	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestMain(m *testing.M) { testdb.Main(m) }
