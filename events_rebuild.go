package softdelete

import (
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// Rebuild makes the table of a model with the setting events what its events say, after statements that did not go through
// GORM have damaged it. It returns how many rows differed: those that it inserted again, corrected, and removed again. Rows
// that were deleted in place are in the table, as deleted ones; a row without events is left alone. It writes no events and
// runs no hooks. Nobody else writes to the table meanwhile. When it fails, nothing has changed.
func Rebuild(db *gorm.DB, model any) (int64, error) {
	e, p, err := loggedPolicy(db, model, "Rebuild")
	if err != nil {
		return 0, err
	}
	tx := inWork(db, db.Statement.Context)
	tx = tx.Session(&gorm.Session{NewDB: true, Initialized: true})
	work, err := beginWork(tx)
	if err != nil {
		return 0, err
	}
	r := &rebuilding{engine: e, policy: p, log: p.logOf(logTable(db, p))}
	err = r.run(inWork(tx, tx.Statement.Context))
	if err = work.end(tx, err); err != nil {
		return 0, err
	}
	return r.rows, nil
}

// rebuilding is one call of Rebuild. It collects the rows as they should be in a temporary table of the same columns, so
// that the database compares like with like.
type rebuilding struct {
	engine *engine
	policy *policy
	log    *dialect.Log
	rows   int64
}

const (
	// stage is the temporary table, goneColumn its further column: 1 for a row that is to be in the table no more.
	stage      = "softdelete_rebuild"
	goneColumn = "softdelete_gone"
	// rebuildChunk is how many rows are collected at once.
	rebuildChunk = 200
)

func (r *rebuilding) query(tx *gorm.DB) *query { return newQuery(tx, r.engine.dialect) }

func (r *rebuilding) run(tx *gorm.DB) error {
	if err := r.freeze(tx); err != nil {
		return err
	}
	q := r.query(tx).text("CREATE TEMPORARY TABLE ").name(stage).text(" AS SELECT ").columns("", r.policy.loggedFields())
	q.text(", 0 AS ", goneColumn, " FROM ").name(r.log.Table).text(" WHERE 1 = 0")
	if _, err := q.exec(); err != nil {
		return err
	}
	if err := r.collect(tx); err != nil {
		return err
	}
	q = r.query(tx).text("CREATE INDEX ").name(stage+"_key").text(" ON ").name(stage).text(" (").columns("", r.policy.schema.PrimaryFields)
	if _, err := q.text(")").exec(); err != nil {
		return err
	}
	// Removals first: they free what is unique.
	for _, step := range []func(*gorm.DB) *query{r.remove, r.correct, r.insert} {
		rows, err := step(tx).exec()
		if err != nil {
			return fmt.Errorf("softdelete.Rebuild: %s: %w", r.log.Table, err)
		}
		r.rows += rows
	}
	_, err := r.query(tx).text("DROP TABLE ").name(stage).exec()
	return err
}

// freeze keeps other writers out.
func (r *rebuilding) freeze(tx *gorm.DB) error {
	if statement := r.engine.dialect.FreezeTable(quoteName(tx, r.log.Table)); statement != "" {
		_, err := r.query(tx).text(statement).exec()
		return err
	}
	return r.engine.lockWriter(tx, r.policy)
}

// collect puts the rows as they should be into the stage.
func (r *rebuilding) collect(tx *gorm.DB) error {
	after, more, first := "", true, true
	for more {
		var rows []eventRow
		q := r.query(tx).text("SELECT e.* FROM ").name(r.log.Events).text(" AS e WHERE e.row_key IN (SELECT row_key FROM ").name(r.log.Events)
		q.text(" WHERE version = 1")
		if !first {
			q.text(" AND row_key > ").bind(after)
		}
		q.text(" ORDER BY row_key LIMIT ", fmt.Sprint(rebuildChunk), ")")
		q.text(" AND e.version >= (SELECT max(w.version) FROM ").name(r.log.Events).text(" AS w WHERE w.row_key = e.row_key AND w.content <> '")
		q.text(string(dialect.Change), "') ORDER BY e.row_key, e.version")
		if err := q.find(&rows); err != nil {
			return err
		}
		var present, gone []*rowState
		for start := 0; start < len(rows); {
			end := start + 1
			for end < len(rows) && rows[end].RowKey == rows[start].RowKey {
				end++
			}
			state, err := replay(rows[start:end])
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
		if err := r.collectStates(tx, present, "0"); err != nil {
			return err
		}
		if err := r.collectStates(tx, gone, "1"); err != nil {
			return err
		}
		more, first = len(rows) > 0, false
	}
	return nil
}

func (r *rebuilding) collectStates(tx *gorm.DB, states []*rowState, gone string) error {
	if len(states) == 0 {
		return nil
	}
	fields := r.policy.loggedFields()
	q := r.query(tx).text("INSERT INTO ").name(stage).text(" (").columns("", fields).text(", ", goneColumn, ") SELECT ").columns("", fields)
	q.text(", ", gone, " FROM (")
	if err := q.states(r.log, fields, states); err != nil {
		return err
	}
	_, err := q.text(") AS states").exec()
	return err
}

// sameRow writes the condition that a row of the stage has the key of a row of the table.
func (r *rebuilding) sameRow(q *query) *query {
	return joined(q, r.policy.schema.PrimaryFields, " AND ", func(field *schema.Field) {
		q.column(stage, field.DBName).text(" = ").column(r.log.Table, field.DBName)
	})
}

// written lists the columns that the database lets others write.
func (r *rebuilding) written() (fields []*schema.Field, columns []dialect.LoggedColumn) {
	for i, field := range r.policy.loggedFields() {
		if !strings.Contains(strings.ToUpper(string(field.DataType)), "GENERATED ALWAYS AS (") {
			fields, columns = append(fields, field), append(columns, r.log.Columns[i])
		}
	}
	return fields, columns
}

// remove deletes the rows that should not be there.
func (r *rebuilding) remove(tx *gorm.DB) *query {
	q := r.query(tx).text("DELETE FROM ").name(r.log.Table).text(" WHERE EXISTS (SELECT 1 FROM ").name(stage).text(" WHERE ", goneColumn, " = 1 AND ")
	return r.sameRow(q).text(")")
}

// correct updates the rows that differ.
func (r *rebuilding) correct(tx *gorm.DB) *query {
	fields, columns := r.written()
	q := r.query(tx).text("UPDATE ").name(r.log.Table).text(" SET ")
	joined(q, fields, ", ", func(field *schema.Field) { q.name(field.DBName).text(" = ").column(stage, field.DBName) })
	q.text(" FROM ").name(stage).text(" WHERE ", goneColumn, " = 0 AND ")
	r.sameRow(q).text(" AND (")
	joined(q, columns, " OR ", func(c dialect.LoggedColumn) {
		q.text(q.dialect.Differs(c, quoteName(tx, stage), quoteName(tx, r.log.Table)))
	})
	return q.text(")")
}

// insert adds the rows that are missing.
func (r *rebuilding) insert(tx *gorm.DB) *query {
	fields, _ := r.written()
	q := r.query(tx).text("INSERT INTO ").name(r.log.Table).text(" (").columns("", fields).text(") SELECT ").columns("", fields).text(" FROM ").name(stage)
	q.text(" WHERE ", goneColumn, " = 0 AND NOT EXISTS (SELECT 1 FROM ").name(r.log.Table).text(" WHERE ")
	return r.sameRow(q).text(")")
}
