// Package write watches over creates and updates: no live row comes under a deleted parent, no upsert reaches a deleted row, and
// nothing brings back what an erasure has masked.
package write

import (
	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Guards watch over the creates and updates of one database.
type Guards struct {
	*policy.Registry
	Records *erasedrow.Records
	Columns *archive.Columns
}
