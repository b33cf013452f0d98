package erasure

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"reflect"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/pii"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room writes the masks: in SQL, one statement for many rows, or, where the new value is a function of the old one that
// SQL cannot reckon, row by row in batches whose statements no logger sees.

// masker masks rows, or deletes them.
type masker struct {
	*call
	reach   *reach
	logs    *logs
	unseen  statement.Unseen
	hmacKey []byte                      // of this call alone, never stored
	foreign map[*policy.Policy][]string // see strangers
}

func newMasker(c *call, r *reach, l *logs) *masker {
	x := &masker{call: c, reach: r, logs: l, hmacKey: make([]byte, 32)}
	_, _ = rand.Read(x.hmacKey) // never fails, see crypto/rand.Read
	return x
}

// mask masks the rows, model by model.
func (x *masker) mask(tx statement.Session, fresh []*reachedModel) error {
	for _, m := range fresh {
		if m.Policy.Personal == nil || !m.Policy.Personal.Remove {
			if err := x.maskModel(tx, m); err != nil {
				return err
			}
		}
		x.reach.done(m)
	}
	return nil
}

func (x *masker) maskModel(tx statement.Session, m *reachedModel) error {
	table := m.Table()
	return statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
		for _, c := range x.written(m.Place) {
			if c.Mask.From() != pii.FromNothing {
				if err := x.compute(tx, m.Place, c, chunk); err != nil {
					return x.quiet(tx, err, masking+" "+c.Field.Schema.Name+"."+c.Field.Name+", column "+c.Field.DBName+" of", table)
				}
			}
		}
		err := x.logs.logging(tx, m.Log(), func() error { return x.maskSet(tx, m.Place, chunk) })
		return x.quiet(tx, err, masking, table)
	})
}

// maskSet masks what SQL can, and clears actor and reason, by one statement. It is what the event log, if there is one, takes
// for the erasure of the row.
func (x *masker) maskSet(tx statement.Session, t policy.Place, chunk []erasedrow.ReachedRow) error {
	masked := x.written(t)
	strangers, err := x.strangers(tx, t)
	if err != nil {
		return err
	}
	q := tx.Query().Update(t.Table())
	any := false
	set := func(column string, value func()) {
		if any {
			q.Text(", ")
		}
		any = true
		q.Name(column).Text(" = ")
		value()
	}
	for _, c := range masked {
		if c.Mask.From() == pii.FromNothing {
			set(c.Field.DBName, func() { c.Mask.SQL(q) })
		}
	}
	for _, field := range t.Texts() {
		set(field.DBName, func() { q.Bind(statement.EmptyValue(field, true)) })
	}
	for _, name := range strangers {
		set(name, func() { q.Text("NULL") })
	}
	if t.Log() != nil && len(masked) > 0 && !any { // all masks are computed, by statements of their own
		field := masked[0].Field
		set(field.DBName, func() { q.Name(field.DBName) })
	}
	if !any {
		return nil
	}
	erasedrow.KeysIn(q.Text(" WHERE "), t, "", chunk)
	if t.Log() != nil && len(masked) == 0 { // no event for a row of which nothing was erased
		q.Text(" AND (1 = 0")
		for _, field := range t.Texts() {
			q.Text(" OR ").Name(field.DBName).Text(" <> ''")
		}
		q.Text(")")
	}
	_, err = q.Exec()
	return err
}

