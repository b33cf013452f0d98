// Package write watches over creates and updates: no live row comes under a deleted parent, no upsert reaches a deleted row, and
// nothing brings back what an erasure has masked.
package write

import (
	"sync/atomic"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Guards watch over the creates and updates of one database.
type Guards struct {
	*policy.Registry
	Records *erasedrow.Records
	Columns *archive.Columns
	Holds   *hold.Holds

	// tying are the columns of tables that tie rows to others, as of a generation of the registry.
	tying atomic.Pointer[tyingColumns]
}
