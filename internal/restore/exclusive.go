package restore

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for what must be unique of which the model says nothing that a restore could use: an index on an expression, one
// that was made by hand, an exclusion constraint. The catalogue tells them.

// exclusives remembers what the catalogue said of tables, until a restore meets something else.
type exclusives struct{ found sync.Map } // exclusiveKey to *ownRules

type exclusiveKey struct {
	model reflect.Type
	table string
}

// ownRules are a table's columns, and what must be unique in it beside what its model declares.
type ownRules struct {
	columns []dialect.Column
	rules   []*dialect.Exclusive
	all     []dialect.Exclusive
}

func keyOf(p *policy.Policy) exclusiveKey { return exclusiveKey{p.Schema.ModelType, p.Table} }

// of reads the catalogue once. fresh tells that it did.
func (e *exclusives) of(tx statement.Session, p *policy.Policy) (rules *ownRules, fresh bool, err error) {
	if known, ok := e.found.Load(keyOf(p)); ok {
		return known.(*ownRules), false, nil
	}
	reader := tx.InWork(tx.Statement.Context)
	reader.Config.DryRun = false
	table := dialect.Table{Name: p.Table, Quoted: statement.QuoteName(tx.DB, p.Table)}
	rules = &ownRules{}
	if rules.all, err = tx.Dialect.Exclusives(reader.DB, table); err != nil {
		return nil, false, err
	}
	for i := range rules.all {
		if !declared(p, &rules.all[i]) {
			rules.rules = append(rules.rules, &rules.all[i])
		}
	}
	if len(rules.rules) > 0 {
		if rules.columns, err = tx.Dialect.Columns(reader.DB, table); err != nil {
			return nil, false, err
		}
		rules.rules = slices.DeleteFunc(rules.rules, func(rule *dialect.Exclusive) bool { return !concerns(p, rule) })
	}
	e.found.Store(keyOf(p), rules)
	return rules, true, nil
}

func (e *exclusives) forget(g *policy.Graph) {
	for _, n := range g.Nodes {
		e.found.Delete(keyOf(n.Policy))
	}
}

// declared tells whether the indexes that the model declares say as much: they are looked for anyway.
func declared(p *policy.Policy, rule *dialect.Exclusive) bool {
	return rule.Primary || rule.Plain() && slices.ContainsFunc(p.Unique, func(u *policy.UniqueIndex) bool {
		return dialect.SameSet(u.Columns(), rule.Columns()) && (u.Where == "" || p.KeptName(u.Name) == rule.Name)
	})
}

// concerns tells whether a restore may break a rule: rows that come from an archive, and those of which it changes a column that
// decides.
func concerns(p *policy.Policy, rule *dialect.Exclusive) bool {
	return p.Archives() || slices.ContainsFunc(p.RestoreAssignments(), func(a policy.Assignment) bool { return rule.Mentions(a.Field.DBName) })
}

// ownConflict is a rule that a restore would break.
type ownConflict struct {
	node    *policy.Node
	rule    *dialect.Exclusive
	columns []dialect.Column // those that a row comes back with
	twice   bool             // several rows come back that share it; else another row has it
}

// rulesOf is what must be unique in the table of a node's model.
func (r *restoration) rulesOf(tx statement.Session, n *policy.Node) (*ownRules, error) {
	// Nothing would tell a preview of a new index, nor the short way of one that is gone, and hooks are not run twice.
	if r.preview || r.hasty || n.Policy.RestoreHooks.Before || n.Policy.RestoreHooks.After {
		r.restorer.own.found.Delete(keyOf(n.Policy))
	}
	rules, fresh, err := r.restorer.own.of(tx, n.Policy)
	r.fresh = r.fresh || fresh
	return rules, err
}

