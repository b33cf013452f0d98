package deletion

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room is for foreign keys of the database: rows that stay refer by them to rows that leave their table, which the database
// forbids, or answers by removing them or taking them away from their parent.

// leaving is a set of rows that go: a node's, or those that the database removes with others.
type leaving struct {
	only  string // see dialect.Reference
	table string
	node  *policy.Node // nil for rows that the database removes
	depth int
	among func(q *statement.Query, alias string) // writes the condition that a row is one of them
}

// referring are the rows that refer to rows that go, by one foreign key.
type referring struct {
	Effect
	only     string // see dialect.Reference
	onDelete dialect.ReferenceAction
	unseen   bool
	depth    int
	where    func(q *statement.Query, alias string)
}

// from writes FROM and WHERE.
func (r referring) from(q *statement.Query) {
	r.where(q.Text(" FROM ", r.only).Name(r.Table).Text(" AS ").Name(r.alias()).Text(" WHERE "), r.alias())
}

// alias is the name of the rows that refer, in from.
func (r referring) alias() string { return "softdelete_r" + strconv.Itoa(r.depth) }

// referringRows counts the rows that refer to those of the walk that leave their tables and do not leave themselves, by every
// foreign key of the database; with their keys, if asked for.
func (d *deletion) referringRows(tx statement.Session, w *walk.Walk, keys bool) (list []referring, err error) {
	if !d.anyLeaves() {
		return nil, nil
	}
	if on, err := d.deleter.Dialect.EnforcesReferences(tx.InWork(tx.Statement.Context).DB); err != nil || !on {
		return nil, err
	}
	err = w.Stored(start(tx), func() (err error) {
		list, err = d.countReferringBy(tx, w, keys)
		return err
	})
	return list, err
}

