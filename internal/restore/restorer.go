package restore

import (
	"sync"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Restorer undoes deletions of one database: it has what all restores share.
type Restorer struct {
	*policy.Registry
	Columns *archive.Columns
	Logs    *eventlog.Logs
	Records *erasedrow.Records
	Options

	own    exclusives
	tables sync.Map // those beside graphs that are there
}

// Options say how rows are restored.
type Options struct {
	// MaxRows bounds the rows of a restore; 0 means no bound.
	MaxRows int64
	// Ledger tells whether deletions have rows in the ledger, to be marked as undone.
	Ledger bool
}
