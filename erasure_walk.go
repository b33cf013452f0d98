package softdelete

import (
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// This room finds the rows of a person. Their keys come into the program, in chunks; their values do not.

// erasureChunk is how many rows one statement names by their keys.
const erasureChunk = 500

// defaultErasureBatch is Config.ErasureBatch where that is 0.
const defaultErasureBatch = 10_000

// findSubject finds and locks the subject's row, live, deleted or archived. All archived rows with its key are the subject's;
// one that is in no table may be in the event log.
func (x *erasure) findSubject(tx *gorm.DB) (found bool, err error) {
	x.subject, x.gone, x.live, x.row = map[place][]reachedRow{}, nil, false, reachedRow{}
	for _, t := range x.root.places() {
		q := newQuery(tx, x.engine.dialect).selectRows(t).text(" WHERE ").key(t.table(), x.root.schema.PrimaryFields).text(" = ").tuple(x.key)
		q.text(" ORDER BY ").columns(t.table(), t.key())
		x.lock(q)
		rows, err := q.reachedRows(t)
		if err != nil {
			return false, err
		}
		if x.subject[t] = rows; len(rows) > 0 && !found {
			found, x.row = true, rows[len(rows)-1]
			x.text = joinKey(t.primary(x.row))
			x.live = !t.archived
			if t.archived {
				x.row.text = t.formerText(x.row)
			}
		}
	}
	if found && x.live {
		return true, nil
	}
	gone, err := x.findGoneSubject(tx)
	if found || gone || err != nil {
		return found || gone, err
	}
	return x.findColdSubject(tx)
}

// lock locks the rows of a SELECT until the transaction ends.
func (x *erasure) lock(q *query) {
	if !x.preview {
		q.lock("FOR UPDATE")
	}
}

// findEdges collects the relations that lead on to a person's rows, for every model that the subject's leads to.
func (x *erasure) findEdges(db *gorm.DB) error {
	models, err := x.engine.models(db)
	if err != nil {
		return err
	}
	x.edges = map[*policy][]*relation{}
	seen := map[*policy]bool{x.root: true}
	for queue := []*policy{x.root}; len(queue) > 0; queue = queue[1:] {
		p := queue[0]
		if p.err != nil {
			return p.err
		}
		for _, r := range slices.Concat(p.has, subjectRelations(p, models)) {
			if p.personal != nil && p.personal.apart[r.name] || len(r.child.schema.PrimaryFields) == 0 {
				continue
			}
			x.edges[p] = append(x.edges[p], r)
			if !seen[r.child] {
				seen[r.child] = true
				queue = append(queue, r.child)
			}
		}
	}
	return nil
}

// subjectRelations lists the columns tagged pii:"subject:…" that name the model, as relations.
func subjectRelations(p *policy, models []*policy) (list []*relation) {
	for _, child := range models {
		if child.personal == nil {
			continue
		}
		for _, s := range child.personal.subjects {
			if s.model == p.schema.Name && len(p.schema.PrimaryFields) == 1 {
				list = append(list, &relation{
					name: s.field.Name, parent: p, child: child, keys: []keyPair{{parent: p.schema.PrimaryFields[0], child: s.field}},
				})
			}
		}
	}
	return list
}

// modelName is the name of a model's type.
func modelName(model any) string {
	t := reflect.TypeOf(model)
	for t != nil && (t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice) {
		t = t.Elem()
	}
	if t == nil {
		return ""
	}
	return t.Name()
}

// reach walks from the subject to all rows of the person and locks them. Rows that it knows from an earlier walk are walked
// through again: others may have come under them.
func (x *erasure) reach(tx *gorm.DB) error {
	before := x.byPlace
	x.byPlace, x.rows, x.order = map[place]*reachedModel{}, nil, nil
	type step struct {
		place
		rows []reachedRow
		gone []goneRow
	}
	var queue []step
	follow := func(t place, rows []reachedRow, gone []goneRow) {
		m, fresh := x.model(t), step{place: t}
		for _, row := range rows {
			if m.add(row) {
				fresh.rows = append(fresh.rows, row)
				x.order = append(x.order, spot{t, row.text})
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
	for _, t := range x.root.places() {
		follow(t, x.subject[t], nil)
	}
	if x.gone != nil {
		follow(place{x.root, false}, nil, []goneRow{*x.gone})
	}
	if err := x.underCold(tx, follow); err != nil {
		return err
	}
	for ; len(queue) > 0; queue = queue[1:] {
		for _, r := range x.edges[queue[0].policy] {
			if err := x.under(tx, r, queue[0].place, queue[0].rows, queue[0].gone, follow); err != nil {
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
func (x *erasure) under(tx *gorm.DB, r *relation, from place, parents []reachedRow, gone []goneRow, follow func(place, []reachedRow, []goneRow)) error {
	find := func(owners func(*query), logged bool) error {
		for _, t := range r.child.places() {
			rows, err := x.rowsUnder(tx, r, t, owners, logged)
			if err != nil {
				return err
			}
			follow(t, rows, nil)
		}
		if r.child.log == nil {
			return nil
		}
		rows, err := x.goneUnder(tx, r, owners, logged)
		follow(place{r.child, false}, nil, rows)
		return err
	}
	err := chunks(parents, func(chunk []reachedRow) error {
		return find(func(q *query) {
			q.text(" FROM ").name(from.table()).text(" AS ").name(ownerAlias).text(" WHERE ").keysIn(from, ownerAlias, chunk)
		}, false)
	})
	if err != nil {
		return err
	}
	return chunks(gone, func(chunk []goneRow) error {
		return find(func(q *query) {
			q.text(" FROM ").name(r.parent.log.Events).text(" AS ").name(ownerAlias).text(" WHERE ").loggedKeysIn(ownerAlias, goneKeys(chunk))
			q.text(" AND ").column(ownerAlias, "content").text(" <> '", change, "'")
		}, true)
	})
}

const ownerAlias = "softdelete_owner"

// rowsUnder finds rows in a table. owners writes FROM and WHERE of the parents; logged tells that they are events.
func (x *erasure) rowsUnder(tx *gorm.DB, r *relation, t place, owners func(*query), logged bool) ([]reachedRow, error) {
	table := t.table()
	q := newQuery(tx, x.engine.dialect).selectRows(t).text(" WHERE ")
	columns := make([]string, len(r.keys))
	for i, key := range r.keys {
		if columns[i] = q.quoted(table, key.child.DBName); logged {
			columns[i] = q.loggedText(key.child, columns[i])
		}
	}
	q.oneOf(columns)
	joined(q, r.keys, ", ", func(key keyPair) {
		column := q.quoted(ownerAlias, key.parent.DBName)
		if logged {
			q.text(q.dialect.DataText(q.quoted(ownerAlias, "data"), key.parent.DBName))
		} else {
			q.text(parentValue(q, key, column))
		}
	})
	owners(q)
	q.text(")")
	r.matchFixed(q, table)
	q.text(" ORDER BY ").columns(table, t.key())
	x.lock(q)
	return q.reachedRows(t)
}

// oneOf writes that columns are one of the rows that a SELECT gives, up to its columns.
func (q *query) oneOf(columns []string) {
	list := strings.Join(columns, ", ")
	if len(columns) > 1 {
		list = "(" + list + ")"
	}
	q.text(list, " IN (SELECT ")
}

// leaveErased gives the rows that are left to erase: those that no earlier erasure has done. Rows of models that say nothing
// of personal data are among them once.
func (x *erasure) leaveErased(tx *gorm.DB) (fresh []*reachedModel, err error) {
	known, err := x.engine.erasuresKnown(tx)
	if err != nil {
		return nil, err
	}
	for _, m := range x.rows {
		left := &reachedModel{place: m.place}
		err := chunks(m.rows, func(chunk []reachedRow) error {
			var done map[string]bool
			if known && !m.removes() {
				if done, err = x.alreadyErased(tx, m, chunk); err != nil {
					return err
				}
			}
			for _, row := range chunk {
				if !m.erased[row.text] && !done[row.text] {
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
func (x *erasure) formerlyErased(tx *gorm.DB, m *reachedModel, rows []reachedRow) (map[string]erasedRow, error) {
	found := map[string]erasedRow{}
	if !m.archived {
		return found, nil
	}
	former := make([]reachedRow, len(rows))
	for i, row := range rows {
		former[i].text = m.formerText(row)
	}
	done, err := x.engine.erasedRows(tx, m.policy.schema.Table, former)
	for i, row := range rows {
		if record, ok := done[former[i].text]; ok {
			found[row.text] = record
		}
	}
	return found, err
}

// done notes rows as erased by this call.
func (x *erasure) done(m *reachedModel) {
	for _, row := range m.rows {
		x.model(m.place).erased[row.text] = true
	}
	for _, row := range m.gone {
		x.model(m.place).erased[row.mark()] = true
	}
}