func (d *deletion) countReferringBy(tx statement.Session, w *walk.Walk, keys bool) ([]referring, error) {
	list, err := d.findReferring(tx, w)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	with := func() *statement.Query {
		q := tx.Query()
		w.With(q, d.graph.Last())
		return q
	}
	var counts statement.Tally
	for i := range list {
		counts.Add(list[i].from, func(rows int64) { list[i].Rows = rows })
	}
	if err := counts.Run(with()); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(r referring) bool { return r.Rows == 0 })
	if !keys {
		return list, nil
	}
	for i := range list {
		if list[i].Keys, err = d.referringKeys(tx, with, list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// findReferring lists the foreign keys to what leaves, and to what the database removes with it.
func (d *deletion) findReferring(tx statement.Session, w *walk.Walk) (list []referring, err error) {
	names, err := d.leavingNodes(tx)
	if err != nil {
		return nil, err
	}
	var queue []leaving
	for _, n := range d.graph.Nodes {
		if d.leaves(n.Policy) && len(n.Policy.Schema.PrimaryFields) > 0 {
			queue = append(queue, leaving{"", n.Policy.Table, n, n.Depth, func(q *statement.Query, alias string) { w.InWalk(q, n, alias) }})
		}
	}
	seen := map[string]bool{}
	for ; len(queue) > 0; queue = queue[1:] {
		gone := queue[0]
		keys, err := d.deleter.Dialect.ReferencesTo(tx.InWork(tx.Statement.Context).DB, gone.table)
		if err != nil {
			return nil, err
		}
		for _, key := range keys {
			r := d.referringBy(w, gone, key, names[key.Table])
			list = append(list, r)
			if text := fmt.Sprint(gone.table, key); key.OnDelete == dialect.Removes && !seen[text] {
				seen[text] = true
				queue = append(queue, leaving{key.Only, key.Table, nil, r.depth, func(q *statement.Query, alias string) { d.refers(q, w, gone, key, names[key.Table], alias, r.depth) }})
			}
		}
	}
	return list, nil
}

// leavingNodes are the nodes whose rows leave their table, by the name of that as references have it.
func (d *deletion) leavingNodes(tx statement.Session) (map[string][]*policy.Node, error) {
	names := map[string][]*policy.Node{}
	for _, n := range d.graph.Nodes {
		if !d.leaves(n.Policy) || len(n.Policy.Schema.PrimaryFields) == 0 {
			continue
		}
		name, err := d.deleter.Dialect.SameName(tx.InWork(tx.Statement.Context).DB, n.Policy.Table)
		if err != nil {
			return nil, err
		}
		names[name] = append(names[name], n)
	}
	return names, nil
}

// referringBy are the rows that refer to what goes by a key. Those of the nodes leave themselves.
func (d *deletion) referringBy(w *walk.Walk, gone leaving, key dialect.Reference, nodes []*policy.Node) referring {
	r := referring{Effect: Effect{Table: key.Table, Parent: gone.table, Relation: relationOf(gone, key)}, only: key.Only, onDelete: key.OnDelete, unseen: key.Unseen, depth: gone.depth + 1}
	switch key.OnDelete {
	case dialect.Removes:
		r.Action = ActionRemoved
	case dialect.Unlinks:
		r.Action = ActionUnlinked
	}
	if gone.node != nil {
		r.Parent = d.tableOf(gone.node)
	}
	r.where = func(q *statement.Query, alias string) { d.refers(q, w, gone, key, nodes, alias, r.depth) }
	return r
}

// refers writes the condition that a row refers by a key to one that goes, and stays itself.
func (d *deletion) refers(q *statement.Query, w *walk.Walk, gone leaving, key dialect.Reference, nodes []*policy.Node, alias string, depth int) {
	parent := "softdelete_p" + strconv.Itoa(depth)
	q.Text("EXISTS (SELECT 1 FROM ", gone.only).Name(gone.table).Text(" AS ").Name(parent).Text(" WHERE ")
	for i, column := range key.Columns {
		q.Column(alias, column).Text(" = ").Column(parent, key.Parents[i]).Text(" AND ")
	}
	gone.among(q, parent)
	q.Text(")")
	for _, n := range nodes {
		q.Text(" AND ")
		w.NotInWalk(q, n, alias)
	}
}

// relationOf is the name of the relation that a foreign key is about, else the key's own, else its columns.
func relationOf(gone leaving, key dialect.Reference) string {
	if gone.node != nil {
		for _, r := range gone.node.Policy.Has {
			columns := make([]string, len(r.Keys))
			for i, pair := range r.Keys {
				columns[i] = pair.Child.DBName
			}
			if dialect.LastName(r.Child.Table) == dialect.LastName(key.Table) && slices.Equal(columns, key.Columns) {
				return r.Name
			}
		}
	}
	if key.Name != "" {
		return key.Name
	}
	return "foreign key (" + strings.Join(key.Columns, ", ") + ")"
}

// referringKeys gives the keys of some of the rows; none of a table without a primary key.
func (d *deletion) referringKeys(tx statement.Session, start func() *statement.Query, r referring) (keys []string, err error) {
	columns, err := d.deleter.Dialect.PrimaryKey(tx.InWork(tx.Statement.Context).DB, r.Table)
	if err != nil || len(columns) == 0 {
		return nil, err
	}
	q := start().Text("SELECT ").ColumnsNamed(r.alias(), columns)
	r.from(q)
	q.Text(" ORDER BY ").ColumnsNamed(r.alias(), columns).Text(" LIMIT ", strconv.Itoa(statement.MostKeys))
	values, err := q.KeyValues(len(columns))
	for _, key := range values {
		keys = append(keys, rowkey.KeyText(key))
	}
	return keys, err
}

// foreseeReferring adds to a preview what foreign keys forbid, and what they would do.
func (d *deletion) foreseeReferring(tx statement.Session, w *walk.Walk) error {
	list, err := d.referringRows(tx, w, true)
	d.noteReferring(list)
	for _, b := range forbidding(list) { // a rule that says so already is told alone
		if !slices.ContainsFunc(d.blockers, func(told fault.Blocker) bool { return told.Table == b.Table && told.Relation == b.Relation }) {
			d.blockers = append(d.blockers, b)
		}
	}
	return err
}

// countReferring notes what foreign keys are about to do, where the numbers are wanted.
func (d *deletion) countReferring(tx statement.Session) error {
	if !d.reports() {
		return nil
	}
	list, err := d.referringRows(tx, d.reach(), false)
	d.noteReferring(list)
	return err
}

// refuseUnlogged refuses where a foreign key would change or remove rows of models with event logs, and no trigger would fire for that.
func (d *deletion) refuseUnlogged(tx statement.Session) error {
	if tx.Dialect.Has(dialect.KeysFireTriggers) {
		return nil
	}
	logged := slices.DeleteFunc(d.deleter.All(), func(p *policy.Policy) bool { return p.Log == nil })
	if len(logged) == 0 {
		return nil
	}
	list, err := d.referringRows(tx, d.taken(nil), false)
	if err != nil {
		return err
	}
	for _, r := range list {
		i := slices.IndexFunc(logged, func(p *policy.Policy) bool { return dialect.LastName(p.Table) == dialect.LastName(r.Table) })
		if i < 0 || r.onDelete == dialect.Forbids {
			continue
		}
		return fmt.Errorf("%w: the foreign key of %s in table %s would take %d %s of %s along without an event in their log, since this database fires no triggers "+
			"for it; give the relation the rule cascade, or the key ON DELETE RESTRICT and take them away first", fault.ErrUnsupported, r.Relation, r.Table, r.Rows,
			fault.Plural(r.Rows, "row"), logged[i].Schema.Name)
	}
	return nil
}

func (d *deletion) noteReferring(list []referring) {
	for _, r := range list {
		if r.onDelete != dialect.Forbids {
			d.addEffect(r.Effect, r.depth, keptRank)
		}
	}
}

// forbidding are the rows that forbid the deletion.
func forbidding(list []referring) (blockers []fault.Blocker) {
	for _, r := range list {
		if r.onDelete == dialect.Forbids {
			blockers = append(blockers, fault.Blocker{Table: r.Table, Relation: r.Relation, Rows: r.Rows, Keys: r.Keys})
		}
	}
	return blockers
}

// forbidden names the rows that have forbidden a deletion which is undone; none where they cannot be found any more.
func (d *deletion) forbidden(tx statement.Session) []fault.Blocker {
	list, err := d.referringRows(tx, d.reach(), true)
	if err != nil {
		return nil // the database's own error says what it can
	}
	return forbidding(list)
}
