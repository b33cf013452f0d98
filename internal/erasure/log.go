package erasure

import (
	"encoding/json"
	"fmt"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/eventlog"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room erases in event logs: the personal columns in the data of all events of a row, and their actors and reasons. The
// write that masks the row is the event of the erasure, and its values are what the events before it get. So a row's events
// still give the row, and its versions have no gap.

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

// logs erases in event logs.
type logs struct {
	*call
	// loggedRows counts the events of which something is erased.
	loggedRows map[*policy.Policy]int64
}

func (x *logs) forget() { x.loggedRows = map[*policy.Policy]int64{} }

// logging runs a write of an erasure to a table so that its log, if it has one, gets an event of that type.
func (x *logs) logging(tx statement.Session, l *dialect.Log, work func() error) error {
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
func (x *logs) maskLogs(tx statement.Session, fresh []*reachedModel) error {
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

func (x *logs) maskLog(tx statement.Session, m *reachedModel) error {
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
		return x.maskEvents(tx, p, chunk, len(x.written(m.Place)) > 0 && !p.Personal.Remove)
	})
	if err != nil {
		return err
	}
	return statement.Chunks(goneKeys(m.gone), func(chunk []string) error { return x.maskEvents(tx, p, chunk, false) })
}

// appendErased adds the event of the erasure to the logs of rows that are in no table.
func (x *logs) appendErased(tx statement.Session, p *policy.Policy, keys []string) error {
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
func (x *logs) maskEvents(tx statement.Session, p *policy.Policy, keys []string, taken bool) error {
	q := tx.Query()
	erased, data, reads := "", "", q.Dialect.Has(dialect.ReadsTarget)
	if taken {
		events := statement.QuoteName(q.Tx, p.Log.Events)
		erased, data = events+" AS e", "e.data"
		if !reads {
			erased += " LEFT JOIN " + events + " AS later ON later.row_key = e.row_key AND later.version > e.version"
		}
	}
	from := q.UpdateFrom(p.Log.Events, "l", erased)
	q.Target("l", "data").Text(" = ", q.Dialect.MaskedData(x.eventMask(p), "l.data", data), ", ")
	q.Target("l", "actor").Text(" = '', ").Target("l", "reason").Text(" = ''", from)
	LoggedKeysIn(q.Text(" WHERE "), "l", keys)
	if taken {
		LoggedKeysIn(q.Text(" AND "), "e", keys) // else PostgreSQL reads all events of that type, for each part of the rows
		q.Text(" AND e.row_key = l.row_key AND e.type = 'erased' AND ")
		if reads {
			q.Text("e.version = (SELECT max(version) FROM ").Name(p.Log.Events).Text(" AS all_events WHERE all_events.row_key = l.row_key)")
		} else {
			q.Text("later.version IS NULL")
		}
	}
	_, err := q.Exec()
	return err
}

// eventMask says what an erasure does to the columns in the data of the model's events.
func (x *logs) eventMask(p *policy.Policy) (m dialect.EventMask) {
	for _, field := range p.LoggedFields() {
		switch name := field.DBName; {
		case p.Personal.Masks(field), x.reckoned[field] && p.Personal.Erases():
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
func (x *logs) countEvents(tx statement.Session, fresh []*reachedModel) error {
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
func (x *logs) eachEvents(tx statement.Session, p *policy.Policy, keys []string, each func(events []loggedEvent) error) error {
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
