package walk

import (
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Store puts the rows of a component of several models into a temporary table: writing the rows of one model would change
// what the walk finds in the others. It returns what drops the table again. Other components need none of this.
func (w *Walk) Store(start func() *statement.Query, c *policy.Component) (drop func() error, err error) {
	if len(c.Nodes) == 1 {
		return keepAll, nil
	}
	return w.Keep(start, c)
}

// Keep does the same with any component: its rows are those of now, and those under it that are found later are under these.
func (w *Walk) Keep(start func() *statement.Query, c *policy.Component) (drop func() error, err error) {
	if w.stored[c] || w.all {
		return keepAll, nil
	}
	return w.store(start, c)
}

func (w *Walk) store(start func() *statement.Query, c *policy.Component) (drop func() error, err error) {
	w.name(start())
	table := w.own(c)
	// The table first, then the rows: databases take no bound values in CREATE TABLE AS.
	q := start()
	create, _ := q.Dialect.TemporaryTable(q.Quoted("", table), "")
	q.Text(create, "WITH none (")
	statement.Joined(q, w.columns(c), ", ", func(column string) { q.Text(column) })
	q.Text(") AS (")
	statement.Joined(q, c.Nodes, " UNION ALL ", func(n *policy.Node) { w.nothing(q, n) })
	if err := q.Text(") SELECT * FROM none").MakeTemporary(table); err != nil {
		return nil, err
	}
	q = start()
	q.Text("INSERT INTO ").Name(table).Text(" ")
	w.Tables(c).with(q, true)
	q.Text("SELECT * FROM ").Name(w.table(c))
	if w.whole() {
		q.Text(" WHERE ", NodeColumn, " IN (")
		statement.Joined(q, c.Nodes, ", ", func(n *policy.Node) { q.Text(strconv.Itoa(n.Index)) }).Text(")")
	}
	if _, err := q.Exec(); err != nil {
		return nil, err
	}
	if w.stored == nil {
		w.stored = map[*policy.Component]bool{}
	}
	w.stored[c] = true
	return func() error {
		delete(w.stored, c)
		return start().DropTemporary(table)
	}, nil
}
