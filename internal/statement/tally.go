package statement

import (
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/rowkey"
)

func WriteAnd(q *Query, p Predicate, table string) {
	if p != nil {
		if table != "" {
			table = QuoteName(q.Tx, table)
		}
		q.Text(" AND ", p.Of(table))
	}
}

// Tally is a list of counts that one statement takes.
type Tally struct {
	from []func(q *Query)
	into []func(rows int64)
	// Fresh refuses a transaction that would not see what others add meanwhile.
	Fresh bool
}

// Add takes a count: from writes FROM and WHERE, into gets the number.
func (t *Tally) Add(from func(q *Query), into func(rows int64)) {
	t.from, t.into = append(t.from, from), append(t.into, into)
}

// Run finishes a statement that may have begun with WITH, and hands out the counts. Each is a statement of its own where one of all would
// read copies of temporary tables.
func (t *Tally) Run(q *Query) error {
	if len(t.from) == 0 {
		return nil
	}
	begun := q.Stmt.SQL.Len() > 0
	q.Text("SELECT ")
	Joined(q, t.from, ", ", func(from func(q *Query)) {
		q.Text("(SELECT count(*)")
		from(q)
		q.Text(")")
	})
	if q.Reopens() && !begun && len(t.from) > 1 {
		return t.each(q)
	}
	var level string
	if t.Fresh {
		q.Level()
	}
	counts := make([]int64, len(t.from))
	targets := make([]any, len(t.from))
	for i := range counts {
		targets[i] = &counts[i]
	}
	if t.Fresh {
		targets = append(targets, &level)
	}
	err := q.Rows(func(scan func(...any) error) error { return scan(targets...) })
	if err == nil && t.Fresh {
		err = q.RefuseStale(level)
	}
	if err == nil {
		for i, into := range t.into {
			into(counts[i])
		}
	}
	return err
}

// each takes the counts one by one.
func (t *Tally) each(q *Query) error {
	for i, from := range t.from {
		alone := q.start()
		alone.now = q.now
		one := Tally{Fresh: t.Fresh}
		one.Add(from, t.into[i])
		if err := one.Run(alone); err != nil {
			return err
		}
	}
	return nil
}

// MostKeys is how many keys a Blocker names.
const MostKeys = 10

// KeyTexts runs a statement that selects primary keys, and gives them as texts for people.
func (q *Query) KeyTexts(fields []*schema.Field) ([]string, error) {
	values, err := q.KeyValues(len(fields))
	var keys []string
	for _, key := range values {
		keys = append(keys, rowkey.KeyText(key))
	}
	return keys, err
}

// KeyValues runs a statement that selects keys of n columns, and gives them as the database does.
func (q *Query) KeyValues(n int) (keys [][]any, err error) {
	err = q.Rows(func(scan func(...any) error) error {
		targets, values := ScanTargets(n)
		if err := scan(targets...); err != nil {
			return err
		}
		keys = append(keys, values())
		return nil
	})
	return keys, err
}
