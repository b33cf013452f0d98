package deletion

import (
	"sync"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/hold"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Deleter deletes rows of one database: it has what all deletions share.
type Deleter struct {
	*policy.Registry
	Columns  *archive.Columns
	Logs     *eventlog.Logs
	Holds    *hold.Holds
	Instants *Instants
	Options

	concerned sync.Map // *policy.Policy to knownConcerned
	absent    sync.Map // tables that a look at instants did not find
}

// Options say how deletions are made.
type Options struct {
	// MaxRows bounds the rows of a deletion; 0 means no bound.
	MaxRows int64
	// Ledger keeps a row per deletion.
	Ledger bool
}
