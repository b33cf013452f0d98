package softdelete

import (
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// This room ties rows in cold storage to the person: by the keys of rows in the database, in event logs and in cold storage.
// Keys are compared as texts, in the form that the database would compare them in.

// keyPart is the text of a key column's value.
func (x *erasure) keyPart(field *schema.Field, value any) string {
	value, _ = plainValue(value)
	if at, ok := value.(time.Time); ok {
		value = at.Round(max(1, x.engine.dialect.Precision))
	}
	text, name := textOf(value), strings.ToLower(string(field.DataType))
	switch {
	case kindOfColumn(field, name) == uuidColumn, strings.Contains(name, "citext"), strings.Contains(name, "nocase"):
		return strings.ToLower(text)
	case strings.HasPrefix(name, "char"): // padded with spaces
		return strings.TrimRight(text, " ")
	}
	return text
}

// comparesAsText tells whether equal values of a key column have the same text.
func comparesAsText(field *schema.Field) bool {
	switch kindOfColumn(field, strings.ToLower(string(field.DataType))) {
	case integerColumn, textColumn, uuidColumn, bytesColumn, timeColumn, boolColumn:
		return true
	}
	return false
}

// ownerText is the values of key columns as one text; ok is false where one is NULL.
func (x *erasure) ownerText(fields []*schema.Field, values []any) (text string, ok bool) {
	parts := make([]string, len(values))
	for i, value := range values {
		if value == nil {
			return "", false
		}
		parts[i] = x.keyPart(fields[i], value)
	}
	return strings.Join(parts, "\x00"), true
}

// parents are the key columns of a relation's parent, children those of its child.
func (r *relation) parents() []*schema.Field {
	fields := make([]*schema.Field, len(r.keys))
	for i, key := range r.keys {
		fields[i] = key.parent
	}
	return fields
}

func (r *relation) children() []*schema.Field {
	fields := make([]*schema.Field, len(r.keys))
	for i, key := range r.keys {
		fields[i] = key.child
	}
	return fields
}

// own notes that children with these values are the person's.
func (x *erasure) own(r *relation, values []any) {
	text, ok := x.ownerText(r.parents(), values)
	if !ok || x.cold.owners[r][text] {
		return
	}
	if x.cold.owners[r] == nil {
		x.cold.owners[r] = map[string]bool{}
	}
	x.cold.owners[r][text] = true
	x.cold.known[r.child]++
}

// ownColdRows notes what the rows that were reached in the database own.
func (x *erasure) ownColdRows(tx *gorm.DB) error {
	for _, m := range x.rows {
		for _, r := range x.edges[m.policy] {
			if _, remains := r.child.remains(); !remains {
				continue
			}
			err := chunks(m.rows, func(chunk []reachedRow) error {
				q := newQuery(tx, x.engine.dialect).text("SELECT ").columns(m.table(), r.parents()).text(" FROM ").name(m.table())
				return x.ownAll(r, q.text(" WHERE ").keysIn(m.place, m.table(), chunk))
			})
			if err != nil {
				return err
			}
			err = chunks(m.gone, func(chunk []goneRow) error {
				q := newQuery(tx, x.engine.dialect).text("SELECT ")
				joined(q, r.parents(), ", ", func(field *schema.Field) {
					q.text(q.dialect.DataText(q.quoted(ownerAlias, "data"), field.DBName))
				})
				q.text(" FROM ").name(m.policy.log.Events).text(" AS ").name(ownerAlias).text(" WHERE ").loggedKeysIn(ownerAlias, goneKeys(chunk))
				return x.ownAll(r, q.text(" AND ").column(ownerAlias, "content").text(" <> '", change, "'"))
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// ownAll notes what the rows of a SELECT own by a relation.
func (x *erasure) ownAll(r *relation, q *query) error {
	return q.rows(func(scan func(...any) error) error {
		targets, values := scanTargets(len(r.keys))
		if err := scan(targets...); err != nil {
			return err
		}
		x.own(r, values())
		return nil
	})
}

// ownsRows notes what a row in cold storage owns, there and in the database.
func (x *erasure) ownsRows(p *policy, row map[string]any) {
	for _, r := range x.edges[p] {
		values := make([]any, len(r.keys))
		for i, key := range r.keys {
			values[i] = row[key.parent.DBName]
		}
		if _, ok := x.ownerText(r.parents(), values); ok {
			x.own(r, values)
			x.cold.parents[r] = append(x.cold.parents[r], values)
		}
	}
}

func (x *erasure) hasSubjectKey(row map[string]any) bool {
	for i, field := range x.root.schema.PrimaryFields {
		value := row[field.DBName]
		if value == nil || x.keyPart(field, value) != x.keyPart(field, x.key[i]) {
			return false
		}
	}
	return true
}

// isSubject tells whether a row of the subject's model is its own, and not one whose key was used again. All rows of an archive
// with the subject's key are, as they are in the archive.
func (x *erasure) isSubject(row map[string]any) bool {
	if !x.hasSubjectKey(row) {
		return false
	}
	created := x.coldIdentity(x.root, row).created
	return x.root.archives() || x.row.created == 0 || created == 0 || x.engine.sameMoment(created, x.row.created)
}

// belongs tells whether a row in cold storage is the person's.
func (x *erasure) belongs(p *policy, row map[string]any) bool {
	if mark := coldMarkOf(row); mark.removed && mark.request == x.request.ID { // nothing but that is left of it
		return true
	}
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
		text, ok := x.ownerText(r.children(), values)
		for _, fixed := range r.fixed {
			ok = ok && row[fixed.child.DBName] != nil && textOf(row[fixed.child.DBName]) == fixed.value
		}
		if ok && owners[text] {
			return true
		}
	}
	return false
}

// underCold finds the rows in the database that refer to rows in cold storage. Where a row of the table has the key, they refer
// to that one: it is the same row, thawed, or another one that uses the key again.
func (x *erasure) underCold(tx *gorm.DB, follow func(place, []reachedRow, []goneRow)) error {
	if x.cold == nil {
		return nil
	}
	for r, parents := range x.cold.parents {
		err := chunks(parents, func(chunk [][]any) error {
			chunk, err := x.withoutRow(tx, r, chunk)
			if err != nil || len(chunk) == 0 {
				return err
			}
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

// withoutRow leaves out those parents whose key a row of the parent's table has.
func (x *erasure) withoutRow(tx *gorm.DB, r *relation, parents [][]any) ([][]any, error) {
	table, there := r.parent.schema.Table, map[string]bool{}
	q := newQuery(tx, x.engine.dialect).text("SELECT ").columns(table, r.parents()).text(" FROM ").name(table).text(" WHERE ")
	keyAmong(q, table, columnNames(r.parents()), parents)
	err := q.rows(func(scan func(...any) error) error {
		targets, values := scanTargets(len(r.keys))
		if err := scan(targets...); err != nil {
			return err
		}
		if text, ok := x.ownerText(r.parents(), values()); ok {
			there[text] = true
		}
		return nil
	})
	return slices.DeleteFunc(slices.Clone(parents), func(values []any) bool {
		text, _ := x.ownerText(r.parents(), values)
		return there[text]
	}), err
}

// rowsOf finds the rows of a table that have one of the values in a relation's key columns. See rowsUnder.
func (x *erasure) rowsOf(tx *gorm.DB, r *relation, t place, parents [][]any) ([]reachedRow, error) {
	table := t.table()
	q := newQuery(tx, x.engine.dialect).selectRows(t).text(" WHERE ")
	keyAmong(q, table, columnNames(r.children()), r.asCompared(parents))
	r.matchFixed(q, table)
	q.text(" ORDER BY ").columns(table, t.key())
	x.lock(q)
	return q.reachedRows(t)
}

// asCompared gives keys of parents as the child's columns compare with them.
func (r *relation) asCompared(parents [][]any) [][]any {
	compared := make([][]any, len(parents))
	for n, values := range parents {
		compared[n] = slices.Clone(values)
		for i, key := range r.keys {
			if key.asText() {
				compared[n][i] = textOf(values[i])
			}
		}
	}
	return compared
}

func columnNames(fields []*schema.Field) []string {
	list := make([]string, len(fields))
	for i, field := range fields {
		list[i] = field.DBName
	}
	return list
}

// goneOf finds those that are in the child's event log only. See goneUnder.
func (x *erasure) goneOf(tx *gorm.DB, r *relation, parents [][]any) ([]goneRow, error) {
	q := newQuery(tx, x.engine.dialect).selectGone(r.child)
	data := q.quoted(goneAlias, "data")
	q.text("(")
	joined(q, parents, " OR ", func(values []any) {
		q.text("(")
		for i, key := range r.keys {
			if i > 0 {
				q.text(" AND ")
			}
			q.text(q.dialect.DataText(data, key.child.DBName), " = ").bind(x.keyPart(key.parent, values[i]))
		}
		q.text(")")
	}).text(")")
	for _, fixed := range r.fixed {
		q.text(" AND ", q.dialect.DataText(data, fixed.child.DBName), " = ").bind(fixed.value)
	}
	return q.text(" ORDER BY ").column(goneAlias, "row_key").goneRows(r.child)
}
