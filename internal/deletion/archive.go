package deletion

import (
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// leaves tells whether the deletion takes rows of a model out of its table, to its archive or for good.
func (d *deletion) leaves(p *policy.Policy) bool { return d.action(p) != ActionDeleted }

// anyLeaves tells whether rows of any model leave their table.
func (d *deletion) anyLeaves() bool {
	return slices.ContainsFunc(d.graph.Nodes, func(n *policy.Node) bool { return d.leaves(n.Policy) })
}

// refuseArchive finds what deletions of archived models cannot do.
func (d *deletion) refuseArchive() error {
	if d.action(d.root) == ActionArchived && d.target.Alias != "" {
		return fmt.Errorf("%w: %s is archived from its table %s only under that name, not as %s; leave the alias out, or delete without db.Table",
			fault.ErrUnsupported, d.root.Schema.Name, d.root.Table, d.target.Alias)
	}
	if !d.erasing {
		return nil
	}
	for _, n := range d.graph.Nodes {
		if n.Policy.Elsewhere() != nil && len(n.Inner) > 0 {
			return fmt.Errorf("%w: an Unscoped deletion would have to find the archived rows of %s under each other; delete its rows without Unscoped",
				fault.ErrUnsupported, n.Policy.Schema.Name)
		}
	}
	return nil
}

// insertArchived writes INSERT INTO the archive, and the SELECT of what moves there; FROM is to follow.
func (d *deletion) insertArchived(q *statement.Query, p *policy.Policy, c *archive.MovedColumns, found walk.Tables) {
	archive.Names(q.Text("INSERT INTO ").Name(p.DeletedTable()).Text(" ("), "", c.Moved).Text(", ").Columns("", p.MarkFields()).Text(") ")
	found.With(q)
	s, _ := p.Archive()
	values := d.archiveMark()
	markAt := func(i int) { q.BindAs(values[i], p.MarkFields()[i].DataType == schema.Time) }
	q.Text("SELECT ")
	statement.Joined(q, c.Moved, ", ", func(column string) {
		if repeats, ok := s.Companion(column); ok {
			markAt(repeats.Mark)
		} else {
			q.Name(column)
		}
	})
	for i := range values {
		q.Text(", ")
		markAt(i)
	}
}

// archiveMark are the values of MarkFields.
func (d *deletion) archiveMark() []any {
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	return []any{d.at, string(d.ID()), text(d.actor), text(d.reason)}
}

// move takes the rows that condition selects out of the model's table: one statement moves them where the database writes
// several tables in one, so that a row is moved as it is at that moment. condition reads the tables in which rows were found.
func (d *deletion) move(tx statement.Session, p *policy.Policy, found walk.Tables, condition func(q *statement.Query)) (int64, error) {
	remove := func(q *statement.Query, rows statement.Rows) {
		rows.Delete(q)
		condition(q)
	}
	if d.action(p) != ActionArchived {
		if err := d.free(tx, p, found, condition); err != nil {
			return 0, err
		}
		return d.writeRows(tx, p, found, condition, remove)
	}
	c, err := d.movedColumns(tx, p)
	if err != nil {
		return 0, err
	}
	if d.deleter.Dialect.Has(dialect.WritesInWith) {
		open, shut := d.deleter.Dialect.WrittenRows(movedRows, "*")
		q := tx.Query().Text("WITH ", open)
		found.With(q)
		remove(q, statement.Rows{Table: p.Table})
		d.archiveMoved(q.Text(shut, " "), p, c)
		return q.Exec()
	}
	copied, err := d.copyRows(tx, p, c, found, condition)
	if err != nil {
		return 0, err
	}
	if err := d.free(tx, p, found, condition); err != nil {
		return 0, err
	}
	rows, err := d.writeRows(tx, p, found, condition, remove)
	switch {
	case err != nil:
		return rows, err
	case rows > copied:
		return rows, d.cameOrWent(rows-copied, p)
	case rows < copied:
		return rows, d.takeBackCopies(tx, p)
	}
	return rows, nil
}

// movedRows names the rows that a statement has taken out of their table.
const movedRows = "softdelete_moved"

// archiveMoved ends a statement that began as WITH movedRows AS (DELETE …): it puts the rows into the archive.
func (d *deletion) archiveMoved(q *statement.Query, p *policy.Policy, c *archive.MovedColumns) {
	d.insertArchived(q, p, c, nil)
	archive.HasColumns(q.Text(" FROM ", movedRows, " WHERE "), movedRows, c.Table)
}

// copyRows puts a copy of the rows into the archive, locked where the transaction has not locked all writers out.
func (d *deletion) copyRows(tx statement.Session, p *policy.Policy, c *archive.MovedColumns, found walk.Tables, condition func(q *statement.Query)) (int64, error) {
	if err := d.lockCopied(tx, p, found, condition); err != nil {
		return 0, err
	}
	q := tx.Query()
	d.insertArchived(q, p, c, found)
	archive.HasColumns(q.Text(" FROM ").Name(p.Table).Text(" WHERE "), p.Table, c.Table).Text(" AND ")
	condition(q)
	return q.Exec()
}

// lockCopied locks the rows that are to be copied, in the order of their keys.
func (d *deletion) lockCopied(tx statement.Session, p *policy.Policy, found walk.Tables, condition func(q *statement.Query)) error {
	if !tx.Dialect.Has(dialect.RowLocks) {
		return nil
	}
	rows, err := d.rowsOf(tx, p.Home())
	if err != nil {
		return err
	}
	q := tx.Query()
	found.With(q)
	return q.LockRows(dialect.SoleLock, func() { rows.Each(q, func() { condition(q) }) })
}

// archiveRoot builds the statement that moves the root rows, for GORM to execute.
func (d *deletion) archiveRoot(db *gorm.DB) error {
	stmt, p := d.stmt, d.root
	c, err := d.movedColumns(d.deleter.Session(db), p)
	if err != nil {
		return err
	}
	d.beginDelete()
	stmt.AddClauseIfNotExists(clause.From{})
	if !d.deleter.Dialect.Has(dialect.WritesInWith) {
		if !db.DryRun {
			if d.copied, err = d.copyRows(d.deleter.Session(db).InWork(stmt.Context), p, c, nil, d.rootCondition); err != nil {
				return err
			}
			if d.freed != nil {
				if err := d.freed(); err != nil {
					return err
				}
			}
		}
		stmt.Build(stmt.BuildClauses...)
		return nil
	}
	open, shut := d.deleter.Dialect.WrittenRows(movedRows, "*")
	stmt.SQL.WriteString("WITH " + open)
	stmt.Build("DELETE", "FROM", "WHERE")
	stmt.SQL.WriteString(shut + " ")
	q := d.deleter.Session(db).InWork(stmt.Context).Query()
	// The values are numbered after those of the conditions.
	q.Stmt.Vars = append(q.Stmt.Vars, stmt.Vars...)
	d.archiveMoved(q, p, c)
	stmt.SQL.WriteString(q.Stmt.SQL.String())
	stmt.Vars = q.Stmt.Vars
	if _, returning := stmt.Clauses["RETURNING"]; returning {
		stmt.SQL.WriteByte(' ')
		stmt.Build("RETURNING")
	}
	return nil
}

// eraseArchived removes the archived rows of a node that stand under rows which go for good.
func (d *deletion) eraseArchived(tx statement.Session, w *walk.Walk, n *policy.Node) (int64, error) {
	if !d.erasing || n.Policy == d.root {
		return 0, nil
	}
	var rows int64
	for _, t := range n.Policy.Elsewhere() {
		rowsOf, err := d.rowsOf(tx, t)
		if err != nil {
			return 0, err
		}
		under := func(q *statement.Query) {
			q.Text("(")
			statement.Joined(q, n.In, " OR ", func(e *policy.Edge) { walk.MatchIn(e, q, w, "") }).Text(")")
			d.spareHeld(q, n, "")
		}
		removed, err := w.Tables(n.Component).WriteRows(tx, rowsOf, under, func(q *statement.Query, rows statement.Rows) {
			under(rows.Delete(q))
		})
		if err != nil {
			return 0, err
		}
		rows += removed
	}
	return rows, nil
}

// checkColumns refuses a deletion that would lose a column's values.
func (d *deletion) checkColumns(tx statement.Session) error {
	for _, n := range d.graph.Nodes {
		if d.action(n.Policy) != ActionArchived {
			continue
		}
		c, err := d.deleter.Columns.Of(tx, n.Policy)
		if err == nil {
			err = c.Err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// movedColumns are those of one model whose rows the deletion archives.
func (d *deletion) movedColumns(tx statement.Session, p *policy.Policy) (*archive.MovedColumns, error) {
	if d.stmt.DryRun {
		return d.deleter.Columns.Expected(p), nil
	}
	return d.deleter.Columns.Of(tx, p)
}
