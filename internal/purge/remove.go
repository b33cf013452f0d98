package purge

import (
	"slices"
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room removes rows that go together, with what the event logs say of them.

// remove removes the chosen rows and counts them. A row that is not there any more, or not as it was, ends the batch: its
// tree would go in part.
func (f *family) remove(chosen []*relative, removed []int64) error {
	if len(chosen) == 0 {
		return nil
	}
	if err := f.store(chosen); err != nil {
		return err
	}
	forget, err := f.erasedKeys(chosen)
	if err != nil {
		return err
	}
	if deferred := f.purge.purger.Dialect.DeferKeys(); deferred != "" {
		if _, err := f.tx.Query().Text(deferred).Exec(); err != nil {
			return err
		}
	}
	before, err := f.changes()
	if err != nil {
		return err
	}
	parts := f.parts(chosen)
	logs, err := f.logKeys(parts)
	if err != nil {
		return err
	}
	if err := f.free(chosen, parts); err != nil {
		return err
	}
	for len(parts) > 0 {
		// Where one statement can remove rows of all tables, keys are checked at its end: no order is needed.
		n := 1
		if f.purge.purger.Dialect.Has(dialect.WritesInWith) {
			for rows := len(parts[0].rows); n < len(parts); n++ {
				if rows += len(parts[n].rows); rows > keysAtOnce {
					break
				}
			}
		}
		if err := f.removeParts(parts[:n], n); err != nil {
			return err
		}
		parts = parts[n:]
	}
	if err := f.refuseUnseen(before, chosen); err != nil {
		return err
	}
	if err := f.removeLogs(logs); err != nil {
		return err
	}
	for _, r := range chosen {
		removed[f.purge.index(r.table)+r.lot-1]++
	}
	return forget()
}

// removal is rows of one table that a statement removes.
type removal struct {
	table *purgeTable
	rows  []*relative
}

// parts splits the chosen rows by table, those that refer before those that they refer to.
func (f *family) parts(chosen []*relative) (parts []removal) {
	place := map[*relative]int{}
	for i, r := range f.order {
		place[r] = i
	}
	slices.SortStableFunc(chosen, func(a, b *relative) int { return place[b] - place[a] })
	var tables []*purgeTable
	rows := map[*purgeTable][]*relative{}
	for t, all := range byTable(chosen) {
		tables = append(tables, t)
		rows[t] = all
	}
	slices.SortStableFunc(tables, func(a, b *purgeTable) int { return a.rank - b.rank })
	for _, t := range tables {
		for some := range slices.Chunk(rows[t], keysAtOnce) {
			parts = append(parts, removal{table: t, rows: some})
		}
	}
	return parts
}

// removeParts removes rows of several tables in one statement, or of one.
func (f *family) removeParts(parts []removal, n int) error {
	var want int
	for _, part := range parts {
		want += len(part.rows)
	}
	var rows int64
	// Rows may have come under a hold since the batch began.
	if _, err := f.purge.holds.Store(f.tx); err != nil {
		return err
	}
	var err error
	if n == 1 {
		rows, err = f.purge.holds.Tables().Write(f.tx, func(q *statement.Query) { f.deletion(q, parts[0]) })
	} else {
		q := f.tx.Query()
		f.purge.holds.Begin(q)
		for i, part := range parts {
			if i > 0 {
				q.Text(", ")
			}
			open, shut := q.Dialect.WrittenRows("removed"+strconv.Itoa(i), "1")
			f.deletion(q.Text(open), part)
			q.Text(shut)
		}
		q.Text(" SELECT ")
		for i := range parts {
			if i > 0 {
				q.Text(" + ")
			}
			q.Text("(SELECT count(*) FROM removed", strconv.Itoa(i), ")")
		}
		err = q.Rows(func(scan func(...any) error) error { return scan(&rows) })
	}
	if err != nil || rows == int64(want) {
		return err
	}
	for _, part := range parts {
		if err := f.refuseKept(part); err != nil {
			return err
		}
	}
	// A single writer has seen all rows as they are; a foreign key's own action may have removed some before.
	if f.locks {
		return cold.ErrChanged
	}
	return nil
}

// deletion writes the DELETE of one table's rows.
func (f *family) deletion(q *statement.Query, part removal) {
	q.DeleteBy(part.table.name, part.table.byKey)
	f.leaving(q, part)
}

// refuseKept undoes a batch of which rows are in their table still as they were: a trigger or a rule of the application keeps them there.
// The others of their tree are not to go without them, nor are they to be in the cold store too.
func (f *family) refuseKept(part removal) error {
	rows, err := f.countLeaving(part)
	if err != nil || rows == 0 {
		return err
	}
	t := part.table
	return fault.KeptRows(fault.ErrBlocked, t.Table(), rows, t.Policy.Schema.Name, "let them go, then purge again")
}

// leaving writes the condition of the rows of one table that go.
func (f *family) leaving(q *statement.Query, part removal) {
	t := part.table
	t.named(q, keysOf(part.rows)).Text(" AND ")
	f.purge.goesOrDepends(q, t, t.name)
	if !f.sure {
		f.purge.notHeld(q, t, t.name)
	}
}

// keysAtOnce is how many rows a statement of a purge names: also where their keys can only be bound one by one, no more than
// databases take.
const keysAtOnce = 5000

// keyIn writes the condition that a row's key is one of those of the rows.
func keyIn(q *statement.Query, t *purgeTable, alias string, rows []*relative) {
	q.KeyAmong(statement.Table{Name: t.name, Alias: alias}, t.Key(), keysOf(rows))
}

func keysOf(rows []*relative) [][]any {
	keys := make([][]any, len(rows))
	for i, r := range rows {
		keys[i] = r.key
	}
	return keys
}

// logKeys are the keys under which the logs have the rows that are about to go. A log stays while a row with its key does:
// a live one, or one that was archived before or after and is held, or not over yet.
func (f *family) logKeys(parts []removal) (map[*purgeTable][]string, error) {
	logs := map[*purgeTable][]string{}
	going := map[*purgeTable]map[string]int{} // archived rows, by key
	for _, part := range parts {
		t := part.table
		if t.Policy.Log == nil {
			continue
		}
		if going[t] == nil {
			going[t] = map[string]int{}
		}
		err := f.loggedRows(part).Rows(func(scan func(...any) error) error {
			var key string
			archived := 1
			if err := scan(&key, &archived); err != nil {
				return err
			}
			if going[t][key]++; going[t][key] == archived {
				logs[t] = append(logs[t], key)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return logs, nil
}

// loggedRows asks for the keys under which the log has rows that are about to go, unless a live row has the key, and how many
// deleted rows there are with each.
func (f *family) loggedRows(part removal) *statement.Query {
	t := part.table
	q := f.tx.Query()
	quote := func(name string) string { return statement.QuoteName(q.Tx, name) }
	q.Text("SELECT ", q.Dialect.LogKey(t.Policy.Log, "logged"), ", ", t.Copies("logged", quote), " FROM ").Name(t.name).Text(" AS logged WHERE ")
	keyIn(q, t, "logged", part.rows)
	return walk.AndUnused(q, t.Place, "logged")
}

// removeLogs removes the events of rows that are gone, that of their removal too.
func (f *family) removeLogs(logs map[*purgeTable][]string) error {
	for t, keys := range logs {
		for some := range slices.Chunk(keys, keysAtOnce) {
			q := f.tx.Query().DeleteFrom(t.Policy.Log.Events)
			if _, err := q.Among("", "row_key", statement.Values(some)).Exec(); err != nil {
				return err
			}
		}
	}
	return nil
}
