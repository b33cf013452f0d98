package softdelete

import (
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room ties rows in cold storage to the person: by the keys of rows in the database, in event logs and in cold storage.

// ownerText is the values of a relation's key columns as one text; ok is false where one is NULL.
func ownerText(values []any) (text string, ok bool) {
	parts := make([]string, len(values))
	for i, value := range values {
		if value == nil {
			return "", false
		}
		parts[i] = textOf(value)
	}
	return strings.Join(parts, "\x00"), true
}

func (c *coldSearch) own(r *relation, values []any) (fresh bool) {
	text, ok := ownerText(values)
	if !ok || c.owners[r][text] {
		return false
	}
	if c.owners[r] == nil {
		c.owners[r] = map[string]bool{}
	}
	c.owners[r][text] = true
	return true
}

// ownColdRows notes what the rows that were reached in the database own.
func (x *erasure) ownColdRows(tx *gorm.DB) error {
	for _, m := range x.rows {
		for _, r := range x.edges[m.policy] {
			if _, remains := r.child.remains(); !remains {
				continue
			}
			parents := make([]*schema.Field, len(r.keys))
			for i, key := range r.keys {
				parents[i] = key.parent
			}
			own := func(q *query) error {
				return q.rows(func(scan func(...any) error) error {
					targets, values := scanTargets(len(parents))
					if err := scan(targets...); err != nil {
						return err
					}
					x.cold.own(r, values())
					return nil
				})
			}
			err := chunks(m.rows, func(chunk []reachedRow) error {
				q := newQuery(tx, x.engine.dialect).text("SELECT ").columns(m.table(), parents).text(" FROM ").name(m.table())
				return own(q.text(" WHERE ").keysIn(m.place, m.table(), chunk))
			})
			if err != nil {
				return err
			}
			err = chunks(m.gone, func(chunk []goneRow) error {
				q := newQuery(tx, x.engine.dialect).text("SELECT ")
				joined(q, parents, ", ", func(field *schema.Field) {
					q.text(q.dialect.DataText(q.quoted(ownerAlias, "data"), field.DBName))
				})
				q.text(" FROM ").name(m.policy.log.Events).text(" AS ").name(ownerAlias).text(" WHERE ").loggedKeysIn(ownerAlias, goneKeys(chunk))
				return own(q.text(" AND ").column(ownerAlias, "content").text(" <> '", change, "'"))
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ownsRows notes what a row in cold storage owns, there and in the database.
func (x *erasure) ownsRows(p *policy, row map[string]any) {
	for _, r := range x.edges[p] {
		values := make([]any, len(r.keys))
		for i, key := range r.keys {
			values[i] = row[key.parent.DBName]
		}
		if _, ok := ownerText(values); ok {
			x.cold.own(r, values)
			x.cold.parents[r] = append(x.cold.parents[r], values)
		}
	}
}

func (x *erasure) isSubject(row map[string]any) bool {
	for i, column := range x.root.schema.PrimaryFieldDBNames {
		if row[column] == nil || textOf(row[column]) != textOf(x.key[i]) {
			return false
		}
	}
	return true
}

// belongs tells whether a row in cold storage is the person's.
func (x *erasure) belongs(p *policy, row map[string]any) bool {
	if p == x.root && x.isSubject(row) {
		return true
	}
	for r, owners := range x.cold.owners {
		if r.child != p {
			continue
		}
		values := make([]any, len(r.keys))
		for i, key := range r.keys {
			values[i] = row[key.child.DBName]
		}
		text, ok := ownerText(values)
		for _, fixed := range r.fixed {
			ok = ok && row[fixed.child.DBName] != nil && textOf(row[fixed.child.DBName]) == fixed.value
		}
		if ok && owners[text] {
			return true
		}
	}
	return false
}

// underCold finds the rows in the database that refer to rows in cold storage.
func (x *erasure) underCold(tx *gorm.DB, follow func(place, []reachedRow, []goneRow)) error {
	if x.cold == nil {
		return nil
	}
	for r, parents := range x.cold.parents {
		err := chunks(parents, func(chunk [][]any) error {
			for _, t := range r.child.places() {
				rows, err := x.rowsOf(tx, r, t, chunk)
				if err != nil {
					return err
				}
				follow(t, rows, nil)
			}
			if r.child.log == nil {
				return nil
			}
			rows, err := x.goneOf(tx, r, chunk)
			follow(place{r.child, false}, nil, rows)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// rowsOf finds the rows of a table that have one of the values in a relation's key columns. See rowsUnder.
func (x *erasure) rowsOf(tx *gorm.DB, r *relation, t place, parents [][]any) ([]reachedRow, error) {
	table := t.table()
	q := newQuery(tx, x.engine.dialect).selectRows(t).text(" WHERE ")
	children := make([]*schema.Field, len(r.keys))
	for i, key := range r.keys {
		children[i] = key.child
	}
	q.key(table, children).text(" IN (")
	joined(q, parents, ", ", func(values []any) {
		bound := make([]any, len(values))
		for i, key := range r.keys {
			if bound[i] = values[i]; key.asText() {
				bound[i] = textOf(values[i])
			}
		}
		q.tuple(bound)
	}).text(")")
	r.matchFixed(q, table)
	q.text(" ORDER BY ").columns(table, t.key())
	x.lock(q)
	return q.reachedRows(t)
}

// goneOf finds those that are in the child's event log only. See goneUnder.
func (x *erasure) goneOf(tx *gorm.DB, r *relation, parents [][]any) ([]goneRow, error) {
	q := newQuery(tx, x.engine.dialect).selectGone(r.child)
	data := q.quoted(goneAlias, "data")
	columns := make([]string, len(r.keys))
	for i, key := range r.keys {
		columns[i] = q.dialect.DataText(data, key.child.DBName)
	}
	list := strings.Join(columns, ", ")
	if len(columns) > 1 {
		list = "(" + list + ")"
	}
	q.text(list, " IN (")
	joined(q, parents, ", ", func(values []any) {
		texts := make([]any, len(values))
		for i, value := range values {
			texts[i] = textOf(value)
		}
		q.tuple(texts)
	}).text(")")
	for _, fixed := range r.fixed {
		q.text(" AND ", q.dialect.DataText(data, fixed.child.DBName), " = ").bind(fixed.value)
	}
	return q.text(" ORDER BY ").column(goneAlias, "row_key").goneRows(r.child)
}