// conflictsOfRules lists what may be in the way of a node's rows by what its model does not declare.
func (r *restoration) conflictsOfRules(tx statement.Session, n *policy.Node, rules *ownRules) (list []ownConflict, err error) {
	columns, err := r.broughtColumns(tx, n.Policy, rules.columns)
	if err != nil {
		return nil, err
	}
	for _, rule := range rules.rules {
		// What the database computes of an archived row's columns it does when the row is there: the write will tell.
		if slices.ContainsFunc(rules.columns, func(c dialect.Column) bool { return !slices.Contains(columns, c) && rule.Mentions(c.Name) }) {
			continue
		}
		c := ownConflict{node: n, rule: rule, columns: columns}
		list = append(list, c)
		// Comparing rows with each other needs a part that is equal: else each would be compared with each.
		if slices.ContainsFunc(rule.Parts, equal) {
			c.twice = true
			list = append(list, c)
		}
	}
	return list, nil
}

// equal tells whether rows that share a part are alike in it, so that they can be grouped by it.
func equal(part dialect.ExclusivePart) bool {
	return part.Operator == dialect.Equal || part.Operator == dialect.Same
}

// broughtColumns are those of the table that a row comes back with.
func (r *restoration) broughtColumns(tx statement.Session, p *policy.Policy, table []dialect.Column) ([]dialect.Column, error) {
	if !p.Archives() || len(table) == 0 {
		return table, nil
	}
	moved, err := r.restorer.Columns.Of(tx, p)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(table), func(c dialect.Column) bool { return !slices.Contains(moved.Moved, c.Name) }), nil
}

// image writes a SELECT of the rows that come back as they will be: of each the parts of the rule, and its key.
func (r *restoration) image(q *statement.Query, c ownConflict) {
	p := c.node.Policy
	q.Text("(SELECT ")
	for i, part := range c.rule.Parts {
		q.Text(part.Text, " AS ", partName(i), ", ")
	}
	statement.Joined(q, p.Schema.PrimaryFieldDBNames, ", ", func(key string) { q.Name(key).Text(" AS ").Name(keyName(key)) })
	q.Text(" FROM (SELECT ")
	statement.Joined(q, c.columns, ", ", func(column dialect.Column) {
		if write := changed(q, p, column.Name); write != nil {
			open, shut := q.Dialect.OfColumn(column.Type)
			q.Text(open)
			write()
			q.Text(shut, " AS ").Name(column.Name)
		} else {
			q.Column("t", column.Name)
		}
	})
	q.Text(" FROM ").Name(p.DeletedTable()).Text(" AS t WHERE ")
	r.comingBack(q, c.node, "t")
	q.Text(") AS s")
	if c.rule.Where != "" {
		q.Text(" WHERE ", c.rule.Where)
	}
	q.Text(")")
}

// changed writes the value that a restore gives a column; nil where it stays.
func changed(q *statement.Query, p *policy.Policy, column string) (write func()) {
	if s, ok := p.Archive(); ok {
		if repeats, ok := s.Companion(column); ok {
			return func() { q.Bind(statement.EmptyValue(repeats.Field, true)) }
		}
		return nil
	}
	for _, a := range p.RestoreAssignments() {
		if a.Field.DBName == column {
			return func() { a.WriteValue(q) }
		}
	}
	return nil
}

func partName(i int) string {
	return "softdelete_part" + string(rune('a'+i%26)) + string(rune('a'+i/26))
}

func keyName(column string) string { return "softdelete_key_" + column }

// met writes the condition that a row of the table, whose columns stand alone, has what a row that comes back shares with none.
func (c ownConflict) met(q *statement.Query) {
	p := c.node.Policy
	for i, part := range c.rule.Parts {
		q.Text(part.Text, " ", part.Operator, " mine.", partName(i), " AND ")
	}
	if c.rule.Where != "" {
		q.Text("(", c.rule.Where, ") AND ")
	}
	q.Text("NOT (")
	statement.Joined(q, p.Schema.PrimaryFieldDBNames, " AND ", func(key string) {
		q.Column("other", key).Text(" = mine.").Name(keyName(key))
	})
	q.Text(")")
}

