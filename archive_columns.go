package softdelete

import (
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// movedColumns is what the database says about the columns of a model's table and of its archive. Rows move with all of
// them, those too that the model has no field for.
type movedColumns struct {
	table, archive []dialect.Column // all of them, in the tables' order
	moved          []string         // those that both have, but for those that the database computes
	lost           []string         // those of the archive that the table has no more
	narrowed       []dialect.Column // those of the table that keep less than the archive does
	overriding     string
	// err is why no row may leave the table: a column would lose its values.
	err error
}

// movedColumns looks at the tables once, until a migration or a refusal of the database.
func (e *engine) movedColumns(tx *gorm.DB, p *policy) (*movedColumns, error) {
	if known, ok := e.columns.Load(p); ok {
		return known.(*movedColumns), nil
	}
	tx = inWork(tx, tx.Statement.Context)
	tx.Config.DryRun = false
	table, err := e.tableColumns(tx, p.schema.Table)
	if err != nil {
		return nil, err
	}
	archive, err := e.tableColumns(tx, p.deletedTable())
	if err != nil {
		return nil, err
	}
	c := e.compareColumns(p, table, archive)
	if c.err == nil {
		e.columns.Store(p, c)
	}
	return c, nil
}

func (e *engine) tableColumns(tx *gorm.DB, table string) ([]dialect.Column, error) {
	return e.dialect.Columns(tx, dialect.Table{Name: table, Quoted: quoteName(tx, table)})
}

// outOfStep is the error for a table that its archive does not fit.
func outOfStep(p *policy, format string, args ...any) error {
	return fmt.Errorf("%w: rows of %s cannot move from table %s to its archive %s: %s; run AutoMigrate, or the statements of softdelete.DDL",
		ErrUnsupported, p.schema.Name, p.schema.Table, p.deletedTable(), fmt.Sprintf(format, args...))
}

// ownName is the error for a column that the archive cannot keep.
func ownName(p *policy, column string) error {
	return fmt.Errorf("%w: column %s of table %s has the name of one that its archive %s has for itself; rename it",
		ErrUnsupported, column, p.schema.Table, p.deletedTable())
}

// ownColumn tells whether a name is that of one of the columns that an archive has beside the table's.
func ownColumn(name string) bool {
	switch strings.ToLower(name) {
	case archivedAtColumn, deletionIDColumn, actorColumn, reasonColumn:
		return true
	}
	return false
}

func (e *engine) compareColumns(p *policy, table, archive []dialect.Column) *movedColumns {
	c := &movedColumns{table: table, archive: archive}
	s, _ := p.archive()
	for _, column := range archive {
		if !ownColumn(column.Name) && e.dialect.FindColumn(table, column.Name) == nil {
			c.lost = append(c.lost, column.Name)
		}
	}
	refuse := func(format string, args ...any) {
		if c.err == nil {
			c.err = outOfStep(p, format, args...)
		}
	}
	if len(archive) == 0 {
		refuse("the archive is not there")
	}
	for _, column := range table {
		if column.Generated || s.shares(column.Name) {
			continue
		}
		if ownColumn(column.Name) {
			c.err = ownName(p, column.Name)
			continue
		}
		kept := e.dialect.FindColumn(archive, column.Name)
		if kept == nil {
			refuse("its column %s would be lost, the archive has none", column.Name)
			continue
		}
		c.moved = append(c.moved, column.Name)
		if column.Identity {
			c.overriding = e.dialect.Overriding()
		}
		if !e.dialect.Holds(kept.Type, column.Type) {
			refuse("its column %s is of type %s, the archive's of type %s", column.Name, column.Type, kept.Type)
		}
		if !e.dialect.Holds(column.Type, kept.Type) {
			c.narrowed = append(c.narrowed, column)
		}
	}
	return c
}

// modelColumns is what a dry run takes the tables for where nothing has looked at them yet.
func (e *engine) modelColumns(p *policy) *movedColumns {
	if known, ok := e.columns.Load(p); ok {
		return known.(*movedColumns)
	}
	s, _ := p.archive()
	c := &movedColumns{}
	for _, field := range s.columns {
		c.moved = append(c.moved, field.DBName)
		c.table = append(c.table, dialect.Column{Name: field.DBName})
	}
	return c
}

// checkColumns refuses a deletion that would lose a column's values.
func (d *deletion) checkColumns(tx *gorm.DB) error {
	for _, n := range d.graph.nodes {
		if d.action(n.policy) != ActionArchived {
			continue
		}
		c, err := d.engine.movedColumns(tx, n.policy)
		if err == nil {
			err = c.err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// movedColumns are those of one model whose rows the deletion archives.
func (d *deletion) movedColumns(tx *gorm.DB, p *policy) (*movedColumns, error) {
	if d.stmt.DryRun {
		return d.engine.modelColumns(p), nil
	}
	return d.engine.movedColumns(tx, p)
}

// names writes names of columns of a table, with commas.
func (q *query) names(table string, names []string) *query {
	return joined(q, names, ", ", func(name string) { q.column(table, name) })
}

// hasColumns writes a condition that always holds, and that the database refuses while it reads the statement where a
// table has got other columns than those that were found: whoever migrated it may not be this process.
func (q *query) hasColumns(table string, columns []dialect.Column) *query {
	q.text("(1 = 1 OR EXISTS (SELECT * FROM ").name(table).text(" UNION ALL SELECT ")
	joined(q, columns, ", ", func(column dialect.Column) { q.name(column.Name) })
	return q.text(" FROM ").name(table).text("))")
}

// forgetColumns makes the next call look at the tables again, after one that failed.
func (e *engine) forgetColumns(g *graph) {
	for _, n := range g.nodes {
		if n.policy.archives() {
			e.columns.Delete(n.policy)
		}
	}
}
