package purge

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/erasure"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for then:erase: rows whose retention is over are erased, each as a subject with a certificate, and removed
// once nothing refers to them. Only a row that is erased is removed.

// erases tells whether rows of the table are erased before they go.
func (t *purgeTable) erases() bool {
	return slices.ContainsFunc(t.lots, func(l *lot) bool { return l.action == policy.ThenErase })
}

// ready writes the condition that a row's retention in the lot is over and that it can go.
func (p *purge) ready(q *statement.Query, t *purgeTable, l *lot, alias string) {
	p.due(q, t, l, alias)
	if l.action == policy.ThenErase && !p.options.DryRun {
		erasedrow.IsErased(q.Text(" AND "), t.Place, alias)
	}
}

// eraseDue erases the rows of a table whose retention is over. What goes wrong with one row does not keep it from the others.
func (p *purge) eraseDue(t *purgeTable) error {
	var failures []error
	for i, l := range t.lots {
		if l.action == policy.ThenErase && len(l.terms) > 0 {
			failures = append(failures, p.eraseLot(t, l, t.reports[i]))
		}
	}
	return errors.Join(failures...)
}

func (p *purge) eraseLot(t *purgeTable, l *lot, report *ModelPurge) error {
	var failures []error
	if shared, err := p.sharedKeys(t, l); err != nil || shared > 0 {
		failures = append(failures, p.sharedError(t, shared, err))
	}
	c := &cursor{rows: p.options.Batch}
	for !c.done {
		rows, err := p.dueForErasure(t, l, c)
		if err != nil {
			return errors.Join(append(failures, err)...)
		}
		for _, row := range rows {
			if p.options.MaxRows > 0 && report.Erased >= p.options.MaxRows {
				return errors.Join(failures...)
			}
			err := p.eraseRow(t, row)
			switch {
			case err == nil:
				report.Erased++
			case errors.Is(err, fault.ErrHeld):
				report.Held++ // a row that the erasure reaches
			case p.db.Statement.Context.Err() != nil:
				return errors.Join(append(failures, err)...)
			case errors.Is(err, gorm.ErrRecordNotFound): // gone meanwhile
			default:
				report.Failed++
				report.because(p.reasonOf(err))
				p.failed.add(fmt.Errorf("softdelete: purge of %s: erasing the row with key %s: %w", t.Policy.Schema.Name, rowkey.KeyText(row.key), err))
			}
		}
		if !c.done {
			if err := p.pause(p.db.Statement.Context); err != nil {
				return errors.Join(append(failures, err)...)
			}
		}
	}
	return errors.Join(failures...)
}

// dueRow is a row that is to be erased.
type dueRow struct {
	key     []any
	request string
}

// dueForErasure finds the next rows that are not erased yet.
func (p *purge) dueForErasure(t *purgeTable, l *lot, c *cursor) (rows []dueRow, err error) {
	err = p.look(func() (err error) {
		rows, err = p.findDue(t, l, c)
		return err
	})
	return rows, err
}

