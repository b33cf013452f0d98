package softdelete

import (
	"encoding/json"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room erases in event logs: the personal columns in the data of all events of a row, and their actors and reasons. The
// write that masks the row is the event of the erasure, and its values are what the events before it get. So a row's events
// still give the row, and its versions have no gap.

// goneRow is a row that is in the event log only: it was removed, through GORM or past it, and no other one has its key.
type goneRow struct {
	log    string // its key in the log
	key    []any  // the columns of the key, as text
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
		keys = append(keys, row.log)
	}
	return keys
}

// loggedKeysIn writes the condition that an event is one of those rows.
func (q *query) loggedKeysIn(alias string, keys []string) *query {
	q.column(alias, "row_key").text(" IN (")
	return joined(q, keys, ", ", func(key string) { q.bind(key) }).text(")")
}

// loggedText is a column's value as the text that DataText gives for it.
func (q *query) loggedText(field *schema.Field, expression string) string {
	return q.dialect.KeyPart(loggedColumn(field, func(name string) string { return quoteName(q.tx, name) }), expression, false)
}

const (
	goneAlias = "softdelete_gone_row"
	change    = string(dialect.Change)
)

// selectGone writes the SELECT of rows that are in the model's log only.
func (q *query) selectGone(p *policy) *query {
	data := q.quoted(goneAlias, "data")
	q.text("SELECT ").column(goneAlias, "row_key").text(", CASE WHEN EXISTS (SELECT 1 FROM ").name(p.log.Events)
	q.text(" AS erased WHERE erased.row_key = ").column(goneAlias, "row_key").text(" AND erased.type = 'erased' AND NOT EXISTS (SELECT 1 FROM ")
	q.name(p.log.Events).text(" AS written WHERE written.row_key = erased.row_key AND written.version > erased.version AND written.type <> 'deleted'))")
	q.text(" THEN 1 ELSE 0 END")
	for _, field := range p.schema.PrimaryFields {
		q.text(", ", q.dialect.DataText(data, field.DBName))
	}
	q.text(" FROM ").name(p.log.Events).text(" AS ").name(goneAlias).text(" WHERE ").column(goneAlias, "content")
	q.text(" <> '", change, "' AND NOT EXISTS (SELECT 1 FROM ").name(p.log.Events).text(" AS later WHERE later.row_key = ")
	q.column(goneAlias, "row_key").text(" AND later.version > ").column(goneAlias, "version").text(" AND later.content <> '", change, "') AND (")
	q.column(goneAlias, "content").text(" = '", string(dialect.Removed), "' OR NOT EXISTS (SELECT 1 FROM ").name(p.schema.Table).text(" WHERE ")
	q.text(q.dialect.RowKey(p.log.Key, quoteName(q.tx, p.schema.Table)), " = ").column(goneAlias, "row_key")
	return q.text(")) AND ")
}