// compute masks a column by a function of its value, row by row.
func (x *masker) compute(tx statement.Session, t policy.Place, c *pii.MaskedColumn, chunk []erasedrow.ReachedRow) error {
	if c.Mask.From() == pii.FromField {
		return x.computeFields(tx, t, c, chunk)
	}
	q := tx.Silent().Query().Text("SELECT ").Column("", c.Field.DBName)
	erasedrow.KeysIn(q.Text(", ").Columns("", t.Key()).Text(" FROM ").Name(t.Table()).Text(" WHERE "), t, "", chunk)
	type change struct {
		key []any
		old string
	}
	var changes []change
	err := q.Rows(func(scan func(...any) error) error {
		var text sql.NullString
		targets, values := statement.ScanTargets(len(t.Key()))
		if err := scan(append([]any{&text}, targets...)...); err != nil {
			return err
		}
		if text.Valid {
			changes = append(changes, change{key: values(), old: text.String})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, change := range changes {
		value, err := x.masked(tx.Statement.Context, c, pii.Row{Columns: map[string]any{c.Field.DBName: change.old}})
		if err != nil {
			return err
		}
		if err := x.setValue(tx, t, c, change.key, value); err != nil {
			return err
		}
	}
	return nil
}

// computeFields gives the field's Go values to a masker.
func (x *masker) computeFields(tx statement.Session, t policy.Place, c *pii.MaskedColumn, chunk []erasedrow.ReachedRow) error {
	for _, row := range chunk {
		if err := x.computeField(tx, t, c, row); err != nil {
			return err
		}
	}
	return nil
}

func (x *masker) computeField(tx statement.Session, t policy.Place, c *pii.MaskedColumn, reached erasedrow.ReachedRow) error {
	s := t.Policy.Schema
	rows := reflect.New(reflect.SliceOf(s.ModelType))
	q := tx.Silent().Query().Text("SELECT ").Columns("", s.PrimaryFields).Text(", ").Column("", c.Field.DBName)
	erasedrow.KeysIn(q.Text(" FROM ").Name(t.Table()).Text(" WHERE "), t, "", []erasedrow.ReachedRow{reached})
	if err := q.Find(rows.Interface()); err != nil {
		return err
	}
	for i := range rows.Elem().Len() {
		value, err := x.masked(tx.Statement.Context, c, pii.Row{Model: rows.Elem().Index(i)})
		if err != nil {
			return err
		}
		if err := x.setValue(tx, t, c, reached.Key, value); err != nil {
			return err
		}
	}
	return nil
}

// masked is the new value of a column, of a row that is masked in the program.
func (x *masker) masked(ctx context.Context, c *pii.MaskedColumn, row pii.Row) (any, error) {
	row.Secret = x.hmacKey
	value, err := c.Mask.Of(ctx, row)
	if err != nil {
		return nil, fmt.Errorf("%w; %s", err, x.nothingErased())
	}
	return value, nil
}

func (x *masker) setValue(tx statement.Session, t policy.Place, c *pii.MaskedColumn, key []any, value any) error {
	q := tx.Silent().Query().Update(t.Table()).Name(c.Field.DBName).Text(" = ").Bind(value)
	_, err := erasedrow.KeysIn(q.Text(" WHERE "), t, "", []erasedrow.ReachedRow{{Key: key}}).Exec()
	return err
}

// remove deletes the rows of models tagged pii:"delete", those that the walk reached last first.
func (x *masker) remove(tx statement.Session, fresh []*reachedModel) error {
	for _, m := range slices.Backward(fresh) {
		if m.Policy.Personal == nil || !m.Policy.Personal.Remove {
			continue
		}
		err := statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error { return x.removeSet(tx, m.Place, chunk) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (x *masker) removeSet(tx statement.Session, t policy.Place, chunk []erasedrow.ReachedRow) error {
	q := tx.Query().DeleteFrom(t.Table())
	erasedrow.KeysIn(q, t, "", chunk)
	var removed int64
	err := x.logs.logging(tx, t.Log(), func() (err error) {
		removed, err = x.unseen.Remove(tx, leaving(t, chunk), q.Exec)
		return err
	})
	if err == nil && removed < int64(len(chunk)) {
		err = x.refuseKept(tx, t, chunk)
	}
	return x.quiet(tx, err, "deleting rows of", t.Table())
}

// refuseKept refuses an erasure of which rows are in their table still: a trigger or a rule of the application keeps them there. Others
// that are not there any more have gone by a foreign key's own action.
func (x *masker) refuseKept(tx statement.Session, t policy.Place, chunk []erasedrow.ReachedRow) error {
	var rows int64
	var counts statement.Tally
	counts.Add(func(q *statement.Query) {
		erasedrow.KeysIn(q.Text(" FROM ").Name(t.Table()).Text(" WHERE "), t, t.Table(), chunk)
	}, func(left int64) { rows = left })
	if err := counts.Run(tx.Query()); err != nil || rows == 0 {
		return err
	}
	return fault.KeptRows(fault.ErrUnsupported, t.Table(), rows, t.Policy.Schema.Name, "let them go, then erase again; "+x.nothingErased())
}

// strangers lists the columns of an archive that the model no longer has. Nothing says whether they are personal.
func (x *masker) strangers(tx statement.Session, t policy.Place) (names []string, err error) {
	if !t.Archived || !t.Policy.Personal.Erases() {
		return nil, nil
	}
	if known, ok := x.foreign[t.Policy]; ok {
		return known, nil
	}
	columns, err := archive.TableColumns(tx.InWork(tx.Statement.Context), t.Table())
	for _, c := range columns {
		if t.Policy.Schema.FieldsByDBName[c.Name] == nil && !policy.OwnColumn(c.Name) {
			names = append(names, c.Name)
		}
	}
	if err == nil {
		if x.foreign == nil {
			x.foreign = map[*policy.Policy][]string{}
		}
		x.foreign[t.Policy] = names
	}
	return names, err
}