func (p *purge) findDue(t *purgeTable, l *lot, c *cursor) (rows []dueRow, err error) {
	s := t.Policy.Schema
	q := p.query()
	p.holds.With(q)
	q.Text("SELECT ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	erasedrow.Created(erasedrow.RowKey(q.Text(", "), s, t.name).Text(", "), s, t.name)
	q.Text(", ", q.Dialect.Text(q.Quoted(t.name, t.Column)), " FROM ").Name(t.name).Text(" WHERE ")
	p.behind(q, t, c)
	p.toErase(q, t, l)
	if shared := keyIsShared(q, t); shared != "" {
		q.Text(" AND NOT ", shared)
	}
	q.Text(" ORDER BY ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	q.Text(" LIMIT ").Bind(c.rows)
	err = q.Rows(func(scan func(...any) error) error {
		var text, clock string
		var created int64
		targets, values := statement.ScanTargets(len(t.KeyColumns))
		if err := scan(append(targets, &text, &created, &clock)...); err != nil {
			return err
		}
		// The same row in the same state is the same request, so that one that was stopped is gone on with.
		request := "retention:" + erasedrow.HashOf(fmt.Sprintf("%s\x00%s\x00%d\x00%s", t.Policy.Table, text, created, clock))[:40]
		rows = append(rows, dueRow{values(), request})
		return nil
	})
	c.done = len(rows) < c.rows
	if len(rows) > 0 {
		c.key = rows[len(rows)-1].key
	}
	return rows, err
}

// toErase writes the condition that a row is due and not erased yet.
func (p *purge) toErase(q *statement.Query, t *purgeTable, l *lot) {
	p.due(q, t, l, t.name)
	p.notHeld(q, t, t.name)
	erasedrow.IsErased(q.Text(" AND NOT "), t.Place, t.name)
}

// keyIsShared is the condition that another row, live or archived, has the primary key of a row; empty where a key is there
// once. An erasure of the key would reach that row too.
func keyIsShared(q *statement.Query, t *purgeTable) string {
	quote := func(name string) string { return statement.QuoteName(q.Tx, name) }
	return t.Shared(quote(t.name), quote)
}

// sharedKeys counts the rows that are due and whose key another row has.
func (p *purge) sharedKeys(t *purgeTable, l *lot) (rows int64, err error) {
	if keyIsShared(p.query(), t) == "" {
		return 0, nil
	}
	err = p.look(func() error {
		q := p.query()
		p.holds.With(q)
		q.Text("SELECT count(*) FROM ").Name(t.name).Text(" WHERE ")
		p.toErase(q, t, l)
		q.Text(" AND ", keyIsShared(q, t))
		return q.Rows(func(scan func(...any) error) error { return scan(&rows) })
	})
	return rows, err
}

func (p *purge) sharedError(t *purgeTable, rows int64, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: %d archived %s of %s (table %s) stay: their keys are used again, and an erasure would reach the other rows too; "+
		"erase those with softdelete.Erase if they are the same person's, or remove them by hand", fault.ErrUnsupported, rows, fault.Plural(rows, "row"), t.Policy.Schema.Name, t.name)
}

// eraseRow erases a row as a subject of its own; a dry run finds out whether a hold would refuse.
func (p *purge) eraseRow(t *purgeTable, row dueRow) error {
	subject := reflect.New(t.Policy.Schema.ModelType)
	for i, field := range t.Policy.Schema.PrimaryFields {
		if err := field.Set(p.db.Statement.Context, subject.Elem(), row.key[i]); err != nil {
			return err
		}
	}
	if !p.options.DryRun {
		_, err := p.purger.Eraser.Erase(p.db.DB, subject.Interface(), certificate.Request{ID: row.request})
		return err
	}
	if p.holds.Graph == nil {
		return nil
	}
	plan, err := p.purger.Eraser.Preview(p.db.DB, subject.Interface())
	if err == nil && len(plan.Held) > 0 {
		err = fault.ErrHeld
	}
	return err
}

// erasedKeys finds, of the rows that are about to go, those that nothing but their keys tells from later ones. forget notes
// them as gone, once they are: a later row with the key is not erased.
func (f *family) erasedKeys(chosen []*relative) (forget func() error, err error) {
	keys := map[*purgeTable][]string{}
	for t, rows := range byTable(chosen) {
		if !t.erases() || policy.Creation(t.Policy.Schema) != nil {
			continue
		}
		for part := range slices.Chunk(rows, keysAtOnce) {
			q := erasedrow.RowKey(f.tx.Query().Text("SELECT "), t.Policy.Schema, t.name).Text(" FROM ").Name(t.name).Text(" WHERE ")
			keyIn(q, t, "", part)
			err := q.Rows(func(scan func(...any) error) error {
				var key string
				err := scan(&key)
				keys[t] = append(keys[t], key)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return func() error {
		for t, list := range keys {
			err := statement.Chunks(list, func(chunk []string) error {
				q := f.tx.Query()
				q.UpdateFrom(erasedrow.Row{}.TableName(), "erased", "")
				q.Text("gone = ").Bind(true).Text(" WHERE table_name = ")
				_, err := erasure.LoggedKeysIn(q.Bind(t.Policy.Table).Text(" AND "), "erased", chunk).Exec()
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	}, nil
}
