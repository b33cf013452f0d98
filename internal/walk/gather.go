package walk

import (
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room fills the table of a walk where a statement opens a temporary table once: what is found by rows of the table is put into
// another beside it first. No row leaves that, each is of the model whose turn it is.

// aside is the name of the table beside the walk's.
func (l *levels) aside() string { return l.walk.Prefix + "_new" }

// gather does what component does.
func (l *levels) gather(c *policy.Component) error {
	w := l.walk
	var steps []*policy.Edge
	var found int64
	for _, n := range c.Nodes {
		found += l.rows[n]
		for _, e := range n.In {
			if !w.Flat && (w.known(e.From) || l.rows[e.From] > 0) {
				steps = append(steps, e)
			}
		}
	}
	recursive := len(c.Inner) > 0 && !w.Flat
	if len(steps) == 0 && (found == 0 || !recursive) {
		return nil
	}
	if err := l.begun(); err != nil {
		return err
	}
	if found > 0 {
		q := l.start().Text("INSERT INTO ").Name(l.aside()).Text(" SELECT * FROM ").Name(w.Prefix)
		l.only(q, c.Nodes)
		if _, err := q.Exec(); err != nil {
			return err
		}
	}
	for _, e := range steps {
		q := l.start().Text("INSERT INTO ").Name(l.aside()).Text(" ")
		l.step(q, e, w.Prefix)
		rows, err := q.Exec()
		if err != nil {
			return err
		}
		found += rows
	}
	if found == 0 {
		return nil
	}
	return l.settle(c, recursive)
}

// settle makes the rows of a component in the walk's table those that are beside it, each once, with what is under them inside the
// component.
func (l *levels) settle(c *policy.Component, recursive bool) error {
	w := l.walk
	if err := l.start().Changes(w.Prefix); err != nil {
		return err
	}
	if slices.ContainsFunc(c.Nodes, func(n *policy.Node) bool { return l.rows[n] > 0 }) {
		q := l.start().DeleteFrom(w.Prefix)
		l.among(q, c.Nodes)
		if _, err := q.Exec(); err != nil {
			return err
		}
	}
	q := l.start().Text("INSERT INTO ").Name(w.Prefix).Text(" ")
	if recursive {
		q.With([]statement.WithTable{{Name: w.own(c), Columns: w.columns(c), Recursive: true, Write: func(q *statement.Query) {
			l.only(q.Text("SELECT * FROM ").Name(l.aside()), c.Nodes)
			w.recurse(q, w.own(c), c.Inner)
		}}})
		q.Text("SELECT * FROM ").Name(w.own(c))
	} else {
		l.only(q.Text("SELECT DISTINCT * FROM ").Name(l.aside()), c.Nodes)
	}
	rows, err := q.Exec()
	for _, n := range c.Nodes {
		l.rows[n] = rows
	}
	return err
}

// begun makes the table beside, once.
func (l *levels) begun() error {
	if l.gathers {
		return nil
	}
	l.gathers = true
	return l.start().MakeLike(l.aside(), l.walk.Prefix)
}

// end drops it.
func (l *levels) end() error {
	if !l.gathers {
		return nil
	}
	return l.start().DropTemporary(l.aside())
}
