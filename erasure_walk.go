package softdelete

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
)

// This room finds the rows of a person. Their keys come into the program, in chunks; their values do not.

// erasureChunk is how many rows one statement names by their keys.
const erasureChunk = 500

// defaultErasureBatch is Config.ErasureBatch where that is 0.
const defaultErasureBatch = 10_000

// reachedRow is a row by its key, as the database gives it and as the table of erased rows has it.
type reachedRow struct {
	key     []any
	text    string
	created int64
	log     string // the key in the model's event log; empty where it has none
}

// place is a row in the order of the walk.
type place struct {
	policy *policy
	mark   string // a row's text, or the mark of one that is in the log only
}

// reachedModel are the rows of one model.
type reachedModel struct {
	policy *policy
	rows   []reachedRow
	// gone are rows that are in the event log only.
	gone   []goneRow
	seen   map[string]bool
	erased map[string]bool // those that were erased before, or are by now
}

func (x *erasure) model(p *policy) *reachedModel {
	m := x.byPolicy[p]
	if m == nil {
		m = &reachedModel{policy: p, seen: map[string]bool{}, erased: map[string]bool{}}
		x.byPolicy[p] = m
		x.rows = append(x.rows, m)
	}
	return m
}

// chunks calls each for the rows, few enough at a time for one statement.
func chunks[T any](rows []T, each func([]T) error) error {
	for chunk := range slices.Chunk(rows, erasureChunk) {
		if err := each(chunk); err != nil {
			return err
		}
	}
	return nil
}

// keysIn writes the condition that a row is one of those.
func (q *query) keysIn(s *schema.Schema, table string, rows []reachedRow) *query {
	q.key(table, s.PrimaryFields).text(" IN (")
	return joined(q, rows, ", ", func(row reachedRow) { q.tuple(row.key) }).text(")")
}

// rowKey writes a row's key as one text that no other key of the table has.
func (q *query) rowKey(s *schema.Schema, table string) *query {
	if len(s.PrimaryFields) == 1 {
		return q.text(q.dialect.Text(q.quoted(table, s.PrimaryFields[0].DBName)))
	}
	return joined(q, s.PrimaryFields, " || ',' || ", func(field *schema.Field) {
		q.text("REPLACE(REPLACE(", q.dialect.Text(q.quoted(table, field.DBName)), `, '\', '\\'), ',', '\,')`)
	})
}

// selectRows writes SELECT with what reachedRows reads.
func (q *query) selectRows(p *policy) *query {
	s := p.schema
	q.text("SELECT ").columns(s.Table, s.PrimaryFields).text(", ").rowKey(s, s.Table)
	q.text(", ").created(s, s.Table).text(", ")
	if p.log != nil {
		q.text(q.dialect.RowKey(p.log.Key, quoteName(q.tx, s.Table)))
	} else {
		q.text("''")
	}
	return q.text(" FROM ").name(s.Table)
}

func (q *query) reachedRows(s *schema.Schema) (rows []reachedRow, err error) {
	err = q.rows(func(scan func(...any) error) error {
		var row reachedRow
		targets, values := scanTargets(len(s.PrimaryFields))
		if err := scan(append(targets, &row.text, &row.created, &row.log)...); err != nil {
			return err
		}
		row.key = values()
		rows = append(rows, row)
		return nil
	})
	return rows, err
}

