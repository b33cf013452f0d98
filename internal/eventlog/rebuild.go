package eventlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/scope"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// Rebuild makes the table of a model what its events say, and gives the number of rows that differed.
func (logs *Logs) Rebuild(db *gorm.DB, model any) (int64, error) {
	p, err := logs.logged(db, model, "Rebuild")
	if err != nil {
		return 0, err
	}
	conditions, err := scope.ConditionsOf(db, p, "Rebuild")
	if err != nil {
		return 0, err
	}
	if !conditions.None() {
		return 0, fmt.Errorf("%w: softdelete.Rebuild is about all rows of %s, not about those under conditions; leave them out", fault.ErrUnsupported, p.Schema.Name)
	}
	var r *rebuilding
	session := logs.Session(db)
	err = session.Again(func() error {
		r = &rebuilding{policy: p, log: p.Log, protect: logs.Protect, unknown: map[int]bool{}, kinds: map[string]bool{}}
		return session.Work(r.run)
	}, func(err error) bool { return session.Repeatable(err) || errors.Is(err, errWritten) })
	if err != nil {
		return 0, err
	}
	return r.rows, nil
}

// errWritten is for rows that others have written while they were collected.
var errWritten = fmt.Errorf("%w: rows were written, with events, while they were rebuilt; nothing was changed: try again", fault.ErrUnsupported)

// rebuilding is one call of Rebuild. It collects the rows as they should be in a temporary table of the same columns, so
// that the database compares like with like.
type rebuilding struct {
	policy *policy.Policy
	log    *dialect.Log
	rows   int64
	// unknown are the columns that some row has in none of its events, by their place.
	unknown map[int]bool
	// kinds are the texts of unknownColumn.
	kinds map[string]bool

	protect   func(tx statement.Session, p *policy.Policy) (Protection, error)
	protected Protection
	unseen    statement.Unseen
	// watched tells that others may write to the table meanwhile: rows that are not there yet.
	watched bool
}

const (
	// stage is the temporary table, goneColumn its further column: 1 for a row that is to be in the table no more.
	stage      = "softdelete_rebuild"
	goneColumn = "softdelete_gone"
	// unknownColumn lists the columns that no event of the row has, between commas.
	unknownColumn = "softdelete_unknown"
	// versionColumn is that of the row's last event which was read, where the table is not frozen.
	versionColumn = "softdelete_version"
	// rebuildChunk is how many rows are collected at once.
	rebuildChunk = 200
)

func (r *rebuilding) run(tx statement.Session) error {
	// Protection comes before the table's lock, as for whatever else destroys rows.
	if err := tx.LockWriter(r.policy.Table, r.policy.Schema.PrimaryFields); err != nil {
		return err
	}
	var err error
	if r.protected, err = r.protect(tx, r.policy); err != nil {
		return err
	}
	if err := r.freeze(tx); err != nil {
		return err
	}
	if err := r.protected.Note(tx); err != nil {
		return err
	}
	q := tx.Query()
	keys := make([]string, len(r.policy.Schema.PrimaryFieldDBNames))
	for i, key := range r.policy.Schema.PrimaryFieldDBNames {
		keys[i] = q.Quoted("", key)
	}
	create, index := q.Dialect.TemporaryTable(q.Quoted("", stage), q.Quoted("", stage+"_key"), keys...)
	q.Text(create, "SELECT ").Columns("", r.policy.LoggedFields())
	q.Text(", 0 AS ", goneColumn, ", ", q.Dialect.EmptyText(), " AS ", unknownColumn)
	if r.watched {
		q.Text(", 0 AS ", versionColumn)
	}
	q.Text(" FROM ", q.Dialect.NoneOf(q.Quoted("", r.log.Table)), " WHERE 1 = 0")
	if err := q.MakeTemporary(stage); err != nil {
		return err
	}
	if err := r.collect(tx); err != nil {
		return err
	}
	if index != "" {
		if _, err := tx.Query().Text(index).Exec(); err != nil {
			return err
		}
	}
	if err := r.keepUnknown(tx); err != nil {
		return err
	}
	// Removals first: they free what is unique.
	steps := []func(statement.Session) (int64, error){r.remove, r.correct}
	for _, unknown := range slices.Sorted(maps.Keys(r.kinds)) {
		steps = append(steps, func(tx statement.Session) (int64, error) { return r.insert(tx, unknown) })
	}
	for _, step := range steps {
		rows, err := step(tx)
		if err != nil {
			return fmt.Errorf("softdelete.Rebuild: %w", unreadable(tx.Dialect, r.log, "", err))
		}
		r.rows += rows
	}
	if err := r.protected.Refuse(tx); err != nil {
		return err
	}
	if err := r.refuseWritten(tx); err != nil {
		return err
	}
	return tx.Query().DropTemporary(stage)
}

