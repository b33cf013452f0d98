package migrate

import (
	"sync/atomic"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Migrations are the migrations of one database.
type Migrations struct {
	*policy.Registry
	Columns *archive.Columns
	Holds   *hold.Holds
	// Own are the plugin's own tables.
	Own []any
	// Outward turns what a refusal holds into the error that callers know.
	Outward func(error) error

	locksThere atomic.Bool // the table of locks was seen
}
