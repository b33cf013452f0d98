package erasure

import (
	"encoding/json"
	"fmt"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"gorm.io/gorm/schema"
)

// This room erases in event logs: the personal columns in the data of all events of a row, and their actors and reasons. The
// write that masks the row is the event of the erasure, and its values are what the events before it get. So a row's events
// still give the row, and its versions have no gap.

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

// logKeys are the keys in the log of all of the rows.
func (m *reachedModel) logKeys() []string {
	keys := goneKeys(m.gone)
	for _, row := range m.rows {
		keys = append(keys, row.Log)
	}
	return keys
}

// LoggedKeysIn writes the condition that an event is one of those rows.
func LoggedKeysIn(q *statement.Query, alias string, keys []string) *statement.Query {
	return q.Among(alias, "row_key", statement.Values(keys))
}

// loggedText is a column's value as the text that DataText gives for it.
func loggedText(q *statement.Query, field *schema.Field, expression string) string {
	return q.Dialect.LoggedText(policy.LoggedColumn(field, func(name string) string { return statement.QuoteName(q.Tx, name) }), expression)
}

const (
	goneAlias = "softdelete_gone_row"
	change    = string(dialect.Change)
)

// selectGone writes the SELECT of rows that are in the model's log only.
func selectGone(q *statement.Query, p *policy.Policy) *statement.Query {
	q.Text("SELECT ").Column(goneAlias, "row_key").Text(", CASE WHEN EXISTS (SELECT 1 FROM ").Name(p.Log.Events)
	q.Text(" AS erased WHERE erased.row_key = ").Column(goneAlias, "row_key").Text(" AND erased.type = 'erased' AND NOT EXISTS (SELECT 1 FROM ")
	q.Name(p.Log.Events).Text(" AS written WHERE written.row_key = erased.row_key AND written.version > erased.version AND written.type <> 'deleted'))")
	q.Text(" THEN 1 ELSE 0 END")
	q.Text(" FROM ").Name(p.Log.Events).Text(" AS ").Name(goneAlias).Text(" WHERE ").Column(goneAlias, "content")
	q.Text(" <> '", change, "' AND NOT EXISTS (SELECT 1 FROM ").Name(p.Log.Events).Text(" AS later WHERE later.row_key = ")
	q.Column(goneAlias, "row_key").Text(" AND later.version > ").Column(goneAlias, "version").Text(" AND later.content <> '", change, "') AND (")
	q.Column(goneAlias, "content").Text(" = '", string(dialect.Removed), "' OR NOT EXISTS (SELECT 1 FROM ").Name(p.Table).Text(" WHERE ")
	q.Text(q.Dialect.LogKey(p.Log, statement.QuoteName(q.Tx, p.Table)), " = ").Column(goneAlias, "row_key")
	return q.Text(")) AND ")
}