// freeze keeps other writers out, or at least from the rows that are there.
func (r *rebuilding) freeze(tx statement.Session) error {
	if text := tx.Dialect.FreezeTable(statement.QuoteName(tx.DB, r.log.Table)); text != "" {
		_, err := tx.Query().Text(text).Exec()
		return err
	}
	if r.watched = tx.Dialect.Has(dialect.RowLocks); r.watched {
		q := tx.Query()
		_, err := q.CountLocked(dialect.MarkLock, func() { q.Text("SELECT 1 FROM ").Name(r.log.Table) })
		return err
	}
	return tx.LockWriter(r.policy.Table, r.policy.Schema.PrimaryFields)
}

// refuseWritten refuses where a row that was collected has later events: it was not there when the rows were locked.
func (r *rebuilding) refuseWritten(tx statement.Session) error {
	if !r.watched {
		return nil
	}
	q := tx.Query().Text("SELECT 1 FROM ").Name(stage).Text(" JOIN ").Name(r.log.Events).Text(" AS e ON e.row_key = ")
	q.Text(q.Dialect.LogKey(r.log, statement.QuoteName(q.Tx, stage)), " AND e.version = ", versionColumn, " + 1 LIMIT 1")
	written := false
	if err := q.Rows(func(func(...any) error) error { written = true; return nil }); err != nil || !written {
		return err
	}
	return errWritten
}

// collect puts the rows as they should be into the stage.
func (r *rebuilding) collect(tx statement.Session) error {
	after, more, first := "", true, true
	for more {
		var rows []EventRow
		// Where a row's events begin that matter is looked up once for the row, not for each of its events: CROSS JOIN, as SQLite keeps
		// to the order of one.
		q := tx.Query().Text("SELECT e.* FROM (SELECT f.row_key, (SELECT w.version FROM ").Name(r.log.Events)
		q.Text(" AS w WHERE w.row_key = f.row_key AND w.content <> '", string(dialect.Change), "' ORDER BY w.version DESC LIMIT 1) AS base FROM ")
		q.Name(r.log.Events).Text(" AS f WHERE f.version = 1")
		if !first {
			q.Text(" AND f.row_key > ").Bind(after)
		}
		q.Text(" ORDER BY f.row_key LIMIT ", fmt.Sprint(rebuildChunk), ") AS part CROSS JOIN ").Name(r.log.Events)
		q.Text(" AS e WHERE e.row_key = part.row_key AND e.version >= part.base ORDER BY e.row_key, e.version")
		if err := q.Find(&rows); err != nil {
			return err
		}
		var present, gone []*RowState
		for start := 0; start < len(rows); {
			end := start + 1
			for end < len(rows) && rows[end].RowKey == rows[start].RowKey {
				end++
			}
			state, err := Replay(rows[start:end])
			if err != nil {
				return err
			}
			if state.removed {
				gone = append(gone, state)
			} else {
				present = append(present, state)
			}
			after, start = rows[start].RowKey, end
		}
		for unknown, states := range r.byUnknown(present) {
			if err := r.collectStates(tx, states, "0", unknown); err != nil {
				return err
			}
		}
		if err := r.collectStates(tx, gone, "1", ""); err != nil {
			return err
		}
		more, first = len(rows) > 0, false
	}
	return nil
}

// byUnknown tells rows apart by the columns that no event of theirs has: the log may be older than a column, or know it by another
// name.
func (r *rebuilding) byUnknown(states []*RowState) map[string][]*RowState {
	groups := map[string][]*RowState{}
	for _, state := range states {
		var unknown strings.Builder
		for i, c := range r.log.Columns {
			if _, known := state.columns[c.Name]; !known {
				fmt.Fprintf(&unknown, ",%d,", i)
				r.unknown[i] = true
			}
		}
		r.kinds[unknown.String()] = true
		groups[unknown.String()] = append(groups[unknown.String()], state)
	}
	return groups
}

// keepUnknown gives the stage's rows what the table has in columns that no event has.
func (r *rebuilding) keepUnknown(tx statement.Session) error {
	for i, field := range r.policy.LoggedFields() {
		if !r.unknown[i] {
			continue
		}
		q := tx.Query().Update(stage).Name(field.DBName).Text(" = (SELECT ").Column(r.log.Table, field.DBName)
		q.Text(" FROM ").Name(r.log.Table).Text(" WHERE ")
		r.sameRow(q).Text(") WHERE ", unknownColumn, fmt.Sprintf(" LIKE '%%,%d,%%'", i))
		if _, err := q.Exec(); err != nil {
			return err
		}
	}
	return nil
}