// findSubject finds and locks the subject's row, live or deleted.
func (x *erasure) findSubject(tx *gorm.DB) (found bool, err error) {
	s := x.root.schema
	q := newQuery(tx, x.engine.dialect).selectRows(x.root)
	q.text(" WHERE ").key(s.Table, s.PrimaryFields).text(" = ").tuple(x.key)
	x.lock(q)
	rows, err := q.reachedRows(s)
	if err == nil && len(rows) == 0 {
		return x.findGoneSubject(tx)
	}
	if err != nil {
		return false, err
	}
	x.row, x.text = rows[0], keyText(rows[0].key)
	return true, nil
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
		if err := furtherTables(p); err != nil {
			return err
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
	before := x.byPolicy
	x.byPolicy, x.rows = map[*policy]*reachedModel{}, nil
	type step struct {
		policy *policy
		rows   []reachedRow
		gone   []goneRow
	}
	root, first := x.model(x.root), step{policy: x.root}
	if x.gone != nil {
		root.addGone(*x.gone)
		first.gone = root.gone
	} else {
		root.add(x.row)
		first.rows = root.rows
	}
	x.order = nil
	for queue := []step{first}; len(queue) > 0; queue = queue[1:] {
		for _, row := range queue[0].rows {
			x.order = append(x.order, place{queue[0].policy, row.text})
		}
		for _, row := range queue[0].gone {
			x.order = append(x.order, place{queue[0].policy, row.mark()})
		}
		for _, r := range x.edges[queue[0].policy] {
			child, fresh := x.model(r.child), step{policy: r.child}
			err := x.under(tx, r, queue[0].rows, queue[0].gone, func(rows []reachedRow, gone []goneRow) {
				for _, row := range rows {
					if child.add(row) {
						fresh.rows = append(fresh.rows, row)
					}
				}
				for _, row := range gone {
					if child.addGone(row) {
						fresh.gone = append(fresh.gone, row)
					}
				}
			})
			if err != nil {
				return err
			}
			if len(fresh.rows)+len(fresh.gone) > 0 {
				queue = append(queue, fresh)
			}
		}
	}
	for p, m := range before { // what this call has erased already, removed rows included
		now := x.model(p)
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

func (m *reachedModel) add(row reachedRow) bool {
	if m.seen[row.text] {
		return false
	}
	m.seen[row.text] = true
	m.rows = append(m.rows, row)
	return true
}

// under finds and locks the rows that a relation has under some parents: in the table, and in the event log those that are in
// no table any more.
func (x *erasure) under(tx *gorm.DB, r *relation, parents []reachedRow, gone []goneRow, each func([]reachedRow, []goneRow)) error {
	find := func(owners func(*query), logged bool) error {
		rows, err := x.rowsUnder(tx, r, owners, logged)
		if err != nil {
			return err
		}
		var goneRows []goneRow
		if r.child.log != nil {
			goneRows, err = x.goneUnder(tx, r, owners, logged)
		}
		each(rows, goneRows)
		return err
	}
	parent := r.parent.schema
	err := chunks(parents, func(chunk []reachedRow) error {
		return find(func(q *query) {
			q.text(" FROM ").name(parent.Table).text(" AS ").name(ownerAlias).text(" WHERE ").keysIn(parent, ownerAlias, chunk)
		}, false)
	})
	if err != nil {
		return err
	}
	return chunks(gone, func(chunk []goneRow) error {
		return find(func(q *query) {
			q.text(" FROM ").name(r.parent.log.Events).text(" AS ").name(ownerAlias).text(" WHERE ").loggedKeysIn(ownerAlias, goneKeys(chunk))
			q.text(" AND ").column(ownerAlias, "content").text(" = '", string(dialect.Removed), "'")
		}, true)
	})
}

const ownerAlias = "softdelete_owner"

// rowsUnder finds rows in the table. owners writes FROM and WHERE of the parents; logged tells that they are events.
func (x *erasure) rowsUnder(tx *gorm.DB, r *relation, owners func(*query), logged bool) ([]reachedRow, error) {
	child := r.child.schema
	q := newQuery(tx, x.engine.dialect).selectRows(r.child).text(" WHERE ")
	columns := make([]string, len(r.keys))
	for i, key := range r.keys {
		if columns[i] = q.quoted(child.Table, key.child.DBName); logged {
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
	r.matchFixed(q, child.Table)
	q.text(" ORDER BY ").columns(child.Table, child.PrimaryFields)
	x.lock(q)
	return q.reachedRows(child)
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
		left := &reachedModel{policy: m.policy}
		err := chunks(m.rows, func(chunk []reachedRow) error {
			done := map[string]int64{}
			if known {
				if done, err = x.engine.erasedRows(tx, m.policy.schema.Table, chunk); err != nil {
					return err
				}
			}
			for _, row := range chunk {
				created, erased := done[row.text]
				if !m.erased[row.text] && !(erased && created == row.created) {
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

// merge adds the rows of more to those of list, model by model.
func merge(list, more []*reachedModel) []*reachedModel {
	for _, m := range more {
		i := slices.IndexFunc(list, func(known *reachedModel) bool { return known.policy == m.policy })
		if i < 0 {
			list = append(list, m)
			continue
		}
		list[i].rows = append(list[i].rows, m.rows...)
		list[i].gone = append(list[i].gone, m.gone...)
	}
	return list
}

// done notes rows as erased by this call.
func (x *erasure) done(m *reachedModel) {
	for _, row := range m.rows {
		x.model(m.policy).erased[row.text] = true
	}
	for _, row := range m.gone {
		x.model(m.policy).erased[row.mark()] = true
	}
}

// countText is a count for people.
func countText(n int64, noun string) string { return strconv.FormatInt(n, 10) + " " + plural(n, noun) }
