package softdelete

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// manyRows is the number of rows of one relation beyond which the single statement leaves the levels below to statements of
// their own: from there on writing decides, not round trips, and each level is found by the mark of the one above.
const manyRows = 1000

// single tells whether one statement can mark the rows of all models: the database writes several tables in one, every
// model is reached by one relation, and the caller asked for nothing else.
func (d *deletion) single(db *gorm.DB) bool {
	if db.DryRun || len(d.graph.nodes) == 1 || !d.engine.dialect.Has(dialect.WritesInWith|dialect.RowLocks) {
		return false
	}
	for name := range d.stmt.Clauses {
		if name != "WHERE" && name != softDeleteEnabled {
			return false
		}
	}
	tables := map[string]bool{}
	for i, n := range d.graph.nodes {
		table := n.policy.schema.Table
		if i > 0 && len(n.in) != 1 || len(n.inner) > 0 || tables[table] || d.action(n.policy) != ActionDeleted ||
			i > 0 && d.crowded(n) {
			return false
		}
		tables[table] = true
	}
	return d.target.name == d.root.schema.Table && !d.target.aliased() && d.stmt.Result == nil
}

// buildSingle builds WITH … UPDATE, UPDATE … SELECT: one round trip for all levels. A level whose parents are many takes no
// rows; they are left for takeNodes.
func (d *deletion) buildSingle(db *gorm.DB) {
	w := &walk{graph: d.graph, prefix: "marked"}
	// Rows at the bottom, mostly the greater part, are counted only for those who want to know.
	reports := d.reports() || d.engine.plugin.config.MaxRows > 0
	counted := func(n *node) bool { return reports || n.policy == d.root || !d.graph.leaf(n) }
	q := newQuery(inWork(db, db.Statement.Context), d.engine.dialect)
	q.text("WITH ")
	joined(q, d.graph.nodes, ", ", func(n *node) {
		q.name(w.table(n.component)).text(" AS (")
		d.update(q, n)
		if n.policy == d.root {
			d.rootRows(q)
		} else {
			e := n.in[0]
			if e.from.policy != d.root {
				q.text("(SELECT count(*) FROM ").name(w.table(e.from.component)).text(") <= ", fmt.Sprint(manyRows), " AND ")
			}
			d.ordered(q, n, func(table string) { e.matchIn(q, w, table) })
		}
		if counted(n) {
			q.text(" RETURNING ")
			joined(q, n.carried, ", ", func(c *carriedColumn) { q.name(c.name).text(" AS ", c.alias) })
		}
		q.text(")")
	})
	q.text(" SELECT ")
	joined(q, d.graph.nodes, ", ", func(n *node) {
		if !counted(n) {
			q.text("0")
			return
		}
		q.text("(SELECT count(*) FROM ").name(w.table(n.component)).text(")")
	})
	q.text(", ", d.engine.dialect.Snapshot())
	stmt := d.stmt
	stmt.SQL.WriteString(q.stmt.SQL.String())
	stmt.Vars = append(stmt.Vars, q.stmt.Vars...)
	d.counts = &counter{ConnPool: stmt.ConnPool, counts: make([]int64, len(d.graph.nodes))}
	stmt.ConnPool = d.counts
}

// rootRows writes the condition on the root rows; several are locked in the order of their keys.
func (d *deletion) rootRows(q *query) {
	n := d.graph.nodes[0]
	if len(d.keys) == 1 {
		d.rootCondition(q)
		return
	}
	d.ordered(q, n, func(string) { d.rootCondition(q) })
}

// counter stands in for the connection while GORM executes the single statement: it reads the counts that the statement
// gives, and reports the root's as the rows affected.
type counter struct {
	gorm.ConnPool
	counts []int64
	// snapshot is what the statement saw of other transactions.
	snapshot string
}

// ExecContext implements gorm.ConnPool.
func (c *counter) ExecContext(ctx context.Context, query string, args ...any) (result sql.Result, err error) {
	rows, err := c.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	targets := []any{&c.snapshot}
	for i := range c.counts {
		targets = slices.Insert(targets, i, any(&c.counts[i]))
	}
	if rows.Next() {
		err = rows.Scan(targets...)
	}
	if err == nil {
		err = rows.Err()
	}
	return affected(c.counts[0]), err
}

// affected is an sql.Result of a number of rows.
type affected int64

// LastInsertId implements sql.Result.
func (affected) LastInsertId() (int64, error) { return 0, nil }

// RowsAffected implements sql.Result.
func (a affected) RowsAffected() (int64, error) { return int64(a), nil }

// takeCounts notes what the single statement did, and lists the nodes that it left.
func (d *deletion) takeCounts() (left []*node) {
	for i, n := range d.graph.nodes {
		if i == 0 {
			continue
		}
		from := n.in[0].from
		if from.policy != d.root && d.counts.counts[from.index] > manyRows || slices.Contains(left, from) {
			left = append(left, n)
			continue
		}
		d.took(n, n.in[0].name, d.counts.counts[i])
	}
	return left
}

// sweep looks, after the single statement, for rows that came under the taken ones while it waited for locks: it saw the
// database as it was when it began. Now the locks are held, and nothing more can come. Where no transaction has ended
// meanwhile, nothing has come.
func (d *deletion) sweep(tx *gorm.DB, nodes []*node) error {
	if same, err := d.seesTheSame(tx); err != nil || same {
		return err
	}
	w := d.taken(nil)
	var late int64
	var counts tally
	last := d.graph.components[0]
	for _, n := range nodes {
		for _, e := range n.in {
			if e.from.component.index > last.index {
				last = e.from.component
			}
			// Counted, not asked for with EXISTS: a planner that may stop at the first row it finds looks for it in the
			// whole table.
			counts.add(func(q *query) {
				q.text(" FROM ").name(n.policy.schema.Table).text(" WHERE ", n.policy.predicates.live.of(""), " AND ")
				e.matchIn(q, w, "")
			}, func(rows int64) { late += rows })
		}
	}
	if len(counts.from) == 0 {
		return nil
	}
	q := newQuery(tx, d.engine.dialect)
	w.with(q, last)
	if err := counts.run(q); err != nil || late == 0 {
		return err
	}
	return d.takeNodes(tx, nodes)
}

// seesTheSame tells whether the database shows what it showed the single statement.
func (d *deletion) seesTheSame(tx *gorm.DB) (same bool, err error) {
	var now string
	q := newQuery(tx, d.engine.dialect).text("SELECT ", d.engine.dialect.Snapshot())
	err = q.rows(func(scan func(...any) error) error { return scan(&now) })
	return now == d.counts.snapshot, err
}
