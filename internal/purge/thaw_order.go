package purge

import (
	"maps"
	"slices"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room brings thawed rows back that refer to others of their own table, where the database checks foreign keys for each row that comes:
// the others come first. Those of a ring come without the key, and get it once all are there.

// insertAll writes the rows into the model's table.
func (purger *Purger) insertAll(tx statement.Session, p *policy.Policy, rows []map[string]any) error {
	if tx.Dialect.Has(dialect.StatementChecksKeys) {
		return insert(tx, p, rows, nil)
	}
	o := &thawOrder{rows: rows, above: make([][]int, len(rows)), place: make([]int, len(rows))}
	if err := purger.findAbove(tx, p, o); err != nil {
		return err
	}
	for i := range rows {
		o.visit(i)
	}
	var sorted, early []map[string]any
	for _, i := range o.order {
		row := rows[i]
		if slices.ContainsFunc(o.above[i], func(up int) bool { return o.place[up] > o.place[i] }) {
			early = append(early, row)
			row = maps.Clone(row)
			for _, column := range o.columns {
				row[column] = nil
			}
		}
		sorted = append(sorted, row)
	}
	if err := insert(tx, p, sorted, nil); err != nil || len(early) == 0 {
		return err
	}
	return insert(tx, p, early, o.columns)
}

// thawOrder is the order in which rows of a batch come.
type thawOrder struct {
	rows    []map[string]any
	columns []string // that refer to rows of the same table, and may be empty
	above   [][]int  // the rows that each refers to
	order   []int
	place   []int // in the order, from 1; 0 for a row that has none yet, -1 while those above it get theirs
}

// visit gives a row its place, behind those of the rows that it refers to.
func (o *thawOrder) visit(i int) {
	if o.place[i] != 0 {
		return
	}
	o.place[i] = -1
	for _, up := range o.above[i] {
		o.visit(up)
	}
	o.order = append(o.order, i)
	o.place[i] = len(o.order)
}

// findAbove finds the rows of the batch that each refers to. One that refers to itself needs no other.
func (purger *Purger) findAbove(tx statement.Session, p *policy.Policy, o *thawOrder) error {
	keys, own, err := ownReferences(tx, p)
	if err != nil {
		return err
	}
	for _, key := range keys {
		fields, parents := fieldsOf(p, key.Columns), fieldsOf(p, key.Parents)
		if !strings.EqualFold(key.Table, own) || fields == nil || parents == nil {
			continue
		}
		for _, field := range fields {
			if !field.NotNull && !field.PrimaryKey {
				o.columns = append(o.columns, field.DBName)
			}
		}
		var values [][]any
		for _, row := range o.rows {
			values = append(values, valuesOf(row, parents), valuesOf(row, fields))
		}
		texts, err := purger.Folding.Texts(tx, p.Table, fields, values)
		if err != nil {
			return err
		}
		at := map[string]int{}
		for i := range o.rows {
			at[texts[2*i]] = i
		}
		for i := range o.rows {
			if up, ok := at[texts[2*i+1]]; ok && up != i && !slices.Contains(values[2*i+1], nil) {
				o.above[i] = append(o.above[i], up)
			}
		}
	}
	return nil
}

// ownReferences are the foreign keys of a model's table, and its own name as they have it.
func ownReferences(tx statement.Session, p *policy.Policy) (keys []dialect.Reference, own string, err error) {
	keys, err = tx.Dialect.ReferencesFrom(tx.InWork(tx.Statement.Context).DB, p.Table)
	if err == nil {
		own, err = tx.Dialect.SameName(tx.InWork(tx.Statement.Context).DB, p.Table)
	}
	return keys, own, err
}
