package archive

import (
	"fmt"

	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
)

// Unfit is a column of an archive whose values a restore would lose or change.
type Unfit struct {
	Node   *policy.Node
	Column string
	Rows   int64
}

func (u Unfit) Err() error {
	p := u.Node.Policy
	return fmt.Errorf("%w: %d archived %s of %s cannot come back whole: table %s has no column %s that keeps their values; "+
		"add or widen it, or empty it in the archive %s", fault.ErrUnsupported, u.Rows, fault.Plural(u.Rows, "row"), p.Schema.Name, p.Table, u.Column, p.DeletedTable())
}
