package erasure

import (
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds rows that are in an event log only.

// goneRow is a row that is in the event log only: it was removed, through GORM or past it, and no other one has its key.
type goneRow struct {
	log    string // its key in the log
	erased bool   // but for its deletion, nothing came after its erasure
}

// mark is the row among those that an erasure knows; no row of a table has the same.
func (g goneRow) mark() string { return "\x00" + g.log }

func (m *reachedModel) addGone(row goneRow) bool {
	if m.seen[row.mark()] {
		return false
	}
	m.seen[row.mark()] = true
	m.gone = append(m.gone, row)
	return true
}

func goneKeys(rows []goneRow) []string {
	keys := make([]string, len(rows))
	for i, row := range rows {
		keys[i] = row.log
	}
	return keys
}

// loggedText is a column's value as the text that DataText gives for it.
func loggedText(q *statement.Query, field *schema.Field, expression string) string {
	return q.Dialect.LoggedText(policy.LoggedColumn(field, func(name string) string { return statement.QuoteName(q.Tx, name) }), expression)
}

const (
	goneAlias = "softdelete_gone_row"
	change    = string(dialect.Change)
)

// selectGone writes the SELECT of rows that may be in the model's log only: goneRows leaves out those that are in its table.
func selectGone(q *statement.Query, p *policy.Policy) *statement.Query {
	q.Text("SELECT ").Column(goneAlias, "row_key").Text(", CASE WHEN EXISTS (SELECT 1 FROM ").Name(p.Log.Events)
	q.Text(" AS erased WHERE erased.row_key = ").Column(goneAlias, "row_key").Text(" AND erased.type = 'erased' AND NOT EXISTS (SELECT 1 FROM ")
	q.Name(p.Log.Events).Text(" AS written WHERE written.row_key = erased.row_key AND written.version > erased.version AND written.type <> 'deleted'))")
	q.Text(" THEN 1 ELSE 0 END, CASE WHEN ").Column(goneAlias, "content").Text(" = '", string(dialect.Removed), "' THEN 1 ELSE 0 END")
	q.Text(" FROM ").Name(p.Log.Events).Text(" AS ").Name(goneAlias).Text(" WHERE ").Column(goneAlias, "content")
	q.Text(" <> '", change, "' AND NOT EXISTS (SELECT 1 FROM ").Name(p.Log.Events).Text(" AS later WHERE later.row_key = ")
	q.Column(goneAlias, "row_key").Text(" AND later.version > ").Column(goneAlias, "version").Text(" AND later.content <> '", change, "')")
	return q.Text(" AND ")
}

// goneRows reads them. known are the keys of rows that are known to be in the table.
func goneRows(tx statement.Session, p *policy.Policy, q *statement.Query, known map[string]bool) (rows []goneRow, err error) {
	var unsure []string // whether a row that was never seen to go has been removed past the log
	err = q.Rows(func(scan func(...any) error) error {
		var row goneRow
		var erased, removed int
		if err := scan(&row.log, &erased, &removed); err != nil || removed == 0 && known[row.log] {
			return err
		}
		row.erased = erased == 1
		if rows = append(rows, row); removed == 0 {
			unsure = append(unsure, row.log)
		}
		return nil
	})
	if err != nil || len(unsure) == 0 {
		return rows, err
	}
	there, err := inTable(tx, p, unsure)
	return slices.DeleteFunc(rows, func(row goneRow) bool { return there[row.log] }), err
}

// inTable tells which keys in the log are of rows in the model's table.
func inTable(tx statement.Session, p *policy.Policy, keys []string) (map[string]bool, error) {
	there := map[string]bool{}
	key := rowkey.Of(tx.Dialect, p.Schema.PrimaryFields)
	err := statement.Chunks(keys, func(chunk []string) error {
		values := make([][]any, len(chunk))
		for i, text := range chunk {
			_, value, err := key.Read(tx.Statement.Context, text)
			if err != nil {
				return err
			}
			values[i] = value
		}
		q := erasedrow.RowKey(tx.Query().Text("SELECT "), p.Schema, p.Table).Text(" FROM ").Name(p.Table).Text(" WHERE ")
		return q.KeyAmong(statement.Table{Name: p.Table}, p.Schema.PrimaryFields, values).Rows(func(scan func(...any) error) error {
			var text string
			err := scan(&text)
			there[text] = true
			return err
		})
	})
	return there, err
}

// collates stand behind what is compared as the columns of a relation's key are, a child's column or a text in a log: empty for letters
// that count. They are the parent's: a column that says whose data a row is may be of another collation.
func (x *call) collates(tx statement.Session, r *policy.Relation) ([]string, error) {
	list := make([]string, len(r.Keys))
	for i, key := range r.Keys {
		collate, err := x.eraser.Folding.Collate(tx, r.Parent.Table, key.Parent)
		if err == nil && collate == "" {
			collate, err = x.eraser.Folding.Collate(tx, r.Child.Table, key.Child)
		}
		if err != nil {
			return nil, err
		}
		list[i] = collate
	}
	return list, nil
}

// goneUnder finds rows under a relation that are in the child's log only. See rowsUnder.
func (x *reach) goneUnder(tx statement.Session, r *policy.Relation, owners func(*statement.Query), logged bool) ([]goneRow, error) {
	alike, err := x.collates(tx, r)
	if err != nil {
		return nil, err
	}
	q := selectGone(tx.Query(), r.Child)
	data := q.Quoted(goneAlias, "data")
	columns := make([]string, len(r.Keys))
	for i, key := range r.Keys {
		columns[i] = q.Dialect.DataText(data, key.Child.DBName) + alike[i]
	}
	oneOf(q, columns)
	for i, key := range r.Keys {
		if i > 0 {
			q.Text(", ")
		}
		if logged {
			q.Text(q.Dialect.DataText(q.Quoted(ownerAlias, "data"), key.Parent.DBName), alike[i])
		} else {
			q.Text(loggedText(q, key.Parent, q.Quoted(ownerAlias, key.Parent.DBName)), alike[i])
		}
	}
	owners(q)
	q.Text(")")
	for _, fixed := range r.Fixed {
		q.Text(" AND ", q.Dialect.DataText(data, fixed.Child.DBName), " = ").Bind(fixed.Value)
	}
	q.Text(" ORDER BY ").Column(goneAlias, "row_key")
	return goneRows(tx, r.Child, q, x.model(r.Child.Home()).logged)
}

// findGoneSubject finds a subject that was removed and is in the model's event log, where it is in no other place than the archive, and
// rows that were removed under the same key in other letters: a log keeps them apart.
func (x *reach) findGoneSubject(tx statement.Session) (found bool, err error) {
	if x.root.Log == nil {
		return false, nil
	}
	texts, err := x.keysInLog(tx)
	if err != nil || len(texts) == 0 {
		return false, err
	}
	rows, err := goneRows(tx, x.root, LoggedKeysIn(selectGone(tx.Query(), x.root), goneAlias, texts), nil)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	if x.live {
		x.alike = rows
		return true, nil
	}
	own := max(0, slices.IndexFunc(rows, func(row goneRow) bool { return row.log == x.text }))
	x.gone, x.alike = &rows[own], slices.Delete(slices.Clone(rows), own, own+1)
	if x.row.Key != nil { // it is in the archive too
		return true, nil
	}
	if _, key, err := rowkey.Of(tx.Dialect, x.root.Schema.PrimaryFields).Read(tx.Statement.Context, x.gone.log); err == nil {
		if err := x.meant(tx, key); err != nil {
			return false, err
		}
	}
	x.row = erasedrow.ReachedRow{Text: x.gone.log}
	made, err := goneCreations(tx, x.root, []string{x.gone.log})
	x.row.Created = made[x.gone.log]
	return err == nil, err
}

// keysInLog are the texts under which the subject may be in its model's log: that of a row in the table apart, those that the table takes
// for its key.
func (x *reach) keysInLog(tx statement.Session) (texts []string, err error) {
	if !x.live {
		texts = []string{x.text}
	}
	key := rowkey.Of(tx.Dialect, x.root.Schema.PrimaryFields)
	alike, err := x.eraser.Folding.Others(tx, x.root.Table, x.root.Schema.PrimaryFields, [][]any{x.key}, statement.Other{
		Table: x.root.Log.Events, Column: "row_key",
		Where: func(q *statement.Query) { q.Text("1 = 1") },
		Read: func(text string) ([]any, error) {
			_, values, err := key.Read(tx.Statement.Context, text)
			return values, err
		},
	})
	for _, a := range alike {
		if a.Text != x.text {
			texts = append(texts, a.Text)
		}
	}
	return texts, err
}

// mostStates is of how many rows one statement reads the states: a database may bound the SELECTs of a union.
const mostStates = 200

// goneCreations tells when rows that are in the log only were made, as erasedrow.Created gives it for those in the table, by
// their keys in the log; 0 for unknown.
func goneCreations(tx statement.Session, p *policy.Policy, keys []string) (creations, error) {
	made := creations{}
	for _, key := range keys {
		made[key] = 0
	}
	if policy.Creation(p.Schema) == nil {
		return made, nil
	}
	for chunk := range slices.Chunk(keys, mostStates) {
		var last []eventlog.EventRow
		q := tx.Silent().Query().Text("SELECT * FROM ").Name(p.Log.Events).Text(" AS whole WHERE ")
		LoggedKeysIn(q, "whole", chunk).Text(" AND content <> '", change, "' AND NOT EXISTS (SELECT 1 FROM ").Name(p.Log.Events)
		q.Text(" AS later WHERE later.row_key = whole.row_key AND later.version > whole.version AND later.content <> '", change, "')")
		if err := q.Find(&last); err != nil {
			return nil, err
		}
		states := make([]*eventlog.RowState, len(last))
		for i := range last {
			state, err := eventlog.Replay(last[i : i+1])
			if err != nil {
				return nil, err
			}
			states[i] = state
		}
		if err := readCreations(tx, p, states, made); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// readCreations reads the times of creation in states of rows.
func readCreations(tx statement.Session, p *policy.Policy, states []*eventlog.RowState, made creations) error {
	if len(states) == 0 {
		return nil
	}
	const alias = "softdelete_state"
	q := erasedrow.RowKey(tx.Silent().Query().Text("SELECT "), p.Schema, alias)
	erasedrow.Created(q.Text(", "), p.Schema, alias).Text(" FROM (")
	if err := eventlog.States(q, p.Log, p.LoggedFields(), states); err != nil {
		return err
	}
	return q.Text(") AS ").Name(alias).Rows(func(scan func(...any) error) error {
		var key string
		var created int64
		err := scan(&key, &created)
		made[key] = created
		return err
	})
}