func (q *query) goneRows(p *policy) (rows []goneRow, err error) {
	err = q.rows(func(scan func(...any) error) error {
		var row goneRow
		var erased int
		parts := make([]string, len(p.schema.PrimaryFields))
		targets := []any{&row.log, &erased}
		for i := range parts {
			targets = append(targets, &parts[i])
		}
		if err := scan(targets...); err != nil {
			return err
		}
		for _, part := range parts {
			row.key = append(row.key, part)
		}
		row.erased = erased == 1
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// goneUnder finds rows under a relation that are in the child's log only. See rowsUnder.
func (x *erasure) goneUnder(tx *gorm.DB, r *relation, owners func(*query), logged bool) ([]goneRow, error) {
	q := newQuery(tx, x.engine.dialect).selectGone(r.child)
	data := q.quoted(goneAlias, "data")
	columns := make([]string, len(r.keys))
	for i, key := range r.keys {
		columns[i] = q.dialect.DataText(data, key.child.DBName)
	}
	q.oneOf(columns)
	joined(q, r.keys, ", ", func(key keyPair) {
		if logged {
			q.text(q.dialect.DataText(q.quoted(ownerAlias, "data"), key.parent.DBName))
		} else {
			q.text(q.loggedText(key.parent, q.quoted(ownerAlias, key.parent.DBName)))
		}
	})
	owners(q)
	q.text(")")
	for _, fixed := range r.fixed {
		q.text(" AND ", q.dialect.DataText(data, fixed.child.DBName), " = ").bind(fixed.value)
	}
	return q.text(" ORDER BY ").column(goneAlias, "row_key").goneRows(r.child)
}

// findGoneSubject finds a subject that was removed and is in the model's event log.
func (x *erasure) findGoneSubject(tx *gorm.DB) (found bool, err error) {
	if x.root.log == nil {
		return false, nil
	}
	q := newQuery(tx, x.engine.dialect).selectGone(x.root).column(goneAlias, "row_key").text(" = ")
	q.boundRowKey(x.root.log, x.key)
	rows, err := q.goneRows(x.root)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	x.gone = &rows[0]
	if x.row.key != nil { // it is in the archive too
		return true, nil
	}
	x.text = joinKey(rows[0].key)
	x.row = reachedRow{text: rows[0].log}
	x.row.created, err = x.goneCreation(tx, rows[0].log)
	return err == nil, err
}

// goneCreation is when a row that is in the log only was made, as query.created gives it for one in the table.
func (x *erasure) goneCreation(tx *gorm.DB, key string) (created int64, err error) {
	p := x.root
	if creation(p.schema) == nil {
		return 0, nil
	}
	var last []eventRow
	q := newQuery(silent(tx), x.engine.dialect).text("SELECT * FROM ").name(p.log.Events).text(" WHERE row_key = ").bind(key)
	q.text(" AND content <> '", change, "'")
	if err := q.text(" ORDER BY version DESC LIMIT 1").find(&last); err != nil {
		return 0, err
	}
	state, err := replay(last)
	if err != nil {
		return 0, err
	}
	const alias = "softdelete_state"
	q = newQuery(silent(tx), x.engine.dialect).text("SELECT ").created(p.schema, alias).text(" FROM (")
	if err := q.states(p.log, p.loggedFields(), []*rowState{state}); err != nil {
		return 0, err
	}
	err = q.text(") AS ").name(alias).rows(func(scan func(...any) error) error { return scan(&created) })
	return created, err
}

// logging runs a write of an erasure to a table so that its log, if it has one, gets an event of that type.
func (x *erasure) logging(tx *gorm.DB, l *dialect.Log, write func() error) error {
	if l == nil {
		return write()
	}
	if err := x.engine.openLog(tx, []*dialect.Log{l}, logWrite{Erases: l.Table, at: tx.NowFunc()}); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err // undone with all of the erasure
	}
	return x.engine.closeLog(tx)
}

// maskLogs masks the events of rows that are masked or removed by now.
func (x *erasure) maskLogs(tx *gorm.DB, fresh []*reachedModel) error {
	for _, m := range fresh {
		if m.log() == nil {
			continue
		}
		if err := x.maskLog(tx, m); err != nil {
			return x.quiet(tx, err, "masking", m.policy.log.Events)
		}
	}
	return nil
}

func (x *erasure) maskLog(tx *gorm.DB, m *reachedModel) error {
	err := chunks(m.gone, func(chunk []goneRow) error { return x.appendErased(tx, m.policy, goneKeys(chunk)) })
	if err != nil {
		return err
	}
	inTable := make([]string, len(m.rows))
	for i, row := range m.rows {
		inTable[i] = row.log
	}
	p := m.policy
	err = chunks(inTable, func(chunk []string) error {
		return x.maskEvents(tx, p, chunk, p.personal != nil && len(p.personal.masked) > 0 && !p.personal.remove)
	})
	if err != nil {
		return err
	}
	return chunks(goneKeys(m.gone), func(chunk []string) error { return x.maskEvents(tx, p, chunk, false) })
}

// appendErased adds the event of the erasure to the logs of rows that are in no table.
func (x *erasure) appendErased(tx *gorm.DB, p *policy, keys []string) error {
	q := newQuery(tx, x.engine.dialect).text("INSERT INTO ").name(p.log.Events)
	q.text(" (row_key, version, type, content, data, actor, reason, at) SELECT row_key, (SELECT max(version) FROM ")
	q.name(p.log.Events).text(" AS all_events WHERE all_events.row_key = last.row_key) + 1, 'erased', '", string(dialect.Removed), "', data, '', '', ")
	q.text(q.dialect.String(q.dialect.LogInstant(tx.NowFunc())), " FROM ").name(p.log.Events).text(" AS last WHERE ").loggedKeysIn("last", keys)
	q.text(" AND version = (SELECT max(version) FROM ").name(p.log.Events).text(" AS whole WHERE whole.row_key = last.row_key AND whole.content <> '")
	_, err := q.text(change, "')").exec()
	return err
}

// maskEvents masks events of some rows. taken tells that the last event is that of the erasure, with the masked values; else
// the personal columns become null.
func (x *erasure) maskEvents(tx *gorm.DB, p *policy, keys []string, taken bool) error {
	q := newQuery(tx, x.engine.dialect).text("UPDATE ").name(p.log.Events).text(" AS l SET data = ")
	if taken {
		q.text(q.dialect.MaskedData(p.eventMask(), "l.data", "e.data"))
	} else {
		q.text(q.dialect.MaskedData(p.eventMask(), "l.data", ""))
	}
	q.text(", actor = '', reason = ''")
	if taken {
		q.text(" FROM ").name(p.log.Events).text(" AS e")
	}
	q.text(" WHERE ").loggedKeysIn("l", keys)
	if taken {
		q.text(" AND e.row_key = l.row_key AND e.type = 'erased' AND e.version = (SELECT max(version) FROM ").name(p.log.Events)
		q.text(" AS all_events WHERE all_events.row_key = l.row_key)")
	}
	_, err := q.exec()
	return err
}

// eventMask says what an erasure does to the columns in the data of the model's events.
func (p *policy) eventMask() (m dialect.EventMask) {
	for _, field := range p.loggedFields() {
		switch name := field.DBName; {
		case p.masks(field):
			m.Taken = append(m.Taken, name)
		case field == p.actor, field == p.reason:
			m.Cleared = append(m.Cleared, name)
		case p.personal == nil || !p.personal.remove || field.PrimaryKey:
			m.Kept = append(m.Kept, name)
		}
	}
	if p.personal != nil && p.personal.remove {
		m.Taken, m.Cleared = nil, nil
	}
	return m
}

// countEvents counts the events of rows of which something will be erased.
func (x *erasure) countEvents(tx *gorm.DB, fresh []*reachedModel) error {
	for _, m := range fresh {
		if m.log() == nil {
			continue
		}
		err := chunks(m.logKeys(), func(chunk []string) error {
			q := newQuery(tx, x.engine.dialect).text("SELECT count(*) FROM ").name(m.policy.log.Events).text(" AS l WHERE ").loggedKeysIn("l", chunk)
			if !m.policy.erases() {
				q.text(" AND (actor <> '' OR reason <> '')")
			}
			return q.rows(func(scan func(...any) error) error {
				var n int64
				err := scan(&n)
				x.loggedRows[m.policy] += n
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
func (x *erasure) eachEvents(tx *gorm.DB, p *policy, keys []string, each func(events []loggedEvent) error) error {
	return chunks(keys, func(chunk []string) error {
		q := newQuery(tx, x.engine.dialect).text("SELECT row_key, type, ", x.engine.dialect.Text("data"), ", actor, reason FROM ").name(p.log.Events)
		q.text(" AS l WHERE ").loggedKeysIn("l", chunk).text(" ORDER BY row_key, version")
		var events []loggedEvent
		err := q.rows(func(scan func(...any) error) error {
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
