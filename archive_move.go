package softdelete

import (
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// leaves tells whether the deletion takes rows of a model out of its table, to its archive or for good.
func (d *deletion) leaves(p *policy) bool { return d.action(p) != ActionDeleted }

// anyLeaves tells whether rows of any model leave their table.
func (d *deletion) anyLeaves() bool {
	return slices.ContainsFunc(d.graph.nodes, func(n *node) bool { return d.leaves(n.policy) })
}

// refuseArchive finds what deletions of archived models cannot do.
func (d *deletion) refuseArchive() error {
	if d.root.archives() && !d.erasing && (d.target.name != d.root.schema.Table || d.target.aliased()) {
		return fmt.Errorf("%w: %s is archived from its own table %s only, not from %s; delete without db.Table",
			ErrUnsupported, d.root.schema.Name, d.root.schema.Table, d.target.name)
	}
	if !d.erasing {
		return nil
	}
	for _, n := range d.graph.nodes {
		if n.policy.archives() && len(n.inner) > 0 {
			return fmt.Errorf("%w: an Unscoped deletion would have to find the archived rows of %s under each other; delete its rows without Unscoped",
				ErrUnsupported, n.policy.schema.Name)
		}
	}
	return nil
}

// countArchived counts the rows to archive that others may come under, before the first of those goes. They are locked, but
// where there is no foreign key one more may come among them.
func (d *deletion) countArchived(tx *gorm.DB) error {
	if !d.engine.dialect.Has(dialect.RowLocks) {
		return nil
	}
	if !slices.ContainsFunc(d.graph.nodes, func(n *node) bool { return d.action(n.policy) == ActionArchived && !d.graph.leaf(n) }) {
		return nil
	}
	w := d.taken(nil)
	var counts tally
	d.expected = map[*node]int64{}
	for _, n := range d.graph.nodes {
		if d.action(n.policy) == ActionArchived && !d.graph.leaf(n) {
			counts.add(func(q *query) { w.nodeRows(q, n) }, func(rows int64) { d.expected[n] = rows })
		}
	}
	q := newQuery(tx, d.engine.dialect)
	w.with(q, d.graph.last())
	return counts.run(q)
}

// sameRows refuses a deletion that has archived more rows of a node, or fewer, than were counted: those under the others are
// still where they were.
func (d *deletion) sameRows(n *node, rows int64) error {
	expected, counted := d.expected[n]
	if !counted || rows == expected {
		return nil
	}
	other := max(rows-expected, expected-rows)
	return fmt.Errorf("%w: %d %s of %s came or went while the deletion ran; try again", ErrBlocked, other, plural(other, "row"), n.policy.schema.Name)
}

// insertArchived writes INSERT INTO the archive, and the SELECT of what moves there; FROM is to follow.
func (d *deletion) insertArchived(q *query, p *policy, c *movedColumns, with func(q *query)) {
	q.text("INSERT INTO ").name(p.deletedTable()).text(" (").names("", c.moved).text(", ").columns("", p.markFields()).text(") ")
	with(q)
	s, _ := p.archive()
	values := d.archiveMark()
	mark := func(i int) { q.text("CAST(").bind(values[i]).text(" AS ", q.archiveType(p.markFields()[i]), ")") }
	q.text("SELECT ")
	joined(q, c.moved, ", ", func(column string) {
		if repeats, ok := s.companion(column); ok {
			mark(repeats.mark)
		} else {
			q.name(column)
		}
	})
	for i := range values {
		q.text(", ")
		mark(i)
	}
}

// without is no WITH clause.
func without(*query) {}

// archiveMark are the values of markFields.
func (d *deletion) archiveMark() []any {
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	return []any{d.at, string(d.ID()), text(d.actor), text(d.reason)}
}

// archiveAssignments are what the caller's value shows of an archived row.
func (d *deletion) archiveAssignments() (list []assignment) {
	s, _ := d.root.archive()
	values := d.archiveMark()
	for _, c := range slices.Concat(s.shared, s.companions) {
		value := values[c.mark]
		if value == nil {
			value = emptyValue(c.field, true)
		}
		list = append(list, assignment{field: c.field, value: value})
	}
	return list
}

// archiveType is the type that a bound value of the mark has.
func (q *query) archiveType(field *schema.Field) string {
	if field.DataType == schema.Time {
		return q.dialect.InstantType()
	}
	return "text"
}

// move takes the rows that condition selects out of the model's table: one statement moves them where the database writes
// several tables in one, so that a row is moved as it is at that moment. with writes a WITH clause that condition needs.
func (d *deletion) move(tx *gorm.DB, p *policy, with, condition func(q *query)) (int64, error) {
	if d.action(p) != ActionArchived {
		q := newQuery(tx, d.engine.dialect)
		with(q)
		q.text("DELETE FROM ").name(p.schema.Table).text(" WHERE ")
		condition(q)
		return q.exec()
	}
	c, err := d.movedColumns(tx, p)
	if err != nil {
		return 0, err
	}
	if d.engine.dialect.Has(dialect.WritesInWith) {
		q := newQuery(tx, d.engine.dialect).text("WITH ", movedRows, " AS (")
		with(q)
		q.text("DELETE FROM ").name(p.schema.Table).text(" WHERE ")
		condition(q)
		d.archiveMoved(q, p, c)
		return q.exec()
	}
	if err := d.copyRows(tx, p, c, with, condition); err != nil {
		return 0, err
	}
	q := newQuery(tx, d.engine.dialect)
	with(q)
	q.text("DELETE FROM ").name(p.schema.Table).text(" WHERE ")
	condition(q)
	return q.exec()
}

// movedRows names the rows that a statement has taken out of their table.
const movedRows = "softdelete_moved"

// archiveMoved ends a statement that began as WITH movedRows AS (DELETE …: it puts the rows into the archive.
func (d *deletion) archiveMoved(q *query, p *policy, c *movedColumns) {
	q.text(" RETURNING *) ")
	d.insertArchived(q, p, c, without)
	q.text(" FROM ", movedRows, " WHERE ").hasColumns(movedRows, c.table)
}

// copyRows puts a copy of the rows into the archive, where the transaction has locked all writers out.
func (d *deletion) copyRows(tx *gorm.DB, p *policy, c *movedColumns, with, condition func(q *query)) error {
	q := newQuery(tx, d.engine.dialect)
	d.insertArchived(q, p, c, with)
	q.text(" FROM ").name(p.schema.Table).text(" WHERE ").hasColumns(p.schema.Table, c.table).text(" AND ")
	condition(q)
	_, err := q.exec()
	return err
}

// archiveRoot builds the statement that moves the root rows, for GORM to execute.
func (d *deletion) archiveRoot(db *gorm.DB) error {
	stmt, p := d.stmt, d.root
	c, err := d.movedColumns(db, p)
	if err != nil {
		return err
	}
	stmt.AddClauseIfNotExists(clause.Delete{})
	stmt.AddClauseIfNotExists(clause.From{})
	if !d.engine.dialect.Has(dialect.WritesInWith) {
		if !db.DryRun {
			if err := d.copyRows(inWork(db, stmt.Context), p, c, without, d.rootCondition); err != nil {
				return err
			}
		}
		stmt.Build(stmt.BuildClauses...)
		return nil
	}
	stmt.SQL.WriteString("WITH " + movedRows + " AS (")
	stmt.Build("DELETE", "FROM", "WHERE")
	q := newQuery(inWork(db, stmt.Context), d.engine.dialect)
	// The values are numbered after those of the conditions.
	q.stmt.Vars = append(q.stmt.Vars, stmt.Vars...)
	d.archiveMoved(q, p, c)
	stmt.SQL.WriteString(q.stmt.SQL.String())
	stmt.Vars = q.stmt.Vars
	if _, returning := stmt.Clauses["RETURNING"]; returning {
		stmt.SQL.WriteByte(' ')
		stmt.Build("RETURNING")
	}
	return nil
}

// eraseArchived removes the archived rows of a node that stand under rows which go for good.
func (d *deletion) eraseArchived(tx *gorm.DB, w *walk, n *node) (int64, error) {
	if !d.erasing || !n.policy.archives() || n.policy == d.root {
		return 0, nil
	}
	q := newQuery(tx, d.engine.dialect)
	w.with(q, n.component)
	q.text("DELETE FROM ").name(n.policy.deletedTable()).text(" WHERE (")
	joined(q, n.in, " OR ", func(e *edge) { e.matchIn(q, w, "") }).text(")")
	d.spareHeld(q, n, "")
	return q.exec()
}
