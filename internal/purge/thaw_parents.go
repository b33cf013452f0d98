package purge

import (
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds the rows that thawed ones refer to by a foreign key of the database, and that are not there: they may be in a batch
// of their own, which comes first.

// refuseWithoutParents gives ErrParentDeleted where a row would refer to one that is not there, before anything is written.
func (purger *Purger) refuseWithoutParents(tx statement.Session, p *policy.Policy, rows []map[string]any) error {
	if on, err := tx.Dialect.EnforcesReferences(tx.InWork(tx.Statement.Context).DB); err != nil || !on {
		return err
	}
	keys, own, err := ownReferences(tx, p)
	if err != nil {
		return err
	}
	for _, key := range keys {
		fields := fieldsOf(p, key.Columns)
		if fields == nil {
			continue // a column that the model does not have: the database says what it can
		}
		exact := rowkey.Of(tx.Dialect, fields)
		wanted := map[string][]any{}
		for _, row := range rows {
			if value := valuesOf(row, fields); !slices.Contains(value, nil) {
				wanted[exact.Exact(value)] = value
			}
		}
		if parents := fieldsOf(p, key.Parents); strings.EqualFold(key.Table, own) && parents != nil { // rows of the batch itself
			var there [][]any
			for _, row := range rows {
				there = append(there, valuesOf(row, parents))
			}
			if err := purger.leaveOut(tx, p, fields, there, wanted); err != nil {
				return err
			}
		}
		if err := purger.withoutThose(tx, key, p, fields, wanted); err != nil {
			return err
		}
		if len(wanted) == 0 {
			continue
		}
		return missing(tx, key, p, slices.Collect(maps.Values(wanted)))
	}
	return nil
}

// missing is the error for rows that are not there. They are named where primary keys refer to them: other values may be anything.
func missing(tx statement.Session, key dialect.Reference, p *policy.Policy, values [][]any) error {
	named := key.Name
	if named == "" {
		named = "foreign key (" + strings.Join(key.Columns, ", ") + ")"
	}
	primary, err := tx.Dialect.PrimaryKey(tx.InWork(tx.Statement.Context).DB, key.Table)
	if err != nil {
		return err
	}
	first, keys := "", ""
	if slices.Equal(primary, key.Parents) {
		var texts []string
		for _, value := range values {
			texts = append(texts, rowkey.KeyText(value))
		}
		slices.Sort(texts)
		first, keys = texts[0], " with "+fault.Plural(int64(len(texts)), "key")+" "+strings.Join(texts[:min(len(texts), statement.MostKeys)], "; ")
	}
	count := int64(len(values))
	return fault.UnderDeleted(key.Table, named, first, "rows of the batch refer by %s of table %s to %d missing %s of table %s%s; thaw the parents' batch first, or make these rows anew",
		named, p.Table, count, fault.Plural(count, "row"), key.Table, keys)
}

// fieldsOf are a model's fields of some columns, nil where it lacks one.
func fieldsOf(p *policy.Policy, columns []string) (fields []*schema.Field) {
	for _, column := range columns {
		field := p.Schema.FieldsByDBName[column]
		if field == nil {
			return nil
		}
		fields = append(fields, field)
	}
	return fields
}

// withoutThose takes the rows that are there off the wanted ones. fields are those of the table that refers, whose columns have the
// types of what they refer to.
func (purger *Purger) withoutThose(tx statement.Session, key dialect.Reference, p *policy.Policy, fields []*schema.Field, wanted map[string][]any) error {
	for part := range slices.Chunk(slices.Collect(maps.Values(wanted)), keysAtOnce) {
		q := tx.Query().Text("SELECT ").ColumnsNamed("p", key.Parents).Text(" FROM ").Name(key.Table).Text(" AS p WHERE ")
		found, err := q.SomeAmong("p", key.Parents, p.Table, fields, part).KeyValues(len(fields))
		if err != nil {
			return err
		}
		if err := purger.leaveOut(tx, p, fields, found, wanted); err != nil {
			return err
		}
	}
	return nil
}

// leaveOut takes off the wanted values those that are there, in whatever letters the columns take for the same.
func (purger *Purger) leaveOut(tx statement.Session, p *policy.Policy, fields []*schema.Field, there [][]any, wanted map[string][]any) error {
	exact := rowkey.Of(tx.Dialect, fields)
	for _, value := range there {
		delete(wanted, exact.Exact(value))
	}
	if len(wanted) == 0 || len(there) == 0 {
		return nil
	}
	left := slices.Collect(maps.Values(wanted))
	texts, err := purger.Folding.Texts(tx, p.Table, fields, slices.Concat(there, left))
	if err != nil {
		return err
	}
	same := map[string]bool{}
	for _, text := range texts[:len(there)] {
		same[text] = true
	}
	for i, value := range left {
		if same[texts[len(there)+i]] {
			delete(wanted, exact.Exact(value))
		}
	}
	return nil
}