// shared writes the condition that two rows that come back share what none may.
func (c ownConflict) shared(q *statement.Query) {
	for i, part := range c.rule.Parts {
		q.Text("again.", partName(i), " ", part.Operator, " mine.", partName(i), " AND ")
	}
	q.Text("NOT (")
	statement.Joined(q, c.node.Policy.Schema.PrimaryFieldDBNames, " AND ", func(key string) {
		q.Text("again.").Name(keyName(key)).Text(" = mine.").Name(keyName(key))
	})
	q.Text(")")
}

// sharing writes FROM and WHERE of rows that come back and share what none may, as again.
func (r *restoration) sharing(q *statement.Query, c ownConflict) {
	if slices.ContainsFunc(c.rule.Parts, func(p dialect.ExclusivePart) bool { return !equal(p) }) {
		r.image(q.Text(" FROM "), c)
		r.image(q.Text(" AS again, "), c)
		q.Text(" AS mine WHERE ")
		c.shared(q)
		return
	}
	q.Text(" FROM (SELECT one.*, count(*) OVER (PARTITION BY ")
	for i := range c.rule.Parts {
		if i > 0 {
			q.Text(", ")
		}
		q.Text(partName(i))
	}
	r.image(q.Text(") AS softdelete_alike FROM "), c)
	q.Text(" AS one WHERE 1 = 1")
	for i, part := range c.rule.Parts {
		if part.Operator == dialect.Equal {
			q.Text(" AND ", partName(i), " IS NOT NULL")
		}
	}
	q.Text(") AS again WHERE again.softdelete_alike > 1")
}

// countOwn counts rows that would break a rule.
func (r *restoration) countOwn(q *statement.Query, c ownConflict) {
	if c.twice {
		r.sharing(q, c)
		return
	}
	r.image(q.Text(" FROM "), c)
	q.Text(" AS mine WHERE ").Opaque(func() {
		q.Text("EXISTS (SELECT 1 FROM ").Name(c.node.Policy.Table).Text(" AS other WHERE ")
		c.met(q)
		q.Text(")")
	})
}

// keysOfOwn gives the keys of some of the rows that are in the way.
func (r *restoration) keysOfOwn(tx statement.Session, c ownConflict) ([]string, error) {
	p := c.node.Policy
	q := tx.Query()
	r.with(q)
	key := func(name string) { q.Column("other", name) }
	if c.twice {
		key = func(name string) { q.Text("again.").Name(keyName(name)) }
	}
	statement.Joined(q.Text("SELECT DISTINCT "), p.Schema.PrimaryFieldDBNames, ", ", key)
	if c.twice {
		r.sharing(q, c)
	} else {
		r.image(q.Text(" FROM "), c)
		q.Text(" AS mine, ").Name(p.Table).Text(" AS other WHERE ")
		c.met(q)
	}
	statement.Joined(q.Text(" ORDER BY "), p.Schema.PrimaryFieldDBNames, ", ", key)
	return q.Text(" LIMIT ", fmt.Sprint(statement.MostKeys)).KeyTexts(p.Schema.PrimaryFields)
}

// explain makes the database's refusal of a row that another is like a conflict. What it tells was not known before: the catalogue is
// read again by the next restore.
func (r *restoration) explain(tx statement.Session, err error) error {
	v := tx.Dialect.Violation(err)
	if v.Kind != dialect.UniqueIndex && v.Kind != dialect.Exclusion || errors.Is(err, fault.ErrRestoreConflict) {
		return err
	}
	if r.hasty {
		return hastyError{err}
	}
	conflict := &fault.Conflict{Index: cmp.Or(v.Name, "(see the cause)"), Cause: err}
	if v.Column != "" {
		conflict.Columns = []string{v.Column}
	}
	for _, n := range r.graph.Nodes {
		if known, ok := r.restorer.own.found.Load(keyOf(n.Policy)); ok && v.Name != "" {
			for _, rule := range known.(*ownRules).all {
				if rule.Name == v.Name {
					conflict.Columns = rule.Columns()
				}
			}
		}
	}
	return conflict
}
