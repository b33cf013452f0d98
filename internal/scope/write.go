package scope

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room is about views of statements that write.

// CheckWrite refuses an update or a delete with a view that has no meaning for it.
func CheckWrite(stmt *gorm.Statement) error {
	value, ok := stmt.Settings.Load(ViewKey{})
	if !ok {
		return nil
	}
	rows := value.(View).rows
	switch {
	case rows == visibleRows:
		return nil
	case rows == deletedRows && stmt.Schema == nil:
		return fmt.Errorf("%w: OnlyDeleted on a write to %s without a model: nothing tells which of its rows are deleted; give the model with db.Model",
			fault.ErrUnsupported, stmt.Table)
	case stmt.Unscoped || stmt.Schema == nil:
		return nil
	case rows == deletedRows:
		return fmt.Errorf("%w: OnlyDeleted on an update or delete of %s, which reach live rows only; with Unscoped beside it they reach "+
			"deleted rows only, and a delete removes those for good", fault.ErrUnsupported, stmt.Schema.Name)
	}
	return fmt.Errorf("%w: WithDeleted on an update or delete of %s, which reach live rows only; leave it out, or use Unscoped, with "+
		"which they reach all rows and a delete removes them for good", fault.ErrUnsupported, stmt.Schema.Name)
}

// OnlyDeletedRows tells whether a statement is about deleted rows alone.
func OnlyDeletedRows(stmt *gorm.Statement) bool { return viewOf(stmt).rows == deletedRows }

// deletedRowsHere is the clause that leaves the deleted rows of an Unscoped statement that is about them alone; nil where all rows
// stay. An archive has its own table for them, which updates do not reach.
func (c *Clause) deletedRowsHere(stmt *gorm.Statement) error {
	if stmt != stmt.Statement || !OnlyDeletedRows(stmt) {
		return nil
	}
	if c.Writes && c.Policy.Archives() {
		return fmt.Errorf("%w: OnlyDeleted on an update of %s, whose deleted rows are in the archive %s, which updates do not reach; "+
			"restore the rows first", fault.ErrUnsupported, c.Policy.Schema.Name, c.Policy.DeletedTable())
	}
	AddFilter(stmt, c.of(deletedRows))
	return nil
}