func goneRows(q *statement.Query) (rows []goneRow, err error) {
	err = q.Rows(func(scan func(...any) error) error {
		var row goneRow
		var erased int
		if err := scan(&row.log, &erased); err != nil {
			return err
		}
		row.erased = erased == 1
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// goneUnder finds rows under a relation that are in the child's log only. See rowsUnder.
func (x *erasure) goneUnder(tx statement.Session, r *policy.Relation, owners func(*statement.Query), logged bool) ([]goneRow, error) {
	q := selectGone(tx.Query(), r.Child)
	data := q.Quoted(goneAlias, "data")
	columns := make([]string, len(r.Keys))
	for i, key := range r.Keys {
		columns[i] = q.Dialect.DataText(data, key.Child.DBName)
	}
	oneOf(q, columns)
	statement.Joined(q, r.Keys, ", ", func(key policy.KeyPair) {
		if logged {
			q.Text(q.Dialect.DataText(q.Quoted(ownerAlias, "data"), key.Parent.DBName))
		} else {
			q.Text(loggedText(q, key.Parent, q.Quoted(ownerAlias, key.Parent.DBName)))
		}
	})
	owners(q)
	q.Text(")")
	for _, fixed := range r.Fixed {
		q.Text(" AND ", q.Dialect.DataText(data, fixed.Child.DBName), " = ").Bind(fixed.Value)
	}
	return goneRows(q.Text(" ORDER BY ").Column(goneAlias, "row_key"))
}

// findGoneSubject finds a subject that was removed and is in the model's event log.
func (x *erasure) findGoneSubject(tx statement.Session) (found bool, err error) {
	if x.root.Log == nil {
		return false, nil
	}
	rows, err := goneRows(selectGone(tx.Query(), x.root).Column(goneAlias, "row_key").Text(" = ").Bind(x.text))
	if err != nil || len(rows) == 0 {
		return false, err
	}
	x.gone = &rows[0]
	if x.row.Key != nil { // it is in the archive too
		return true, nil
	}
	x.row = erasedrow.ReachedRow{Text: rows[0].log}
	x.row.Created, err = x.goneCreation(tx, rows[0].log)
	return err == nil, err
}

// goneCreation is when a row that is in the log only was made, as query.created gives it for one in the table.
func (x *erasure) goneCreation(tx statement.Session, key string) (created int64, err error) {
	p := x.root
	if policy.Creation(p.Schema) == nil {
		return 0, nil
	}
	var last []eventlog.EventRow
	q := tx.Silent().Query().Text("SELECT * FROM ").Name(p.Log.Events).Text(" WHERE row_key = ").Bind(key)
	q.Text(" AND content <> '", change, "'")
	if err := q.Text(" ORDER BY version DESC LIMIT 1").Find(&last); err != nil {
		return 0, err
	}
	state, err := eventlog.Replay(last)
	if err != nil {
		return 0, err
	}
	const alias = "softdelete_state"
	q = erasedrow.Created(tx.Silent().Query().Text("SELECT "), p.Schema, alias).Text(" FROM (")
	if err := eventlog.States(q, p.Log, p.LoggedFields(), []*eventlog.RowState{state}); err != nil {
		return 0, err
	}
	err = q.Text(") AS ").Name(alias).Rows(func(scan func(...any) error) error { return scan(&created) })
	return created, err
}

// logging runs a write of an erasure to a table so that its log, if it has one, gets an event of that type.
func (x *erasure) logging(tx statement.Session, l *dialect.Log, work func() error) error {
	if l == nil {
		return work()
	}
	if err := x.eraser.Logs.Open(tx, []*dialect.Log{l}, eventlog.LogWrite{Erases: l.Table, Moment: tx.NowFunc()}); err != nil {
		return err
	}
	if err := work(); err != nil {
		return err // undone with all of the erasure
	}
	return eventlog.Close(tx)
}

// maskLogs masks the events of rows that are masked or removed by now.
func (x *erasure) maskLogs(tx statement.Session, fresh []*reachedModel) error {
	for _, m := range fresh {
		if m.Log() == nil {
			continue
		}
		if err := x.maskLog(tx, m); err != nil {
			return x.quiet(tx, err, "masking", m.Policy.Log.Events)
		}
	}
	return nil
}

func (x *erasure) maskLog(tx statement.Session, m *reachedModel) error {
	err := statement.Chunks(m.gone, func(chunk []goneRow) error { return x.appendErased(tx, m.Policy, goneKeys(chunk)) })
	if err != nil {
		return err
	}
	inTable := make([]string, len(m.rows))
	for i, row := range m.rows {
		inTable[i] = row.Log
	}
	p := m.Policy
	err = statement.Chunks(inTable, func(chunk []string) error {
		return x.maskEvents(tx, p, chunk, p.Personal != nil && len(p.Personal.Masked) > 0 && !p.Personal.Remove)
	})
	if err != nil {
		return err
	}
	return statement.Chunks(goneKeys(m.gone), func(chunk []string) error { return x.maskEvents(tx, p, chunk, false) })
}

// appendErased adds the event of the erasure to the logs of rows that are in no table.
func (x *erasure) appendErased(tx statement.Session, p *policy.Policy, keys []string) error {
	q := tx.Query().Text("INSERT INTO ").Name(p.Log.Events)
	q.Text(" (row_key, version, type, content, data, actor, reason, at) SELECT row_key, (SELECT max(version) FROM ")
	q.Name(p.Log.Events).Text(" AS all_events WHERE all_events.row_key = last.row_key) + 1, 'erased', '", string(dialect.Removed), "', data, '', '', ")
	LoggedKeysIn(q.Text(q.Dialect.String(q.Dialect.LogInstant(tx.NowFunc())), " FROM ").Name(p.Log.Events).Text(" AS last WHERE "), "last", keys)
	q.Text(" AND version = (SELECT max(version) FROM ").Name(p.Log.Events).Text(" AS whole WHERE whole.row_key = last.row_key AND whole.content <> '")
	_, err := q.Text(change, "')").Exec()
	return err
}

// maskEvents masks events of some rows. taken tells that the last event is that of the erasure, with the masked values; else
// the personal columns become null.
func (x *erasure) maskEvents(tx statement.Session, p *policy.Policy, keys []string, taken bool) error {
	q := tx.Query().Text("UPDATE ").Name(p.Log.Events).Text(" AS l SET data = ")
	if taken {
		q.Text(q.Dialect.MaskedData(eventMask(p), "l.data", "e.data"))
	} else {
		q.Text(q.Dialect.MaskedData(eventMask(p), "l.data", ""))
	}
	q.Text(", actor = '', reason = ''")
	if taken {
		q.Text(" FROM ").Name(p.Log.Events).Text(" AS e")
	}
	LoggedKeysIn(q.Text(" WHERE "), "l", keys)
	if taken {
		q.Text(" AND e.row_key = l.row_key AND e.type = 'erased' AND e.version = (SELECT max(version) FROM ").Name(p.Log.Events)
		q.Text(" AS all_events WHERE all_events.row_key = l.row_key)")
	}
	_, err := q.Exec()
	return err
}

// eventMask says what an erasure does to the columns in the data of the model's events.
func eventMask(p *policy.Policy) (m dialect.EventMask) {
	for _, field := range p.LoggedFields() {
		switch name := field.DBName; {
		case p.Personal.Masks(field):
			m.Taken = append(m.Taken, name)
		case field == p.Actor, field == p.Reason:
			m.Cleared = append(m.Cleared, name)
		case p.Personal == nil || !p.Personal.Remove || field.PrimaryKey:
			m.Kept = append(m.Kept, name)
		}
	}
	if p.Personal != nil && p.Personal.Remove {
		m.Taken, m.Cleared = nil, nil
	}
	return m
}

// countEvents counts the events of rows of which something will be erased.
func (x *erasure) countEvents(tx statement.Session, fresh []*reachedModel) error {
	for _, m := range fresh {
		if m.Log() == nil {
			continue
		}
		err := statement.Chunks(m.logKeys(), func(chunk []string) error {
			q := LoggedKeysIn(tx.Query().Text("SELECT count(*) FROM ").Name(m.Policy.Log.Events).Text(" AS l WHERE "), "l", chunk)
			if !m.Policy.Personal.Erases() {
				q.Text(" AND (actor <> '' OR reason <> '')")
			}
			return q.Rows(func(scan func(...any) error) error {
				var n int64
				err := scan(&n)
				x.loggedRows[m.Policy] += n
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// loggedEvent is an event as an erasure reads it.
type loggedEvent struct {
	key, kind, data, actor, reason string
}

// columns is the event's data.
func (e loggedEvent) columns(table string) (columns map[string]json.RawMessage, err error) {
	if json.Unmarshal([]byte(e.data), &columns) != nil {
		return nil, fmt.Errorf("softdelete: an event of table %s cannot be read", table)
	}
	return columns, nil
}

// eachEvents reads the events of rows, those of one row at a time and in their order.
func (x *erasure) eachEvents(tx statement.Session, p *policy.Policy, keys []string, each func(events []loggedEvent) error) error {
	return statement.Chunks(keys, func(chunk []string) error {
		q := tx.Query().Text("SELECT row_key, type, ", x.eraser.Dialect.Text("data"), ", actor, reason FROM ").Name(p.Log.Events)
		LoggedKeysIn(q.Text(" AS l WHERE "), "l", chunk).Text(" ORDER BY row_key, version")
		var events []loggedEvent
		err := q.Rows(func(scan func(...any) error) error {
			var e loggedEvent
			if err := scan(&e.key, &e.kind, &e.data, &e.actor, &e.reason); err != nil {
				return err
			}
			if len(events) > 0 && events[0].key != e.key {
				if err := each(events); err != nil {
					return err
				}
				events = nil
			}
			events = append(events, e)
			return nil
		})
		if err != nil || len(events) == 0 {
			return err
		}
		return each(events)
	})
}

// lastErased is the place of the last event of an erasure, -1 for none.
func lastErased(events []loggedEvent) int {
	last := -1
	for i, e := range events {
		if e.kind == eventErased {
			last = i
		}
	}
	return last
}

const eventErased = "erased"
