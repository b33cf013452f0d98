package erasure

import (
	"slices"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// This room finds the rows of a person: from the subject along the relations, in tables and, with gone.go, in event logs.

// reach is what an erasure has found.
type reach struct {
	*call
	elsewhere elsewhere // nil for nowhere

	row     erasedrow.ReachedRow                    // the subject's
	gone    *goneRow                                // the subject where it is in its event log only
	alike   []goneRow                               // rows that were, under the same key in other letters
	subject map[policy.Place][]erasedrow.ReachedRow // the subject's rows in its tables
	live    bool                                    // it is in the model's own table

	rows    []*reachedModel // the subject's model first, then in the order in which the walk came to them
	byPlace map[policy.Place]*reachedModel
	order   []spot

	finds  []find       // the steps of the walk, parents before children
	source map[spot]int // by which of them a row was found
}

// elsewhere is where rows of a person lie outside of the database.
type elsewhere interface {
	// Subject finds a subject that is in no table and no event log.
	Subject(tx statement.Session) (found bool, err error)
	// Under calls follow for the rows in the database that refer to rows there.
	Under(tx statement.Session, follow follow) error
	// Search looks for rows there that those which were reached in the database lead to, and tells whether it has found more.
	Search(tx statement.Session) (found bool, err error)
}

// follow takes rows that the walk came to, and those that are in the event log only.
type follow func(t policy.Place, rows []erasedrow.ReachedRow, gone []goneRow)

// forget makes ready for another batch.
func (x *reach) forget() { x.byPlace, x.rows, x.order = nil, nil, nil }

// all walks through the database and elsewhere until neither leads to more rows of the other.
func (x *reach) all(tx statement.Session) error {
	for {
		if err := x.walk(tx); err != nil || x.elsewhere == nil {
			return err
		}
		found, err := x.elsewhere.Search(tx)
		if err != nil || !found {
			return err
		}
	}
}

// findSubject finds and locks the subject's row, live, deleted or archived. All archived rows with its key are the subject's;
// one that is in no table may be in the event log.
func (x *reach) findSubject(tx statement.Session) (found bool, err error) {
	x.subject, x.gone, x.alike, x.live, x.row = map[policy.Place][]erasedrow.ReachedRow{}, nil, nil, false, erasedrow.ReachedRow{}
	for _, t := range x.root.Looks() {
		if len(x.subject[t]) > 0 {
			continue
		}
		q := erasedrow.SelectRows(tx.Query(), t).Text(" WHERE ").Key(t.Table(), x.root.Schema.PrimaryFields).Text(" = ").Tuple(x.key)
		q.Text(" ORDER BY ").Columns(t.Table(), t.Key())
		x.lock(q)
		if x.subject[t], err = erasedrow.ReachedRows(q, t); err != nil {
			return false, err
		}
	}
	for _, t := range x.root.Places() {
		if rows := x.subject[t]; len(rows) > 0 && !found {
			found, x.row = true, rows[len(rows)-1]
			if err := x.meant(tx, erasedrow.Primary(t, x.row)); err != nil {
				return false, err
			}
			x.live = !t.Archived
			if t.Archived {
				x.row.Text = erasedrow.FormerText(x.row)
			}
		}
	}
	gone, err := x.findGoneSubject(tx)
	if found || gone || err != nil {
		return found || gone, err
	}
	if x.elsewhere == nil {
		return false, nil
	}
	return x.elsewhere.Subject(tx)
}

// walk goes from the subject to all rows of the person and locks them. Rows that it knows from an earlier walk are walked
// through again: others may have come under them.
func (x *reach) walk(tx statement.Session) error {
	before := x.byPlace
	x.byPlace, x.rows, x.order = map[policy.Place]*reachedModel{}, nil, nil
	x.finds, x.source = nil, map[spot]int{}
	type step struct {
		policy.Place
		rows []erasedrow.ReachedRow
		gone []goneRow
	}
	var queue []step
	follow := func(t policy.Place, rows []erasedrow.ReachedRow, gone []goneRow) {
		m, fresh := x.model(t), step{Place: t}
		for _, row := range rows {
			if m.add(row) {
				fresh.rows = append(fresh.rows, row)
				x.order = append(x.order, spot{t, row.Text})
			}
		}
		for _, row := range gone {
			if m.addGone(row) {
				fresh.gone = append(fresh.gone, row)
				x.order = append(x.order, spot{t, row.mark()})
			}
		}
		if len(fresh.rows)+len(fresh.gone) > 0 {
			queue = append(queue, fresh)
		}
	}
	for _, t := range x.root.Places() {
		follow(t, x.subject[t], nil)
	}
	if x.gone != nil {
		follow(x.root.Home(), nil, []goneRow{*x.gone})
	}
	follow(x.root.Home(), nil, x.alike)
	if x.elsewhere != nil {
		if err := x.elsewhere.Under(tx, follow); err != nil {
			return err
		}
	}
	for len(queue) > 0 {
		next := step{Place: queue[0].Place} // with all that is known of the table: what looks into a log looks through all of it
		queue = slices.DeleteFunc(queue, func(s step) bool {
			if s.Place == next.Place {
				next.rows, next.gone = append(next.rows, s.rows...), append(next.gone, s.gone...)
			}
			return s.Place == next.Place
		})
		for _, r := range x.edges[next.Policy] {
			if err := x.under(tx, r, next.Place, next.rows, next.gone, follow); err != nil {
				return err
			}
		}
	}
	for t, m := range before { // what this call has erased already, removed rows included
		now := x.model(t)
		for text := range m.erased {
			now.erased[text] = true
		}
		for _, row := range m.rows {
			now.add(row)
		}
		for _, row := range m.gone {
			now.addGone(row)
		}
	}
	return nil
}

// under finds and locks the rows that a relation has under some parents: in the child's tables, and in its event log those
// that are in no table any more.
func (x *reach) under(tx statement.Session, r *policy.Relation, from policy.Place, parents []erasedrow.ReachedRow, gone []goneRow, follow follow) error {
	err := statement.Chunks(parents, func(chunk []erasedrow.ReachedRow) error {
		for _, t := range r.Child.Looks() {
			rows, err := x.rowsUnder(tx, r, t, owners(from, chunk), false, nil)
			if err != nil {
				return err
			}
			follow(t, rows, nil)
			x.note(find{relation: r, from: from, parents: chunk, to: t}, rows)
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = statement.Chunks(gone, func(chunk []goneRow) error {
		for _, t := range r.Child.Looks() {
			rows, err := x.rowsUnder(tx, r, t, loggedOwners(r, chunk), true, nil)
			if err != nil {
				return err
			}
			follow(t, rows, nil)
		}
		return nil
	})
	if err != nil || r.Child.Log == nil {
		return err
	}
	return x.underInLog(tx, r, from, parents, gone, follow)
}

// mostOwners is of how many parents one statement looks for rows in a log: each looks through all of it.
const mostOwners = 20 * statement.ChunkSize

// underInLog finds those that are in the child's event log only.
func (x *reach) underInLog(tx statement.Session, r *policy.Relation, from policy.Place, parents []erasedrow.ReachedRow, gone []goneRow, follow follow) error {
	for chunk := range slices.Chunk(parents, mostOwners) {
		rows, err := x.goneUnder(tx, r, owners(from, chunk), false)
		if err != nil {
			return err
		}
		follow(r.Child.Home(), nil, rows)
	}
	for chunk := range slices.Chunk(gone, mostOwners) {
		rows, err := x.goneUnder(tx, r, loggedOwners(r, chunk), true)
		if err != nil {
			return err
		}
		follow(r.Child.Home(), nil, rows)
	}
	return nil
}

// owners writes FROM and WHERE of parents in a table, loggedOwners those of parents that are in their log only.
func owners(from policy.Place, parents []erasedrow.ReachedRow) func(*statement.Query) {
	return func(q *statement.Query) {
		erasedrow.KeysIn(q.Text(" FROM ").Name(from.Table()).Text(" AS ").Name(ownerAlias).Text(" WHERE "), from, ownerAlias, parents)
	}
}

func loggedOwners(r *policy.Relation, gone []goneRow) func(*statement.Query) {
	return func(q *statement.Query) {
		LoggedKeysIn(q.Text(" FROM ").Name(r.Parent.Log.Events).Text(" AS ").Name(ownerAlias).Text(" WHERE "), ownerAlias, goneKeys(gone))
		q.Text(" AND ").Column(ownerAlias, "content").Text(" <> '", change, "'")
	}
}

const ownerAlias = "softdelete_owner"

// rowsUnder finds rows in a table, or those of some. owners writes FROM and WHERE of the parents; logged tells that they are events.
func (x *reach) rowsUnder(
	tx statement.Session, r *policy.Relation, t policy.Place, owners func(*statement.Query), logged bool, some []erasedrow.ReachedRow,
) ([]erasedrow.ReachedRow, error) {
	table := t.Table()
	q := erasedrow.SelectRows(tx.Query(), t).Text(" WHERE ")
	alike, err := x.collates(tx, r)
	if err != nil {
		return nil, err
	}
	columns := make([]string, len(r.Keys))
	for i, key := range r.Keys {
		if columns[i] = q.Quoted(table, key.Child.DBName); logged {
			columns[i] = loggedText(q, key.Child, columns[i])
		}
		columns[i] += alike[i]
	}
	oneOf(q, columns)
	for i, key := range r.Keys {
		if i > 0 {
			q.Text(", ")
		}
		if logged {
			q.Text(q.Dialect.DataText(q.Quoted(ownerAlias, "data"), key.Parent.DBName), alike[i])
		} else {
			q.Text(walk.ParentValue(q, key, q.Quoted(ownerAlias, key.Parent.DBName)))
		}
	}
	owners(q)
	q.Text(")")
	walk.MatchFixed(r, q, table)
	if some != nil {
		erasedrow.KeysIn(q.Text(" AND "), t, table, some)
	}
	q.Text(" ORDER BY ").Columns(table, t.Key())
	x.lock(q)
	return erasedrow.ReachedRows(q, t)
}

// oneOf writes that columns are one of the rows that a SELECT gives, up to its columns.
func oneOf(q *statement.Query, columns []string) {
	list := strings.Join(columns, ", ")
	if len(columns) > 1 {
		list = "(" + list + ")"
	}
	q.Text(list, " IN (SELECT ")
}

// leaveErased gives the rows that are left to erase: those that no earlier erasure has done. Rows of models that say nothing
// of personal data are among them once.
func (x *reach) leaveErased(tx statement.Session) (fresh []*reachedModel, err error) {
	known, err := x.eraser.Records.There(tx)
	if err != nil {
		return nil, err
	}
	for _, m := range x.rows {
		left := &reachedModel{Place: m.Place}
		err := statement.Chunks(m.rows, func(chunk []erasedrow.ReachedRow) error {
			var done map[string]bool
			if known && !m.removes() {
				if done, err = x.alreadyErased(tx, m, chunk); err != nil {
					return err
				}
			}
			for _, row := range chunk {
				if !m.erased[row.Text] && !done[row.Text] {
					left.rows = append(left.rows, row)
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		for _, row := range m.gone {
			if !row.erased && !m.erased[row.mark()] {
				left.gone = append(left.gone, row)
			}
		}
		if len(left.rows)+len(left.gone) > 0 {
			fresh = append(fresh, left)
		}
	}
	return fresh, nil
}

// formerlyErased gives those archived rows that were erased while they were in the model's table.
func (x *reach) formerlyErased(tx statement.Session, m *reachedModel, rows []erasedrow.ReachedRow) (map[string]erasedrow.Row, error) {
	found := map[string]erasedrow.Row{}
	if !m.Archived {
		return found, nil
	}
	former := make([]erasedrow.ReachedRow, len(rows))
	for i, row := range rows {
		former[i].Text = erasedrow.FormerText(row)
	}
	done, err := erasedrow.Recorded(tx, m.Policy, m.Policy.Table, former)
	for i, row := range rows {
		if record, ok := done[former[i].Text]; ok {
			found[row.Text] = record
		}
	}
	return found, err
}

// done notes rows as erased by this call.
func (x *reach) done(m *reachedModel) {
	for _, row := range m.rows {
		x.model(m.Place).erased[row.Text] = true
	}
	for _, row := range m.gone {
		x.model(m.Place).erased[row.mark()] = true
	}
}

// alreadyErased tells, by their texts, which rows an earlier erasure has done and still are as it left them.
func (x *reach) alreadyErased(tx statement.Session, m *reachedModel, chunk []erasedrow.ReachedRow) (map[string]bool, error) {
	done, err := erasedrow.Recorded(tx, m.Policy, m.Table(), chunk)
	if err != nil {
		return nil, err
	}
	former, err := x.formerlyErased(tx, m, chunk)
	if err != nil {
		return nil, err
	}
	var known []erasedrow.ReachedRow
	as := map[string][]string{}
	for _, row := range chunk {
		if r, ok := done[row.Text]; ok && !r.Gone && r.Created == row.Created {
			as[row.Text] = append(as[row.Text], r.Digest)
		}
		if r, ok := former[row.Text]; ok && r.Created == row.Created && row.Created != 0 {
			as[row.Text] = append(as[row.Text], r.Digest)
		}
		if len(as[row.Text]) > 0 {
			known = append(known, row)
		}
	}
	erased := map[string]bool{}
	digests, err := erasedrow.Digests(tx, m.Place, known)
	for text, digest := range digests {
		for _, recorded := range as[text] {
			erased[text] = erased[text] || recorded == digest
		}
	}
	return erased, err
}
