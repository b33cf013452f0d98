// Package archive knows how rows move between a model's table and its archive: by which columns, whether the two fit each
// other, and what a row that came back would lose. What it has found of a table it remembers until a migration or a failure.
package archive

import (
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// MovedColumns is what the database says about the columns of a model's table and of its archive. Rows move with all of
// them, those too that the model has no field for.
type MovedColumns struct {
	Table, Archive []dialect.Column // all of them, in the tables' order
	Moved          []string         // those that both have, but for those that the database computes
	Lost           []string         // those of the archive that the table has no more
	Narrowed       []dialect.Column // those of the table that keep less than the archive does
	Overriding     string
	// Addressed tells that the archive's rows are told apart by dialect.RowAddress while a statement runs.
	Addressed bool
	// Numbered tells that the archive has the column that numbers its rows.
	Numbered bool
	// Err is why no row may leave the table: a column would lose its values.
	Err error
}

// Columns remembers what was found of tables and their archives.
type Columns struct {
	found sync.Map // columnsKey to *MovedColumns
}

// columnsKey is what a table is known by: several schemas may be of one model.
type columnsKey struct {
	model reflect.Type
	table string
}

func keyOf(p *policy.Policy) columnsKey { return columnsKey{p.Schema.ModelType, p.Table} }

// Of looks at the tables once, until a migration or a refusal of the database. Of a model without an archive nothing moves.
func (c *Columns) Of(tx statement.Session, p *policy.Policy) (*MovedColumns, error) {
	if !p.Archives() {
		return &MovedColumns{}, nil
	}
	if known, ok := c.found.Load(keyOf(p)); ok {
		return known.(*MovedColumns), nil
	}
	tx = tx.InWork(tx.Statement.Context)
	tx.Config.DryRun = false
	table, err := TableColumns(tx, p.Table)
	if err != nil {
		return nil, err
	}
	there, err := TableColumns(tx, p.DeletedTable())
	if err != nil {
		return nil, err
	}
	columns := compareColumns(tx.Dialect, p, table, there)
	columns.Addressed, err = tx.Dialect.AddressTells(tx.DB, dialect.Table{Name: p.DeletedTable(), Quoted: statement.QuoteName(tx.DB, p.DeletedTable())})
	if err != nil {
		return nil, err
	}
	s, _ := p.Archive()
	s.Numbered(columns.Numbered || len(there) == 0)
	if columns.Err == nil && columns.Numbered {
		c.found.Store(keyOf(p), columns)
	}
	return columns, nil
}

// Need refuses to do without the archive of a table that is not the model's own: nobody may have made it.
func (c *Columns) Need(db statement.Session, p *policy.Policy) error {
	if p == p.Own() || !p.Archives() {
		return nil
	}
	columns, err := c.Of(db, p)
	if err == nil && len(columns.Archive) == 0 {
		err = columns.Err
	}
	return err
}

// Missing tells whether a table that is not the model's own has no archive.
func (c *Columns) Missing(db statement.Session, p *policy.Policy) (bool, error) {
	if p == p.Own() || !p.Archives() {
		return false, nil
	}
	columns, err := c.Of(db, p)
	return err == nil && len(columns.Archive) == 0, err
}

func TableColumns(tx statement.Session, table string) ([]dialect.Column, error) {
	return tx.Dialect.Columns(tx.DB, dialect.Table{Name: table, Quoted: statement.QuoteName(tx.DB, table)})
}

// outOfStep is the error for a table that its archive does not fit.
func outOfStep(p *policy.Policy, format string, args ...any) error {
	remedy := "run AutoMigrate, or the statements of softdelete.DDL"
	if p != p.Own() {
		remedy = fmt.Sprintf("run db.Table(%q).AutoMigrate(&%s{}), or go without db.Table", p.Table, p.Schema.Name)
	}
	return fmt.Errorf("%w: rows of %s cannot move from table %s to its archive %s: %s; %s",
		fault.ErrUnsupported, p.Schema.Name, p.Table, p.DeletedTable(), fmt.Sprintf(format, args...), remedy)
}

// OwnName is the error for a column that the archive cannot keep.
func OwnName(p *policy.Policy, column string) error {
	return fmt.Errorf("%w: column %s of table %s has the name of one that its archive %s has for itself; rename it",
		fault.ErrUnsupported, column, p.Table, p.DeletedTable())
}

func compareColumns(d *dialect.Dialect, p *policy.Policy, table, there []dialect.Column) *MovedColumns {
	c := &MovedColumns{Table: table, Archive: there}
	s, _ := p.Archive()
	number := d.FindColumn(there, policy.ArchiveIDColumn)
	c.Numbered = number != nil && number.Keyed
	for _, column := range there {
		if !policy.OwnColumn(column.Name) && d.FindColumn(table, column.Name) == nil {
			c.Lost = append(c.Lost, column.Name)
		}
	}
	refuse := func(format string, args ...any) {
		if c.Err == nil {
			c.Err = outOfStep(p, format, args...)
		}
	}
	switch {
	case len(table) == 0:
		refuse("the table is not there")
	case len(there) == 0:
		refuse("the archive is not there")
	}
	for _, column := range table {
		if column.Generated || s.Shares(column.Name) {
			continue
		}
		if policy.OwnColumn(column.Name) {
			c.Err = OwnName(p, column.Name)
			continue
		}
		kept := d.FindColumn(there, column.Name)
		if kept == nil {
			refuse("its column %s would be lost, the archive has none", column.Name)
			continue
		}
		c.Moved = append(c.Moved, column.Name)
		if column.Identity {
			c.Overriding = d.Overriding()
		}
		if !d.Holds(kept.Type, column.Type) {
			refuse("its column %s is of type %s, the archive's of type %s", column.Name, column.Type, kept.Type)
		}
		if !d.Holds(column.Type, kept.Type) {
			c.Narrowed = append(c.Narrowed, column)
		}
	}
	return c
}

// Expected is what a dry run takes the tables for where nothing has looked at them yet.
func (c *Columns) Expected(p *policy.Policy) *MovedColumns {
	if known, ok := c.found.Load(keyOf(p)); ok {
		return known.(*MovedColumns)
	}
	s, _ := p.Archive()
	columns := &MovedColumns{}
	for _, field := range s.Columns {
		columns.Moved = append(columns.Moved, field.DBName)
		columns.Table = append(columns.Table, dialect.Column{Name: field.DBName})
	}
	return columns
}

// Names writes names of columns of a table, with commas.
func Names(q *statement.Query, table string, names []string) *statement.Query {
	return statement.Joined(q, names, ", ", func(name string) { q.Column(table, name) })
}

// HasColumns writes a condition that always holds, and that the database refuses while it reads the statement where a
// table has got other columns than those that were found: whoever migrated it may not be this process.
func HasColumns(q *statement.Query, table string, columns []dialect.Column) *statement.Query {
	open, shut := q.Dialect.CompareColumns()
	q.Text("(1 = 1 OR EXISTS (", open, "SELECT * FROM ").Name(table).Text(" UNION ALL SELECT ")
	columns = slices.DeleteFunc(slices.Clone(columns), func(column dialect.Column) bool { return column.Hidden })
	statement.Joined(q, columns, ", ", func(column dialect.Column) { q.Name(column.Name) })
	return q.Text(" FROM ").Name(table).Text(shut, "))")
}

// Forget makes the next call look at a model's tables again.
func (c *Columns) Forget(p *policy.Policy) { c.found.Delete(keyOf(p)) }

// ForgetAll makes the next call look at the tables of a graph's models again, after one that failed.
func (c *Columns) ForgetAll(g *policy.Graph) {
	for _, n := range g.Nodes {
		if n.Policy.Archives() {
			c.Forget(n.Policy)
		}
	}
}
