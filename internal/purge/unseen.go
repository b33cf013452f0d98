package purge

import (
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// This room keeps the database from removing or changing rows that it hides from the session, by the foreign keys of rows that go. A row
// that shows keeps what it refers to, so that nothing of such a table goes or changes but what the purge itself removes.

// hiding is a table that may have hidden rows, with a foreign key by which the database would reach them.
type hiding struct{ table, key string }

// noteHiding remembers a foreign key that leads to hidden rows, one a table.
func (p *purge) noteHiding(key dialect.Reference) {
	for _, known := range p.hiding {
		if known.table == key.Table {
			return
		}
	}
	if key.Unseen {
		p.hiding = append(p.hiding, hiding{key.Table, key.Name})
	}
}

// changes gives what the batch's transaction has done to tables with hidden rows so far.
func (f *family) changes() (list []dialect.Changes, err error) {
	for _, t := range f.purge.hiding {
		so, counted, err := f.purge.purger.Dialect.ChangesSoFar(f.tx.InWork(f.tx.Statement.Context).DB, t.table)
		if err != nil {
			return nil, err
		}
		if !counted {
			return nil, fault.UncountedRows(t.table, t.key)
		}
		list = append(list, so)
	}
	return list, nil
}

// refuseUnseen undoes a batch by which the database has removed or changed more rows of a table than the batch has chosen.
func (f *family) refuseUnseen(before []dialect.Changes, chosen []*relative) error {
	after, err := f.changes()
	if err != nil {
		return err
	}
	for i, t := range f.purge.hiding {
		done := after[i].Since(before[i]).WithoutMoves()
		for _, r := range chosen {
			if strings.EqualFold(r.table.name, t.table) {
				done.Removed--
			}
		}
		if hidden := max(done.Removed, 0) + done.Changed; hidden > 0 {
			return hiddenError{fault.UnseenRows(t.table, t.key, hidden), t.key}
		}
	}
	return nil
}

// hiddenError is the error for rows that the database hides, with the key that leads there.
type hiddenError struct {
	error
	key string
}

func (e hiddenError) Unwrap() error { return e.error }
