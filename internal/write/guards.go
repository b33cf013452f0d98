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
