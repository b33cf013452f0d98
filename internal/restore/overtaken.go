package restore

import (
	"errors"
	"fmt"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room is for archived root rows of whose keys others are archived while the restore goes on. Of a key a restore means the row that
// was archived last, and all that it looks at and locks is about that one. So it is told which rows these are before they are locked, by
// their numbers, or, of many, once they are, by a table that keeps them: no statement finds others than those before it.
//
// Locks keep no other row of a key away, as that is a new one. It is looked for when the rows are in their table again, by the statement
// that takes them from the archive: from then on their keys are in use, and whoever had used one before has come to an end.

// errOvertaken makes a restore go the long way, or begin anew: others of the rows' keys were archived meanwhile, or some came back by
// another restore.
var errOvertaken = hastyError{errors.New("softdelete: the rows of a restore were overtaken by others of their keys")}

// overtaken is that error, or the one of a restore that cannot begin anew: hooks are not run twice.
func (r *restoration) overtaken() error {
	if !r.told {
		return errOvertaken
	}
	return fmt.Errorf("%w: keys of archived rows of %s were used and archived again while the restore ran, after hooks BeforeRestore had run; nothing is restored, try again",
		fault.ErrRestoreConflict, r.root.Schema.Name)
}

// mayBeOvertaken tells whether the restore is about the latest archived rows of their keys, and others may archive later ones.
func (r *restoration) mayBeOvertaken() bool {
	return r.deletion == "" && r.root.Archives() && r.restorer.Dialect.Has(dialect.RowLocks)
}

// overtaking writes FROM and WHERE of the rows that were archived after those of a span without gaps and have the key of one.
func (r *restoration) overtaking(q *statement.Query, s *span) *statement.Query {
	table := r.root.DeletedTable()
	q.Text(" FROM ").Name(table).Text(" AS softdelete_later WHERE ").Column("softdelete_later", s.column).Text(" > ").Bind(s.last)
	return q.Text(" AND ").Opaque(func() {
		q.Text("EXISTS (SELECT 1 FROM ").Name(table).Text(" AS softdelete_earlier WHERE ")
		walk.SameKey(q, r.root, "softdelete_earlier", "softdelete_later").Text(" AND ")
		s.write(q, "softdelete_earlier")
		q.Text(")")
	})
}

// lateRoots writes FROM and WHERE of the root rows of which others are the latest of their keys by now, or of those others.
func (r *restoration) lateRoots(q *statement.Query) *statement.Query {
	if r.hasty { // further rows are few
		return r.overtaking(q, r.span)
	}
	n := r.graph.NodeOf(r.root)
	q.Text(" FROM ").Name(r.root.DeletedTable()).Text(" AS softdelete_earlier WHERE ")
	switch {
	case r.span != nil:
		r.span.write(q, "softdelete_earlier")
	case r.lost.Rooted:
		r.lost.Among(q, r.root, "softdelete_earlier", func() { r.lost.SelectRoots(q, n) })
	default:
		r.lost.InWalk(q, n, "softdelete_earlier")
	}
	return walk.AndOvertaken(q, r.root.DeletedPlace(), "softdelete_earlier")
}

// rootsHere writes FROM and WHERE of the root rows that have a span.
func (r *restoration) rootsHere(q *statement.Query) {
	q.Text(" FROM ").Name(r.root.DeletedTable()).Text(" AS t WHERE ")
	r.span.write(q, "t")
}

// branches tells whether rows of the root's model may stand under root rows.
func (r *restoration) branches() bool {
	n := r.graph.NodeOf(r.root)
	return len(n.In)+len(n.Inner) > 0
}

// removeReturned takes the rows of a node that have come back from the archive. A row that a trigger of the application keeps there would be
// in both tables.
func (r *restoration) removeReturned(tx statement.Session, n *policy.Node) error {
	guarded := n.Policy == r.root && r.mayBeOvertaken()
	inside := guarded && tx.Dialect.Has(dialect.ReadsTarget)
	if guarded && !inside {
		late := int64(0)
		q := tx.Query()
		r.upTo(n).With(q)
		var counts statement.Tally
		counts.Add(func(q *statement.Query) { r.lateRoots(q) }, func(rows int64) { late = rows })
		if err := counts.Run(q); err != nil {
			return err
		} else if late > 0 {
			return r.overtaken()
		}
	}
	archived, err := r.rowsOf(tx, n.Policy.DeletedPlace(), "")
	if err != nil {
		return err
	}
	back := func(q *statement.Query) { r.comingBack(q, n, "") }
	rows, err := r.upTo(n).WriteRows(tx, archived, back, func(q *statement.Query, rows statement.Rows) {
		back(rows.Delete(q))
		if inside {
			q.Text(" AND NOT EXISTS (SELECT 1")
			r.lateRoots(q).Text(")")
		}
	})
	switch {
	case err != nil || rows == r.back[n]:
		return err
	case rows > r.back[n]: // which have not come back
		return r.overtaken()
	}
	late, left := int64(0), int64(0)
	var counts statement.Tally
	if guarded {
		counts.Add(func(q *statement.Query) { r.lateRoots(q) }, func(rows int64) { late = rows })
	}
	counts.Add(func(q *statement.Query) {
		r.comingBack(q.Text(" FROM ").Name(n.Policy.DeletedTable()).Text(" AS t WHERE "), n, "t")
	}, func(rows int64) { left = rows })
	q := tx.Query()
	r.upTo(n).With(q)
	err = counts.Run(q)
	switch {
	case err != nil:
		return err
	case late > 0:
		return r.overtaken()
	case left > 0:
		return fault.KeptRows(fault.ErrUnsupported, n.Policy.DeletedTable(), left, n.Policy.Schema.Name, "let them go, then restore again")
	}
	return nil // a hook has brought some back
}