func (r *rebuilding) collectStates(tx statement.Session, states []*RowState, gone, unknown string) error {
	if len(states) == 0 {
		return nil
	}
	fields, log, further := r.policy.LoggedFields(), r.log, ""
	if r.watched {
		log, further = r.log.With(versionColumn), ", "+versionColumn
		for _, state := range states {
			state.columns[versionColumn] = json.RawMessage(strconv.FormatInt(state.version, 10))
		}
	}
	q := tx.Query().Text("INSERT INTO ").Name(stage).Text(" (").Columns("", fields).Text(further, ", ", goneColumn, ", ", unknownColumn, ") SELECT ").Columns("", fields)
	q.Text(further, ", ", gone, ", '", unknown, "' FROM (")
	if err := States(q, log, fields, states); err != nil {
		return err
	}
	_, err := q.Text(") AS states").Exec()
	return unreadable(tx.Dialect, r.log, "", err)
}

// sameRow writes the condition that a row of the stage has the key of a row of the table.
func (r *rebuilding) sameRow(q *statement.Query) *statement.Query { return r.sameRowAs(q, r.log.Table) }

func (r *rebuilding) sameRowAs(q *statement.Query, alias string) *statement.Query {
	return statement.Joined(q, r.policy.Schema.PrimaryFields, " AND ", func(field *schema.Field) {
		q.Column(stage, field.DBName).Text(" = ").Column(alias, field.DBName)
	})
}

// written lists the columns that the database lets others write.
func (r *rebuilding) written() (fields []*schema.Field, columns []dialect.LoggedColumn) {
	for i, field := range r.policy.LoggedFields() {
		if !strings.Contains(strings.ToUpper(string(field.DataType)), "GENERATED ALWAYS AS (") {
			fields, columns = append(fields, field), append(columns, r.log.Columns[i])
		}
	}
	return fields, columns
}

// remove deletes the rows that should not be there.
func (r *rebuilding) remove(tx statement.Session) (int64, error) {
	leaving := r.leaving()
	rows, err := r.unseen.Remove(tx, leaving, func() (int64, error) {
		return r.protected.Write(tx, func(q *statement.Query) {
			leaving.Among(q.DeleteFrom(r.log.Table), r.log.Table)
		})
	})
	if err != nil {
		return rows, err
	}
	var kept int64
	var counts statement.Tally
	counts.Add(func(q *statement.Query) {
		leaving.Among(q.Text(" FROM ").Name(r.log.Table).Text(" WHERE "), r.log.Table)
	}, func(left int64) { kept = left })
	q := tx.Query()
	leaving.With(q)
	if err := counts.Run(q); err != nil || kept == 0 {
		return rows, err
	}
	return 0, fault.KeptRows(fault.ErrUnsupported, r.log.Table, kept, r.policy.Schema.Name, "let them go, then rebuild again")
}

// leaving are the rows that should not be there, but for those that are protected. A collation may take the key of one that was
// removed for that of a row which is there.
func (r *rebuilding) leaving() statement.Leaving {
	return statement.Leaving{Table: r.log.Table, With: r.protected.With, Among: func(q *statement.Query, alias string) {
		q.Text("((SELECT MIN(", goneColumn, ") FROM ").Name(stage).Text(" WHERE ") // one question: MySQL opens a temporary table once
		r.sameRowAs(q, alias).Text(") = 1")
		r.protected.Spare(q, alias)
		q.Text(")")
	}}
}

// correct updates the rows that differ.
func (r *rebuilding) correct(tx statement.Session) (int64, error) {
	fields, columns := r.written()
	q := tx.Query()
	from := q.UpdateFrom(r.log.Table, "", statement.QuoteName(q.Tx, stage))
	statement.Joined(q, fields, ", ", func(field *schema.Field) {
		q.Target(r.log.Table, field.DBName).Text(" = ").Column(stage, field.DBName)
	})
	q.Text(from, " WHERE ", goneColumn, " = 0 AND ")
	r.sameRow(q).Text(" AND (")
	statement.Joined(q, columns, " OR ", func(c dialect.LoggedColumn) {
		q.Text(q.Dialect.Differs(c, statement.QuoteName(tx.DB, stage), statement.QuoteName(tx.DB, r.log.Table)))
	})
	return q.Text(")").Exec()
}

// insert adds the missing rows that lack the same columns in their events, which get their defaults.
func (r *rebuilding) insert(tx statement.Session, unknown string) (int64, error) {
	fields, _ := r.written()
	all := r.policy.LoggedFields()
	fields = slices.DeleteFunc(slices.Clone(fields), func(field *schema.Field) bool {
		return strings.Contains(unknown, fmt.Sprintf(",%d,", slices.Index(all, field)))
	})
	q := tx.Query().Text("INSERT INTO ").Name(r.log.Table).Text(" (").Columns("", fields).Text(") SELECT ").Columns("", fields).Text(" FROM ").Name(stage)
	q.Text(" WHERE ", goneColumn, " = 0 AND ", unknownColumn, " = '", unknown, "' AND NOT EXISTS (SELECT 1 FROM ").Name(r.log.Table).Text(" WHERE ")
	return r.sameRow(q).Text(")").Exec()
}
