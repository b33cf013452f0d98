package deletion

import (
	"context"
	"weak"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is where a deletion is found while it is under way, and how it leaves.

// deletionKey is where a deletion stands in its statement's settings and in its context.
type deletionKey struct{}

func deletionOf(stmt *gorm.Statement) *deletion {
	if value, ok := stmt.Settings.Load(deletionKey{}); ok {
		if d := value.(*deletion); d.stmt == stmt {
			return d
		}
	}
	return nil
}

// deletionAround finds the deletion in whose hooks or associations a statement runs. The context does not keep it: a driver may
// keep the context for as long as its connection lives, and with it all that a panic has left behind.
func deletionAround(ctx context.Context) *deletion {
	d, _ := ctx.Value(deletionKey{}).(weak.Pointer[deletion])
	return d.Value()
}

// leave ends the deletion's part in its statement.
func (d *deletion) leave() {
	d.over.Store(true)
	d.withdrawConditions()
	d.closeBin()
	statement.LeaveContext(d.stmt, d.inner, d.context)
	d.stmt.Settings.Delete(deletionKey{})
}

// undone leaves a deletion that has come to nothing, and puts the caller's value back.
func (d *deletion) undone() {
	d.leave()
	d.snapshot.Restore()
}
